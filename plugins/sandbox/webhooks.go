package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/webhook"
)

// scheme is how the PSP signs.
var scheme = webhook.Timestamped{Header: "Sandbox-Signature", Tolerance: 5 * time.Minute}

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
	if err := scheme.Verify(req.GetRequest(), config.WebhookSecrets, time.Now()); err != nil {
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
