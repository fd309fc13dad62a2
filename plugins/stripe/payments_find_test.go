package stripe

import (
	"fmt"
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
	"github.com/patchbay/patchbay/sdk/connectortest/standin"
)

// paid is a payment that is captured.
func paid(id, reference string) standin.Payment {
	return standin.Payment{
		ID: id, Status: standin.Captured, Currency: "EUR", Amount: 1050, Reserved: 1050, Captured: 1050, Data: object{"metadata": object{referenceKey: reference}},
	}
}

// pages answers with as many pages of payments, of which the last one is wanted.
func pages(s *standIn, n int) (*int, http.HandlerFunc) {
	asked := 0
	return &asked, func(w http.ResponseWriter, r *http.Request) {
		asked++
		p := paid(fmt.Sprintf("pi_%d", asked), "another")
		if asked == n {
			p = paid(p.ID, "order-1001")
		}
		if want := fmt.Sprintf("pi_%d", asked-1); asked > 1 && r.URL.Query().Get("starting_after") != want && r.URL.Query().Get("page") == "" {
			http.Error(w, "another page was asked for", http.StatusTeapot)
			return
		}
		answer(200, object{"object": "list", "data": []object{s.show(p, true)}, "has_more": asked < n, "next_page": "next", "url": "/v1/payment_intents"})(w, r)
	}
}

// TestFindPaymentInTheList: the list has all that Stripe has accepted; it is read to
// its end.
func TestFindPaymentInTheList(t *testing.T) {
	asked, list := pages(newStandIn(t), 3)
	p := startPSP(t, map[string]http.HandlerFunc{"GET /v1/payment_intents": list})
	h := start(t, p.URL)
	got, err := h.Payments.FindPayment(h.Context(""), &paymentsv1.FindPaymentRequest{Reference: "order-1001", CreatedAfterTime: &timestamppb.Timestamp{Seconds: 1767225600}})
	if err != nil {
		t.Fatal(err)
	}
	if *asked != 3 || !got.GetConclusive() || len(got.GetPayments()) != 1 || got.GetPayments()[0].GetId() != "pi_3" {
		t.Errorf("after %d pages: %v", *asked, got)
	}
}

// TestFindPaymentInALongList: what is too long to read is searched, and then no
// payment proves nothing.
func TestFindPaymentInALongList(t *testing.T) {
	s := newStandIn(t)
	asked, list := pages(s, mostPages+1)
	p := startPSP(t, map[string]http.HandlerFunc{
		"GET /v1/payment_intents":        list,
		"GET /v1/payment_intents/search": answer(200, object{"object": "search_result", "data": []object{}, "has_more": false, "url": "x"}),
	})
	h := start(t, p.URL)
	got, err := h.Payments.FindPayment(h.Context(""), &paymentsv1.FindPaymentRequest{Reference: "order-1001", CreatedAfterTime: &timestamppb.Timestamp{Seconds: 1767225600}})
	if err != nil || got.GetConclusive() || len(got.GetPayments()) > 0 || *asked != mostPages {
		t.Errorf("after %d pages: %v, %v", *asked, got, err)
	}
}

// TestFindPaymentInTheIndex: the search ignores case, and its words are quoted.
func TestFindPaymentInTheIndex(t *testing.T) {
	s := newStandIn(t)
	show := func(id, reference string) object {
		return s.show(paid(id, reference), true)
	}
	const reference = `it's \ 1001`
	p := startPSP(t, map[string]http.HandlerFunc{"GET /v1/payment_intents/search": func(w http.ResponseWriter, r *http.Request) {
		if got, want := r.URL.Query().Get("query"), `metadata['patchbay_reference']:'it\'s \\ 1001'`; got != want {
			t.Errorf("the query is %s, want %s", got, want)
		}
		found := []object{show("pi_2", "IT'S \\ 1001")}
		if r.URL.Query().Get("page") == "next" {
			found = []object{show("pi_1", reference)}
		}
		answer(200, object{"object": "search_result", "data": found, "has_more": r.URL.Query().Get("page") == "", "next_page": "next", "url": "x"})(w, r)
	}})
	h := start(t, p.URL)
	got, err := h.Payments.FindPayment(h.Context(""), &paymentsv1.FindPaymentRequest{Reference: reference})
	if err != nil || got.GetConclusive() || len(got.GetPayments()) != 1 || got.GetPayments()[0].GetId() != "pi_1" {
		t.Errorf("found %v, %v", got, err)
	}
}

func TestClientSessions(t *testing.T) {
	h, _, recorder := seeded(t)
	for _, s := range customerSamples() {
		if s.operation != "CreateClientSession" {
			continue
		}
		got, err := s.send(h.Context(testKey+s.name), t, h)
		if err != nil {
			t.Fatal(err)
		}
		session := got.(*paymentsv1.CreateClientSessionResponse).GetSession()
		if session.GetClientSecret() == "" || session.GetPublishableKey() != "pk_test_1" || (session.GetPaymentId() == "") != (s.name == "open a session to store") {
			t.Errorf("%s: %v", s.name, session)
		}
	}
	types := map[string]bool{}
	for _, r := range recorder.Requests() {
		if form(r, "confirm") != "" {
			t.Error("a session was confirmed: that is the payer's to do")
		}
		types[form(r, "payment_method_types[0]")+","+form(r, "payment_method_types[1]")+","+form(r, "payment_method_types[2]")] = true
	}
	if !types["card,ideal,"] || !types[",,"] {
		t.Errorf("types are %v", types)
	}
	for request, field := range map[string]string{
		`{"reference":"o","amount":{"currencyCode":"EUR"}}`:                                                 "customer_id",
		`{"reference":"o","amount":{"currencyCode":"EUR","minorUnits":"1"},"paymentMethodTypes":["venmo"]}`: "payment_method_types",
	} {
		_, err := sample{"", "CreateClientSession", request}.send(h.Context(testKey), t, h)
		if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != field {
			t.Errorf("%s: fields are %v", request, fields)
		}
	}
}
