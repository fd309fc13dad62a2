package connectortest

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Status is how a scenario ended.
type Status string

// The ends of a scenario.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Result is what one scenario found.
type Result struct {
	Scenario string        `json:"scenario"`
	Summary  string        `json:"-"`
	Status   Status        `json:"status"`
	Reason   string        `json:"reason,omitempty"` // why it failed or was skipped
	Trace    []string      `json:"trace,omitempty"`  // the calls of a scenario that failed
	Proves   []Cell        `json:"proves,omitempty"`
	Took     time.Duration `json:"-"`
}

// Declaration is one operation that the connector declares.
type Declaration struct {
	Service   string `json:"service"`
	Operation string `json:"operation"`
	Evidence  string `json:"evidence"`
}

// Report is what a run found. As JSON it is the same for the same connector, so
// that it can be kept beside the code.
type Report struct {
	Connector string        `json:"connector"`
	Driven    bool          `json:"driven"` // the PSP's stand-in failed on request
	Declared  []Declaration `json:"declared"`
	Results   []Result      `json:"results"`
	Took      time.Duration `json:"-"`
}

// sort puts the results into the order of the scenarios.
func (r *Report) sort(scenarios []Scenario) {
	at := map[string]int{}
	for i, s := range scenarios {
		at[s.ID] = i
	}
	slices.SortFunc(r.Results, func(a, b Result) int { return cmp.Compare(at[a.Scenario], at[b.Scenario]) })
}

// Count is how many scenarios ended so.
func (r *Report) Count(s Status) int {
	n := 0
	for _, result := range r.Results {
		if result.Status == s {
			n++
		}
	}
	return n
}

// Unproven lists what the connector declares and the run did not prove: an
// operation without a happy path, without a fault that it stands where the PSP can
// fail, or with evidence beyond a simulation where it can't.
func (r *Report) Unproven() []string {
	var all []string
	unproven := r.unproven()
	for _, d := range r.Declared {
		if why := unproven[d.Operation]; why != "" {
			all = append(all, d.Operation+": "+why)
		}
	}
	return all
}

// unproven says of operations why they are not proven.
func (r *Report) unproven() map[string]string {
	all := map[string]string{}
	for _, d := range r.Declared {
		switch {
		case r.passed(d.Operation, Happy) == 0:
			all[d.Operation] = "no happy path passed"
		case r.failed(d.Operation) > 0:
			all[d.Operation] = fmt.Sprintf("%d scenarios about it failed", r.failed(d.Operation))
		case r.Driven && r.passed(d.Operation, Faults) == 0:
			all[d.Operation] = "no fault of the PSP's was stood"
		case !r.Driven && d.Evidence != "SIMULATED":
			all[d.Operation] = fmt.Sprintf("declared %s, but without a driver before the PSP's stand-in it is SIMULATED at best", d.Evidence)
		}
	}
	return all
}

// failed counts the scenarios about an operation that failed.
func (r *Report) failed(operation string) int {
	n := 0
	for _, result := range r.Results {
		if result.Status == Failed && slices.ContainsFunc(result.Proves, func(c Cell) bool { return c.Operation == operation }) {
			n++
		}
	}
	return n
}

func (r *Report) passed(operation string, aspect Aspect) int {
	n := 0
	for _, result := range r.Results {
		if result.Status == Passed && slices.Contains(result.Proves, Cell{operation, aspect}) {
			n++
		}
	}
	return n
}

// Err says what is wrong, or nothing.
func (r *Report) Err() error {
	var wrong []string
	if n := r.Count(Failed); n > 0 {
		wrong = append(wrong, fmt.Sprintf("%d of %d scenarios failed", n, len(r.Results)))
	}
	if unproven := r.Unproven(); len(unproven) > 0 {
		wrong = append(wrong, "declared and not proven: "+strings.Join(unproven, "; "))
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s", r.Connector, strings.Join(wrong, "; "))
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
	Skipped *junitSkip    `xml:"skipped"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type junitSkip struct {
	Message string `xml:"message,attr"`
}

// WriteJUnit writes the report as CI systems read it. What is declared and not
// proven is a failure of its own.
func (r *Report) WriteJUnit(w io.Writer) error {
	unproven := r.Unproven()
	suite := junitSuite{
		Name: "connector " + r.Connector, Tests: len(r.Results) + len(unproven),
		Failures: r.Count(Failed) + len(unproven), Skipped: r.Count(Skipped), Time: seconds(r.Took),
	}
	for _, result := range r.Results {
		subject, name, _ := strings.Cut(result.Scenario, "/")
		c := junitCase{Name: name, Class: r.Connector + "." + subject, Time: seconds(result.Took)}
		switch result.Status {
		case Failed:
			c.Failure = &junitFailure{Message: result.Reason, Text: strings.Join(result.Trace, "\n")}
		case Skipped:
			c.Skipped = &junitSkip{Message: result.Reason}
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, what := range unproven {
		suite.Cases = append(suite.Cases, junitCase{Name: what, Class: r.Connector + ".proven", Time: "0", Failure: &junitFailure{Message: what}})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
