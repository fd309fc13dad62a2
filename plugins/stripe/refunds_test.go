package stripe

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

func TestCreateRefund(t *testing.T) {
	captured := intent(t, stripemock.Intent{Status: "succeeded"}, nil)
	for name, tt := range map[string]struct {
		amount *paymentsv1.Money
		reason string
		form   map[string]string
		reads  int
	}{
		"a part":   {eur(500), "requested_by_customer", map[string]string{"amount": "500", "reason": "requested_by_customer"}, 1},
		"the rest": {nil, "wrong size", map[string]string{"amount": "", "reason": ""}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPSP(t, map[string]http.HandlerFunc{
				getIntent:          answer(200, captured),
				"POST /v1/refunds": answer(200, refundObject(t, "pending", object{"pending_reason": "processing"})),
			})
			h := start(t, p.URL)
			got, err := h.Refunds.CreateRefund(h.Context(testKey), &paymentsv1.CreateRefundRequest{
				PaymentId: "pi_1", Reference: "refund-77", Amount: tt.amount, Reason: tt.reason})
			if err != nil {
				t.Fatal(err)
			}
			r := got.GetRefund()
			if r.GetId() != "re_1" || r.GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_PENDING || r.GetAmount().GetMinorUnits() != 500 {
				t.Errorf("refund is %v", r)
			}
			if reason := r.GetConnectorData().GetFields()["pending_reason"].GetStringValue(); reason != "processing" {
				t.Errorf("connector data are %v", r.GetConnectorData())
			}
			sent := p.only(t, "POST")
			tt.form["payment_intent"], tt.form["metadata[patchbay_reference]"] = "pi_1", "refund-77"
			for field, want := range tt.form {
				if sent.Form[field] != want {
					t.Errorf("%s = %q, want %q", field, sent.Form[field], want)
				}
			}
			if sent.Headers["idempotency-key"] != testKey {
				t.Errorf("headers are %v", sent.Headers)
			}
			if got := len(p.requests()) - 1; got != tt.reads {
				t.Errorf("%d reads, want %d", got, tt.reads)
			}
		})
	}
}

func TestRefundInAnotherCurrencyIsNotSent(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{getIntent: answer(200, intent(t, stripemock.Intent{Status: "succeeded"}, nil))})
	h := start(t, p.URL)
	_, err := h.Refunds.CreateRefund(h.Context(testKey), &paymentsv1.CreateRefundRequest{
		PaymentId: "pi_1", Reference: "refund-77", Amount: &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 500}})
	if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != "amount.currency_code" {
		t.Errorf("fields are %v", fields)
	}
	p.only(t, "GET")
}

func TestRefundRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		http   int
		e      object
		code   codes.Code
		reason string
	}{
		"already refunded": {400, object{"type": "invalid_request_error", "code": "charge_already_refunded"}, codes.FailedPrecondition, "STATE_FORBIDS"},
		"empty balance":    {400, object{"type": "invalid_request_error", "code": "balance_insufficient"}, codes.FailedPrecondition, "STATE_FORBIDS"},
		"too much":         {400, object{"type": "invalid_request_error", "param": "amount"}, codes.InvalidArgument, "INVALID_REQUEST"},
		"refused":          {402, object{"type": "card_error", "code": "card_declined"}, codes.FailedPrecondition, "REFUSED"},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPSP(t, map[string]http.HandlerFunc{"POST /v1/refunds": failed(tt.http, tt.e)})
			h := start(t, p.URL)
			_, err := h.Refunds.CreateRefund(h.Context(testKey), &paymentsv1.CreateRefundRequest{PaymentId: "pi_1", Reference: "refund-77"})
			connectortest.WantError(t, err, tt.code, tt.reason)
		})
	}
}

func TestGetRefund(t *testing.T) {
	p := startPSP(t, map[string]http.HandlerFunc{
		"GET /v1/refunds/re_1": answer(200, refundObject(t, "failed", object{"failure_reason": "expired_or_canceled_card"})),
	})
	h := start(t, p.URL)
	got, err := h.Refunds.GetRefund(h.Context(testKey), &paymentsv1.GetRefundRequest{RefundId: "re_1"})
	if err != nil {
		t.Fatal(err)
	}
	r := got.GetRefund()
	if r.GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_FAILED || r.GetPaymentId() != "pi_1" || r.GetReference() != "refund-77" {
		t.Errorf("refund is %v", r)
	}
	if reason := r.GetConnectorData().GetFields()["failure_reason"].GetStringValue(); reason != "expired_or_canceled_card" {
		t.Errorf("connector data are %v", r.GetConnectorData())
	}
}
