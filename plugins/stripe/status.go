package stripe

import (
	"context"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// paymentStatus says what happened to the money of a payment. A payment returns to
// where it started when an attempt is refused. Cancelling releases what is not
// captured, and is told from time that ran out by its reason.
// Source: cancellation_reason in https://docs.stripe.com/api/payment_intents/object.
func paymentStatus(ctx context.Context, intent *api.PaymentIntent) paymentsv1.PaymentStatus {
	switch {
	case intent.Status == "requires_payment_method" && attemptRefused(intent.LastPaymentError):
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
	case intent.Status == "requires_capture" && intent.AmountReceived > 0:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED
	case intent.Status == "canceled" && intent.AmountReceived > 0:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	case intent.Status == "canceled" && (intent.CancellationReason == "automatic" || intent.CancellationReason == "expired"):
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_EXPIRED
	}
	return paymentStatuses.Meaning(ctx, intent.Status)
}

// attemptRefused says whether an error tells of a refusal, and not only of a
// request that never became an attempt.
func attemptRefused(e *api.Failure) bool {
	return e != nil && (e.Type == api.TypeCardError || e.Code != "")
}

// chargeStatus is paymentStatus as a charge tells it.
func chargeStatus(ctx context.Context, charge *api.Charge) paymentsv1.PaymentStatus {
	status := chargeStatuses.Meaning(ctx, charge.Status)
	switch {
	case status != paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED:
	case charge.Captured:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	case charge.Refunded:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED
	}
	return status
}

// mandateStatus says whether payments can be taken. An instrument that is no
// customer's any more was detached. A mandate of a bank debit has a status of its
// own once there is one.
func mandateStatus(ctx context.Context, s *api.SetupIntent) paymentsv1.MandateStatus {
	status := setupStatuses.Meaning(ctx, s.Status)
	switch {
	case s.Status == "requires_payment_method" && attemptRefused(s.LastSetupError):
		return paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED
	case status != paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE:
	case s.PaymentMethod != nil && s.PaymentMethod.Type != "" && s.PaymentMethod.Customer == "":
		return paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED
	case s.Mandate != nil && s.Mandate.Status != "":
		return mandateStatuses.Meaning(ctx, s.Mandate.Status)
	}
	return status
}
