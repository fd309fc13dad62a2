package stripe

import (
	"context"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Complete implements sdk.Completer. What the payer's browser or Stripe's SDK
// brings back is believed in nothing: Stripe is asked. Nothing has to be confirmed
// after that: payments are confirmed when they are made, sessions by Stripe's SDK.
// Source: https://docs.stripe.com/payments/payment-intents/verifying-status.
func (*Connector) Complete(ctx context.Context, req *paymentsv1.CompleteRequest) (*paymentsv1.CompleteResponse, error) {
	stripe, err := clientFor(ctx, "payment_id", req.GetPaymentId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	switch r := req.GetResult().(type) {
	case *paymentsv1.CompleteRequest_Redirect:
		if about := r.Redirect.GetQuery()["payment_intent"]; about != "" && about != req.GetPaymentId() {
			return nil, invalid("redirect.query", "payment_intent is that of another payment")
		}
	case *paymentsv1.CompleteRequest_ClientSdk:
	default:
		return nil, sdk.Errorf(sdk.Unsupported, "", "this connector completes redirects and what Stripe's SDKs have done")
	}
	intent, err := stripe.GetPaymentIntent(ctx, req.GetPaymentId(), latestCharge)
	payment, err := tellRead(ctx, intent, err, payment)
	return &paymentsv1.CompleteResponse{Payment: payment}, err
}
