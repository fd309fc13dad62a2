package adyen

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
	"github.com/patchbay/patchbay/sdk/connectortest/spectest"
	"github.com/patchbay/patchbay/sdk/connectortest/vectors"
)

func hook(body []byte) *paymentsv1.HttpRequest {
	return &paymentsv1.HttpRequest{Method: "POST", Url: "https://shop.example/webhooks/adyen", Body: body}
}

// handle has the connector verify a webhook with an account's keys.
func handle(ctx context.Context, w vectors.Webhook) (*paymentsv1.HandleWebhookResponse, error) {
	config, err := json.Marshal(object{"api_key": "AQE_tests", "merchant_account": merchantAccount, "webhook_secrets": w.Secrets})
	if err != nil {
		return nil, err
	}
	ctx = sdk.WithCall(ctx, sdk.Call{Config: config})
	return New().HandleWebhook(ctx, &paymentsv1.HandleWebhookRequest{Request: w.Request})
}

func handled(t *testing.T, secrets []string, items ...item) *paymentsv1.HandleWebhookResponse {
	t.Helper()
	resp, err := handle(t.Context(), vectors.Webhook{Request: hook(notification(items...)), Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func authorised() item {
	return item{psp: "9913140798220028", reference: "order-1001", value: 1050, currency: "EUR", event: "AUTHORISATION", success: true}
}

// TestPublishedVectors: what Adyen's own SDKs sign is what the connector expects.
func TestPublishedVectors(t *testing.T) {
	for _, v := range vectors.Load(t, "adyen") {
		parts := strings.Split(v.Message, ":")
		if len(parts) != 8 {
			t.Fatalf("%s: the message has %d fields", v.Source, len(parts))
		}
		var i api.NotificationItem
		i.PSPReference, i.OriginalReference, i.MerchantAccount, i.MerchantReference = parts[0], parts[1], parts[2], parts[3]
		i.Amount.Value, i.Amount.Currency, i.EventCode, i.Success = json.Number(parts[4]), parts[5], parts[6], parts[7]
		i.AdditionalData.HMACSignature = v.Signature
		key, err := hex.DecodeString(v.Key)
		if err != nil {
			t.Fatal(err)
		}
		if reason := distrust(&i, [][]byte{key}, parts[2]); reason != "" {
			t.Errorf("%s: %s", v.Source, reason)
		}
		i.Success = "false"
		if distrust(&i, [][]byte{key}, parts[2]) == "" {
			t.Errorf("%s: another message is believed", v.Source)
		}
	}
}

// TestMutations: of 10,000 mutations of each signed field, the signature and the key
// none is believed; what Adyen does not sign changes nothing that is told.
func TestMutations(t *testing.T) {
	i := authorised()
	i.original = "8825408195409505"
	signature := sign(webhookKey, i.signed())
	field := func(name, old string) vectors.Part {
		return vectors.Field(name, old, func(body []byte, text string) []byte {
			return replaceText(body, `"`+name+`":"`+old+`"`, name, text)
		})
	}
	mac := vectors.Field("hmacSignature", signature, func(body []byte, text string) []byte {
		// Other padding bits, and line ends that base64 passes over, are the same bytes.
		if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && base64.StdEncoding.EncodeToString(decoded) == signature {
			return nil
		}
		return replaceText(body, `"hmacSignature":"`+escaped(signature)+`"`, "hmacSignature", text)
	})
	vectors.Mutate(t, handle, vectors.Webhook{Request: hook(notification(i)), Secrets: []string{webhookKey}}, vectors.Enough, 1,
		field("pspReference", i.psp), field("originalReference", i.original), field("merchantAccountCode", merchantAccount),
		field("merchantReference", i.reference), field("currency", i.currency), field("eventCode", i.event), field("success", "true"),
		vectors.Field("value", "1050", func(body []byte, text string) []byte {
			if _, err := strconv.ParseInt(text, 10, 64); err != nil || !json.Valid([]byte(text)) {
				return nil
			}
			return bytes.Replace(body, []byte(`"value":1050`), []byte(`"value":`+text), 1)
		}),
		mac, vectors.Secret(vectors.Hex()),
		vectors.Unsigned(field("reason", "a reason that nobody signs")),
		vectors.Unsigned(field("eventDate", "2030-01-31T12:00:00Z")),
		vectors.Unsigned(field("paymentMethod", "visa")),
	)
}

func escaped(text string) string {
	raw, _ := json.Marshal(text) // a text always is
	return string(raw[1 : len(raw)-1])
}

func replaceText(body []byte, old, name, text string) []byte {
	return bytes.Replace(body, []byte(old), []byte(`"`+name+`":"`+escaped(text)+`"`), 1)
}

func TestWebhooksFailClosed(t *testing.T) {
	const verified, rejected, unsigned = paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED,
		paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED, paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_UNSIGNED
	good, other := authorised(), authorised()
	other.account = "AnotherMerchant"
	colon := authorised()
	colon.psp, colon.original = "A:B", ""
	withColon := authorised()
	withColon.reference = "order:1001"
	for name, tt := range map[string]struct {
		body    []byte
		secrets []string
		want    paymentsv1.WebhookVerification
	}{
		"genuine":                   {notification(good), []string{webhookKey}, verified},
		"two genuine items":         {notification(good, withColon), []string{webhookKey}, verified},
		"the second of two keys":    {notification(good), []string{"00ff", webhookKey}, verified},
		"no key":                    {notification(good), nil, rejected},
		"an empty key":              {notification(good), []string{""}, rejected},
		"a key that is no hex":      {notification(good), []string{"whsec"}, rejected},
		"another key":               {notification(good), []string{"00ff"}, rejected},
		"another merchant account":  {notification(other), []string{webhookKey}, rejected},
		"one of two forged":         {bytes.Replace(notification(good, withColon), []byte("order:1001"), []byte("order:1002"), 1), []string{webhookKey}, rejected},
		"fields that can be parted": {notification(colon), []string{webhookKey}, rejected},
		"no signature":              {bytes.Replace(notification(good), []byte("hmacSignature"), []byte("other"), 1), []string{webhookKey}, unsigned},
		"no items":                  {[]byte(`{"live":"false","notificationItems":[]}`), []string{webhookKey}, rejected},
		"no JSON":                   {[]byte("live=false"), []string{webhookKey}, rejected},
		"nothing":                   {nil, []string{webhookKey}, rejected},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := handle(t.Context(), vectors.Webhook{Request: hook(tt.body), Secrets: tt.secrets})
			if err != nil {
				t.Fatal(err)
			}
			if resp.GetVerification() != tt.want {
				t.Fatalf("verification is %s (%s), want %s", resp.GetVerification(), resp.GetRejectionReason(), tt.want)
			}
			if believed := tt.want == verified; believed != (len(resp.GetEvents()) > 0) || believed != (string(resp.GetAcknowledgement().GetBody()) == accepted) {
				t.Errorf("response is %v", resp)
			}
		})
	}
}

// TestOnlySignedFieldsAreTold: an item whose unsigned fields say something else is the
// same event.
func TestOnlySignedFieldsAreTold(t *testing.T) {
	genuine := notification(authorised())
	changed := genuine
	for old, text := range map[string]string{
		`"a reason that nobody signs"`: `"05:4242:12/2030"`, `"paymentMethod":"visa"`: `"paymentMethod":"mc"`,
		`"eventDate":"2030-01-31T12:00:00Z"`: `"eventDate":"1999-01-01T00:00:00Z"`, `"live":"false"`: `"live":"true"`,
		`"additionalData":{`: `"additionalData":{"authCode":"666666","shopperReference":"somebody-else",`,
	} {
		if changed = bytes.Replace(changed, []byte(old), []byte(text), 1); bytes.Equal(changed, genuine) {
			t.Fatalf("%s is not in the webhook", old)
		}
	}
	var told []*paymentsv1.HandleWebhookResponse
	for _, body := range [][]byte{genuine, changed} {
		resp, err := handle(t.Context(), vectors.Webhook{Request: hook(body), Secrets: []string{webhookKey}})
		if err != nil || resp.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED {
			t.Fatalf("%v, %v", resp, err)
		}
		told = append(told, resp)
	}
	if !proto.Equal(told[0], told[1]) {
		t.Errorf("unsigned fields change what is told:\n%v\n%v", told[0], told[1])
	}
}

func TestEvents(t *testing.T) {
	const psp, original = "QFQTPCQ8HXSKGK82", "9913140798220028"
	for event, want := range map[string][2]string{ // of success and of failure: the subject and its status
		"AUTHORISATION":                   {"payment PAYMENT_STATUS_AUTHORIZED", "payment PAYMENT_STATUS_DECLINED"},
		"AUTHORISATION_ADJUSTMENT":        {"payment PAYMENT_STATUS_AUTHORIZED", ""},
		"CAPTURE":                         {"payment PAYMENT_STATUS_CAPTURED", ""},
		"CAPTURE_FAILED":                  {"payment PAYMENT_STATUS_FAILED", ""},
		"CANCELLATION":                    {"payment PAYMENT_STATUS_VOIDED", ""},
		"TECHNICAL_CANCEL":                {"payment PAYMENT_STATUS_VOIDED", ""},
		"CANCEL_OR_REFUND":                {"", ""},
		"PENDING":                         {"payment PAYMENT_STATUS_PENDING", ""},
		"EXPIRE":                          {"payment PAYMENT_STATUS_EXPIRED", ""},
		"OFFER_CLOSED":                    {"payment PAYMENT_STATUS_EXPIRED", ""},
		"REFUND":                          {"refund REFUND_STATUS_SUCCEEDED", "refund REFUND_STATUS_FAILED"},
		"REFUND_FAILED":                   {"refund REFUND_STATUS_FAILED", ""},
		"REFUNDED_REVERSED":               {"refund REFUND_STATUS_FAILED", ""},
		"POSTPONED_REFUND":                {"refund REFUND_STATUS_PENDING", "refund REFUND_STATUS_FAILED"},
		"REQUEST_FOR_INFORMATION":         {"dispute DISPUTE_STATUS_NEEDS_RESPONSE", "dispute DISPUTE_STATUS_UNKNOWN"},
		"NOTIFICATION_OF_CHARGEBACK":      {"dispute DISPUTE_STATUS_NEEDS_RESPONSE", "dispute DISPUTE_STATUS_UNKNOWN"},
		"CHARGEBACK":                      {"dispute DISPUTE_STATUS_NEEDS_RESPONSE", "dispute DISPUTE_STATUS_UNKNOWN"},
		"CHARGEBACK_REVERSED":             {"dispute DISPUTE_STATUS_WON", "dispute DISPUTE_STATUS_UNKNOWN"},
		"SECOND_CHARGEBACK":               {"dispute DISPUTE_STATUS_LOST", "dispute DISPUTE_STATUS_UNKNOWN"},
		"PREARBITRATION_OPEN":             {"dispute DISPUTE_STATUS_NEEDS_RESPONSE", "dispute DISPUTE_STATUS_UNKNOWN"},
		"PREARBITRATION_ISSUER_WITHDRAWN": {"dispute DISPUTE_STATUS_WITHDRAWN", "dispute DISPUTE_STATUS_UNKNOWN"},
		"SCHEME_ARBITRATION_LOST":         {"dispute DISPUTE_STATUS_LOST", "dispute DISPUTE_STATUS_UNKNOWN"},
		"RECURRING_CONTRACT":              {"mandate MANDATE_STATUS_ACTIVE", ""},
		"PAYOUT_THIRDPARTY":               {"payout PAYOUT_STATUS_SUCCEEDED", "payout PAYOUT_STATUS_FAILED"},
		"PAIDOUT_REVERSED":                {"payout PAYOUT_STATUS_RETURNED", ""},
		"ORDER_OPENED":                    {"", ""},
		"REPORT_AVAILABLE":                {"", ""},
		"SOMETHING_NEW":                   {"", ""},
	} {
		for i, success := range []bool{true, false} {
			resp := handled(t, []string{webhookKey}, item{
				psp: psp, original: original, reference: "order-1001", value: 1050, currency: "EUR", event: event, success: success,
			})
			if resp.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED || len(resp.GetEvents()) != 1 {
				t.Fatalf("%s: %v", event, resp)
			}
			e := resp.GetEvents()[0]
			if got := subjectText(e); got != want[i] {
				t.Errorf("%s, success %v: subject is %q, want %q", event, success, got, want[i])
			}
			if e.GetId() != psp+":"+event+":"+strconv.FormatBool(success) || e.GetType() != event {
				t.Errorf("%s: id %q, type %q", event, e.GetId(), e.GetType())
			}
			wantObject := psp
			if what, _, _ := strings.Cut(want[0], " "); what == "payment" || what == "" {
				wantObject = original
			}
			if e.GetObjectId() != wantObject {
				t.Errorf("%s: object_id is %q, want %q", event, e.GetObjectId(), wantObject)
			}
		}
	}
}

func subjectText(e *paymentsv1.WebhookEvent) string {
	switch s := e.GetSubject().(type) {
	case *paymentsv1.WebhookEvent_Payment:
		return "payment " + s.Payment.GetStatus().String()
	case *paymentsv1.WebhookEvent_Refund:
		return "refund " + s.Refund.GetStatus().String()
	case *paymentsv1.WebhookEvent_Dispute:
		return "dispute " + s.Dispute.GetStatus().String()
	case *paymentsv1.WebhookEvent_Mandate:
		return "mandate " + s.Mandate.GetStatus().String()
	case *paymentsv1.WebhookEvent_Payout:
		return "payout " + s.Payout.GetStatus().String()
	}
	return ""
}

// TestEventCodesAreAdyens: every event code that the connector has words for is one
// that Adyen describes, and so is the tests' webhook about it.
func TestEventCodesAreAdyens(t *testing.T) {
	// The signature is described in https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures.
	spec := spectest.Load(t, "adyen-webhooks-v1.json", spectest.Amend(func(document map[string]any) error {
		document["components"].(object)["schemas"].(object)["NotificationAdditionalData"] = object{"type": "object", "additionalProperties": object{"type": "string"}}
		return nil
	}))
	// The description has webhooks of these, and leaves them out of its list of codes;
	// PENDING is in https://docs.adyen.com/development-resources/webhooks/webhook-types.
	unlisted := []string{
		"PENDING", "PREARBITRATION_ACCEPTED", "PREARBITRATION_DECLINED", "PREARBITRATION_ISSUER_WITHDRAWN",
		"SCHEME_ARBITRATION", "SCHEME_ARBITRATION_WON", "SCHEME_ARBITRATION_LOST", "PAIDOUT_REVERSED",
	}
	known := []string{"CANCEL_OR_REFUND"}
	for _, subject := range []string{"payment", "refund", "dispute", "mandate", "payout"} {
		known = append(known, slices.Collect(maps.Keys(words.Texts("event."+subject)))...)
	}
	if len(known) != 37 {
		t.Errorf("%d event codes are known, want 37", len(known))
	}
	for _, event := range known {
		i := authorised()
		i.event, i.original = event, "8825408195409505"
		problems := spec.CheckSchema("NotificationRequest", notification(i))
		if listed := !slices.Contains(unlisted, event); listed != (len(problems) == 0) {
			t.Errorf("%s: listed %v, %v", event, listed, problems)
		}
	}
	i := authorised()
	i.event = "SOMETHING_NEW"
	if len(spec.CheckSchema("NotificationRequest", notification(i))) == 0 {
		t.Error("an event code of nobody's is taken: the check proves nothing")
	}
}

func TestParseWebhook(t *testing.T) {
	second := authorised()
	second.event, second.psp, second.original = "REFUND", "QFQTPCQ8HXSKGK82", "9913140798220028"
	resp, err := New().ParseWebhook(t.Context(), &paymentsv1.ParseWebhookRequest{Request: hook(notification(authorised(), second))})
	if err != nil {
		t.Fatal(err)
	}
	if resp.GetAccountHint() != merchantAccount || len(resp.GetEvents()) != 2 || resp.GetEvents()[1].GetObjectId() != "QFQTPCQ8HXSKGK82" {
		t.Errorf("response is %v", resp)
	}
	for _, e := range resp.GetEvents() {
		if e.GetSubject() != nil || e.GetConnectorData() != nil {
			t.Errorf("content of what nobody has verified: %v", e)
		}
	}
	h := start(t, connectortest.Nowhere)
	_, err = paymentsv1.NewWebhookServiceClient(h.Conn).ParseWebhook(h.Context(testKey), &paymentsv1.ParseWebhookRequest{Request: hook([]byte("{}"))})
	connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST")
}
