package stripe

import (
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// CreateRefund implements sdk.RefundCreator. With an amount it reads the payment
// first, since Stripe takes the amount without a currency.
func (*Connector) CreateRefund(ctx context.Context, req *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error) {
	stripe, err := clientFor(ctx, "payment_id", req.GetPaymentId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	params := api.CreateRefundParams{
		PaymentIntent: req.GetPaymentId(),
		Reason:        words.Texts("refund.reason")[req.GetReason()],
		Metadata:      map[string]string{referenceKey: req.GetReference()},
	}
	if req.GetAmount() != nil {
		if params.Amount, err = units(req.GetAmount()); err != nil {
			return nil, err
		}
		intent, err := stripe.GetPaymentIntent(ctx, req.GetPaymentId())
		if err != nil {
			return nil, readFailure(err)
		}
		if err := inCurrencyOf(intent.Currency, req.GetAmount()); err != nil {
			return nil, err
		}
	}
	created, err := stripe.CreateRefund(ctx, params)
	refund, err := tell(ctx, created, err, refund)
	return &paymentsv1.CreateRefundResponse{Refund: refund}, err
}

// GetRefund implements sdk.RefundGetter.
func (*Connector) GetRefund(ctx context.Context, req *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error) {
	stripe, err := clientFor(ctx, "refund_id", req.GetRefundId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	found, err := stripe.GetRefund(ctx, req.GetRefundId())
	refund, err := tellRead(ctx, found, err, refund)
	return &paymentsv1.GetRefundResponse{Refund: refund}, err
}

// refund says what Stripe said of a refund.
func refund(ctx context.Context, r *api.Refund) (*paymentsv1.Refund, error) {
	amount, err := money(r.Currency, r.Amount)
	if err != nil {
		return nil, err
	}
	data := map[string]any{"status": r.Status}
	for name, value := range map[string]string{
		"charge": r.Charge, "reason": r.Reason, "failure_reason": r.FailureReason, "pending_reason": r.PendingReason,
	} {
		if value != "" {
			data[name] = value
		}
	}
	connectorData, err := structpb.NewStruct(data)
	return &paymentsv1.Refund{
		Id:            r.ID,
		PaymentId:     r.PaymentIntent,
		Reference:     r.Metadata[referenceKey],
		Status:        refundStatuses.Meaning(ctx, r.Status),
		Amount:        amount,
		CreateTime:    timestamp(r.Created),
		ConnectorData: connectorData,
	}, err
}
