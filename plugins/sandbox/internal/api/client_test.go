package api

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	"github.com/patchbay/patchbay/sdk"
)

func newClient(t *testing.T, handler http.Handler) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &Client{HTTP: sdk.HTTPClient(t.Context()), BaseURL: server.URL, Key: "sk_test", IdempotencyKey: "k"}
}

func TestClient_speaksThePSPsWords(t *testing.T) {
	c := newClient(t, psp.New())
	ctx := t.Context()
	p, err := Post[Payment](ctx, c, NewPayment{
		Reference: "r", Amount: 1000, Currency: "USD", Capture: "manual",
		PaymentMethod: Instrument{Card: &Card{Number: "4242424242424242", ExpMonth: 12, ExpYear: 2030, CVC: "123", HolderName: "Test Card", Network: "visa"}},
		ReturnURL:     "https://shop.example", Description: "d", StatementDescriptor: "s", Email: "jo@example.com",
		Metadata: map[string]string{"cart": "7"},
	}, "payments")
	if err != nil || p.Status != "authorized" || p.Capturable != 1000 {
		t.Fatalf("got %+v %v", p, err)
	}
	c.IdempotencyKey = "k2"
	done, err := Post[Capture](ctx, c, NewCapture{Amount: 400, Currency: "USD", MoreToCome: true}, "payments", p.ID, "capture")
	if err != nil || done.Amount != 400 || done.Payment.Status != "partially_captured" {
		t.Errorf("capture: got %+v %v", done, err)
	}
	c.IdempotencyKey = "k3"
	if _, err := Post[Payment](ctx, c, Why{Reason: "abandoned"}, "payments", p.ID, "void"); code(err) != "payment_not_voidable" {
		t.Errorf("void: got %v", err)
	}
	c.IdempotencyKey = "k4"
	refund, err := Post[Refund](ctx, c, NewRefund{Reference: "r", Amount: 100, Currency: "USD", Reason: "broken"}, "payments", p.ID, "refunds")
	if err != nil || refund.Amount != 100 {
		t.Errorf("refund: got %+v %v", refund, err)
	}
	if read, err := Get[Refund](ctx, c, nil, "refunds", refund.ID); err != nil || read != refund {
		t.Errorf("read %+v %v, want %+v", read, err, refund)
	}
	if read, err := Get[Payment](ctx, c, nil, "payments", p.ID); err != nil || read.Captured != 400 || read.Refunded != 100 {
		t.Errorf("read %+v %v", read, err)
	}
	if a, err := Get[Account](ctx, c, nil, "account"); err != nil || a.ID != "acct_sandbox" {
		t.Errorf("account: got %+v %v", a, err)
	}
	c.Simulate = `{"outcome":"rate_limited"}`
	var refused *Error
	if _, err := Get[Payment](ctx, c, nil, "payments", p.ID); !errors.As(err, &refused) || refused.RetryAfter != time.Second || refused.Status != http.StatusTooManyRequests {
		t.Errorf("rate limited: got %v", err)
	}
}

func code(err error) string {
	var refused *Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

func TestClient_malformedAnswer(t *testing.T) {
	for _, body := range []string{``, `[]`, `{}`, `{"id":"pay_1"}`, `{"id":7,"status":"captured","currency":"USD"}`} {
		c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		var malformed *MalformedError
		if _, err := Get[Payment](t.Context(), c, nil, "payments", "pay_1"); !errors.As(err, &malformed) || malformed.Method != http.MethodGet {
			t.Errorf("%q: got %v, want a MalformedError", body, err)
		}
	}
}

// A request that may have arrived is never sent again without anybody knowing.
func TestClient_doesNotRepeatALostRequest(t *testing.T) {
	var arrived atomic.Int32
	real := psp.New()
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if arrived.Add(1) == 2 { // on the connection that the first has left open
			panic(http.ErrAbortHandler)
		}
		real.ServeHTTP(w, r)
	}))
	ask := NewPayment{Reference: "r", Amount: 1, Currency: "USD", Capture: "manual", PaymentMethod: Instrument{Token: "tok_approve"}}
	if _, err := Post[Payment](t.Context(), c, ask, "payments"); err != nil {
		t.Fatal(err)
	}
	if p, err := Post[Payment](t.Context(), c, ask, "payments"); err == nil || arrived.Load() != 2 {
		t.Errorf("got %+v %v after %d requests, want an error after 2", p, err, arrived.Load())
	}
}
