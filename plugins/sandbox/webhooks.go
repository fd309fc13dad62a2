package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/webhook"
)

const (
	signatureHeader = "Sandbox-Signature"
	// tolerance is how far the time of a signature may be from now.
	tolerance = 5 * time.Minute
)

// ParseWebhook implements sdk.WebhookParser.
func (c *Connector) ParseWebhook(_ context.Context, req *paymentsv1.ParseWebhookRequest) (*paymentsv1.ParseWebhookResponse, error) {
	event, err := readEvent(req.GetRequest().GetBody())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.ParseWebhookResponse{
		AccountHint: event.Account,
		Events:      []*paymentsv1.WebhookEvent{{Id: event.ID, Type: event.Type, ObjectId: event.ObjectID}},
	}, nil
}

// HandleWebhook implements sdk.WebhookHandler. Nothing of the body is read
// before its signature is found right.
func (c *Connector) HandleWebhook(ctx context.Context, req *paymentsv1.HandleWebhookRequest) (*paymentsv1.HandleWebhookResponse, error) {
	config, err := sdk.Config[Config](ctx)
	if err != nil {
		return nil, err
	}
	if err := verify(req.GetRequest(), config.WebhookSecrets, time.Now()); err != nil {
		return webhook.Rejected(http.StatusUnauthorized, err.Error()), nil
	}
	event, err := readEvent(req.GetRequest().GetBody())
	if err != nil {
		return nil, err
	}
	told, err := eventOf(ctx, event)
	if err != nil {
		return nil, translateRead(err)
	}
	return webhook.Verified(&paymentsv1.HttpResponse{StatusCode: http.StatusOK}, told), nil
}

// verify returns why a webhook can't be believed, or nothing. Each of the account's
// secrets may have signed it, so that they can be rotated.
func verify(r *paymentsv1.HttpRequest, secrets []sdk.Secret, now time.Time) error {
	at, signatures, err := readSignature(webhook.Header(r, signatureHeader))
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
	message := append([]byte(strconv.FormatInt(at.Unix(), 10)+"."), r.GetBody()...)
	if !webhook.Genuine(sha256.New, keys, message, signatures...) {
		return errors.New("the signature is wrong")
	}
	return nil
}

// readSignature reads the one signature header: the time, and the signatures of
// scheme v1.
func readSignature(values []string) (at time.Time, signatures [][]byte, err error) {
	if len(values) != 1 {
		return at, nil, fmt.Errorf("there are %d headers %s", len(values), signatureHeader)
	}
	for part := range strings.SplitSeq(values[0], ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil || !at.IsZero() {
				return at, nil, fmt.Errorf("the time of %s can't be read", signatureHeader)
			}
			at = time.Unix(seconds, 0)
		case "v1":
			if mac, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, mac)
			}
		}
	}
	if at.IsZero() || len(signatures) == 0 {
		return at, nil, fmt.Errorf("%s has no time or no signature", signatureHeader)
	}
	return at, signatures, nil
}

func readEvent(body []byte) (event api.Event, err error) {
	if err := json.Unmarshal(body, &event); err != nil || event.ID == "" || event.Type == "" {
		return event, sdk.InvalidField("request.body", "must be an event of the sandbox's")
	}
	return event, nil
}

// eventOf says an event of the PSP's in the contract's words.
func eventOf(ctx context.Context, e api.Event) (*paymentsv1.WebhookEvent, error) {
	event := &paymentsv1.WebhookEvent{Id: e.ID, Type: e.Type, ObjectId: e.ObjectID, OccurTime: timestamppb.New(e.Created)}
	var err error
	switch e.Object {
	case "payment":
		err = setSubject(ctx, event, e.Data, paymentOf)
	case "refund":
		err = setSubject(ctx, event, e.Data, refundOf)
	case "dispute":
		err = setSubject(ctx, event, e.Data, disputeOf)
	case "mandate":
		err = setSubject(ctx, event, e.Data, mandateOf)
	case "payout":
		err = setSubject(ctx, event, e.Data, payoutOf)
	}
	return event, err
}

// setSubject reads what an event is about and says it in the contract's words.
func setSubject[A api.Answer, M sdk.Subject](
	ctx context.Context, event *paymentsv1.WebhookEvent, data []byte, say func(context.Context, A) (M, error),
) error {
	about, err := api.Read[A](data)
	if err != nil {
		return err
	}
	subject, err := say(ctx, about)
	if err != nil {
		return err
	}
	sdk.SetSubject(event, subject)
	return nil
}
