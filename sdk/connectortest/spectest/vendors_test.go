package spectest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/sdk/connectortest/internal/shared"
	"github.com/patchbay/patchbay/sdk/connectortest/spectest"
)

// Adyen's description takes all of Adyen's own examples, of requests and of answers,
// and none of them with a mistake.
func TestAdyensExamples(t *testing.T) {
	var document map[string]any
	spec := spectest.Load(t, "adyen-checkout-v71.json", spectest.Amend(func(read map[string]any) error {
		raw, err := json.Marshal(read)
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, &document)
	}))
	examples := examplesOf(document)
	requests, answers, seeded := 0, 0, 0
	for _, e := range examples {
		if e.status == 0 {
			requests++
		} else {
			answers++
		}
		if problems := e.check(t, spec, e.body); len(problems) > 0 {
			t.Errorf("%s: %q", e.name, problems)
		}
		for _, mistake := range e.mistakes() {
			wrong := bytes.Replace(e.body, []byte(mistake[0]), []byte(mistake[1]), 1)
			if bytes.Equal(wrong, e.body) {
				continue
			}
			if seeded++; len(e.check(t, spec, wrong)) == 0 {
				t.Errorf("%s: %s is not noticed", e.name, mistake[1])
			}
		}
	}
	t.Logf("figure: %d requests and %d answers taken, %d mistakes noticed", requests, answers, seeded)
	if requests < 50 || answers < 140 {
		t.Errorf("found %d requests and %d answers", requests, answers)
	}
}

// example is one of a description's, of a request or of an answer of a status.
type example struct {
	name, method, path string
	status             int
	body               []byte
}

func (e example) check(t *testing.T, spec *spectest.Spec, body []byte) []string {
	t.Helper()
	path := "/v71" + strings.NewReplacer("{", "", "}", "").Replace(e.path)
	if e.status != 0 {
		return spec.CheckAnswer(e.method, path, e.status, http.Header{"Content-Type": {"application/json"}}, body)
	}
	r, err := http.NewRequestWithContext(t.Context(), e.method, "https://127.0.0.1"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Api-Key", "secret")
	return spec.CheckRequest(r)
}

func (e example) mistakes() [][2]string {
	if e.status != 0 {
		return [][2]string{{`"pspReference":`, `"pspRefrence":`}, {`{`, `{"invented":1,`}}
	}
	all := [][2]string{
		{`"merchantAccount":`, `"merchantAcount":`},
		{`"amount":`, `"amuont":{},"amount":`},
		{`"value":`, `"value":"1","valu":`},
	}
	if e.path != "/paymentMethods/balance" { // its paymentMethod is a map
		all = append(all, [2]string{`"paymentMethod":{`, `"paymentMethod":{"numbr":"1",`})
	}
	return all
}

// examplesOf are a description's examples in JSON.
func examplesOf(document map[string]any) (found []example) {
	object := func(from any, path ...string) map[string]any {
		for _, name := range path {
			inner, _ := from.(map[string]any)
			from = inner[name]
		}
		inner, _ := from.(map[string]any)
		return inner
	}
	collect := func(method, path string, status int, of any) {
		for name, value := range object(of, "content", "application/json", "examples") {
			ref, _ := object(value)["$ref"].(string)
			if inner := object(document, "components", "examples", strings.TrimPrefix(ref, "#/components/examples/")); inner != nil {
				value = inner
			}
			if raw, err := json.Marshal(object(value)["value"]); err == nil {
				found = append(found, example{path + " " + name, strings.ToUpper(method), path, status, raw})
			}
		}
	}
	for path, item := range object(document, "paths") {
		for method, op := range object(item) {
			collect(method, path, 0, object(op, "requestBody"))
			for status, answer := range object(op, "responses") {
				if code, err := strconv.Atoi(status); err == nil {
					collect(method, path, code, answer)
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
