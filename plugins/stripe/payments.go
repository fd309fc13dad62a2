package stripe

import (
	"context"
	"strings"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// latestCharge is expanded in every payment: what was refunded, what the network said.
const latestCharge = "latest_charge"

const (
	// mostPages bounds how much of a list FindPayment reads.
	mostPages = 20
	pageSize  = 100 // Stripe's largest
)

// paymentIntent reads a payment before something is done with an amount of it. One in
// another currency is a fault: Stripe takes the amounts of captures and refunds
// without a currency, so that nothing else would stop 500 yen from becoming 5 dollars.
func (c *call) paymentIntent(ctx context.Context, id string, amount *paymentsv1.Money, expand ...string) (*api.PaymentIntent, error) {
	intent, err := read[api.PaymentIntent](ctx, c, api.Path("payment_intents", id), api.Expand(expand...), itself)
	if err == nil && amount != nil && currency(amount) != intent.Currency {
		c.refuse("amount.currency_code", "the payment's currency is "+strings.ToUpper(intent.Currency))
	}
	return intent, err
}

// GetPayment implements sdk.PaymentGetter.
func (*Connector) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	stripe := callOn(ctx, req, "payment_id", req.GetPaymentId())
	payment, err := read(ctx, stripe, api.Path("payment_intents", req.GetPaymentId()), api.Expand(latestCharge), payment)
	return &paymentsv1.GetPaymentResponse{Payment: payment}, err
}

// Complete implements sdk.Completer. What the payer's browser or Stripe's SDK
// brings back is believed in nothing: Stripe is asked. Nothing has to be confirmed
// after that: payments are confirmed when they are made, sessions by Stripe's SDK.
// Source: https://docs.stripe.com/payments/payment-intents/verifying-status.
func (*Connector) Complete(ctx context.Context, req *paymentsv1.CompleteRequest) (*paymentsv1.CompleteResponse, error) {
	stripe := callOn(ctx, req, "payment_id", req.GetPaymentId())
	switch r := req.GetResult().(type) {
	case *paymentsv1.CompleteRequest_Redirect:
		if about := r.Redirect.GetQuery()["payment_intent"]; about != "" && about != req.GetPaymentId() {
			stripe.refuse("redirect.query", "payment_intent is that of another payment")
		}
	case *paymentsv1.CompleteRequest_ClientSdk:
	default:
		stripe.note(sdk.Errorf(sdk.Unsupported, "", "this connector completes redirects and what Stripe's SDKs have done"))
	}
	payment, err := read(ctx, stripe, api.Path("payment_intents", req.GetPaymentId()), api.Expand(latestCharge), payment)
	return &paymentsv1.CompleteResponse{Payment: payment}, err
}

// Void implements sdk.Voider.
func (*Connector) Void(ctx context.Context, req *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	stripe := callOn(ctx, req, "payment_id", req.GetPaymentId())
	payment, err := cancel(ctx, stripe, req.GetPaymentId(), req.GetReason(), payment)
	return &paymentsv1.VoidResponse{Payment: payment}, err
}

// cancel releases what is authorized and not captured.
// Source: https://docs.stripe.com/api/payment_intents/cancel.
func cancel[M any](ctx context.Context, stripe *call, id, reason string, tell translation[*api.PaymentIntent, M]) (M, error) {
	return write(ctx, stripe, api.Path("payment_intents", id, "cancel"), api.Params{
		CancellationReason: words.Texts("cancellation_reason")[reason], Expand: []string{latestCharge},
	}, tell)
}

// Reverse implements sdk.Reverser. It reads the payment first. What was captured is
// refunded, what is authorized or waits is released; of a payment captured in part
// both. Each request has a key of its own, so that a repeat does nothing twice, and
// a state that forbids it is Stripe's to tell.
func (*Connector) Reverse(ctx context.Context, req *paymentsv1.ReverseRequest) (*paymentsv1.ReverseResponse, error) {
	stripe := callOn(ctx, req, "payment_id", req.GetPaymentId())
	intent, err := stripe.paymentIntent(ctx, req.GetPaymentId(), nil, latestCharge)
	if err == nil && intent.Status != "succeeded" {
		intent, err = cancel(ctx, stripe, req.GetPaymentId(), req.GetReason(), itself)
	}
	if err != nil {
		return nil, err
	}
	resp := &paymentsv1.ReverseResponse{}
	if intent.AmountReceived > 0 {
		params := refundParams(stripe, req.GetPaymentId(), req.GetReason(), req.GetReference())
		if resp.Refund, err = write(ctx, stripe.step("refund"), "/v1/refunds", params, refund); err != nil {
			return nil, err
		}
	}
	resp.Payment, err = payment(ctx, intent)
	return resp, err
}

// Capture implements sdk.Capturer. It reads the payment first: Stripe takes the
// amount without a currency, and tells only the sum of all captures.
func (*Connector) Capture(ctx context.Context, req *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	stripe := callOn(ctx, req, "payment_id", req.GetPaymentId())
	params := api.Params{AmountToCapture: stripe.units(req.GetAmount()), Expand: []string{latestCharge}}
	before, err := stripe.paymentIntent(ctx, req.GetPaymentId(), req.GetAmount(), latestCharge)
	if err != nil {
		return nil, err
	}
	if req.GetMoreToCome() {
		params.FinalCapture = new(bool)
		if !multicapture(before) {
			stripe.note(sdk.Errorf(sdk.Precondition, "MULTICAPTURE_UNAVAILABLE", "Stripe allows this payment one capture; "+
				"ask for more with expected_captures at Authorize; whether it grants them depends on account and card"))
		}
	}
	return attempt(ctx, stripe, api.Path("payment_intents", req.GetPaymentId(), "capture"), params,
		func(ctx context.Context, after *api.PaymentIntent) (*paymentsv1.CaptureResponse, error) {
			return captured(ctx, stripe, before, after)
		},
		func(ctx context.Context, refused *api.Error) (*paymentsv1.CaptureResponse, error) {
			p := &paymentsv1.Payment{Id: req.GetPaymentId()}
			if refused.PaymentIntent != nil {
				if p, err = payment(ctx, refused.PaymentIntent); err != nil {
					return nil, err
				}
			}
			p.Status, p.Decline = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED, decline(ctx, &refused.Failure)
			return &paymentsv1.CaptureResponse{Payment: p}, nil
		})
}

