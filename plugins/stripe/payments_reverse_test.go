package stripe

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// TestReverse: what is captured is refunded, what is authorized is released, and of a
// payment captured in part both. A repeat does nothing more.
func TestReverse(t *testing.T) {
	for name, tt := range map[string]struct {
		state    string
		captured int64
		status   paymentsv1.PaymentStatus
		refunded int64
	}{
		"authorized":       {"requires_capture", 0, paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED, 0},
		"waiting":          {"requires_action", 0, paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED, 0},
		"captured":         {"succeeded", 0, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1050},
		"captured in part": {"requires_capture", 400, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 400},
	} {
		t.Run(name, func(t *testing.T) {
			h, s, _ := seeded(t)
			s.put("pi_1", tt.state, tt.captured)
			for range 2 {
				got, err := h.Payments.Reverse(h.Context(testKey), &paymentsv1.ReverseRequest{PaymentId: "pi_1", Reference: "reverse-3"})
				if err != nil {
					t.Fatal(err)
				}
				if got.GetPayment().GetStatus() != tt.status || got.GetRefund().GetAmount().GetMinorUnits() != tt.refunded {
					t.Errorf("answered %v", got)
				}
				if made := got.GetRefund() != nil; made != (tt.refunded > 0) || made && got.GetRefund().GetReference() != "reverse-3" {
					t.Errorf("refund is %v", got.GetRefund())
				}
			}
			if p, err := s.Payment("pi_1"); err != nil || p.Refunded != tt.refunded {
				t.Errorf("%d were refunded, want %d (%v)", p.Refunded, tt.refunded, err)
			}
			_, err := h.Payments.Reverse(h.Context(testKey+"2"), &paymentsv1.ReverseRequest{PaymentId: "pi_1", Reference: "reverse-4"})
			connectortest.WantError(t, err, codes.FailedPrecondition, "STATE_FORBIDS")
		})
	}
}

// TestAdjust: an issuer that refuses a raise leaves the payment as it was.
func TestAdjust(t *testing.T) {
	h, _, _ := seeded(t)
	ask := func(amount *paymentsv1.Money) (*paymentsv1.AdjustAuthorizationResponse, error) {
		return h.Payments.AdjustAuthorization(h.Context(testKey+amount.String()), &paymentsv1.AdjustAuthorizationRequest{PaymentId: "pi_1", Amount: amount})
	}
	got, err := ask(eur(1550))
	if err != nil || got.GetPayment().GetAuthorizedAmount().GetMinorUnits() != 1550 || got.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED {
		t.Errorf("raised: %v, %v", got, err)
	}
	_, err = ask(eur(1000)) // Stripe takes it up alone
	if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != "amount" {
		t.Errorf("fields are %v", fields)
	}
	_, err = ask(&paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 2000})
	connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST")

	s := newStandIn(t)
	s.seed()
	p := startPSP(t, map[string]http.HandlerFunc{
		getIntent: s.ServeHTTP,
		"POST /v1/payment_intents/pi_1/increment_authorization": failed(402, object{"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"}),
	})
	declining := start(t, p.URL)
	refused, err := declining.Payments.AdjustAuthorization(declining.Context(testKey), &paymentsv1.AdjustAuthorizationRequest{PaymentId: "pi_1", Amount: eur(1550)})
	if err != nil {
		t.Fatal(err)
	}
	if still := refused.GetPayment(); still.GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED || still.GetDecline().GetCode() != "insufficient_funds" || still.GetAuthorizedAmount().GetMinorUnits() != 1050 {
		t.Errorf("refused: %v", still)
	}
}

// TestComplete: nothing that comes through the payer's hands is believed.
func TestComplete(t *testing.T) {
	h, s, recorder := seeded(t)
	s.put("pi_1", "requires_action", 0)
	redirect := func(query map[string]string) *paymentsv1.CompleteRequest {
		return &paymentsv1.CompleteRequest{PaymentId: "pi_1", Result: &paymentsv1.CompleteRequest_Redirect{Redirect: &paymentsv1.RedirectResult{Query: query}}}
	}
	got, err := h.Payments.Complete(h.Context(testKey), redirect(map[string]string{"payment_intent": "pi_1", "redirect_status": "succeeded"}))
	if err != nil || got.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION {
		t.Errorf("completed: %v, %v", got, err)
	}
	before := len(recorder.Requests())
	_, err = h.Payments.Complete(h.Context(testKey), redirect(map[string]string{"payment_intent": "pi_2"}))
	if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != "redirect.query" {
		t.Errorf("fields are %v", fields)
	}
	_, err = h.Payments.Complete(h.Context(testKey), &paymentsv1.CompleteRequest{PaymentId: "pi_1", Result: &paymentsv1.CompleteRequest_OneTimePassword{OneTimePassword: "123456"}})
	connectortest.WantError(t, err, codes.Unimplemented, "OPERATION_UNSUPPORTED")
	if len(recorder.Requests()) != before {
		t.Error("Stripe was asked about what is refused")
	}
	s.put("pi_1", "succeeded", 0)
	got, err = h.Payments.Complete(h.Context(testKey), &paymentsv1.CompleteRequest{
		PaymentId: "pi_1", Amount: eur(1050), Result: &paymentsv1.CompleteRequest_ClientSdk{ClientSdk: &paymentsv1.ClientSdkResult{}}})
	if err != nil || got.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
		t.Errorf("completed: %v, %v", got, err)
	}
}
