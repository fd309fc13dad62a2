package sandbox

import (
	"context"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// paymentStatus translates the PSP's word for a payment's state.
func paymentStatus(ctx context.Context, word string) paymentsv1.PaymentStatus {
	switch word {
	case "requires_action":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
	case "authorized":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED
	case "partially_captured":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED
	case "captured":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	case "voided":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED
	case "declined":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
	default:
		sdk.Logger(ctx).Warn("unknown payment status", "status", word)
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN
	}
}

// refundStatus translates the PSP's word for a refund's state.
func refundStatus(ctx context.Context, word string) paymentsv1.RefundStatus {
	switch word {
	case "succeeded":
		return paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED
	default:
		sdk.Logger(ctx).Warn("unknown refund status", "status", word)
		return paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN
	}
}