func captured(ctx context.Context, stripe *call, before, after *api.PaymentIntent) (*paymentsv1.CaptureResponse, error) {
	payment, err := payment(ctx, after)
	if err != nil {
		return nil, err
	}
	taken := after.AmountReceived
	if multicapture(after) {
		if stripe.Replayed { // the answer is older than what was read before it
			return nil, sdk.Errorf(sdk.OutcomeUnknown, "",
				"Stripe repeated its answer to an earlier request; what that capture alone took is not in it")
		}
		taken -= before.AmountReceived
	}
	amount, err := money(after.Currency, taken)
	return &paymentsv1.CaptureResponse{Payment: payment, Amount: amount}, err
}

// multicapture says whether a payment can be captured more than once.
// Source: https://docs.stripe.com/payments/multicapture.
func multicapture(intent *api.PaymentIntent) bool {
	return intent.LatestCharge != nil && intent.LatestCharge.PaymentMethodDetails.Card.Multicapture.Status == "available"
}

// AdjustAuthorization implements sdk.AuthorizationAdjuster: up only, and only where
// Authorize asked for it (request_incremental_authorization) and Stripe granted it.
// It reads the payment first, since Stripe takes the amount without a currency. A
// payment of which a raise is refused stays as it was.
// Source: https://docs.stripe.com/payments/incremental-authorization.
func (*Connector) AdjustAuthorization(ctx context.Context, req *paymentsv1.AdjustAuthorizationRequest) (*paymentsv1.AdjustAuthorizationResponse, error) {
	stripe := callOn(ctx, req, "payment_id", req.GetPaymentId())
	params := api.Params{Amount: stripe.units(req.GetAmount()), Expand: []string{latestCharge}} // the new total
	before, err := stripe.paymentIntent(ctx, req.GetPaymentId(), req.GetAmount(), latestCharge)
	if err != nil {
		return nil, err
	}
	raised, err := attempt(ctx, stripe, api.Path("payment_intents", req.GetPaymentId(), "increment_authorization"), params, payment,
		func(ctx context.Context, refused *api.Error) (*paymentsv1.Payment, error) {
			p, err := payment(ctx, before)
			if err == nil {
				p.Decline = decline(ctx, &refused.Failure)
			}
			return p, err
		})
	return &paymentsv1.AdjustAuthorizationResponse{Payment: raised}, err
}

// FindPayment implements sdk.PaymentFinder. With created_after_time it reads the
// list of payments since then, which has all that Stripe has accepted: what is not
// there does not exist. Without it, or where the list is longer than 2,000
// payments, it asks Stripe's search, which lags by a minute or, in an outage, more:
// then no payment proves nothing yet.
// Source: https://docs.stripe.com/search#data-freshness.
func (*Connector) FindPayment(ctx context.Context, req *paymentsv1.FindPaymentRequest) (*paymentsv1.FindPaymentResponse, error) {
	stripe := callWithoutOptions(ctx, req)
	params := api.ListParams{Limit: pageSize, Expand: []string{"data." + latestCharge}}
	if since := req.GetCreatedAfterTime(); since != nil {
		params.CreatedFrom = since.GetSeconds()
		if found, whole, err := find(ctx, stripe, "/v1/payment_intents", params, req.GetReference()); err != nil || whole {
			return &paymentsv1.FindPaymentResponse{Payments: found, Conclusive: true}, err
		}
		params.CreatedFrom = 0
	}
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(req.GetReference())
	params.Query = "metadata['" + referenceKey + "']:'" + quoted + "'"
	found, _, err := find(ctx, stripe, "/v1/payment_intents/search", params, req.GetReference())
	return &paymentsv1.FindPaymentResponse{Payments: found}, err
}

// find collects the payments of one reference from a list, or from a search, which
// ignores case. It says whether it came to the end.
func find(
	ctx context.Context, stripe *call, path string, params api.ListParams, reference string,
) (found []*paymentsv1.Payment, whole bool, err error) {
	for range mostPages {
		page, err := read[api.List[api.PaymentIntent]](ctx, stripe, path, params, itself)
		if err != nil {
			return nil, false, err
		}
		for i := range page.Data {
			if page.Data[i].Metadata[referenceKey] != reference {
				continue
			}
			p, err := payment(ctx, &page.Data[i])
			if err != nil {
				return nil, false, stripe.readFailure(err)
			}
			found = append(found, p)
		}
		switch isSearch := params.Query != ""; {
		case !page.HasMore, isSearch && page.NextPage == "":
			return found, true, nil
		case isSearch:
			params.Page = page.NextPage
		case len(page.Data) == 0:
			return nil, false, sdk.Errorf(sdk.Unavailable, "", "Stripe's list has more, and its page is empty")
		default:
			params.StartingAfter = page.Data[len(page.Data)-1].ID
		}
	}
	return found, false, nil
}
