package adyen

import (
	"cmp"
	"context"
	"strings"

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
		return nil, sdk.Errorf(sdk.Unsupported, "",
			"more_to_come can't be asked for: several captures are a setting of the merchant account")
	}
	asked, errAmount := requiredAmount(req.GetAmount())
	lines, errLines := lineItems(req.GetLineItems(), false)
	adyen := begin(ctx, req.GetConnectorOptions(), errAmount, errLines)
	told, err := adyen.modify(ctx, req.GetPaymentId(), "captures", api.Modification{
		Amount: asked, Reference: req.GetReference(), LineItems: lines,
	})
	if err != nil {
		return nil, err
	}
	resp := &paymentsv1.CaptureResponse{Payment: modified(ctx, told), CaptureId: told.PSPReference}
	resp.Amount, err = money(told.Amount)
	return resp, err
}

// Void implements sdk.Voider. A payment without an id of Adyen's, and one whose
// outcome is not known, is cancelled by its reference.
func (*Connector) Void(ctx context.Context, req *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	adyen := begin(ctx, req.GetConnectorOptions())
	asked := api.Modification{Reference: req.GetReference()}
	reference, provisional := sdk.ProvisionalReference(req.GetPaymentId())
	if !provisional {
		payment, err := adyen.change(ctx, req.GetPaymentId(), "cancels", asked)
		return &paymentsv1.VoidResponse{Payment: payment}, err
	}
	asked.MerchantAccount, asked.PaymentReference = adyen.MerchantAccount, reference
	told, err := api.Post[api.Received](ctx, adyen.Client, adyen.CheckoutURL+"/cancels", asked)
	if err != nil {
		return nil, failure(err)
	}
	payment := modified(ctx, told)
	payment.Id, payment.Reference = sdk.ProvisionalID(told.PaymentReference), told.PaymentReference
	return &paymentsv1.VoidResponse{Payment: payment}, nil
}

// Reverse implements sdk.Reverser. Whether it becomes a cancellation or a refund is
// told by webhook.
func (*Connector) Reverse(ctx context.Context, req *paymentsv1.ReverseRequest) (*paymentsv1.ReverseResponse, error) {
	adyen := begin(ctx, req.GetConnectorOptions())
	payment, err := adyen.change(ctx, req.GetPaymentId(), "reversals", api.Modification{Reference: req.GetReference()})
	return &paymentsv1.ReverseResponse{Payment: payment}, err
}

// adjustOptions are the connector_options of AdjustAuthorization.
type adjustOptions struct {
	IndustryUsage string `json:"industry_usage"` // why: delayedCharge, installment or noShow
}

// AdjustAuthorization implements sdk.AuthorizationAdjuster.
func (*Connector) AdjustAuthorization(ctx context.Context, req *paymentsv1.AdjustAuthorizationRequest) (*paymentsv1.AdjustAuthorizationResponse, error) {
	options, errOptions := sdk.Options[adjustOptions](req.GetConnectorOptions())
	asked, errAmount := requiredAmount(req.GetAmount())
	adyen := accountOf(ctx, errOptions, errAmount)
	payment, err := adyen.change(ctx, req.GetPaymentId(), "amountUpdates", api.Modification{
		Amount: asked, Reference: req.GetReference(), IndustryUsage: options.IndustryUsage,
	})
	return &paymentsv1.AdjustAuthorizationResponse{Payment: payment}, err
}

// CreateRefund implements sdk.RefundCreator. Adyen tells by webhook what became of
// the refund.
// Source: https://docs.adyen.com/online-payments/refund.
func (*Connector) CreateRefund(ctx context.Context, req *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error) {
	asked, errAmount := requiredAmount(req.GetAmount())
	lines, errLines := lineItems(req.GetLineItems(), false)
	var errCapture error
	if req.GetCaptureId() != "" {
		errCapture = sdk.CheckID("capture_id", req.GetCaptureId())
	}
	adyen := begin(ctx, req.GetConnectorOptions(), errAmount, errCapture, errLines)
	told, err := adyen.modify(ctx, req.GetPaymentId(), "refunds", api.Modification{
		Amount: asked, Reference: req.GetReference(), CapturePSPReference: req.GetCaptureId(), LineItems: lines,
		MerchantRefundReason: words.Texts("refund.reason")[strings.ToLower(req.GetReason())],
	})
	if err != nil {
		return nil, err
	}
	given, err := money(told.Amount)
	return &paymentsv1.CreateRefundResponse{Refund: &paymentsv1.Refund{
		Id: told.PSPReference, PaymentId: told.PaymentPSPReference, Reference: told.Reference,
		Status: refundStatus.Meaning(ctx, told.Status), Amount: given, ConnectorData: requestData(told),
	}}, err
}

// modify asks for a change of a payment that Adyen has an id of.
func (a *account) modify(ctx context.Context, payment, change string, asked api.Modification) (*api.Received, error) {
	asked.MerchantAccount = a.MerchantAccount
	a.Fault = cmp.Or(a.Fault, sdk.CheckID("payment_id", payment), checkReference(asked.Reference))
	told, err := api.Post[api.Received](ctx, a.Client, a.CheckoutURL+api.Path("payments", payment, change), asked)
	if err != nil {
		return nil, failure(err)
	}
	return told, nil
}

// change is modify, and the payment that the answer speaks of.
func (a *account) change(ctx context.Context, payment, change string, asked api.Modification) (*paymentsv1.Payment, error) {
	told, err := a.modify(ctx, payment, change, asked)
	if err != nil {
		return nil, err
	}
	return modified(ctx, told), nil
}

// modified is the payment of which Adyen has a request.
func modified(ctx context.Context, told *api.Received) *paymentsv1.Payment {
	return &paymentsv1.Payment{
		Id: told.PaymentPSPReference, Status: modificationStatus.Meaning(ctx, told.Status), ConnectorData: requestData(told),
	}
}

// requestData is the id of the modification, which the webhook about it bears.
func requestData(told *api.Received) *structpb.Struct {
	return sdk.ConnectorData(map[string]any{"status": told.Status, "pspReference": told.PSPReference})
}
