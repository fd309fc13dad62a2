package sandbox

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// CreateRefund implements sdk.RefundCreator.
func (c *Connector) CreateRefund(ctx context.Context, req *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error) {
	units, err := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	r, err := api.Post[api.Refund](ctx, psp, api.NewRefund{
		Reference: req.GetReference(), Amount: units, Currency: req.GetAmount().GetCurrencyCode(), Reason: req.GetReason(),
	}, "payments", req.GetPaymentId(), "refunds")
	refund, err := told(ctx, r, err, refundOf)
	return &paymentsv1.CreateRefundResponse{Refund: refund}, err
}

// GetRefund implements sdk.RefundGetter.
func (c *Connector) GetRefund(ctx context.Context, req *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	r, err := api.Get[api.Refund](ctx, psp, nil, "refunds", req.GetRefundId())
	refund, err := told(ctx, r, err, refundOf)
	return &paymentsv1.GetRefundResponse{Refund: refund}, err
}

// refundOf says a refund of the PSP's in the contract's words.
func refundOf(ctx context.Context, r api.Refund) (*paymentsv1.Refund, error) {
	money, err := moneyOf(r.Currency, r.Amount)
	return &paymentsv1.Refund{
		Id: r.ID, PaymentId: r.PaymentID, Reference: r.Reference, Status: refundStatus.Meaning(ctx, r.Status), Amount: money,
		CreateTime: timestamppb.New(r.Created),
	}, err
}
