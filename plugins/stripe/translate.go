package stripe

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// payment says what Stripe said of a payment, and nothing of the request.
func payment(ctx context.Context, intent *api.PaymentIntent) (*paymentsv1.Payment, error) {
	p := &paymentsv1.Payment{
		Id:         intent.ID,
		Reference:  intent.Metadata[referenceKey],
		Status:     paymentStatus(intent),
		CreateTime: timestamp(intent.Created),
	}
	if err := setAmounts(p, intent); err != nil {
		return nil, err
	}
	if intent.LatestCharge != nil {
		p.NetworkTransactionId = intent.LatestCharge.PaymentMethodDetails.Card.NetworkTransactionID
	}
	data := map[string]any{"status": intent.Status}
	if intent.LatestCharge != nil && intent.LatestCharge.ID != "" {
		data["latest_charge"] = intent.LatestCharge.ID
	}
	switch p.GetStatus() {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN:
		sdk.Unmapped(ctx, "payment.status", intent.Status)
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
		p.Decline = decline(ctx, intent.LastPaymentError)
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION:
		p.NextAction = nextAction(intent)
		if p.GetNextAction() == nil {
			addClientAction(data, intent)
		}
	}
	var err error
	p.ConnectorData, err = structpb.NewStruct(data)
	return p, err
}

// setAmounts fills in the five amounts. The charge is known only where it was
// expanded and somebody has paid or reserved something.
func setAmounts(p *paymentsv1.Payment, intent *api.PaymentIntent) error {
	var authorized, refunded int64
	if charge := intent.LatestCharge; charge != nil && charge.Paid {
		authorized = charge.Amount
		if partial := charge.PaymentMethodDetails.Card.AmountAuthorized; partial > 0 {
			authorized = partial
		}
		// What a partial capture gives up counts as refunded at Stripe, with a
		// refund object of its own.
		released := charge.Amount - charge.AmountCaptured - intent.AmountCapturable
		refunded = max(0, charge.AmountRefunded-max(0, released))
	}
	for _, a := range []struct {
		to    **paymentsv1.Money
		units int64
	}{
		{&p.Amount, intent.Amount},
		{&p.AuthorizedAmount, authorized},
		{&p.CapturableAmount, intent.AmountCapturable},
		{&p.CapturedAmount, intent.AmountReceived},
		{&p.RefundedAmount, refunded},
	} {
		m, err := money(intent.Currency, a.units)
		if err != nil {
			return err
		}
		*a.to = m
	}
	return nil
}

// nextAction is the redirect that a payment waits for, or nil if it waits for
// something else.
func nextAction(intent *api.PaymentIntent) *paymentsv1.NextAction {
	if intent.NextAction == nil || intent.NextAction.RedirectToURL == nil || intent.NextAction.RedirectToURL.URL == "" {
		return nil
	}
	return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_Redirect{Redirect: &paymentsv1.Redirect{
		Url:    intent.NextAction.RedirectToURL.URL,
		Method: "GET",
	}}}
}

// addClientAction hands on what Stripe's browser and mobile SDKs need to go on
// with the payment.
func addClientAction(data map[string]any, intent *api.PaymentIntent) {
	data["client_secret"] = intent.ClientSecret
	if intent.NextAction == nil {
		return
	}
	action := &structpb.Struct{}
	if action.UnmarshalJSON(intent.NextAction.Raw) == nil {
		data["next_action"] = action.AsMap()
	}
}

func timestamp(seconds int64) *timestamppb.Timestamp {
	if seconds == 0 {
		return nil
	}
	return timestamppb.New(time.Unix(seconds, 0))
}
