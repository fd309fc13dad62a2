package sandbox_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
)

var (
	updateSabotage = flag.Bool("update", false, "write docs/sabotage.md")
	onlyMutants    = flag.String("mutants", "", "pattern of the mutants to test, while one works on them; the document is left alone")
)

const (
	sabotageDoc = "../../docs/sabotage.md"
	// sideBySide is how many mutants are tested at a time; most of the time each
	// of them waits.
	sideBySide = 6
	// fewestMutants and fewestCaught (per cent) are what the suite has to stand.
	fewestMutants, fewestCaught = 60, 95
)

// mutant is the connector with one thing wrong.
type mutant struct {
	id    string // where and what. Example: "psp/amount-times-ten"
	wrong string // what the connector does
	about string // pattern of the scenarios that are about it; they are run first
	with  sabotage
	lives string // why the suite can't notice, where it can't
}

// verdict is what the suite made of a mutant.
type verdict struct {
	mutant
	scenario string // the first, in the suite's order, that failed; "" if none did
	reason   string // why it failed
	took     time.Duration
}

// TestSabotage proves the suite: it has to find what is wrong with connectors that
// are wrong on purpose, and to find nothing wrong with the same connector between
// the same parts where they change nothing.
func TestSabotage(t *testing.T) {
	plan, err := connectortest.ReadPlan("test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	began, lab := time.Now(), &lab{plan: plan, free: make(chan struct{}, sideBySide)}
	chosen := regexp.MustCompile(*onlyMutants)
	verdicts := lab.judge(t, slices.DeleteFunc(mutants(), func(m mutant) bool { return !chosen.MatchString(m.id) }))
	caught := 0
	for _, v := range verdicts {
		switch {
		case v.scenario != "":
			caught++
			t.Logf("%s: caught in %s by %s: %s", v.id, v.took.Round(time.Millisecond), v.scenario, firstLine(v.reason))
			if v.lives != "" {
				t.Errorf("%s: is said to live (%s), and %s catches it", v.id, v.lives, v.scenario)
			}
		case v.lives == "":
			t.Errorf("%s: no scenario failed of a connector that %s", v.id, v.wrong)
		}
	}
	t.Logf("figure: %d of %d mutants caught in %s", caught, len(verdicts), time.Since(began).Round(time.Second))
	if *onlyMutants != "" {
		return
	}
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

// lab runs the suite against mutants.
type lab struct {
	plan *connectortest.Plan
	free chan struct{}
}

// judge runs the suite against the connector as it is and against all mutants:
// first what each is about, then, for those that pass it, all.
func (l *lab) judge(t *testing.T, all []mutant) []verdict {
	ids := map[string]bool{}
	verdicts := make([]verdict, len(all))
	failing := map[string]bool{}
	var running sync.WaitGroup
	running.Go(func() {
		for _, r := range l.failed(t, sabotage{}, nil) {
			failing[r.Scenario] = true
			t.Errorf("the connector without sabotage: %s: %s", r.Scenario, firstLine(r.Reason))
		}
	})
	for i, m := range all {
		if ids[m.id] {
			t.Errorf("%s: there are two of that id", m.id)
		}
		ids[m.id] = true
		verdicts[i].mutant = m
		running.Go(func() { verdicts[i].run(t, l, regexp.MustCompile(m.about), nil) })
	}
	running.Wait()
	for i := range verdicts {
		if v := &verdicts[i]; v.scenario == "" || failing[v.scenario] {
			running.Go(func() { v.run(t, l, nil, failing) })
		}
	}
	running.Wait()
	return verdicts
}

// run sets what the suite finds, except for what it finds in any connector.
func (v *verdict) run(t *testing.T, l *lab, only *regexp.Regexp, except map[string]bool) {
	began := time.Now()
	found := l.failed(t, v.with, only)
	v.took = time.Since(began)
	v.scenario, v.reason = "", ""
	for _, r := range found {
		if !except[r.Scenario] {
			v.scenario, v.reason = r.Scenario, r.Reason
			return
		}
	}
}

// failed runs scenarios against a sabotaged connector with a PSP of its own, and
// gives those that failed, in the suite's order.
func (l *lab) failed(t *testing.T, s sabotage, only *regexp.Regexp) []connectortest.Result {
	l.free <- struct{}{}
	defer func() { <-l.free }()
	stand := psp.New()
	defer stand.Close()
	driver := pspdriver.New(stand)
	server := httptest.NewServer(s.before(driver))
	defer server.Close()
	defer driver.Close()
	plan := *l.plan
	plan.PSP.Command, plan.PSP.DriverURL = nil, server.URL
	suite := connectortest.Suite{
		Plan: &plan, Only: only,
		Target: s.between().InProcess(func() sdk.Connector { return sandbox.New() }),
	}
	report, err := suite.Run(context.WithoutCancel(t.Context()))
	if err != nil {
		return []connectortest.Result{{Scenario: "the suite itself", Reason: err.Error()}}
	}
	if len(report.Results) == 0 {
		t.Errorf("no scenario is about %s", only)
	}
	return slices.DeleteFunc(report.Results, func(r connectortest.Result) bool { return r.Status != connectortest.Failed })
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line[:min(len(line), 300)]
}

// holdDoc writes the document, or holds it to what was found; times may differ.
func holdDoc(t *testing.T, verdicts []verdict) {
	want := document(verdicts)
	if *updateSabotage {
		if err := os.WriteFile(sabotageDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(sabotageDoc)
	if err != nil {
		t.Fatal(err)
	}
	if timeless(string(got)) != timeless(want) {
		t.Errorf("docs/sabotage.md is not what the test found: run go test ./plugins/sandbox -run TestSabotage -update")
	}
}

var tookPattern = regexp.MustCompile(`\| [0-9.]+ s \|`)

func timeless(doc string) string { return tookPattern.ReplaceAllString(doc, "| |") }

func document(verdicts []verdict) string {
	verdicts = slices.Clone(verdicts)
	slices.SortStableFunc(verdicts, func(a, b verdict) int { return cmp.Compare(a.id, b.id) })
	living := slices.DeleteFunc(slices.Clone(verdicts), func(v verdict) bool { return v.scenario != "" })
	var doc strings.Builder
	fmt.Fprintf(&doc, docHead, len(verdicts), len(verdicts)-len(living))
	for _, v := range verdicts {
		by := "none"
		if v.scenario != "" {
			by = "`" + v.scenario + "`"
		}
		fmt.Fprintf(&doc, "| `%s` | %s | %s | %.1f s |\n", v.id, v.wrong, by, v.took.Seconds())
	}
	if len(living) > 0 {
		doc.WriteString("\n## Not caught\n\n")
	}
	for _, v := range living {
		fmt.Fprintf(&doc, "* `%s`: %s\n", v.id, cmp.Or(v.lives, "the suite is too weak"))
	}
	return doc.String()
}

const docHead = `# Sabotage

A suite that finds nothing wrong says something only if it would have found something. So ` + "`plugins/sandbox/sabotage_test.go`" + ` runs the conformance suite against the sandbox connector with one thing wrong at a time, and against the same connector with nothing wrong, of which every scenario has to pass.

* ` + "`psp/…`" + `: wrong between the connector and the PSP: requests are changed before the PSP's driver sees them, answers after it. Where the connector "hides it", answers are changed back, so that only the PSP's books can tell.
* ` + "`caller/…`" + `: wrong between the connector and its caller: answers and errors are changed after the SDK has checked them, so that only the suite can tell.

Each mutant meets first the scenarios that are about what is wrong with it and, if they all pass, all others. The table names the first that fails, in the suite's order; the time is that of all scenarios that were run. This page is written by the test (` + "`go test ./plugins/sandbox -run TestSabotage -update`" + `), which fails where it finds anything else.

**%d mutants, %d caught.**

| mutant | the connector | caught by | time |
|---|---|---|---|
`
