package standin_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

const tardyPlan = `
connector: tardy
account: {base_url: "${PSP_URL}", api_key: sk_tardy_0123456789, webhook_secrets: [secret of the tardy]}
refused_account: {api_key: revoked}
psp:
  webhook_endpoints: true
  webhook_kinds: [unknown, several]
  payer: true
  asynchronous: [Capture, Void, CreateRefund]
  signed_body:
    signature: events.0.signature
    fields: [events.0.id, events.0.type, events.0.payment, events.0.reference, events.0.amount, events.0.currency, events.0.success]
  answers:
    Authorize: {status: state, amount: amount, currency: currency, reference: reference}
    Complete: {status: state, id: id}
    Capture: {status: state, id: payment}
    Void: {status: state, id: payment}
    CreateRefund: {status: state, id: payment}
samples:
  approve: {payment_method: {card_token: {token: tok_tardy}}}
  challenge: {payment_method: {card_token: {token: challenge}}}
  challenge_approved: decision=approve
  challenge_declined: decision=decline
  methods:
    card_token: {payment_method: {card_token: {token: tok_tardy}}}
    ideal: {payment_method: {bank_redirect: {type: ideal}}, return_url: "https://shop.example/return"}
    oxxo: {payment_method: {voucher: {type: oxxo}}}
  declines: {generic_decline: {payment_method: {card_token: {token: declined}}}}
`

// runTardy runs scenarios against the connector with one thing wrong.
func runTardy(t *testing.T, wrong, only string) *connectortest.Report {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test.yaml")
	if err := os.WriteFile(file, []byte(tardyPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	plan, err := connectortest.ReadPlan(file)
	if err != nil {
		t.Fatal(err)
	}
	psp := newTardyPSP()
	t.Cleanup(func() { psp.later.Wait(); psp.Wait() })
	report, err := connectortest.Suite{
		Plan: plan, PSP: psp, Only: regexp.MustCompile(only),
		Target: connectortest.InProcess(func() sdk.Connector { return tardy{wrong} }),
	}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// A connector of a PSP that carries changes out later, and has nothing to read, proves
// all that it declares.
func TestTardy(t *testing.T) {
	report := runTardy(t, "", "")
	for _, r := range report.Results {
		if r.Status == connectortest.Failed {
			t.Errorf("%s: %s\n%s", r.Scenario, r.Reason, strings.Join(r.Trace, "\n"))
		}
	}
	if unproven := report.Unproven(); len(unproven) > 0 {
		t.Errorf("unproven: %q", unproven)
	}
	passed := map[string]bool{}
	for _, r := range report.Results {
		passed[r.Scenario] = r.Status == connectortest.Passed
	}
	for _, id := range []string{
		"capture/outcome", "capture/outcome-refused", "void/outcome", "create-refund/outcome", "create-refund/outcome-refused",
		"handle-webhook/signed-fields", "handle-webhook/signature-field", "handle-webhook/no-signature-field", "handle-webhook/again",
		"handle-webhook/unknown-type", "handle-webhook/several", "methods/ideal", "methods/oxxo", "concurrency/captures", "capture/too-much",
	} {
		if !passed[id] {
			t.Errorf("%s did not pass", id)
		}
	}
	t.Logf("figure: %d passed, %d skipped in %s", report.Count(connectortest.Passed), report.Count(connectortest.Skipped), report.Took)
}

// Each of these is found out by the scenario whose business it is.
func TestTardy_canFail(t *testing.T) {
	for wrong, by := range map[string]string{
		"says it is done":            "capture/full",
		"counts what is accepted":    "void/twice",
		"takes failures for success": "capture/outcome-refused",
		"leaves the amount out":      "handle-webhook/signed-fields",
		"believes what is unsigned":  "handle-webhook/no-signature-field",
		"has another id each time":   "handle-webhook/again",
		"guesses":                    "handle-webhook/unknown-type",
		"tells the first event":      "handle-webhook/several",
	} {
		t.Run(wrong, func(t *testing.T) {
			t.Parallel()
			for _, r := range runTardy(t, wrong, "^"+by+"$").Results {
				if r.Status != connectortest.Failed {
					t.Errorf("%s: %s %s", r.Scenario, r.Status, r.Reason)
				}
			}
		})
	}
}
