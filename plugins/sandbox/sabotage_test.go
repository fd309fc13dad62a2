package sandbox_test

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
)

var updateSabotage = flag.Bool("update-sabotage", false, "write docs/sabotage.md")

const (
	// fewestMutants and fewestCaught (per cent) are what the suite has to stand.
	fewestMutants, fewestCaught = 60, 95
	// trialTime is how long scenarios may run against one connector. What is under
	// way then is broken off, and proves nothing.
	trialTime = 2 * time.Minute
	// endTime is how long a trial may take to end after that.
	endTime = 20 * time.Second
	// spareTime is what all trials together leave of the limit of go test.
	spareTime = time.Minute
)

// mutant is the connector with one thing wrong.
type mutant struct {
	id    string // where and what. Example: "psp/amount-times-ten"
	wrong string // what the connector does
	by    string // the scenario that has to fail
	// beside is a pattern of further scenarios to run: those that leave behind what
	// by looks for, or all that are about a mutant that lives.
	beside string
	lives  string // why the suite can't notice, where it can't
	with   sabotage
}

// verdict is what the suite made of a mutant: the first scenario that failed, or
// none.
type verdict struct {
	mutant
	scenario string
}

// TestSabotage proves the suite: it has to find what is wrong with connectors that
// are wrong on purpose, and to find nothing wrong with the same connector between
// the same parts where they change nothing.
func TestSabotage(t *testing.T) {
	plan, err := connectortest.ReadPlan("test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if limit, ok := t.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, limit.Add(-spareTime))
		defer cancel()
	}
	l, all := lab{ctx: ctx, plan: plan}, mutants()
	catching := regexp.MustCompile(anyOf(all))
	every := catching // with the race detector; TestConformance runs all with it
	if !raced {
		every = nil
	}
	if !t.Run("control", func(t *testing.T) { l.control(t, all, every) }) {
		t.Fatal("what fails without sabotage proves nothing")
	}
	verdicts := make([]verdict, 0, len(all))
	arrived := make(chan verdict, len(all))
	t.Run("mutants", func(t *testing.T) {
		t.Run("control", func(t *testing.T) {
			t.Parallel() // a busy machine must not make scenarios fail
			l.control(t, all, catching)
		})
		for _, m := range all {
			t.Run(m.id, func(t *testing.T) {
				t.Parallel()
				arrived <- l.judge(t, m)
			})
		}
	})
	for close(arrived); len(arrived) > 0; {
		verdicts = append(verdicts, <-arrived)
	}
	if len(verdicts) < len(all) {
		t.Skipf("docs/sabotage.md is not looked at: %d of %d mutants were tested", len(verdicts), len(all))
	}
	caught := len(slices.DeleteFunc(slices.Clone(verdicts), func(v verdict) bool { return v.scenario == "" }))
	t.Logf("figure: %d of %d mutants caught", caught, len(verdicts))
	if len(verdicts) < fewestMutants || 100*caught < fewestCaught*len(verdicts) {
		t.Errorf("%d of %d mutants are caught: want at least %d mutants and %d %%", caught, len(verdicts), fewestMutants, fewestCaught)
	}
	holdDoc(t, verdicts)
}

// mutants lists them all.
func mutants() []mutant {
	return slices.Concat(requestMutants(), keyMutants(), amountMutants(), answerMutants(), outcomeMutants(), furtherMutants(),
		toldMutants(), errorMutants(), descriptionMutants(), conductMutants(), webhookMutants())
}

// anyOf is a pattern of the scenarios that catch mutants.
func anyOf(all []mutant) string {
	var ids []string
	for _, m := range all {
		if m.by != "" {
			ids = append(ids, regexp.QuoteMeta(m.by))
		}
	}
	return "^(" + strings.Join(ids, "|") + ")$"
}

// lab runs the suite against mutants.
type lab struct {
	ctx  context.Context // of all trials
	plan *connectortest.Plan
}

