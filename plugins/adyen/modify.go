package adyen

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Adyen answers a modification with the word that it has the request, and tells by
// webhook what became of it. So every answer below is PENDING, and a request that
// the payment's state forbids is refused by webhook, too.
// Source: https://docs.adyen.com/online-payments/capture and its neighbours.

// Capture implements sdk.Capturer. What remains after it is released, unless the
// merchant account is set to several captures.
func (*Connector) Capture(ctx context.Context, req *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	if req.GetMoreToCome() {
		return nil, sdk.Errorf(sdk.Unsupported, "", "more_to_come can't be asked for: several captures are a setting of the merchant account")
	}
	asked, err := requiredAmount(req.GetAmount())
	if err != nil {
		return nil, err
	}
	lines, err := lineItems(req.GetLineItems(), false)
	if err != nil {
		return nil, err
	}
	told, err := modify(ctx, req.GetPaymentId(), "captures", req.GetConnectorOptions(), api.Modification{
		Amount: asked, Reference: req.GetReference(), LineItems: lines,
	})
	if err != nil {
		return nil, err
	}
	resp := &paymentsv1.CaptureResponse{Payment: pending(ctx, told), CaptureId: told.PSPReference}
	resp.Amount, err = money(told.Amount)
	return resp, err
}

// Void implements sdk.Voider. A payment without an id of Adyen's, and one whose
// outcome is not known, is cancelled by its reference.
func (*Connector) Void(ctx context.Context, req *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	asked := api.Modification{Reference: req.GetReference()}
	reference, provisional := sdk.ProvisionalReference(req.GetPaymentId())
	if !provisional {
		told, err := modify(ctx, req.GetPaymentId(), "cancels", req.GetConnectorOptions(), asked)
		if err != nil {
			return nil, err
		}
		return &paymentsv1.VoidResponse{Payment: pending(ctx, told)}, nil
	}
	adyen, _, err := begin[sdk.NoOptions](ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	asked.MerchantAccount, asked.PaymentReference = adyen.MerchantAccount, reference
	told, err := adyen.CancelByReference(ctx, asked)
	if err != nil {
		return nil, failure(err)
	}
	payment := pending(ctx, told)
	payment.Id, payment.Reference = sdk.ProvisionalID(told.PaymentReference), told.PaymentReference
	return &paymentsv1.VoidResponse{Payment: payment}, nil
}

// Reverse implements sdk.Reverser. Whether it becomes a cancellation or a refund is
// told by webhook.
func (*Connector) Reverse(ctx context.Context, req *paymentsv1.ReverseRequest) (*paymentsv1.ReverseResponse, error) {
	told, err := modify(ctx, req.GetPaymentId(), "reversals", req.GetConnectorOptions(), api.Modification{Reference: req.GetReference()})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.ReverseResponse{Payment: pending(ctx, told)}, nil
}

// adjustOptions are the connector_options of AdjustAuthorization.
type adjustOptions struct {
	IndustryUsage string `json:"industry_usage"` // why: delayedCharge, installment or noShow
}

// AdjustAuthorization implements sdk.AuthorizationAdjuster.
func (*Connector) AdjustAuthorization(ctx context.Context, req *paymentsv1.AdjustAuthorizationRequest) (*paymentsv1.AdjustAuthorizationResponse, error) {
	options, err := sdk.Options[adjustOptions](req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	asked, err := requiredAmount(req.GetAmount())
	if err != nil {
		return nil, err
	}
	told, err := modify(ctx, req.GetPaymentId(), "amountUpdates", nil, api.Modification{
		Amount: asked, Reference: req.GetReference(), IndustryUsage: options.IndustryUsage,
	})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.AdjustAuthorizationResponse{Payment: pending(ctx, told)}, nil
}

// modify asks for a change of a payment that Adyen has an id of.
func modify(ctx context.Context, payment, change string, options *structpb.Struct, asked api.Modification) (*api.Received, error) {
	adyen, _, err := begin[sdk.NoOptions](ctx, options)
	if err = cmp.Or(err, pspReference("payment_id", payment), checkReference(asked.Reference)); err != nil {
		return nil, err
	}
	asked.MerchantAccount = adyen.MerchantAccount
	told, err := adyen.Modify(ctx, payment, change, asked)
	if err != nil {
		return nil, failure(err)
	}
	return told, nil
}

// pending is the payment of which Adyen has a request.
func pending(ctx context.Context, told *api.Received) *paymentsv1.Payment {
	p := &paymentsv1.Payment{
		Id:            told.PaymentPSPReference,
		Status:        paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING,
		ConnectorData: requestData(told),
	}
	if told.Status != received {
		sdk.Unmapped(ctx, "modification.status", told.Status)
		p.Status = paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN
	}
	return p
}

// requestData is the id of the modification, which the webhook about it bears.
func requestData(told *api.Received) *structpb.Struct {
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"status":       structpb.NewStringValue(told.Status),
		"pspReference": structpb.NewStringValue(told.PSPReference),
	}}
}
