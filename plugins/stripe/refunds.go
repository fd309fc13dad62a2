package stripe

import (
	"context"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// CreateRefund implements sdk.RefundCreator. With an amount it reads the payment
// first, since Stripe takes the amount without a currency.
func (*Connector) CreateRefund(ctx context.Context, req *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error) {
	stripe := callOn(ctx, req, "payment_id", req.GetPaymentId())
	params := refundParams(stripe, req.GetPaymentId(), req.GetReason(), req.GetReference())
	if req.GetAmount() != nil {
		params.Amount = stripe.units(req.GetAmount())
		if _, err := stripe.paymentIntent(ctx, req.GetPaymentId(), req.GetAmount()); err != nil {
			return nil, err
		}
	}
	refund, err := write(ctx, stripe, "/v1/refunds", params, refund)
	return &paymentsv1.CreateRefundResponse{Refund: refund}, err
}

// refundParams are the parameters of a refund of what is left.
// Source: https://docs.stripe.com/api/refunds/create.
func refundParams(stripe *call, payment, reason, reference string) api.Params {
	return api.Params{
		PaymentIntent: payment, Reason: words.Texts("refund.reason")[reason], Metadata: stripe.metadata(nil, reference),
	}
}

// GetRefund implements sdk.RefundGetter.
func (*Connector) GetRefund(ctx context.Context, req *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error) {
	stripe := callOn(ctx, req, "refund_id", req.GetRefundId())
	refund, err := read(ctx, stripe, api.Path("refunds", req.GetRefundId()), nil, refund)
	return &paymentsv1.GetRefundResponse{Refund: refund}, err
}

// refund says what Stripe said of a refund.
func refund(ctx context.Context, r *api.Refund) (*paymentsv1.Refund, error) {
	amount, err := money(r.Currency, r.Amount)
	return &paymentsv1.Refund{
		Id: r.ID, PaymentId: r.PaymentIntent, Reference: r.Metadata[referenceKey], Amount: amount,
		Status: refundStatuses.Meaning(ctx, r.Status), CreateTime: sdk.UnixTime(r.Created),
		ConnectorData: sdk.ConnectorData(map[string]any{
			"status": r.Status, "charge": r.Charge, "reason": r.Reason,
			"failure_reason": r.FailureReason, "pending_reason": r.PendingReason,
		}),
	}, err
}
