package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// grpcurl builds the pinned tool.
var grpcurl = sync.OnceValues(func() (string, error) {
	dir, err := built()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "grpcurl")
	cmd := exec.Command("go", "build", "-o", path, "tool")
	cmd.Dir = "../../scripts/tools/grpcurl"
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build grpcurl: %w\n%s", err, out)
	}
	return path, nil
})

// grpcurl runs the tool against the gateway and returns what it prints.
func (s *stack) grpcurl(input string, args ...string) string {
	s.t.Helper()
	tool, err := grpcurl()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(s.t.Context(), tool, append([]string{"-plaintext"}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, _ := cmd.CombinedOutput() // its exit code repeats what it prints
	return string(out)
}

// TestBadInputThroughGrpcurl reads what a person reads.
func TestBadInputThroughGrpcurl(t *testing.T) {
	s := newStack(t)
	const card = `"payment_method":{"card":{"number":"4242424242424242","expiry_month":12,"expiry_year":2030}}`
	for name, test := range map[string]struct {
		header, body string
		want         []string
	}{
		"no connector":      {"", `{}`, []string{"InvalidArgument", `"reason": "CONNECTOR_REQUIRED"`, `"available": "sandbox"`}},
		"unknown connector": {"x-connector: nope", `{}`, []string{"NotFound", `"reason": "CONNECTOR_UNKNOWN"`, `"available": "sandbox"`}},
		"no amount":         {"x-connector: sandbox", `{"reference":"r",` + card + `}`, []string{"InvalidArgument", `"field": "amount"`, "value is required"}},
		"negative amount":   {"x-connector: sandbox", `{"reference":"r","amount":{"currency_code":"USD","minor_units":-1},` + card + `}`, []string{"InvalidArgument", `"field": "amount.minor_units"`}},
		"currency ZZZ":      {"x-connector: sandbox", `{"reference":"r","amount":{"currency_code":"ZZZ","minor_units":1},` + card + `}`, []string{"InvalidArgument", `"field": "amount.currency_code"`, "ISO 4217"}},
		"letters in a card": {"x-connector: sandbox", `{"reference":"r","amount":{"currency_code":"USD","minor_units":1},"payment_method":{"card":{"number":"4242x242","expiry_month":12,"expiry_year":2030}}}`, []string{"InvalidArgument", `"field": "payment_method.card.number"`}},
		"5 MB":              {"x-connector: sandbox", `{"reference":"r","description":"` + strings.Repeat("x", 5<<20) + `","amount":{"currency_code":"USD","minor_units":1},` + card + `}`, []string{"InvalidArgument", "MESSAGE_TOO_LARGE"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"-d", "@", s.address, "patchbay.payments.v1.PaymentService/Authorize"}
			if test.header != "" {
				args = append([]string{"-H", test.header}, args...)
			}
			got := s.grpcurl(test.body, args...)
			for _, want := range append(test.want, `"sent": "NEVER"`) {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in:\n%.1000s", want, got)
				}
			}
		})
	}
	if n := len(s.ledger()); n != 0 {
		t.Errorf("%d payments are in the books", n)
	}
}

// TestThirdPartysService builds the example connector, which has a contract of
// its own, as its own module, and drops it into the running gateway.
func TestThirdPartysService(t *testing.T) {
	s := newStack(t)
	cmd := exec.Command("go", "build", "-o", filepath.Join(s.plugins, ".connector-loyalty"), "./cmd/connector-loyalty")
	cmd.Dir = "../../examples/connector-loyalty"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.copyFile(filepath.Join(s.plugins, ".connector-loyalty"), "connector-loyalty", nil)
	s.put("loyalty.yaml", []byte("name: loyalty\nversion: 0.1.0\ncommand: connector-loyalty\n"), 0o644)
	s.wait("the connector serves", func() bool { return s.generation("loyalty") == 1 })

	const service = "acme.loyalty.v1.LoyaltyService"
	if got := strings.Fields(s.grpcurl("", s.address, "list")); !slices.Contains(got, service) {
		t.Errorf("list: %v", got)
	}
	if got := s.grpcurl("", s.address, "describe", service); !strings.Contains(got, "RedeemPoints") || !strings.Contains(got, "// ") {
		t.Errorf("describe shows no methods or no comments:\n%s", got)
	}
	call := func(method, input string) string {
		t.Helper()
		return s.grpcurl(input, "-H", "x-connector: loyalty", "-d", "@", s.address, service+"/"+method)
	}
	if got := call("ImportEntries", `{"member_id":"m1","points":100,"reason":"a"} {"member_id":"m1","points":20,"reason":"b"}`); !strings.Contains(got, `"entries": 2`) {
		t.Errorf("client stream: %s", got)
	}
	if got := call("GetBalance", `{"member_id":"m1"}`); !strings.Contains(got, `"points": "120"`) {
		t.Errorf("unary: %s", got)
	}
	if got := call("ListEntries", `{"member_id":"m1"}`); strings.Count(got, `"reason"`) != 2 {
		t.Errorf("server stream: %s", got)
	}
	got := call("RedeemPoints", `{"member_id":"m1","points":50} {"member_id":"m1","points":50} {"member_id":"m1","points":50}`)
	if len(regexp.MustCompile(`"redeemed": true`).FindAllString(got, -1)) != 2 || !strings.Contains(got, `"points": "20"`) {
		t.Errorf("bidirectional: %s", got)
	}
	if got := s.grpcurl(`{"member_id":"m1"}`, "-H", "x-connector: sandbox", "-d", "@", s.address, service+"/GetBalance"); !strings.Contains(got, "Unimplemented") && !strings.Contains(got, "does not expose") {
		t.Errorf("another connector serves it: %s", got)
	}
}
