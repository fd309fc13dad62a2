package e2e

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
)

const authorize = "patchbay.payments.v1.PaymentService/Authorize"

// body is an Authorize request in JSON.
func body(reference, more string) string {
	return fmt.Sprintf(`{"reference":%q,"amount":{"currency_code":"USD","minor_units":1050},
		"payment_method":{"card":{"number":"4242424242424242","expiry_month":12,"expiry_year":2030}}%s}`, reference, more)
}

// shown holds what grpcurl prints against what the contract promises.
func (s *stack) shown(t *testing.T, input string, args []string, want ...string) {
	t.Helper()
	got := s.grpcurl(input, args...)
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s is missing in:\n%.1500s", w, got)
		}
	}
}

// TestEveryErrorOfTheContract goes through the table "Errors" of the contract as
// a person with grpcurl sees it. Bad requests are in TestBadInputThroughGrpcurl.
func TestEveryErrorOfTheContract(t *testing.T) {
	s := newStack(t)
	s.addRecorder()
	s.put("down.yaml", []byte("name: down\nversion: 1.0.0\ncommand: recorder\nenv: {"+launchtest.BehaviourEnv+": exits}\n"), 0o644)
	s.wait("the broken one is told", func() bool { return len(s.connector("down").GetProblems()) > 0 })
	captured, err := s.payments.Authorize(s.to("sandbox", "idempotency-key", "first"), payment("captured"))
	if err != nil {
		t.Fatal(err)
	}
	to := func(connector string, more ...string) []string {
		return append(more, "-H", "x-connector: "+connector, "-d", "@", s.address)
	}
	simulated := func(outcome string) string {
		return body("order-"+outcome, `,"connector_options":{"simulate":{"outcome":"`+outcome+`"}}`)
	}
	const never, maybe = `"sent": "NEVER"`, `"sent": "MAYBE"`
	for name, test := range map[string]struct {
		input string
		args  []string
		want  []string
	}{
		"operation not declared": {
			`{"payment_id":"p"}`, append(to("recorder"), "patchbay.payments.v1.PaymentService/Capture"),
			[]string{"Code: Unimplemented", `"reason": "OPERATION_UNSUPPORTED"`, `"available": "patchbay.payments.v1.PaymentService/Authorize,`, never},
		},
		"combination not declared": {
			`{"reference":"r","amount":{"currency_code":"USD","minor_units":1},"payment_method":{"card_token":{"token":"tok"}}}`, append(to("recorder"), authorize),
			[]string{"Code: Unimplemented", `"reason": "OPERATION_UNSUPPORTED"`, `"available": "card"`, `"field": "payment_method"`, never},
		},
		"credentials rejected": {
			body("r", ""), append(to("sandbox", "-H", `x-connector-config: {"base_url":"`+s.pspURL+`","api_key":"sk_sandbox_wrong"}`), authorize),
			[]string{"Code: FailedPrecondition", `"reason": "CREDENTIALS_REJECTED"`, never},
		},
		"configuration wrong": {
			body("r", ""), append(to("sandbox", "-H", `x-connector-config: {"apikey":"x"}`), authorize),
			[]string{"Code: FailedPrecondition", `"reason": "CONFIG_INVALID"`, `"field": "apikey"`, never},
		},
		"state forbids": {
			`{"payment_id":"` + captured.GetPayment().GetId() + `"}`, append(to("sandbox"), "patchbay.payments.v1.PaymentService/Void"),
			[]string{"Code: FailedPrecondition", "google.rpc.PreconditionFailure", never},
		},
		"the PSP's rate limit": {
			simulated("rate_limited"), append(to("sandbox"), authorize),
			[]string{"Code: ResourceExhausted", `"reason": "RATE_LIMITED"`, "google.rpc.RetryInfo", never},
		},
		"connector down": {
			body("r", ""), append(to("down", "-max-time", "6"), authorize),
			[]string{"Code: Unavailable", `"reason": "CONNECTOR_UNAVAILABLE"`, "google.rpc.RetryInfo", never},
		},
		"connector lost": {
			simulated("crash"), append(to("sandbox", "-H", "idempotency-key: mine"), authorize),
			[]string{"Code: Unknown", `"reason": "OUTCOME_UNKNOWN"`, `"idempotency_key": "mine"`, `"generation": "`, maybe},
		},
		"same key, other body": {
			body("other", ""), append(to("sandbox", "-H", "idempotency-key: first"), authorize),
			[]string{"Code: FailedPrecondition", `"reason": "IDEMPOTENCY_KEY_REUSED"`, never},
		},
		"answer too large": {
			body("huge", ""), append(to("recorder"), authorize),
			[]string{"Code: Unknown", `"reason": "OUTCOME_UNKNOWN"`, "larger than the gateway allows", maybe},
		},
		"answer too late": {
			body("hang", ""), append(to("recorder", "-max-time", "6"), authorize),
			[]string{"Code: Unknown", `"reason": "OUTCOME_UNKNOWN"`, "did not answer in time", maybe},
		},
	} {
		t.Run(name, func(t *testing.T) { s.shown(t, test.input, test.args, append(test.want, `"domain": "patchbay"`)...) })
	}
}

