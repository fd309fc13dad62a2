package stripe

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// itself is the translation of what is needed as Stripe says it.
func itself[P any](_ context.Context, object P) (P, error) { return object, nil }

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
	switch p.GetStatus() {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
		p.Decline = decline(ctx, intent.LastPaymentError)
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION:
		p.NextAction = nextAction(intent.NextAction, intent.ClientSecret)
	}
	data := map[string]any{"status": intent.Status}
	if intent.LatestCharge != nil {
		data["latest_charge"] = intent.LatestCharge.ID
	}
	p.ConnectorData = connectorData(data)
	return p, nil
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
		authorized = cmp.Or(max(0, charge.PaymentMethodDetails.Card.AmountAuthorized), charge.Amount)
		// What a partial capture gives up counts as refunded at Stripe, with a
		// refund object of its own.
		released := charge.Amount - charge.AmountCaptured - intent.AmountCapturable
		refunded = max(0, charge.AmountRefunded-max(0, released))
	}
	for to, units := range map[**paymentsv1.Money]int64{
		&p.Amount: intent.Amount, &p.AuthorizedAmount: authorized, &p.CapturableAmount: intent.AmountCapturable,
		&p.CapturedAmount: intent.AmountReceived, &p.RefundedAmount: refunded,
	} {
		var err error
		if *to, err = money(intent.Currency, units); err != nil {
			return err
		}
	}
	if charge != nil && charge.Object == "" {
		p.AuthorizedAmount, p.RefundedAmount = nil, nil
	}
	return nil
}

// connectorData is what Stripe alone has words for, but for empty texts; nil if there
// is nothing.
func connectorData(of map[string]any) *structpb.Struct {
	data := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for name, said := range of {
		if value, err := structpb.NewValue(said); err == nil && said != "" {
			data.Fields[name] = value
		}
	}
	if len(data.GetFields()) == 0 {
		return nil
	}
	return data
}

func timestamp(seconds int64) *timestamppb.Timestamp {
	if seconds == 0 {
		return nil
	}
	return timestamppb.New(time.Unix(seconds, 0))
}
