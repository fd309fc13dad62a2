package spectest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/sdk/connectortest/internal/shared"
	"github.com/patchbay/patchbay/sdk/connectortest/spectest"
)

// Adyen's description takes all of Adyen's own examples of requests, and none of them
// with a mistake.
func TestAdyensExamples(t *testing.T) {
	var examples []example
	spec := spectest.Load(t, "adyen-checkout-v71.json", spectest.Amend(func(document map[string]any) error {
		examples = examplesOf(document)
		return nil
	}))
	if len(examples) < 50 {
		t.Fatalf("found %d examples", len(examples))
	}
	seeded := 0
	for _, e := range examples {
		post := func(body []byte) []string {
			address := "https://127.0.0.1/v71" + strings.NewReplacer("{", "", "}", "").Replace(e.path)
			r, err := http.NewRequestWithContext(t.Context(), e.method, address, bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Api-Key", "secret")
			return spec.CheckRequest(r)
		}
		if problems := post(e.body); len(problems) > 0 {
			t.Errorf("%s: %q", e.name, problems)
		}
		for _, mistake := range [][2]string{
			{`"merchantAccount":`, `"merchantAcount":`},
			{`"amount":`, `"amuont":{},"amount":`},
			{`"paymentMethod":{`, `"paymentMethod":{"numbr":"1",`},
			{`"value":`, `"value":"1","valu":`},
		} {
			wrong := bytes.Replace(e.body, []byte(mistake[0]), []byte(mistake[1]), 1)
			if bytes.Equal(wrong, e.body) || e.path == "/paymentMethods/balance" { // its paymentMethod is a map
				continue
			}
			if seeded++; len(post(wrong)) == 0 {
				t.Errorf("%s: %s is not noticed", e.name, mistake[1])
			}
		}
	}
	t.Logf("%d examples, %d mistakes", len(examples), seeded)
}

type example struct {
	name, method, path string
	body               []byte
}

// examplesOf are a description's examples of requests in JSON.
func examplesOf(document map[string]any) (found []example) {
	object := func(from any, path ...string) map[string]any {
		for _, name := range path {
			inner, _ := from.(map[string]any)
			from = inner[name]
		}
		inner, _ := from.(map[string]any)
		return inner
	}
	for path, item := range object(document, "paths") {
		for method, op := range object(item) {
			for name, value := range object(op, "requestBody", "content", "application/json", "examples") {
				ref, _ := object(value)["$ref"].(string)
				if inner := object(document, "components", "examples", strings.TrimPrefix(ref, "#/components/examples/")); inner != nil {
					value = inner
				}
				raw, err := json.Marshal(object(value)["value"])
				if err == nil {
					found = append(found, example{path + " " + name, strings.ToUpper(method), path, raw})
				}
			}
		}
	}
	return found
}

// Each of the descriptions that lie beside the module can be made strict; what can't
// is named.
func TestVendorsDescriptions(t *testing.T) {
	for _, name := range []string{
		"adyen-checkout-v71.json", "adyen-dispute-v30.json", "adyen-webhooks-v1.json", "paypal-checkout_orders_v2.json",
		"paypal-vault_payment_tokens_v3.json", "paypal-customer_disputes_v1.json", "paystack.yaml",
	} {
		t.Run(name, func(t *testing.T) { spectest.Load(t, name) })
	}
}

// A pattern that Go's regexp refuses is no pass: the field is named.
func TestPayPalsLookahead(t *testing.T) {
	raw := shared.Read(t, "specs/paypal-notifications_webhooks_v1.json")
	_, err := spectest.Parse(raw)
	if err == nil || !strings.Contains(err.Error(), "/components/schemas/") || !strings.Contains(err.Error(), "the pattern can't be checked") {
		t.Errorf("got %v", err)
	}
}
