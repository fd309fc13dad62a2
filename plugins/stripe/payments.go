package stripe

import (
	"context"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// latestCharge is expanded in every payment: it holds what was refunded and
// what the network said.
const latestCharge = "latest_charge"

// Void implements sdk.Voider.
func (*Connector) Void(ctx context.Context, req *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	stripe, err := clientFor(ctx, "payment_id", req.GetPaymentId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	intent, err := cancel(ctx, stripe, req.GetPaymentId(), req.GetReason())
	payment, err := tell(ctx, intent, err, payment)
	return &paymentsv1.VoidResponse{Payment: payment}, err
}

// GetPayment implements sdk.PaymentGetter.
func (*Connector) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	stripe, err := clientFor(ctx, "payment_id", req.GetPaymentId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	intent, err := stripe.GetPaymentIntent(ctx, req.GetPaymentId(), latestCharge)
	payment, err := tellRead(ctx, intent, err, payment)
	return &paymentsv1.GetPaymentResponse{Payment: payment}, err
}
