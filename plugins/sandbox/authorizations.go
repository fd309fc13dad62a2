package sandbox

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// AdjustAuthorization implements sdk.AuthorizationAdjuster.
func (c *Connector) AdjustAuthorization(ctx context.Context, req *paymentsv1.AdjustAuthorizationRequest) (*paymentsv1.AdjustAuthorizationResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	p, err := psp.Adjust(ctx, req.GetPaymentId(), api.Adjustment{
		Amount:   units,
		Currency: req.GetAmount().GetCurrencyCode(),
		Why:      api.Why{Reference: req.GetReference(), Reason: req.GetReason()},
	})
	payment, err := told(ctx, p, err, paymentOf)
	return &paymentsv1.AdjustAuthorizationResponse{Payment: payment}, err
}

// ExtendAuthorization implements sdk.AuthorizationExtender.
func (c *Connector) ExtendAuthorization(ctx context.Context, req *paymentsv1.ExtendAuthorizationRequest) (*paymentsv1.ExtendAuthorizationResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	p, err := psp.Extend(ctx, req.GetPaymentId())
	payment, err := told(ctx, p, err, paymentOf)
	return &paymentsv1.ExtendAuthorizationResponse{Payment: payment}, err
}

// CreateOrder implements sdk.OrderCreator.
func (c *Connector) CreateOrder(ctx context.Context, req *paymentsv1.CreateOrderRequest) (*paymentsv1.CreateOrderResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	o, err := psp.CreateOrder(ctx, api.NewOrder{
		Reference:  req.GetReference(),
		Amount:     units,
		Currency:   req.GetAmount().GetCurrencyCode(),
		CustomerID: req.GetCustomerId(),
		Metadata:   req.GetMetadata(),
	})
	if err != nil {
		return nil, translate(err)
	}
	money, err := moneyOf(o.Currency, o.Amount)
	return &paymentsv1.CreateOrderResponse{Order: &paymentsv1.Order{
		Id:         o.ID,
		Reference:  o.Reference,
		Status:     orderStatus(ctx, o.Status),
		Amount:     money,
		CreateTime: timestamppb.New(o.Created),
	}}, err
}
