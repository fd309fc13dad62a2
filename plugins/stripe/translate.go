package stripe

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// tell says what Stripe answered, or what the absence of an answer means.
func tell[A, M any](ctx context.Context, answer A, err error, translate func(context.Context, A) (M, error)) (M, error) {
	if err != nil {
		var none M
		return none, failure(err)
	}
	return translate(ctx, answer)
}

// tellRead is tell for a request that only reads: nothing can have happened.
func tellRead[A, M any](ctx context.Context, answer A, err error, translate func(context.Context, A) (M, error)) (M, error) {
	told, err := tell(ctx, answer, err, translate)
	if err != nil {
		return told, readFailure(err)
	}
	return told, nil
}

// payment says what Stripe said of a payment, and nothing of the request.
func payment(ctx context.Context, intent *api.PaymentIntent) (*paymentsv1.Payment, error) {
	p := &paymentsv1.Payment{
		Id:         intent.ID,
		Reference:  intent.Metadata[referenceKey],
		Status:     paymentStatus(ctx, intent),
		CreateTime: timestamp(intent.Created),
		CustomerId: string(intent.Customer),
	}
	if err := setAmounts(p, intent); err != nil {
		return nil, err
	}
	setInstrumentTold(ctx, p, intent)
	data := map[string]any{"status": intent.Status}
	if intent.LatestCharge != nil && intent.LatestCharge.ID != "" {
		data["latest_charge"] = intent.LatestCharge.ID
	}
	switch p.GetStatus() {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
		p.Decline = decline(ctx, intent.LastPaymentError)
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION:
		p.NextAction = nextAction(intent.NextAction, intent.ClientSecret)
	}
	var err error
	p.ConnectorData, err = structpb.NewStruct(data)
	return p, err
}

// setInstrumentTold says what was paid with, and what the network said. An
// instrument that is kept for a customer can be used again by its id, and is a
// mandate where the payer need not be there.
func setInstrumentTold(ctx context.Context, p *paymentsv1.Payment, intent *api.PaymentIntent) {
	if charge := intent.LatestCharge; charge != nil && charge.PaymentMethodDetails.Type != "" {
		told := &charge.PaymentMethodDetails
		p.PaymentMethod = shown(ctx, told)
		p.NetworkTransactionId = told.Card.NetworkTransactionID
		p.ApprovalCode = told.Card.AuthorizationCode
		p.AuthorizationExpireTime = timestamp(told.Card.CaptureBefore)
		p.ThreeDs = threeDSResult(ctx, told.Card.ThreeDSecure)
	}
	if intent.Customer == "" || intent.SetupFutureUsage == "" || intent.PaymentMethod == "" {
		return
	}
	if p.GetPaymentMethod() == nil {
		p.PaymentMethod = &paymentsv1.PaymentMethodDetails{}
	}
	p.PaymentMethod.Token = string(intent.PaymentMethod)
	if intent.SetupFutureUsage == "off_session" {
		p.MandateId = string(intent.PaymentMethod)
	}
}

// setAmounts fills in the five amounts. Where the charge was not expanded nobody
// has said what was authorized and refunded.
func setAmounts(p *paymentsv1.Payment, intent *api.PaymentIntent) error {
	var authorized, refunded int64
	charge := intent.LatestCharge
	if charge != nil && charge.Paid {
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
	if charge != nil && charge.Object == "" {
		p.AuthorizedAmount, p.RefundedAmount = nil, nil
	}
	return nil
}

func timestamp(seconds int64) *timestamppb.Timestamp {
	if seconds == 0 {
		return nil
	}
	return timestamppb.New(time.Unix(seconds, 0))
}
