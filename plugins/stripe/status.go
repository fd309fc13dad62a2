package stripe

import (
	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// paymentStatus says what happened to the money of a payment.
// Source: https://docs.stripe.com/payments/paymentintents/lifecycle.
func paymentStatus(intent *api.PaymentIntent) paymentsv1.PaymentStatus {
	switch intent.Status {
	case "requires_payment_method":
		// Where every payment starts, and where it returns when an attempt is refused.
		if attemptRefused(intent.LastPaymentError) {
			return paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
		}
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
	case "requires_confirmation", "requires_action":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
	case "processing":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING
	case "requires_capture":
		if intent.AmountReceived > 0 {
			return paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED
		}
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED
	case "succeeded":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	case "canceled":
		return canceledStatus(intent)
	default:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN
	}
}

// attemptRefused says whether an error tells of a refusal, and not only of a
// request that never became an attempt.
func attemptRefused(e *api.Failure) bool {
	return e != nil && (e.Type == api.TypeCardError || e.Code != "")
}

// canceledStatus tells a release that somebody asked for from time that ran out.
// Source: cancellation_reason in https://docs.stripe.com/api/payment_intents/object.
func canceledStatus(intent *api.PaymentIntent) paymentsv1.PaymentStatus {
	switch {
	case intent.AmountReceived > 0: // only the rest was released
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	case intent.CancellationReason == "automatic", intent.CancellationReason == "expired":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED
	default:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED
	}
}

// refundStatus says what happened to the money of a refund.
// Source: status in https://docs.stripe.com/api/refunds/object. What fails later
// comes back to the merchant's balance: https://docs.stripe.com/refunds#failed-refunds.
func refundStatus(word string) paymentsv1.RefundStatus {
	switch word {
	case "pending":
		return paymentsv1.RefundStatus_REFUND_STATUS_PENDING
	case "succeeded":
		return paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED
	case "failed", "canceled":
		return paymentsv1.RefundStatus_REFUND_STATUS_FAILED
	case "requires_action":
		return paymentsv1.RefundStatus_REFUND_STATUS_REQUIRES_ACTION
	default:
		return paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN
	}
}
