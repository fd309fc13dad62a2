package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
	"github.com/patchbay/patchbay/sdk/connectortest/spectest"
	"github.com/patchbay/patchbay/sdk/connectortest/standin"
)

// standIn is Stripe with a memory. Stripe's own description, made strict, checks
// every request and every answer; the answers are Stripe's own fixtures in the state
// that things are in. The memory between the two is ours: what it refuses, it
// refuses with the codes that Stripe documents
// (https://docs.stripe.com/error-codes).
type standIn struct {
	*standin.PSP
	fixtures map[string]any
	checked  *spectest.Checker

	mu       sync.Mutex
	host     string            // where it was asked
	next     string            // the id of the next payment, for tests that name one
	kept     map[string]object // refunds, setups, methods, customers, disputes, payouts, by id
	disputes []string          // their ids, the newest first
}

// describedStripe is Stripe's description with what Stripe documents elsewhere,
// made strict. It is read once: it is large.
var describedStripe = sync.OnceValues(func() (*spectest.Spec, error) {
	raw, err := stripemock.Description(context.Background())
	if err != nil {
		return nil, err
	}
	return spectest.Parse(raw, spectest.Amend(stripemock.Undescribed))
})

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	spec, err := describedStripe()
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := stripemock.Fixtures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Stripe's fixtures are older than its description here and there.
	delete(fixtures["payment_intent"].(object), "source")
	delete(fixtures["charge"].(object), "source")
	payments := fixtures["account"].(object)["settings"].(object)["payments"].(object)
	delete(payments, "statement_descriptor_prefix_kana")
	delete(payments, "statement_descriptor_prefix_kanji")

	s := &standIn{fixtures: fixtures, kept: map[string]object{}}
	routes := map[string]standin.Route{}
	for pattern, does := range s.paymentRoutes() {
		routes[pattern] = s.route(does)
	}
	for pattern, does := range s.keepingRoutes() {
		routes[pattern] = s.route(does)
	}
	s.PSP = standin.New(standin.Config{
		Routes: routes,
		Check:  func(h http.Handler) http.Handler { s.checked = spec.Check(h); return s.checked },
		Admit: func(r *http.Request) (standin.Answer, bool) {
			return refusedBy(http.StatusUnauthorized, "invalid_request_error", "", "Invalid API Key provided"), r.Header.Get("Authorization") == "Bearer sk_test_revoked"
		},
		// Source: https://docs.stripe.com/api/idempotent_requests.
		KeyHeader: "Idempotency-Key", ReplayedHeader: "Idempotent-Replayed",
		Reused: refusedBy(http.StatusBadRequest, "idempotency_error", "", "Keys for idempotent requests can only be used with the same parameters"),
		Webhooks: map[string]func() standin.Webhook{
			"unknown": func() standin.Webhook { return s.signed("unicorn.seen", object{"id": "uni_1", "object": "unicorn"}) },
		},
	})
	t.Cleanup(func() {
		s.Wait()
		for _, finding := range s.checked.Findings() {
			t.Error(finding)
		}
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if id, isPage := strings.CutPrefix(r.URL.Path, "/3d_secure_2/"); isPage {
		s.challenge(w, r, id)
		return
	}
	s.PSP.ServeHTTP(w, r)
}

// does carries one kind of request out.
type does func(*standin.Request) standin.Answer

// route reads the form of a request first.
func (s *standIn) route(do does) standin.Route {
	return func(r *standin.Request) standin.Answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.host = r.Host
		r.Request.Body = io.NopCloser(strings.NewReader(string(r.Body)))
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			_ = r.ParseForm() // the description has let it pass
		}
		return do(r)
	}
}

