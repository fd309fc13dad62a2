package sandbox

import (
	"context"
	"slices"
	"strings"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// The PSP's words for states are the contract's, in lower case and without the
// prefix. Those that are listed are the words that it documents; any other says
// nothing, even if the contract has it.

func paymentStatus(ctx context.Context, word string) paymentsv1.PaymentStatus {
	return paymentsv1.PaymentStatus(status(ctx, paymentsv1.PaymentStatus_value, "PAYMENT_STATUS_", word,
		"requires_action", "pending", "authorized", "partially_captured", "captured", "voided", "declined"))
}

func refundStatus(ctx context.Context, word string) paymentsv1.RefundStatus {
	return paymentsv1.RefundStatus(status(ctx, paymentsv1.RefundStatus_value, "REFUND_STATUS_", word, "succeeded"))
}

func orderStatus(ctx context.Context, word string) paymentsv1.OrderStatus {
	return paymentsv1.OrderStatus(status(ctx, paymentsv1.OrderStatus_value, "ORDER_STATUS_", word, "open", "paid"))
}

func mandateStatus(ctx context.Context, word string) paymentsv1.MandateStatus {
	return paymentsv1.MandateStatus(status(ctx, paymentsv1.MandateStatus_value, "MANDATE_STATUS_", word,
		"requires_action", "active", "declined", "revoked"))
}

func authenticationStatus(ctx context.Context, word string) paymentsv1.AuthenticationStatus {
	return paymentsv1.AuthenticationStatus(status(ctx, paymentsv1.AuthenticationStatus_value, "AUTHENTICATION_STATUS_", word,
		"ready", "requires_action", "succeeded", "declined", "unavailable"))
}

func customerStatus(ctx context.Context, word string) paymentsv1.CustomerStatus {
	return paymentsv1.CustomerStatus(status(ctx, paymentsv1.CustomerStatus_value, "CUSTOMER_STATUS_", word, "active", "deleted"))
}

func disputeStatus(ctx context.Context, word string) paymentsv1.DisputeStatus {
	return paymentsv1.DisputeStatus(status(ctx, paymentsv1.DisputeStatus_value, "DISPUTE_STATUS_", word,
		"needs_response", "under_review", "accepted", "won", "lost", "withdrawn", "expired"))
}

func payoutStatus(ctx context.Context, word string) paymentsv1.PayoutStatus {
	return paymentsv1.PayoutStatus(status(ctx, paymentsv1.PayoutStatus_value, "PAYOUT_STATUS_", word,
		"staged", "requires_action", "pending", "succeeded", "returned", "declined", "failed", "voided"))
}

func recipientStatus(ctx context.Context, word string) paymentsv1.PayoutRecipientStatus {
	return paymentsv1.PayoutRecipientStatus(status(ctx, paymentsv1.PayoutRecipientStatus_value, "PAYOUT_RECIPIENT_STATUS_", word,
		"active", "rejected"))
}

// status is the enum value for one of the PSP's words, or that of UNKNOWN.
func status(ctx context.Context, values map[string]int32, prefix, word string, known ...string) int32 {
	if slices.Contains(known, word) {
		return valueOf(values, prefix, word)
	}
	sdk.Unmapped(ctx, strings.ToLower(strings.TrimSuffix(prefix, "_STATUS_"))+".status", word)
	return values[prefix+"UNKNOWN"]
}