// control runs scenarios against the connector as it is. All have to hold, and those
// that are to catch something have to be among them.
func (l lab) control(t *testing.T, all []mutant, only *regexp.Regexp) {
	passed := map[string]bool{}
	for _, r := range l.trial(t, sabotage{}, only) {
		passed[r.Scenario] = r.Status == connectortest.Passed
		if r.Status == connectortest.Failed {
			t.Errorf("the connector without sabotage: %s: %s", r.Scenario, firstLine(r.Reason))
		}
	}
	for _, m := range all {
		if m.lives == "" && !passed[m.by] {
			t.Errorf("%s is to be caught by %q, which the connector without sabotage does not pass", m.id, m.by)
		}
	}
}

// judge holds the suite to what a mutant says of itself.
func (l lab) judge(t *testing.T, m mutant) verdict {
	only := "^(" + regexp.QuoteMeta(m.by) + ")$"
	if m.beside != "" {
		only += "|" + m.beside
	}
	v := verdict{mutant: m}
	found := failed(l.trial(t, m.with, regexp.MustCompile(only)))
	if found == nil && m.lives == "" {
		t.Errorf("%s passes of a connector that %s", m.by, m.wrong)
		found = failed(l.trial(t, m.with, nil))
	}
	if found == nil {
		return v
	}
	v.scenario = found.Scenario
	t.Logf("%s: %s", found.Scenario, firstLine(found.Reason))
	switch {
	case m.lives != "":
		t.Errorf("is said to live (%s), and %s catches it", m.lives, v.scenario)
	case v.scenario != m.by:
		t.Errorf("want it caught by %q, and %s catches it", m.by, v.scenario)
	}
	return v
}

// failed is the first result of a scenario that failed, or nil.
func failed(results []connectortest.Result) *connectortest.Result {
	for i := range results {
		if results[i].Status == connectortest.Failed {
			return &results[i]
		}
	}
	return nil
}

// trial runs scenarios against a sabotaged connector with a PSP of its own: until
// one fails, or, where nothing is sabotaged, all. It ends the test where they do not
// end in time.
func (l lab) trial(t *testing.T, s sabotage, only *regexp.Regexp) []connectortest.Result {
	t.Helper()
	type outcome struct {
		results []connectortest.Result
		err     error
	}
	ended := make(chan outcome, 1)
	go func() {
		results, err := l.run(s, only)
		ended <- outcome{results, err}
	}()
	limit := time.NewTimer(trialTime + endTime)
	defer limit.Stop()
	select {
	case o := <-ended:
		if o.err != nil && failed(o.results) == nil {
			t.Fatalf("the scenarios %s did not come to an end: %v", only, o.err)
		}
		if len(o.results) == 0 {
			t.Fatalf("there are no scenarios %s", only)
		}
		return o.results
	case <-limit.C:
		t.Fatalf("the scenarios %s did not end when they were told to", only)
		return nil
	}
}

func (l lab) run(s sabotage, only *regexp.Regexp) (results []connectortest.Result, err error) {
	ctx, enough := context.WithTimeout(l.ctx, trialTime)
	defer enough()
	stand := psp.NewWithWebhooks(psp.Webhooks{Secret: "whsec_sandbox_default", Client: http.DefaultClient})
	defer stand.Close()
	driver := pspdriver.New(stand)
	server := httptest.NewServer(s.before(driver))
	defer server.Close()
	defer server.CloseClientConnections()
	defer driver.Close()
	plan := *l.plan
	plan.PSP.Command, plan.PSP.DriverURL = nil, server.URL
	_, err = connectortest.Suite{
		Plan: &plan, Only: only,
		Target: s.between().InProcess(func() sdk.Connector { return sandbox.New() }),
		Progress: func(r connectortest.Result) {
			results = append(results, r)
			if r.Status == connectortest.Failed && s.wrong() {
				enough()
			}
		},
	}.Run(ctx)
	return results, err
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line[:min(len(line), 300)]
}
