package stripe

import (
	"context"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Reverse implements sdk.Reverser. It reads the payment first. What was captured is
// refunded, what is authorized or waits is released; of a payment captured in part
// both. Each request has a key of its own, so that a repeat does nothing twice, and
// a state that forbids it is Stripe's to tell.
func (*Connector) Reverse(ctx context.Context, req *paymentsv1.ReverseRequest) (*paymentsv1.ReverseResponse, error) {
	stripe, err := clientFor(ctx, "payment_id", req.GetPaymentId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	intent, err := stripe.GetPaymentIntent(ctx, req.GetPaymentId(), latestCharge)
	if err != nil {
		return nil, readFailure(err)
	}
	resp := &paymentsv1.ReverseResponse{}
	if intent.Status != "succeeded" {
		if intent, err = cancel(ctx, stripe, req.GetPaymentId(), req.GetReason()); err != nil {
			return nil, failure(err)
		}
	}
	if intent.AmountReceived > 0 {
		made, err := stripe.Step("refund").CreateRefund(ctx, api.CreateRefundParams{
			PaymentIntent: req.GetPaymentId(),
			Reason:        words.Texts("refund.reason")[req.GetReason()],
			Metadata:      map[string]string{referenceKey: req.GetReference()},
		})
		if err != nil {
			return nil, failure(err)
		}
		if resp.Refund, err = refund(ctx, made); err != nil {
			return nil, err
		}
	}
	resp.Payment, err = payment(ctx, intent)
	return resp, err
}

// cancel releases what is authorized and not captured.
// Source: https://docs.stripe.com/api/payment_intents/cancel.
func cancel(ctx context.Context, stripe *api.Client, id, reason string) (*api.PaymentIntent, error) {
	return stripe.CancelPaymentIntent(ctx, id, api.CancelPaymentIntentParams{
		CancellationReason: words.Texts("cancellation_reason")[reason],
		Expand:             []string{latestCharge},
	})
}
