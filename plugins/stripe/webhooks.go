package stripe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/webhook"
)

const (
	signatureHeader = "Stripe-Signature"
	// tolerance is how far the time of a signature may be from now, as in Stripe's
	// own SDKs.
	tolerance = 5 * time.Minute
)

// ParseWebhook implements sdk.WebhookParser.
func (*Connector) ParseWebhook(_ context.Context, req *paymentsv1.ParseWebhookRequest) (*paymentsv1.ParseWebhookResponse, error) {
	event, about, err := api.ReadEvent(req.GetRequest().GetBody())
	if err != nil {
		return nil, notAnEvent()
	}
	return &paymentsv1.ParseWebhookResponse{
		AccountHint: event.Account,
		Events:      []*paymentsv1.WebhookEvent{{Id: event.ID, Type: event.Type, ObjectId: about.ID}},
	}, nil
}

func notAnEvent() error { return invalid("request.body", "must be an event of Stripe's") }

// HandleWebhook implements sdk.WebhookHandler. Nothing of the body is read before
// its signature is found right.
// Source: https://docs.stripe.com/webhooks#verify-manually.
func (*Connector) HandleWebhook(ctx context.Context, req *paymentsv1.HandleWebhookRequest) (*paymentsv1.HandleWebhookResponse, error) {
	if err := noOptions(req.GetConnectorOptions()); err != nil {
		return nil, err
	}
	config, err := sdk.Config[Config](ctx)
	if err != nil {
		return nil, err
	}
	if err := verify(req.GetRequest(), config.WebhookSecrets, time.Now()); err != nil {
		return webhook.Rejected(http.StatusBadRequest, err.Error()), nil
	}
	event, about, err := api.ReadEvent(req.GetRequest().GetBody())
	if err != nil {
		return nil, notAnEvent()
	}
	return webhook.Verified(&paymentsv1.HttpResponse{StatusCode: http.StatusOK}, told(ctx, event, about)), nil
}

// verify returns why a webhook can't be believed, or nothing. Each of the account's
// secrets may have signed it, so that they can be replaced.
func verify(r *paymentsv1.HttpRequest, secrets []sdk.Secret, now time.Time) error {
	at, signed, signatures, err := readSignature(webhook.Header(r, signatureHeader))
	if err != nil {
		return err
	}
	if err := webhook.Fresh(at, now, tolerance); err != nil {
		return err
	}
	keys, err := webhook.Keys(secrets, nil)
	if err != nil {
		return err
	}
	if !webhook.Genuine(sha256.New, keys, append([]byte(signed+"."), r.GetBody()...), signatures...) {
		return errors.New("the signature is wrong")
	}
	return nil
}

// readSignature reads the one signature header: the time, also as it was signed,
// and the signatures of scheme v1. Those of scheme v0 are Stripe's test of the
// header and prove nothing.
func readSignature(values []string) (at time.Time, signed string, signatures [][]byte, err error) {
	if len(values) != 1 {
		return at, "", nil, fmt.Errorf("there are %d headers %s", len(values), signatureHeader)
	}
	for part := range strings.SplitSeq(values[0], ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil || signed != "" {
				return at, "", nil, fmt.Errorf("the time of %s can't be read", signatureHeader)
			}
			at, signed = time.Unix(seconds, 0), value
		case "v1":
			if mac, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, mac)
			}
		}
	}
	if signed == "" || len(signatures) == 0 {
		return at, "", nil, fmt.Errorf("%s has no time or no signature", signatureHeader)
	}
	return at, signed, signatures, nil
}

// told says an event in the contract's words. What it is about says its own kind,
// whatever the event's type: a dispute is one in each of charge.dispute.*. An object
// that can't be read is left out, and can be fetched by its id.
func told(ctx context.Context, e *api.Event, about api.Named) *paymentsv1.WebhookEvent {
	event := &paymentsv1.WebhookEvent{Id: e.ID, Type: e.Type, ObjectId: about.ID, OccurTime: timestamp(e.Created)}
	if e.APIVersion != "" {
		event.ConnectorData = &structpb.Struct{Fields: map[string]*structpb.Value{"api_version": structpb.NewStringValue(e.APIVersion)}}
	}
	if err := setSubject(ctx, event, e, about.Object); err != nil {
		sdk.Logger(ctx).Warn("the object of an event can't be read", "type", e.Type, "api_version", e.APIVersion, "error", err)
	}
	return event
}

