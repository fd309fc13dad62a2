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

// mandateStatus says whether payments can be taken. An instrument that is no
// customer's any more was detached. A mandate of a bank debit has a status of its
// own once there is one.
// Sources: https://docs.stripe.com/payments/paymentintents/lifecycle (SetupIntents
// have the same states) and status in https://docs.stripe.com/api/mandates/object.
func mandateStatus(s *api.SetupIntent) paymentsv1.MandateStatus {
	switch s.Status {
	case "requires_payment_method":
		if attemptRefused(s.LastSetupError) {
			return paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED
		}
		return paymentsv1.MandateStatus_MANDATE_STATUS_REQUIRES_ACTION
	case "requires_confirmation", "requires_action":
		return paymentsv1.MandateStatus_MANDATE_STATUS_REQUIRES_ACTION
	case "processing":
		return paymentsv1.MandateStatus_MANDATE_STATUS_PENDING
	case "canceled":
		return paymentsv1.MandateStatus_MANDATE_STATUS_FAILED
	case "succeeded":
		if s.PaymentMethod != nil && s.PaymentMethod.Type != "" && s.PaymentMethod.Customer == "" {
			return paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED
		}
		if s.Mandate != nil && s.Mandate.Status != "" {
			return debitMandateStatus(s.Mandate.Status)
		}
		return paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE
	default:
		return paymentsv1.MandateStatus_MANDATE_STATUS_UNKNOWN
	}
}

// debitMandateStatus says the status of a Mandate object.
func debitMandateStatus(word string) paymentsv1.MandateStatus {
	switch word {
	case "active":
		return paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE
	case "inactive":
		return paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED
	case "pending":
		return paymentsv1.MandateStatus_MANDATE_STATUS_PENDING
	default:
		return paymentsv1.MandateStatus_MANDATE_STATUS_UNKNOWN
	}
}

// disputeStatus says how far a dispute has gone and where it stands. What was
// prevented was settled with a refund before it became a chargeback.
// Source: status in https://docs.stripe.com/api/disputes/object.
func disputeStatus(word string) (paymentsv1.DisputeStage, paymentsv1.DisputeStatus) {
	const inquiry, chargeback = paymentsv1.DisputeStage_DISPUTE_STAGE_INQUIRY, paymentsv1.DisputeStage_DISPUTE_STAGE_CHARGEBACK
	switch word {
	case "warning_needs_response":
		return inquiry, paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE
	case "warning_under_review":
		return inquiry, paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW
	case "warning_closed":
		return inquiry, paymentsv1.DisputeStatus_DISPUTE_STATUS_WITHDRAWN
	case "prevented":
		return inquiry, paymentsv1.DisputeStatus_DISPUTE_STATUS_ACCEPTED
	case "needs_response":
		return chargeback, paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE
	case "under_review":
		return chargeback, paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW
	case "won":
		return chargeback, paymentsv1.DisputeStatus_DISPUTE_STATUS_WON
	case "lost":
		return chargeback, paymentsv1.DisputeStatus_DISPUTE_STATUS_LOST
	default:
		return paymentsv1.DisputeStage_DISPUTE_STAGE_UNSPECIFIED, paymentsv1.DisputeStatus_DISPUTE_STATUS_UNKNOWN
	}
}

// disputeReason says why a payer objects.
// Source: https://docs.stripe.com/disputes/categories.
func disputeReason(word string) paymentsv1.DisputeReason {
	switch word {
	case "fraudulent":
		return paymentsv1.DisputeReason_DISPUTE_REASON_FRAUDULENT
	case "product_not_received":
		return paymentsv1.DisputeReason_DISPUTE_REASON_NOT_RECEIVED
	case "product_unacceptable":
		return paymentsv1.DisputeReason_DISPUTE_REASON_NOT_AS_DESCRIBED
	case "duplicate":
		return paymentsv1.DisputeReason_DISPUTE_REASON_DUPLICATE
	case "subscription_canceled":
		return paymentsv1.DisputeReason_DISPUTE_REASON_SUBSCRIPTION_CANCELED
	case "credit_not_processed":
		return paymentsv1.DisputeReason_DISPUTE_REASON_CREDIT_NOT_PROCESSED
	case "unrecognized":
		return paymentsv1.DisputeReason_DISPUTE_REASON_UNRECOGNIZED
	case "incorrect_account_details":
		return paymentsv1.DisputeReason_DISPUTE_REASON_PROCESSING_ERROR
	case "bank_cannot_process", "check_returned", "debit_not_authorized", "insufficient_funds":
		return paymentsv1.DisputeReason_DISPUTE_REASON_BANK_RETURN
	default: // customer_initiated, general, noncompliant say nothing that the contract has
		return paymentsv1.DisputeReason_DISPUTE_REASON_UNSPECIFIED
	}
}

// payoutStatus says what happened to the money of a payout. What failed has come
// back to the balance, even after it was said to be paid.
// Source: status in https://docs.stripe.com/api/payouts/object.
func payoutStatus(word string) paymentsv1.PayoutStatus {
	switch word {
	case "pending", "in_transit":
		return paymentsv1.PayoutStatus_PAYOUT_STATUS_PENDING
	case "paid":
		return paymentsv1.PayoutStatus_PAYOUT_STATUS_SUCCEEDED
	case "failed":
		return paymentsv1.PayoutStatus_PAYOUT_STATUS_RETURNED
	case "canceled":
		return paymentsv1.PayoutStatus_PAYOUT_STATUS_VOIDED
	default:
		return paymentsv1.PayoutStatus_PAYOUT_STATUS_UNKNOWN
	}
}
