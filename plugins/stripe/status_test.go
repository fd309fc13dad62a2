package stripe

import (
	"testing"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestPaymentStatus(t *testing.T) {
	refused := &api.Failure{Type: api.TypeCardError, Code: "card_declined"}
	for _, tt := range []struct {
		name   string
		intent api.PaymentIntent
		want   paymentsv1.PaymentStatus
	}{
		{"untouched", api.PaymentIntent{Status: "requires_payment_method"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION},
		{"request that was no attempt", api.PaymentIntent{Status: "requires_payment_method", LastPaymentError: &api.Failure{Type: api.TypeIdempotencyError}}, paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION},
		{"refused", api.PaymentIntent{Status: "requires_payment_method", LastPaymentError: refused}, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED},
		{"authentication failed", api.PaymentIntent{Status: "requires_payment_method", LastPaymentError: &api.Failure{Type: "invalid_request_error", Code: "payment_intent_authentication_failure"}}, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED},
		{"not confirmed", api.PaymentIntent{Status: "requires_confirmation"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION},
		{"action", api.PaymentIntent{Status: "requires_action", LastPaymentError: refused}, paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION},
		{"processing", api.PaymentIntent{Status: "processing"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING},
		{"authorized", api.PaymentIntent{Status: "requires_capture"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED},
		{"partly captured", api.PaymentIntent{Status: "requires_capture", AmountReceived: 1}, paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED},
		{"captured", api.PaymentIntent{Status: "succeeded"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
		{"voided", api.PaymentIntent{Status: "canceled", CancellationReason: "abandoned"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED},
		{"voided without a reason", api.PaymentIntent{Status: "canceled"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED},
		{"expired", api.PaymentIntent{Status: "canceled", CancellationReason: "expired"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED},
		{"expired by itself", api.PaymentIntent{Status: "canceled", CancellationReason: "automatic"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED},
		{"rest released", api.PaymentIntent{Status: "canceled", AmountReceived: 500}, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED},
		{"unknown word", api.PaymentIntent{Status: "requires_patience"}, paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := paymentStatus(t.Context(), &tt.intent); got != tt.want {
				t.Errorf("status is %s, want %s", got, tt.want)
			}
		})
	}
}

func TestRefundStatus(t *testing.T) {
	for word, want := range map[string]paymentsv1.RefundStatus{
		"pending":         paymentsv1.RefundStatus_REFUND_STATUS_PENDING,
		"succeeded":       paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED,
		"failed":          paymentsv1.RefundStatus_REFUND_STATUS_FAILED,
		"canceled":        paymentsv1.RefundStatus_REFUND_STATUS_FAILED,
		"requires_action": paymentsv1.RefundStatus_REFUND_STATUS_REQUIRES_ACTION,
		"":                paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN,
		"on_its_way":      paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN,
	} {
		if got := refundStatuses.Meaning(t.Context(), word); got != want {
			t.Errorf("%q is %s, want %s", word, got, want)
		}
	}
}
