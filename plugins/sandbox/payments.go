package sandbox

import (
	"context"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Authorize implements sdk.Authorizer.
func (c *Connector) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	ask, err := newPayment(req)
	if err != nil {
		return nil, err
	}
	p, err := psp.CreatePayment(ctx, ask)
	payment, err := told(ctx, p, err, paymentOf)
	return &paymentsv1.AuthorizeResponse{Payment: payment}, err
}

// Complete implements sdk.Completer. What the payer's browser brings proves
// nothing by itself: the PSP says what became of the payment, and whether the
// result is one that it gave.
func (c *Connector) Complete(ctx context.Context, req *paymentsv1.CompleteRequest) (*paymentsv1.CompleteResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	var brought api.Completion
	switch result := req.GetResult().(type) {
	case *paymentsv1.CompleteRequest_Redirect:
		if brought, err = broughtBack(result.Redirect, "payment_id", req.GetPaymentId()); err != nil {
			return nil, err
		}
	case *paymentsv1.CompleteRequest_OneTimePassword:
		brought.OneTimePassword = result.OneTimePassword
	default:
		return nil, sdk.Errorf(sdk.Unsupported, "", "the sandbox gives no such action to complete")
	}
	p, err := psp.Complete(ctx, req.GetPaymentId(), brought)
	payment, err := told(ctx, p, err, paymentOf)
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

// Capture implements sdk.Capturer.
func (c *Connector) Capture(ctx context.Context, req *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	done, err := psp.Capture(ctx, req.GetPaymentId(), api.NewCapture{
		Amount:     units,
		Currency:   req.GetAmount().GetCurrencyCode(),
		MoreToCome: req.GetMoreToCome(),
		Reference:  req.GetReference(),
	})
	if err != nil {
		return nil, translate(err)
	}
	payment, err := paymentOf(ctx, done.Payment)
	if err != nil {
		return nil, err
	}
	taken, err := moneyOf(done.Currency, done.Amount)
	return &paymentsv1.CaptureResponse{Payment: payment, Amount: taken, CaptureId: done.ID}, err
}

// Void implements sdk.Voider.
func (c *Connector) Void(ctx context.Context, req *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	p, err := psp.Void(ctx, req.GetPaymentId(), api.Why{Reference: req.GetReference(), Reason: req.GetReason()})
	payment, err := told(ctx, p, err, paymentOf)
	return &paymentsv1.VoidResponse{Payment: payment}, err
}

// Reverse implements sdk.Reverser.
func (c *Connector) Reverse(ctx context.Context, req *paymentsv1.ReverseRequest) (*paymentsv1.ReverseResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	done, err := psp.Reverse(ctx, req.GetPaymentId(), api.Why{Reference: req.GetReference(), Reason: req.GetReason()})
	if err != nil {
		return nil, translate(err)
	}
	payment, err := paymentOf(ctx, done.Payment)
	if err != nil || done.Refund == nil {
		return &paymentsv1.ReverseResponse{Payment: payment}, err
	}
	refund, err := refundOf(ctx, *done.Refund)
	return &paymentsv1.ReverseResponse{Payment: payment, Refund: refund}, err
}

// GetPayment implements sdk.PaymentGetter.
func (c *Connector) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	p, err := psp.Payment(ctx, req.GetPaymentId())
	payment, err := told(ctx, p, err, paymentOf)
	return &paymentsv1.GetPaymentResponse{Payment: payment}, err
}

// FindPayment implements sdk.PaymentFinder. The PSP's search sees at once all
// that it has accepted.
func (c *Connector) FindPayment(ctx context.Context, req *paymentsv1.FindPaymentRequest) (*paymentsv1.FindPaymentResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	found, err := psp.FindPayments(ctx, req.GetReference(), timeOf(req.GetCreatedAfterTime()))
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
