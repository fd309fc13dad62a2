package stripe

import (
	"context"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// AdjustAuthorization implements sdk.AuthorizationAdjuster: up only, and only where
// Authorize asked for it (request_incremental_authorization) and Stripe granted it.
// It reads the payment first, since Stripe takes the amount without a currency.
// Source: https://docs.stripe.com/payments/incremental-authorization.
func (*Connector) AdjustAuthorization(ctx context.Context, req *paymentsv1.AdjustAuthorizationRequest) (*paymentsv1.AdjustAuthorizationResponse, error) {
	stripe, err := clientFor(ctx, "payment_id", req.GetPaymentId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	amount, err := units(req.GetAmount())
	if err != nil {
		return nil, err
	}
	before, err := stripe.GetPaymentIntent(ctx, req.GetPaymentId(), latestCharge)
	if err != nil {
		return nil, readFailure(err)
	}
	if err := inCurrencyOf(before.Currency, req.GetAmount()); err != nil {
		return nil, err
	}
	intent, err := stripe.IncrementAuthorization(ctx, req.GetPaymentId(), api.IncrementAuthorizationParams{
		Amount: amount, Expand: []string{latestCharge},
	})
	if refused, ok := refusal(err); ok {
		return refusedAdjustment(ctx, before, refused)
	}
	payment, err := tell(ctx, intent, err, payment)
	return &paymentsv1.AdjustAuthorizationResponse{Payment: payment}, err
}

// refusedAdjustment is the payment as it was, with the reason of the refusal.
func refusedAdjustment(ctx context.Context, before *api.PaymentIntent, refused *api.Error) (*paymentsv1.AdjustAuthorizationResponse, error) {
	payment, err := payment(ctx, before)
	if err != nil {
		return nil, err
	}
	payment.Decline = decline(ctx, &refused.Failure)
	return &paymentsv1.AdjustAuthorizationResponse{Payment: payment}, nil
}
