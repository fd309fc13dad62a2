package adyen

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/webhook"
)

// Source of what follows: https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures.

// accepted is what Adyen wants to read.
// Source: https://docs.adyen.com/development-resources/webhooks/handle-webhook-events.
const accepted = "[accepted]"

// ParseWebhook implements sdk.WebhookParser.
func (*Connector) ParseWebhook(_ context.Context, req *paymentsv1.ParseWebhookRequest) (*paymentsv1.ParseWebhookResponse, error) {
	n, ok := api.ReadNotification(req.GetRequest().GetBody())
	if !ok {
		return nil, sdk.InvalidField("request.body", "must be a standard webhook of Adyen's")
	}
	resp := &paymentsv1.ParseWebhookResponse{AccountHint: n.Items[0].Item.MerchantAccount}
	for _, each := range n.Items {
		resp.Events = append(resp.Events, hint(&each.Item))
	}
	return resp, nil
}

// HandleWebhook implements sdk.WebhookHandler. Each item bears a signature of its
// own; if one is wrong, the whole is rejected.
func (*Connector) HandleWebhook(ctx context.Context, req *paymentsv1.HandleWebhookRequest) (*paymentsv1.HandleWebhookResponse, error) {
	if _, err := sdk.Options[sdk.NoOptions](req.GetConnectorOptions()); err != nil {
		return nil, err
	}
	config, err := sdk.Config[Config](ctx)
	if err != nil {
		return nil, err
	}
	keys, err := webhook.Keys(config.WebhookSecrets, hex.DecodeString)
	if err != nil {
		return webhook.Rejected(http.StatusUnauthorized, err.Error()), nil
	}
	n, ok := api.ReadNotification(req.GetRequest().GetBody())
	if !ok {
		return webhook.Rejected(http.StatusBadRequest, "the body is no standard webhook"), nil
	}
	var events []*paymentsv1.WebhookEvent
	for i, each := range n.Items {
		if each.Item.AdditionalData.HMACSignature == "" {
			return webhook.Unsigned(http.StatusUnauthorized, fmt.Sprintf("item %d of %d bears no signature", i+1, len(n.Items))), nil
		}
		if reason := distrust(&each.Item, keys, config.MerchantAccount); reason != "" {
			return webhook.Rejected(http.StatusUnauthorized, fmt.Sprintf("item %d of %d: %s", i+1, len(n.Items), reason)), nil
		}
		event, err := eventOf(ctx, &each.Item)
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return webhook.Verified(&paymentsv1.HttpResponse{StatusCode: http.StatusOK, Body: []byte(accepted)}, events...), nil
}

// distrust says why an item can't be believed, or nothing. The signed text joins
// fields by colons and escapes none, so that a colon in any field but the reference
// would let a genuine signature be read in two ways.
func distrust(item *api.NotificationItem, keys [][]byte, merchantAccount string) string {
	fields := signedFields(item)
	for i, field := range fields {
		if i != referenceField && strings.Contains(field, ":") {
			return "a field holds a colon"
		}
	}
	signature, err := base64.StdEncoding.DecodeString(item.AdditionalData.HMACSignature)
	switch {
	case err != nil:
		return "the signature is no base64"
	case !webhook.Genuine(sha256.New, keys, []byte(strings.Join(fields[:], ":")), signature):
		return "the signature is wrong"
	case item.MerchantAccount != merchantAccount:
		return "it is about another merchant account"
	}
	return ""
}

// referenceField is the index of merchantReference in signedFields.
const referenceField = 3

// signedFields are those that the signature covers, in its order.
func signedFields(item *api.NotificationItem) [8]string {
	return [8]string{
		item.PSPReference, item.OriginalReference, item.MerchantAccount, item.MerchantReference,
		item.Amount.Value.String(), item.Amount.Currency, item.EventCode, item.Success,
	}
}

// hint is what an item is about. Adyen sends an event again with equal pspReference
// and eventCode; one whose success has changed is news.
func hint(item *api.NotificationItem) *paymentsv1.WebhookEvent {
	return &paymentsv1.WebhookEvent{
		Id:       strings.Join([]string{item.PSPReference, item.EventCode, item.Success}, ":"),
		Type:     item.EventCode,
		ObjectId: objectID(item),
	}
}

// objectID is the payment's id for events about payments, and the item's own for
// those about what has an id of its own.
func objectID(item *api.NotificationItem) string {
	switch subjectOf(item.EventCode) {
	case "payment", "":
		return cmp.Or(item.OriginalReference, item.PSPReference)
	}
	return item.PSPReference
}

// itemAmount is the amount of an item; nil where there is none in a currency.
func itemAmount(item *api.NotificationItem) (*paymentsv1.Money, error) {
	if item.Amount.Currency == "" || item.Amount.Value == "" {
		return nil, nil
	}
	units, err := strconv.ParseInt(item.Amount.Value.String(), 10, 64)
	if err != nil {
		return nil, sdk.InvalidField("request.body", "has an amount that is no whole number")
	}
	return money(&api.Amount{Currency: item.Amount.Currency, Value: units})
}