func setSubject(ctx context.Context, event *paymentsv1.WebhookEvent, e *api.Event, kind string) error {
	raw := e.Data.Object
	switch kind {
	case "payment_intent":
		payment, err := subject(ctx, raw, api.Read[api.PaymentIntent], payment)
		if err == nil {
			event.Subject = &paymentsv1.WebhookEvent_Payment{Payment: payment}
		}
		return err
	case "charge":
		payment, err := subject(ctx, raw, api.Read[api.Charge], chargedPayment)
		if err == nil && payment.GetId() != "" { // without one it is none of ours
			event.Subject = &paymentsv1.WebhookEvent_Payment{Payment: payment}
		}
		return err
	case "refund":
		refund, err := subject(ctx, raw, api.Read[api.Refund], refund)
		if err == nil {
			event.Subject = &paymentsv1.WebhookEvent_Refund{Refund: refund}
		}
		return err
	case "dispute":
		dispute, err := subject(ctx, raw, api.Read[api.Dispute], dispute)
		if err == nil {
			event.Subject = &paymentsv1.WebhookEvent_Dispute{Dispute: dispute}
		}
		return err
	case "payout":
		payout, err := subject(ctx, raw, api.Read[api.Payout], payout)
		if err == nil {
			event.Subject = &paymentsv1.WebhookEvent_Payout{Payout: payout}
		}
		return err
	}
	return setStored(ctx, event, raw, kind)
}

// setStored is setSubject for what Stripe keeps.
func setStored(ctx context.Context, event *paymentsv1.WebhookEvent, raw []byte, kind string) error {
	switch kind {
	case "setup_intent":
		setup, err := api.Read[api.SetupIntent](raw)
		if err == nil {
			event.Subject = &paymentsv1.WebhookEvent_Mandate{Mandate: mandate(ctx, setup)}
		}
		return err
	case "mandate":
		changed, err := api.Read[api.Mandate](raw)
		if err == nil {
			event.Subject = &paymentsv1.WebhookEvent_Mandate{Mandate: debitMandate(ctx, changed)}
		}
		return err
	case "customer":
		kept, err := api.Read[api.Customer](raw)
		if err == nil {
			kept.Deleted = kept.Deleted || strings.HasSuffix(event.GetType(), ".deleted")
			event.Subject = &paymentsv1.WebhookEvent_Customer{Customer: customer(kept)}
		}
		return err
	}
	return nil // the contract has no words for it
}

// subject reads what an event is about and translates it.
func subject[A, M any](ctx context.Context, raw []byte, read func([]byte) (A, error), translate func(context.Context, A) (M, error)) (M, error) {
	about, err := read(raw)
	if err != nil {
		var none M
		return none, err
	}
	return translate(ctx, about)
}

// debitMandate says what Stripe said of a Mandate. It is known to callers by the
// PaymentMethod that it permits to debit.
func debitMandate(ctx context.Context, m *api.Mandate) *paymentsv1.Mandate {
	return &paymentsv1.Mandate{
		Id: string(m.PaymentMethod), Status: mandateStatuses.Meaning(ctx, m.Status),
		ConnectorData: &structpb.Struct{Fields: map[string]*structpb.Value{
			"mandate": structpb.NewStringValue(m.ID), "status": structpb.NewStringValue(m.Status),
		}},
	}
}

// chargedPayment is a payment as its charge tells it, with what was authorized,
// captured and refunded.
func chargedPayment(ctx context.Context, charge *api.Charge) (*paymentsv1.Payment, error) {
	intent := &api.PaymentIntent{
		ID: string(charge.PaymentIntent), Currency: charge.Currency, Amount: charge.Amount, AmountReceived: charge.AmountCaptured,
		Created: charge.Created, Metadata: charge.Metadata, LatestCharge: charge,
	}
	p := &paymentsv1.Payment{
		Id: intent.ID, Reference: intent.Metadata[referenceKey], Status: chargeStatus(ctx, charge), CreateTime: timestamp(intent.Created),
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