// TestCallersAndLimits runs the gateway as in production: callers have keys,
// manifests have digests.
func TestCallersAndLimits(t *testing.T) {
	s := prepareStack(t)
	raw, err := os.ReadFile(filepath.Join(s.plugins, "connector-sandbox"))
	if err != nil {
		t.Fatal(err)
	}
	s.put("sandbox.yaml", fmt.Appendf(nil, "name: sandbox\nversion: 1.0.0\ncommand: connector-sandbox\negress: [%q]\nsha256: %x\n", s.pspHost(), sha256.Sum256(raw)), 0o644)
	s.put("undeclared.yaml", []byte("name: undeclared\nversion: 1.0.0\ncommand: connector-sandbox\n"), 0o644)
	secret := filepath.Join(filepath.Dir(s.plugins), "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.serve("", fmt.Sprintf(`idempotency_secret_file: %s
egress: {allow_private: [127.0.0.0/8]}
limits: {per_second: 0.001}
callers:
- {name: shop, key_sha256: [%x], connectors: [sandbox], accounts: ["*"], methods: ["patchbay.payments.v1.PaymentService/Auth*", "grpc.reflection.*/*"]}
`, secret, sha256.Sum256([]byte("shop-key"))))

	call := func(method string, headers ...string) []string {
		args := []string{"-H", "x-api-key: shop-key", "-H", "x-connector: sandbox"} // reflection wants a caller too
		for _, h := range headers {
			args = append(args, "-rpc-header", h)
		}
		return append(args, "-d", "@", s.address, method)
	}
	s.shown(t, body("order-1", ""), call(authorize), `"status": "PAYMENT_STATUS_CAPTURED"`)
	s.shown(t, body("order-2", ""), call(authorize), "Code: ResourceExhausted", `"reason": "RATE_LIMITED"`, "google.rpc.RetryInfo", `"sent": "NEVER"`)
	s.shown(t, `{"payment_id":"p"}`, call("patchbay.payments.v1.PaymentService/Void"), "Code: PermissionDenied", `"reason": "CALLER_NOT_ALLOWED"`)
	for name, key := range map[string]string{"no key": "", "wrong key": "wrong"} {
		_, err := s.payments.Authorize(s.to("sandbox", "x-api-key", key), payment("nobody"))
		if err == nil || !strings.Contains(err.Error(), "Unauthenticated") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.wait("the manifest without a digest is refused", func() bool {
		return strings.Contains(s.log.String(), "sha256: is required") || strings.Contains(s.log.String(), "is required outside --dev")
	})
	if n := len(s.ledger()); n != 1 {
		t.Errorf("%d payments are in the books, want 1", n)
	}
}
