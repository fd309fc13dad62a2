package stripe

import (
	"context"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Capture implements sdk.Capturer. It reads the payment first: Stripe takes the
// amount without a currency, and tells only the sum of all captures.
func (*Connector) Capture(ctx context.Context, req *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	stripe, err := clientFor(ctx, "payment_id", req.GetPaymentId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	params := api.CapturePaymentIntentParams{Expand: []string{latestCharge}}
	if req.GetAmount() != nil {
		if params.AmountToCapture, err = units(req.GetAmount()); err != nil {
			return nil, err
		}
	}
	before, err := stripe.GetPaymentIntent(ctx, req.GetPaymentId(), latestCharge)
	if err != nil {
		return nil, readFailure(err)
	}
	if err := inCurrencyOf(before.Currency, req.GetAmount()); err != nil {
		return nil, err
	}
	if req.GetMoreToCome() {
		if !multicapture(before) {
			return nil, sdk.Errorf(sdk.Precondition, "MULTICAPTURE_UNAVAILABLE",
				"Stripe allows this payment one capture; ask for more with expected_captures at Authorize; whether it grants them depends on account and card")
		}
		params.FinalCapture = new(bool)
	}
	intent, answer, err := stripe.CapturePaymentIntent(ctx, req.GetPaymentId(), params)
	if refused, ok := refusal(err); ok {
		return refusedCapture(ctx, req, refused)
	}
	if err != nil {
		return nil, failure(err)
	}
	return captureResponse(ctx, before, intent, answer)
}

func captureResponse(ctx context.Context, before, after *api.PaymentIntent, answer api.Answer) (*paymentsv1.CaptureResponse, error) {
	payment, err := payment(ctx, after)
	if err != nil {
		return nil, err
	}
	taken := after.AmountReceived
	if multicapture(after) {
		if answer.Replayed {
			// The answer is older than what was read before it.
			return nil, sdk.Errorf(sdk.OutcomeUnknown, "", "Stripe repeated its answer to an earlier request; what that capture alone took is not in it")
		}
		taken -= before.AmountReceived
	}
	resp := &paymentsv1.CaptureResponse{Payment: payment}
	resp.Amount, err = money(after.Currency, taken)
	return resp, err
}

// multicapture says whether a payment can be captured more than once.
// Source: https://docs.stripe.com/payments/multicapture.
func multicapture(intent *api.PaymentIntent) bool {
	return intent.LatestCharge != nil && intent.LatestCharge.PaymentMethodDetails.Card.Multicapture.Status == "available"
}

// refusedCapture is the answer to a capture that was refused.
func refusedCapture(ctx context.Context, req *paymentsv1.CaptureRequest, refused *api.Error) (*paymentsv1.CaptureResponse, error) {
	p := &paymentsv1.Payment{Id: req.GetPaymentId()}
	if refused.PaymentIntent != nil {
		var err error
		if p, err = payment(ctx, refused.PaymentIntent); err != nil {
			return nil, err
		}
	}
	p.Status = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
	p.Decline = decline(ctx, &refused.Failure)
	return &paymentsv1.CaptureResponse{Payment: p}, nil
}
