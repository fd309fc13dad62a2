package connectortest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestPlanErrors(t *testing.T) {
	const good = "connector: acme\nsamples: {approve: {}}\n"
	for text, want := range map[string]string{
		"":                                   "acme.yaml:1: want one YAML document",
		"connector: [":                       "acme.yaml:1: ",
		"samples: {approve: {}}":             "acme.yaml:1: connector: is missing",
		good + "conector: x\n":               `acme.yaml:3: unknown field "conector"`,
		good + "psp: {comand: [x]}\n":        `acme.yaml:3: unknown field "comand"`,
		good + "psp: {url: x, driver: [x]}":  "acme.yaml:3: psp: give one of",
		good + "currencies: [EUR, Dollar]\n": `"Dollar" is no currency code`,
		good + "psp:\n  answers:\n    Athorize: {}\n":                                      "acme.yaml:5: psp.answers.Athorize: there is no such operation",
		"connector: acme\nsamples:\n  approve: {payment_metod: {}}\n":                      `acme.yaml:3: samples.approve: is no part of an AuthorizeRequest`,
		"connector: acme\nsamples:\n  approve: {}\n  declines:\n    lost: {amount: 7}\n":   "acme.yaml:5: samples.declines.lost: ",
		"connector: acme\nsamples:\n  approve: {}\n  requests:\n    Captur: {}\n":          "acme.yaml:5: samples.requests.Captur: there is no such operation",
		"connector: acme\nsamples:\n  approve: {}\n  requests:\n    Capture: {amont: 1}\n": "acme.yaml:5: samples.requests.Capture: is no part of the request",
		"connector: acme\nsamples:\n  approve: {}\n  old_webhook: {bdy: x}\n":              "acme.yaml:4: samples.old_webhook: is no HttpRequest",
		"connector: acme\nsamples:\n  approve: {}\n  network_codes: {lost_card: \"41\"}\n": "samples.network_codes.lost_card: there is no such sample",
	} {
		_, err := parsePlan("acme.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	if _, err := parsePlan("acme.yaml", []byte(good)); err != nil {
		t.Error(err)
	}
	if _, err := ReadPlan(filepath.Join(t.TempDir(), "test.yaml")); err == nil {
		t.Error("a file that is not there is no error")
	}
}

func TestPlanAccount(t *testing.T) {
	p := &Plan{Account: map[string]any{"base_url": PSPURL + "/v1", "api_key": "k"}}
	for want, over := range map[string]map[string]any{
		`{"api_key":"k","base_url":"http://127.0.0.1:1/v1"}`:     nil,
		`{"api_key":"wrong","base_url":"http://127.0.0.1:1/v1"}`: {"api_key": "wrong"},
	} {
		if got, err := p.accountAt("http://127.0.0.1:1", over); err != nil || string(got) != want {
			t.Errorf("got %s %v, want %s", got, err, want)
		}
	}
	if got, err := (&Plan{}).accountAt("x", nil); err != nil || got != nil {
		t.Errorf("without an account: got %q %v", got, err)
	}
}

func TestPlanPaths(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	p := &Plan{dir: "plugins/acme"}
	for command, want := range map[string]string{"./connector": filepath.Join(here, "plugins/acme/connector"), "/bin/x": "/bin/x", "node": "node"} {
		if got, err := p.argv([]string{command, "a/b"}); err != nil || got[0] != want || got[1] != "a/b" {
			t.Errorf("%s: got %q %v, want %s", command, got, err, want)
		}
	}
}

// A script beside the plan is found from wherever the suite is run.
func TestProgramsStartBesideThePlan(t *testing.T) {
	dir := t.TempDir()
	script := "echo http://127.0.0.1:4242/\nexec sleep 600\n"
	if err := os.WriteFile(filepath.Join(dir, "psp.sh"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &Plan{dir: dir}
	program, err := p.startProgram(t.Context(), []string{"sh", "psp.sh"})
	if err != nil {
		t.Fatal(err)
	}
	program.stop()
	if program.url != "http://127.0.0.1:4242" {
		t.Errorf("got %q", program.url)
	}
}

func TestSecretFields(t *testing.T) {
	req := &paymentsv1.AuthorizeRequest{
		Reference: "order-1001", Email: "jo@example.com",
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{Number: "4242424242424242", HolderName: "Jo"}}},
	}
	if got := secretFields(req.ProtoReflect()); len(got) != 1 || got[0] != "4242424242424242" {
		t.Errorf("got %q", got)
	}
}

func TestCodesPattern(t *testing.T) {
	if codesPattern([]string{"4242424242424242", "tok"}) != nil {
		t.Error("found a security code where there is none")
	}
	p := codesPattern([]string{"4242424242424242", "123", "9876"})
	for text, want := range map[string]bool{
		`{"cvc":"123"}`: true, "security_code: 9876": true, "CVV2=123": true,
		`{"cvc":"1234"}`: false, "took 123 ms": false, "acid 123456": false,
	} {
		if got := p.MatchString(text); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestMarksSecret(t *testing.T) {
	for name, field := range map[string]map[string]any{
		"text": {"type": "string", "writeOnly": true},
		"list": {"type": "array", "items": map[string]any{"type": "string", "writeOnly": true}},
	} {
		if !marksSecret(field) {
			t.Errorf("%s: is no secret", name)
		}
	}
	if marksSecret(map[string]any{"type": "string"}) || marksSecret(nil) {
		t.Error("a field that is not marked is a secret")
	}
}

func TestUnits(t *testing.T) {
	c := &Case{world: &world{plan: &Plan{Exponents: map[string]int{"CLP": 2, "CVE": 0}}}}
	for code, want := range map[string]int64{"CLP": 100, "USD": 1, "JPY": 1} {
		if got := c.units(code, 1); got != want {
			t.Errorf("%s: got %d, want %d", code, got, want)
		}
	}
	if got := c.units("CVE", 700); got != 7 {
		t.Errorf("CVE: got %d", got)
	}
}

func TestFirstURL(t *testing.T) {
	f := &firstURL{found: make(chan string, 1)}
	for _, part := range []string{"starting\n", "listening on http://127.0", ".0.1:4242", "\nhttp://other\n"} {
		if _, err := f.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-f.found; got != "http://127.0.0.1:4242" {
		t.Errorf("got %s", got)
	}
}
