package connectortest

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/sdk"
)

const acmePlan = `
connector: acme
account: {base_url: "${PSP_URL}", api_key: sk_acme_0123456789}
psp:
  answers:
    Authorize: {status: state, amount: amount, currency: currency, reference: reference}
    GetPayment: {status: state, id: id}
currencies: [USD, JPY]
samples:
  approve: {payment_method: {card_token: {token: tok_of_acme}}}
  methods: {card_token: {payment_method: {card_token: {token: tok_of_acme}}}}
  declines: {insufficient_funds: {payment_method: {card_token: {token: tok_declined}}}}
`

// quick leaves out what needs manual capture, which acme does not offer, and most
// of what waits.
const quick = `^(describe|account|declines|methods|currencies|invalid|secrets|get-payment)/|^authorize/(succeeds|replay|key|reset|status|answer|unknown|other|rate|unauthorized|unreachable)`

func runAcme(t *testing.T, mutant, only string) *Report {
	t.Helper()
	plan, err := parsePlan("acme.yaml", []byte(acmePlan))
	if err != nil {
		t.Fatal(err)
	}
	var told []Result
	suite := Suite{
		Plan: plan, PSP: newAcmePSP(), Only: regexp.MustCompile(only),
		Target:   InProcess(func() sdk.Connector { return acme{mutant} }),
		Progress: func(r Result) { told = append(told, r) },
	}
	report, err := suite.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != len(report.Results) {
		t.Errorf("told of %d results, found %d", len(told), len(report.Results))
	}
	return report
}

func failedIDs(r *Report) []string {
	var ids []string
	for _, result := range r.Results {
		if result.Status == Failed {
			ids = append(ids, result.Scenario)
		}
	}
	return ids
}

func TestSuitePassesWhatIsRight(t *testing.T) {
	report := runAcme(t, "", quick)
	for _, result := range report.Results {
		if result.Status == Failed {
			t.Errorf("%s: %s\n%s", result.Scenario, result.Reason, strings.Join(result.Trace, "\n"))
		}
	}
	if n := report.Count(Passed); n < 80 {
		t.Errorf("only %d scenarios passed", n)
	}
	if unproven := report.Unproven(); len(unproven) > 0 {
		t.Errorf("unproven: %q", unproven)
	}
	if err := report.Err(); err != nil {
		t.Error(err)
	}
	first, last := report.Results[0].Scenario, report.Results[len(report.Results)-1].Scenario
	if first != "describe/id" || last != "secrets/panics" {
		t.Errorf("the results are not in the scenarios' order: from %s to %s", first, last)
	}
}

// TestSuiteCatches breaks the connector in one way at a time: the scenario that is
// about it must fail.
func TestSuiteCatches(t *testing.T) {
	for mutant, scenarios := range map[string][]string{
		"no key":          {"authorize/replay", "authorize/key-at-psp", "authorize/key-reused", "authorize/reset-after"},
		"lost is failed":  {"authorize/reset-after", "authorize/reset-before", "authorize/status-500", "authorize/rate-limited"},
		"500 is harmless": {"authorize/status-500", "authorize/status-503", "authorize/answer-list"},
		"trusts answers":  {"authorize/answer-null", "get-payment/answer-null", "secrets/panics"},
		"optimist":        {"authorize/unknown-word", "get-payment/unknown-word", "declines/insufficient_funds"},
		"logs the token":  {"secrets/logs"},
	} {
		t.Run(mutant, func(t *testing.T) {
			report := runAcme(t, mutant, `^(authorize|get-payment)/(replay|key|reset|status-50|answer-|unknown-word|rate-limited)|^secrets/|^declines/`)
			got := failedIDs(report)
			for _, id := range scenarios {
				if !slices.Contains(got, id) {
					t.Errorf("%s passes; failed are %q", id, got)
				}
			}
			if report.Err() == nil {
				t.Error("the report says that all is well")
			}
		})
	}
}

// TestUnproven: what is declared has to be proven, and how far it is proven depends
// on what it was proven against.
func TestUnproven(t *testing.T) {
	report := runAcme(t, "", `^authorize/succeeds$|^get-payment/(succeeds|reset-after)$`)
	if got := report.Unproven(); len(got) != 1 || got[0] != "Authorize: no fault of the PSP's was stood" {
		t.Errorf("without faults: got %q", got)
	}
	report.Driven = false
	if got := report.Unproven(); len(got) != 0 {
		t.Errorf("without a driver, simulated: got %q", got)
	}
	report = runAcme(t, "boasts", `^(authorize|get-payment)/succeeds$`)
	report.Driven = false
	if got := report.Unproven(); len(got) != 2 || !strings.Contains(got[0], "SIMULATED at best") {
		t.Errorf("without a driver, live: got %q", got)
	}
	report = runAcme(t, "", `^describe/`)
	if got := report.Unproven(); len(got) != 2 || !strings.Contains(got[0], "no happy path passed") {
		t.Errorf("without a happy path: got %q", got)
	}
	if err := report.Err(); err == nil || !strings.Contains(err.Error(), "acme: declared and not proven: Authorize") {
		t.Errorf("got %v", err)
	}
}

