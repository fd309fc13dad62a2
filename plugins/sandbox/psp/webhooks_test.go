package psp

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A webhook is sent again until it is taken, to every endpoint with its own
// secret.
func TestWebhooks_areSentAgain(t *testing.T) {
	type hit struct{ path, signature, body string }
	hits := make(chan hit, 64)
	var tries atomic.Int32
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		hits <- hit{r.URL.Path, r.Header.Get(SignatureHeader), string(body)}
		if r.URL.Path == "/refuses" && tries.Add(1) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(shop.Close)
	p := NewWithWebhooks(Webhooks{URL: shop.URL + "/all", Secret: "whsec_all", Client: shop.Client()})
	server := httptest.NewServer(p)
	t.Cleanup(func() { p.Close(); server.Close() })
	h := harness{t: t, psp: p, url: server.URL}
	made := h.post("/v1/webhook_endpoints", `{"url":"`+shop.URL+`/own"}`)
	secret, _ := made.body["secret"].(string)
	if made.status != http.StatusCreated || !strings.HasPrefix(secret, "whsec_") {
		t.Fatalf("got %d %v", made.status, made.body)
	}
	if r := h.post("/v1/webhook_endpoints", `{"url":"ftp://shop"}`); r.code() != "invalid_request" {
		t.Errorf("no http address: %v", r.body)
	}
	h.pay("automatic")
	secrets := map[string]string{"/all": "whsec_all", "/own": secret}
	for range 2 {
		select {
		case got := <-hits:
			seconds, _, _ := strings.Cut(strings.TrimPrefix(got.signature, "t="), ",")
			at, err := time.ParseDuration(seconds + "s")
			if err != nil || Sign(time.Unix(0, 0).Add(at), []byte(got.body), secrets[got.path]) != got.signature {
				t.Errorf("%s: signed %q", got.path, got.signature)
			}
			if !strings.Contains(got.body, `"type":"payment.captured"`) {
				t.Errorf("%s: %s", got.path, got.body)
			}
			delete(secrets, got.path)
		case <-time.After(20 * time.Second):
			t.Fatal("no webhook")
		}
	}
	if len(secrets) != 0 {
		t.Errorf("nothing came to %v", secrets)
	}
	h.post("/v1/payments", strings.TrimSuffix(payment1000("tok_approve", "automatic"), "}")+`,"webhook_url":"`+shop.URL+`/refuses"}`)
	refused := 0
	eventually(t, "the refused one comes again", func() bool {
		select {
		case got := <-hits:
			if got.path == "/refuses" {
				refused++
			}
		default:
		}
		return refused == 2
	})
}

func TestHooks_refuseWhatIsWrong(t *testing.T) {
	h := start(t)
	path := h.pay("manual")
	for address, code := range map[string]string{
		"/v1/test" + strings.TrimPrefix(path, "/v1") + "/settle": "invalid_request",
		"/v1/test/disputes/dp_x/decide":                          "invalid_request",
		"/v1/test/payouts/po_x/settle":                           "invalid_request",
	} {
		if r := h.post(address, `{"outcome":"maybe"}`); r.code() != code {
			t.Errorf("%s: got %v, want %s", address, r.body, code)
		}
	}
	for address, code := range map[string]string{
		"/v1/test/disputes/dp_x/decide":  "dispute_not_found",
		"/v1/mandates/md_x":              "mandate_not_found",
		"/v1/customers/cus_x":            "customer_not_found",
		"/v1/disputes?limit=0":           "invalid_request",
		"/v1/disputes?created_after=now": "invalid_request",
		"/v1/payments":                   "invalid_request",
	} {
		r := h.get(address)
		if strings.HasPrefix(address, "/v1/test/") {
			r = h.post(address, `{"outcome":"won"}`)
		}
		if r.code() != code {
			t.Errorf("%s: got %v, want %s", address, r.body, code)
		}
	}
}
