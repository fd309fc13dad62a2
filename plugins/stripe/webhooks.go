package stripe

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/webhook"
)

// scheme is how Stripe signs, with the tolerance of Stripe's own SDKs. Signatures of scheme
// v0 are Stripe's test of the header.
var scheme = webhook.Timestamped{Header: "Stripe-Signature", Tolerance: 5 * time.Minute}

// ParseWebhook implements sdk.WebhookParser.
func (*Connector) ParseWebhook(_ context.Context, req *paymentsv1.ParseWebhookRequest) (*paymentsv1.ParseWebhookResponse, error) {
	event, err := api.Read[api.Event](req.GetRequest().GetBody())
	if err != nil {
		return nil, notAnEvent()
	}
	return &paymentsv1.ParseWebhookResponse{
		AccountHint: event.Account,
		Events:      []*paymentsv1.WebhookEvent{{Id: event.ID, Type: event.Type, ObjectId: event.Data.Object.ID}},
	}, nil
}

func notAnEvent() error { return sdk.InvalidField("request.body", "must be an event of Stripe's") }

// HandleWebhook implements sdk.WebhookHandler. Nothing of the body is read before
// its signature is found right.
// Source: https://docs.stripe.com/webhooks#verify-manually.
func (*Connector) HandleWebhook(ctx context.Context, req *paymentsv1.HandleWebhookRequest) (*paymentsv1.HandleWebhookResponse, error) {
	stripe := callWithoutOptions(ctx, req)
	if stripe.Fault != nil {
		return nil, stripe.Fault
	}
	if err := scheme.Verify(req.GetRequest(), stripe.config.WebhookSecrets, time.Now()); err != nil {
		return webhook.Rejected(http.StatusBadRequest, err.Error()), nil
	}
	event, err := api.Read[api.Event](req.GetRequest().GetBody())
	if err != nil {
		return nil, notAnEvent()
	}
	return webhook.Verified(&paymentsv1.HttpResponse{StatusCode: http.StatusOK}, told(ctx, event)), nil
}

// told says an event in the contract's words. An object that can't be read is left
// out, and can be fetched by its id.
func told(ctx context.Context, e *api.Event) *paymentsv1.WebhookEvent {
	event := &paymentsv1.WebhookEvent{
		Id: e.ID, Type: e.Type, ObjectId: e.Data.Object.ID, OccurTime: sdk.UnixTime(e.Created),
		ConnectorData: sdk.ConnectorData(map[string]any{"api_version": e.APIVersion}),
	}
	if err := setSubject(ctx, event, e.Data.Object); err != nil {
		sdk.Logger(ctx).Warn("the object of an event can't be read", "type", e.Type, "api_version", e.APIVersion, "error", err)
	}
	return event
}

// setSubject says what an event is about. That says its own kind, whatever the event's
// type: a dispute is one in each of charge.dispute.*.
func setSubject(ctx context.Context, event *paymentsv1.WebhookEvent, about api.EventObject) error {
	switch about.Object {
	case "payment_intent":
		return setTold(ctx, event, about, payment)
	case "charge":
		err := setTold(ctx, event, about, chargedPayment)
		if event.GetPayment().GetId() == "" {
			event.Subject = nil // it is none of ours
		}
		return err
	case "refund":
		return setTold(ctx, event, about, refund)
	case "dispute":
		return setTold(ctx, event, about, dispute)
	case "payout":
		return setTold(ctx, event, about, payout)
	case "setup_intent":
		return setTold(ctx, event, about, mandate)
	case "mandate":
		return setTold(ctx, event, about, debitMandate)
	case "customer":
		return setTold(ctx, event, about, func(ctx context.Context, kept *api.Customer) (*paymentsv1.Customer, error) {
			kept.Deleted = kept.Deleted || strings.HasSuffix(event.GetType(), ".deleted")
			return customer(ctx, kept)
		})
	}
	return nil // the contract has no words for it
}

func setTold[T any, M sdk.Subject, P api.Object[T]](
	ctx context.Context, event *paymentsv1.WebhookEvent, about api.EventObject, tell translation[P, M],
) error {
	object, err := api.Read[T, P](about.Raw)
	if err != nil {
		return err
	}
	subject, err := tell(ctx, object)
	if err == nil {
		sdk.SetSubject(event, subject)
	}
	return err
}

// debitMandate says what Stripe said of a Mandate. It is known to callers by the
// PaymentMethod that it permits to debit.
func debitMandate(ctx context.Context, m *api.Mandate) (*paymentsv1.Mandate, error) {
	return &paymentsv1.Mandate{
		Id: string(m.PaymentMethod), Status: mandateStatuses.Meaning(ctx, m.Status),
		ConnectorData: sdk.ConnectorData(map[string]any{"mandate": m.ID, "status": m.Status}),
	}, nil
}

// chargedPayment is a payment as its charge tells it, with all of its amounts.
func chargedPayment(ctx context.Context, charge *api.Charge) (*paymentsv1.Payment, error) {
	intent := &api.PaymentIntent{
		ID: string(charge.PaymentIntent), Currency: charge.Currency, Amount: charge.Amount, AmountReceived: charge.AmountCaptured,
		Created: charge.Created, Metadata: charge.Metadata, LatestCharge: charge,
	}
	p := &paymentsv1.Payment{
		Id: intent.ID, Reference: intent.Metadata[referenceKey], Status: chargeStatus(ctx, charge), CreateTime: sdk.UnixTime(intent.Created),
	}
	switch p.GetStatus() {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
		p.Decline = decline(ctx, &api.Failure{Code: charge.FailureCode, Message: charge.FailureMessage})
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED:
		intent.AmountCapturable = charge.Amount
	}
	setInstrumentTold(ctx, p, intent)
	return p, setAmounts(p, intent)
}
