package stripe

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

const testKey = "key_0123456789012345678901234567890123456789"

// request is what the connector sent.
type request struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Query   map[string]string `json:"query"`
	Form    map[string]string `json:"form"`
}

// psp is an HTTP server on the loopback interface in Stripe's place. It answers
// each route with what the test put there, and keeps what it was sent.
type psp struct {
	URL    string
	routes map[string]http.HandlerFunc // by method and path

	mu   sync.Mutex
	sent []request
}

func startPSP(t *testing.T, routes map[string]http.HandlerFunc) *psp {
	t.Helper()
	p := &psp{routes: routes}
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	p.URL = server.URL
	return p
}

func (p *psp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	got := request{r.Method, r.URL.Path, map[string]string{}, first(r.URL.Query()), first(form)}
	for _, name := range []string{"authorization", "content-type", "idempotency-key", "stripe-account", "stripe-version"} {
		if value := r.Header.Get(name); value != "" {
			got.Headers[name] = value
		}
	}
	p.mu.Lock()
	p.sent = append(p.sent, got)
	p.mu.Unlock()
	route, ok := p.routes[r.Method+" "+r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	route(w, r)
}

// requests returns what was sent so far.
func (p *psp) requests() []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent
}

// only returns the one request with the method.
func (p *psp) only(t *testing.T, method string) request {
	t.Helper()
	var found []request
	for _, r := range p.requests() {
		if r.Method == method {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d %s requests were sent, want 1: %v", len(found), method, found)
	}
	return found[0]
}

func first(values url.Values) map[string]string {
	m := map[string]string{}
	for name := range values {
		m[name] = values.Get(name)
	}
	return m
}

func start(t *testing.T, baseURL string) *connectortest.Harness {
	t.Helper()
	return connectortest.Start(t, New(), map[string]any{
		"api_key": "sk_test_recorder", "base_url": baseURL, "files_url": baseURL, "account": "acct_recorder",
		"webhook_secrets": []string{"whsec_x"}, "publishable_key": "pk_test_1",
	})
}

type object = map[string]any

// answer answers with a status and a JSON document.
func answer(code int, document any) http.HandlerFunc {
	raw, err := json.Marshal(document)
	return func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Request-Id", "req_test")
		w.WriteHeader(code)
		_, _ = w.Write(raw)
	}
}

// failed answers with an error in Stripe's form.
func failed(code int, e object) http.HandlerFunc { return answer(code, object{"error": e}) }

// resource is one of Stripe's own fixtures, in the state of the options.
func resource(t *testing.T, name string, o stripemock.Options) object {
	t.Helper()
	r, err := stripemock.Resource(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// intent is a PaymentIntent with an expanded charge; changes replace members.
func intent(t *testing.T, state stripemock.Intent, changes object) object {
	t.Helper()
	if state.Amount == 0 {
		state.Amount, state.Currency = 1050, "eur"
	}
	state.Reference = "order-1001"
	o := stripemock.Options{Intent: state}
	pi := resource(t, "payment_intent", o)
	pi["id"] = "pi_1"
	pi["latest_charge"] = resource(t, "charge", o)
	maps.Copy(pi, changes)
	return pi
}

func refundObject(t *testing.T, status string, changes object) object {
	t.Helper()
	r := resource(t, "refund", stripemock.Options{
		Intent: stripemock.Intent{Status: "succeeded", Amount: 1050, Currency: "eur"},
		Refund: stripemock.Refund{Status: status, Amount: 500, Reference: "refund-77"},
	})
	r["id"], r["payment_intent"] = "re_1", "pi_1"
	maps.Copy(r, changes)
	return r
}

func eur(minorUnits int64) *paymentsv1.Money {
	return &paymentsv1.Money{CurrencyCode: "EUR", MinorUnits: minorUnits}
}

func token(id string) *paymentsv1.PaymentMethod {
	return &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_CardToken{CardToken: &paymentsv1.CardToken{Token: id}}}
}

func authorizeRequest() *paymentsv1.AuthorizeRequest {
	return &paymentsv1.AuthorizeRequest{Reference: "order-1001", Amount: eur(1050), PaymentMethod: token("pm_card_visa")}
}
