package sandbox

import (
	"context"
	"net/url"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Authorize implements sdk.Authorizer.
func (c *Connector) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	ask, err := newPayment(req)
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	p, err := api.Post[api.Payment](ctx, psp, ask, "payments")
	payment, err := told(ctx, p, err, paymentOf)
	return &paymentsv1.AuthorizeResponse{Payment: payment}, err
}

// Complete implements sdk.Completer. What the payer's browser brings proves
// nothing by itself: the PSP says what became of the payment, and whether the
// result is one that it gave.
func (c *Connector) Complete(ctx context.Context, req *paymentsv1.CompleteRequest) (*paymentsv1.CompleteResponse, error) {
	var brought api.Completion
	var err error
	switch result := req.GetResult().(type) {
	case *paymentsv1.CompleteRequest_Redirect:
		brought, err = broughtBack(result.Redirect, "payment_id", req.GetPaymentId())
	case *paymentsv1.CompleteRequest_OneTimePassword:
		brought.OneTimePassword = result.OneTimePassword
	default:
		err = sdk.Errorf(sdk.Unsupported, "", "the sandbox gives no such action to complete")
	}
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	payment, err := changePayment(ctx, psp, req.GetPaymentId(), "complete", brought)
	return &paymentsv1.CompleteResponse{Payment: payment}, err
}

// broughtBack reads what the payer's browser brought back from a page about what
// an id names.
func broughtBack(r *paymentsv1.RedirectResult, param, id string) (api.Completion, error) {
	if about, told := r.GetQuery()[param]; told && about != id {
		forged := sdk.Errorf(sdk.InvalidRequest, "REDIRECT_FORGED", "the redirect is about another object")
		forged.Fields = []sdk.FieldViolation{{Field: "redirect.query", Description: param + " is another one"}}
		return api.Completion{}, forged
	}
	return api.Completion{RedirectResult: r.GetQuery()["redirect_result"]}, nil
}

// changePayment asks the PSP for a change of a payment.
func changePayment(ctx context.Context, psp *api.Client, id, change string, ask any) (*paymentsv1.Payment, error) {
	p, err := api.Post[api.Payment](ctx, psp, ask, "payments", id, change)
	return told(ctx, p, err, paymentOf)
}

// Capture implements sdk.Capturer.
func (c *Connector) Capture(ctx context.Context, req *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	units, err := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	done, err := api.Post[api.Capture](ctx, psp, api.NewCapture{
		Amount: units, Currency: req.GetAmount().GetCurrencyCode(),
		MoreToCome: req.GetMoreToCome(), Reference: req.GetReference(),
	}, "payments", req.GetPaymentId(), "capture")
	payment, err := told(ctx, done.Payment, err, paymentOf)
	if err != nil {
		return nil, err
	}
	taken, err := moneyOf(done.Currency, done.Amount)
	return &paymentsv1.CaptureResponse{Payment: payment, Amount: taken, CaptureId: done.ID}, err
}

// Void implements sdk.Voider.
func (c *Connector) Void(ctx context.Context, req *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	why := api.Why{Reference: req.GetReference(), Reason: req.GetReason()}
	payment, err := changePayment(ctx, psp, req.GetPaymentId(), "void", why)
	return &paymentsv1.VoidResponse{Payment: payment}, err
}

// Reverse implements sdk.Reverser.
func (c *Connector) Reverse(ctx context.Context, req *paymentsv1.ReverseRequest) (*paymentsv1.ReverseResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	why := api.Why{Reference: req.GetReference(), Reason: req.GetReason()}
	done, err := api.Post[api.Reversal](ctx, psp, why, "payments", req.GetPaymentId(), "reverse")
	payment, err := told(ctx, done.Payment, err, paymentOf)
	if err != nil || done.Refund == nil {
		return &paymentsv1.ReverseResponse{Payment: payment}, err
	}
	refund, err := refundOf(ctx, *done.Refund)
	return &paymentsv1.ReverseResponse{Payment: payment, Refund: refund}, err
}

// AdjustAuthorization implements sdk.AuthorizationAdjuster.
func (c *Connector) AdjustAuthorization(ctx context.Context, req *paymentsv1.AdjustAuthorizationRequest) (*paymentsv1.AdjustAuthorizationResponse, error) {
	units, err := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	payment, err := changePayment(ctx, psp, req.GetPaymentId(), "adjust", api.Adjustment{
		Amount: units, Currency: req.GetAmount().GetCurrencyCode(),
		Why: api.Why{Reference: req.GetReference(), Reason: req.GetReason()},
	})
	return &paymentsv1.AdjustAuthorizationResponse{Payment: payment}, err
}

// ExtendAuthorization implements sdk.AuthorizationExtender.
func (c *Connector) ExtendAuthorization(ctx context.Context, req *paymentsv1.ExtendAuthorizationRequest) (*paymentsv1.ExtendAuthorizationResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	payment, err := changePayment(ctx, psp, req.GetPaymentId(), "extend", api.None{})
	return &paymentsv1.ExtendAuthorizationResponse{Payment: payment}, err
}

// GetPayment implements sdk.PaymentGetter.
func (c *Connector) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	p, err := api.Get[api.Payment](ctx, psp, nil, "payments", req.GetPaymentId())
	payment, err := told(ctx, p, err, paymentOf)
	return &paymentsv1.GetPaymentResponse{Payment: payment}, err
}

// FindPayment implements sdk.PaymentFinder. The PSP's search sees at once all
// that it has accepted.
func (c *Connector) FindPayment(ctx context.Context, req *paymentsv1.FindPaymentRequest) (*paymentsv1.FindPaymentResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	query := url.Values{"reference": {req.GetReference()}}
	setTime(query, "created_after", req.GetCreatedAfterTime())
	found, err := api.Get[api.Payments](ctx, psp, query, "payments")
	if err != nil {
		return nil, translate(err)
	}
	resp := &paymentsv1.FindPaymentResponse{Conclusive: true}
	for _, p := range found.Payments {
		payment, err := paymentOf(ctx, p)
		if err != nil {
			return nil, err
		}
		resp.Payments = append(resp.Payments, payment)
	}
	return resp, nil
}

// setTime adds a time to a query, if there is one.
func setTime(query url.Values, name string, t *timestamppb.Timestamp) {
	if t != nil {
		query.Set(name, t.AsTime().Format(time.RFC3339Nano))
	}
}

// CreateOrder implements sdk.OrderCreator.
func (c *Connector) CreateOrder(ctx context.Context, req *paymentsv1.CreateOrderRequest) (*paymentsv1.CreateOrderResponse, error) {
	units, err := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	o, err := api.Post[api.Order](ctx, psp, api.NewOrder{
		Reference: req.GetReference(), Amount: units, Currency: req.GetAmount().GetCurrencyCode(),
		CustomerID: req.GetCustomerId(), Metadata: req.GetMetadata(),
	}, "orders")
	if err != nil {
		return nil, translate(err)
	}
	money, err := moneyOf(o.Currency, o.Amount)
	return &paymentsv1.CreateOrderResponse{Order: &paymentsv1.Order{
		Id: o.ID, Reference: o.Reference, Status: orderStatus.Meaning(ctx, o.Status), Amount: money,
		CreateTime: timestamppb.New(o.Created),
	}}, err
}