func TestReports(t *testing.T) {
	report := runAcme(t, "no key", `^authorize/(succeeds|replay)$|^account/accepted$`)
	var asJSON, asXML bytes.Buffer
	if err := report.WriteJSON(&asJSON); err != nil {
		t.Fatal(err)
	}
	var read Report
	if err := json.Unmarshal(asJSON.Bytes(), &read); err != nil || len(read.Results) != 3 || read.Connector != "acme" || !read.Driven {
		t.Errorf("got %v %s", err, asJSON.String())
	}
	if err := report.WriteJUnit(&asXML); err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal(asXML.Bytes(), &suite); err != nil {
		t.Fatal(err)
	}
	// Two failures that nobody proved Authorize and GetPayment, and the replay.
	if suite.Tests != 5 || suite.Failures != 3 || suite.Skipped != 1 || len(suite.Cases) != 5 {
		t.Errorf("got %+v", suite)
	}
	var failed, skipped []string
	for _, c := range suite.Cases {
		if c.Failure != nil {
			failed = append(failed, c.Class+" "+c.Name+": "+c.Failure.Text)
		}
		if c.Skipped != nil {
			skipped = append(skipped, c.Skipped.Message)
		}
	}
	if len(failed) != 3 || !strings.Contains(failed[0], "acme.authorize replay: Authorize (key ") {
		t.Errorf("failed: %q", failed)
	}
	if len(skipped) != 1 || skipped[0] != "the connector can't check an account" {
		t.Errorf("skipped: %q", skipped)
	}
}

func TestProof(t *testing.T) {
	proof := runAcme(t, "", `^(authorize|get-payment)/(succeeds|reset-after)$|^describe/id$`).Proof()
	if len(proof.Operations) != 2 || proof.Scenarios[Described] != 1 || proof.Operations[0].Operation != "Authorize" ||
		proof.Operations[0].Scenarios[Happy] != 1 || proof.Operations[0].Scenarios[Faults] != 1 {
		t.Errorf("got %+v", proof)
	}
	if proof := runAcme(t, "", `^authorize/succeeds$`).Proof(); len(proof.Operations) != 0 {
		t.Errorf("what is not proven is in the proof: %+v", proof)
	}
}

// TestScenarioThatPanics: a mistake of the suite's is a failure of the scenario's.
func TestScenarioThatPanics(t *testing.T) {
	result := runScenario(t.Context(), &world{psp: &psp{}}, Scenario{ID: "x/y", run: func(*Case) { panic("oops") }})
	if result.Status != Failed || !strings.Contains(result.Reason, "oops") {
		t.Errorf("got %+v", result)
	}
	cleaned := false
	result = runScenario(t.Context(), &world{psp: &psp{}}, Scenario{ID: "x/y", run: func(c *Case) {
		c.Cleanup(func() { cleaned = true })
		c.Skipf("nothing to do")
	}})
	if result.Status != Skipped || result.Reason != "nothing to do" || !cleaned {
		t.Errorf("got %+v, cleaned up: %v", result, cleaned)
	}
}

// TestSuiteThatIsBrokenOff: what is broken off is no result, and nothing more begins.
func TestSuiteThatIsBrokenOff(t *testing.T) {
	plan, err := parsePlan("acme.yaml", []byte(acmePlan))
	if err != nil {
		t.Fatal(err)
	}
	ctx, breakOff := context.WithCancel(t.Context())
	report, err := Suite{
		Plan: plan, PSP: newAcmePSP(),
		Target:   InProcess(func() sdk.Connector { return acme{} }),
		Progress: func(Result) { breakOff() },
	}.Run(ctx)
	if !errors.Is(err, context.Canceled) || len(report.Results) != 1 || report.Count(Failed) != 0 {
		t.Errorf("got %v and %+v, want the one result that came before", err, report)
	}
}

func TestSuiteThatCannotRun(t *testing.T) {
	plan, err := parsePlan("acme.yaml", []byte("connector: acme\nsamples: {approve: {}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Suite){
		"acme.yaml: command is missing":        func(*Suite) {},
		"start /nowhere/connector-acme":        func(s *Suite) { s.Target = Command([]string{"/nowhere/connector-acme"}, nil) },
		"fork/exec /nowhere/psp":               func(s *Suite) { s.Plan.PSP.Command = []string{"/nowhere/psp"}; s.Target = InProcess(nil) },
		"ended before it printed its address:": func(s *Suite) { s.Plan.PSP.Command = []string{"/bin/false"} },
	} {
		p := *plan
		suite := Suite{Plan: &p}
		if change(&suite); suite.Target == nil && want != "acme.yaml: command is missing" {
			suite.Target = InProcess(func() sdk.Connector { return acme{} })
		}
		if _, err := suite.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
