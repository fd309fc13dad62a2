package sandbox

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// CreateRefund implements sdk.RefundCreator.
func (c *Connector) CreateRefund(ctx context.Context, req *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	done, err := psp.CreateRefund(ctx, req.GetPaymentId(), api.NewRefund{
		Reference: req.GetReference(),
		Amount:    units,
		Currency:  req.GetAmount().GetCurrencyCode(),
		Reason:    req.GetReason(),
	})
	refund, err := told(ctx, done, err, refundOf)
	return &paymentsv1.CreateRefundResponse{Refund: refund}, err
}

// GetRefund implements sdk.RefundGetter.
func (c *Connector) GetRefund(ctx context.Context, req *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	found, err := psp.Refund(ctx, req.GetRefundId())
	refund, err := told(ctx, found, err, refundOf)
	return &paymentsv1.GetRefundResponse{Refund: refund}, err
}

// refundOf says a refund of the PSP's in the contract's words.
func refundOf(ctx context.Context, r api.Refund) (*paymentsv1.Refund, error) {
	money, err := moneyOf(r.Currency, r.Amount)
	if err != nil {
		return nil, err
	}
	return &paymentsv1.Refund{
		Id:         r.ID,
		PaymentId:  r.PaymentID,
		Reference:  r.Reference,
		Status:     refundStatus(ctx, r.Status),
		Amount:     money,
		CreateTime: timestamppb.New(r.Created),
	}, nil
}