// paymentRoutes are those of payments and refunds.
func (s *standIn) paymentRoutes() map[string]does {
	const intent = "/v1/payment_intents/{id}"
	return map[string]does{
		"GET /v1/account":          func(*standin.Request) standin.Answer { return found(s.fixture("account")) },
		"POST /v1/payment_intents": s.create,
		"GET /v1/payment_intents":  func(r *standin.Request) standin.Answer { return s.list(r, "list", nil) },
		"GET /v1/payment_intents/search": func(r *standin.Request) standin.Answer {
			_, quoted, _ := strings.Cut(r.Request.Form.Get("query"), "]:'")
			return s.list(r, "search_result", s.Find(strings.NewReplacer(`\\`, `\`, `\'`, "'").Replace(strings.TrimSuffix(quoted, "'"))))
		},
		"GET " + intent: func(r *standin.Request) standin.Answer {
			p, err := s.Payment(r.PathValue("id"))
			return s.answered(p, err, expanded(r))
		},
		"POST " + intent + "/capture":                 s.capture,
		"POST " + intent + "/cancel":                  s.cancel,
		"POST " + intent + "/increment_authorization": s.increment,
		"POST /v1/refunds":                            s.giveBack,
		"GET /v1/refunds/{id}":                        s.read,
	}
}

// read answers with what is kept.
func (s *standIn) read(r *standin.Request) standin.Answer {
	kept, ok := s.kept[r.PathValue("id")]
	if !ok {
		return missing("object")
	}
	return found(kept)
}

// keep keeps an object.
func (s *standIn) keep(o object) standin.Answer {
	s.kept[o["id"].(string)] = o
	return found(o)
}

// fixture is one of Stripe's, to be changed.
func (s *standIn) fixture(name string) object {
	raw, err := json.Marshal(s.fixtures[name])
	if err != nil {
		panic(err)
	}
	var copied object
	if err := json.Unmarshal(raw, &copied); err != nil {
		panic(err)
	}
	return copied
}

func expanded(r *standin.Request) bool {
	first := r.Request.Form.Get("expand[0]")
	return first == latestCharge || first == "data."+latestCharge
}

func number(form url.Values, name string) int64 {
	n, err := strconv.ParseInt(form.Get(name), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err)) // the description has let it pass
	}
	return n
}

// beneath are the fields of a form that a name has in brackets.
func beneath(form url.Values, name string) object {
	fields := object{}
	for full := range form {
		if inner, ok := strings.CutPrefix(full, name+"["); ok {
			fields[strings.TrimSuffix(inner, "]")] = form.Get(full)
		}
	}
	return fields
}

func metadata(form url.Values) object { return beneath(form, "metadata") }

func found(body object) standin.Answer { return standin.Answer{Status: http.StatusOK, Body: body} }

func missing(what string) standin.Answer {
	return refusedBy(http.StatusNotFound, "invalid_request_error", "resource_missing", "No such "+what)
}

func refusedBy(status int, kind, code, message string) standin.Answer {
	e := object{"type": kind, "message": message}
	if code != "" {
		e["code"] = code
	}
	return standin.Answer{Status: status, Body: object{"error": e}}
}

func refusedAt(param, message string) standin.Answer {
	return standin.Answer{Status: http.StatusBadRequest, Body: object{"error": object{"type": "invalid_request_error", "param": param, "message": message}}}
}

// post sends a form to the stand-in as the connector would.
func (s *standIn) post(path string, form url.Values) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Authorization", "Bearer sk_test_seed")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	told := httptest.NewRecorder()
	s.ServeHTTP(told, r)
	if told.Code != http.StatusOK {
		panic(fmt.Sprintf("seed %s: %s", path, told.Body))
	}
}

// put makes a payment of 10.50 euros with an id, in one of Stripe's states.
func (s *standIn) put(id, status string, captured int64) {
	form := url.Values{
		"amount": {"1050"}, "currency": {"eur"}, "confirm": {"true"}, "capture_method": {"automatic"}, "payment_method_types[0]": {"card"},
		"payment_method": {"pm_card_visa"}, "metadata[patchbay_reference]": {"order-1001"}, "return_url": {"https://shop.example/return?a=b"},
		"payment_method_options[card][request_multicapture]": {"if_available"},
	}
	switch status {
	case "requires_capture":
		form.Set("capture_method", "manual")
	case "requires_action":
		form.Set("payment_method", "pm_card_threeDSecure2Required")
	}
	s.mu.Lock()
	s.next = id
	s.mu.Unlock()
	s.post("/v1/payment_intents", form)
	if captured > 0 && status == "requires_capture" {
		s.post("/v1/payment_intents/"+id+"/capture", url.Values{"amount_to_capture": {strconv.FormatInt(captured, 10)}, "final_capture": {"false"}})
	}
}
