package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
	"github.com/patchbay/patchbay/sdk/connectortest/vectors"
)

// hook is a webhook with a signature header.
func hook(body []byte, header string) *paymentsv1.HttpRequest {
	return &paymentsv1.HttpRequest{
		Method: "POST", Url: "https://shop.example/webhooks", Body: body,
		Headers: []*paymentsv1.HttpHeader{{Name: scheme.Header, Value: header}},
	}
}

// handle has the connector look at a webhook with the account's secrets.
func handle(ctx context.Context, w vectors.Webhook) (*paymentsv1.HandleWebhookResponse, error) {
	config, err := json.Marshal(map[string]any{"api_key": "sk_test_1", "webhook_secrets": w.Secrets})
	if err != nil {
		return nil, err
	}
	return New().HandleWebhook(sdk.WithCall(ctx, sdk.Call{Config: config}), &paymentsv1.HandleWebhookRequest{Request: w.Request})
}

// TestVectors: what Stripe's own SDK signed is right, at the time that it says.
func TestVectors(t *testing.T) {
	for _, v := range vectors.Load(t, "stripe") {
		seconds, body, _ := strings.Cut(v.Message, ".")
		var at int64
		if _, err := fmt.Sscan(seconds, &at); err != nil {
			t.Fatal(err)
		}
		now := time.Unix(at, 0).Add(scheme.Tolerance)
		if err := scheme.Verify(hook([]byte(body), v.Signature), []sdk.Secret{"whsec_other", sdk.Secret(v.Key)}, now); err != nil {
			t.Errorf("%s: %v", v.Source, err)
		}
		if err := scheme.Verify(hook([]byte(body), v.Signature), []sdk.Secret{sdk.Secret(v.Key)}, now.Add(time.Second)); err == nil {
			t.Error("a signature that is too old was believed")
		}
	}
}

// TestMutations: nothing is believed of which a bit has changed.
func TestMutations(t *testing.T) {
	body := newStandIn(t).event("payment_intent.succeeded", object{"id": "pi_1", "object": "payment_intent"})
	header := signature("whsec_x", time.Now().Add(scheme.Tolerance/2), body) // still fresh once all are tried
	at, mac, _ := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	vectors.Mutate(t, handle, vectors.Webhook{Request: hook(body, header), Secrets: []string{"whsec_x"}}, vectors.Enough, 6,
		vectors.Body(), vectors.MAC(scheme.Header, mac, vectors.Hex()), vectors.MACText(scheme.Header, mac, vectors.Hex()),
		vectors.Timestamp(scheme.Header, at), vectors.Secret(vectors.Text()), vectors.Unsigned(vectors.URL()))
}

func TestSignatureHeaders(t *testing.T) {
	body := []byte(`{"id":"evt_1","object":"event","type":"ping"}`)
	now := time.Unix(1_900_000_000, 0)
	good := signature("whsec_x", now, body)
	_, mac, _ := strings.Cut(good, ",v1=")
	for header, want := range map[string]string{
		good: "",
		strings.Replace(good, ",v1=", ",v1="+strings.Repeat("00", 32)+",v1=", 1): "", // two are sent while a secret is replaced
		strings.Replace(good, ",", ", ", 1):                                      "",
		good + ",v0=00,v9=77":                                                    "",
		"":                                                                       "no time",
		"v1=" + mac:                                                              "no time",
		"t=1900000000":                                                           "no time or no signature",
		"t=1900000000,v0=" + mac:                                                 "no signature",
		"t=1900000000,t=1900000000,v1=" + mac:                                    "can't be read",
		"t=soon,v1=" + mac:                                                       "can't be read",
		"t=,t=1900000000,v1=" + mac:                                              "can't be read",
		"t=1900000000,v1=zz":                                                     "no signature",
		"t=1900000301,v1=" + mac:                                                 "ahead",
		"t=1899999699,v1=" + mac:                                                 "old",
		"t=1900000001,v1=" + mac:                                                 "wrong",
	} {
		err := scheme.Verify(hook(body, header), []sdk.Secret{"whsec_old", "whsec_x"}, now)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", header, err, want)
		}
	}
	if err := scheme.Verify(hook(body, good), nil, now); err == nil || !strings.Contains(err.Error(), "no webhook secret") {
		t.Errorf("without a secret: %v", err)
	}
	twice := hook(body, good)
	twice.Headers = append(twice.Headers, twice.GetHeaders()[0])
	if err := scheme.Verify(twice, []sdk.Secret{"whsec_x"}, now); err == nil || !strings.Contains(err.Error(), "2 headers") {
		t.Errorf("two headers: %v", err)
	}
}

// TestEvents: each kind of object that an event can be about, in the contract's
// words; the events themselves are as Stripe describes them.
func TestEvents(t *testing.T) {
	spec, err := describedStripe()
	if err != nil {
		t.Fatal(err)
	}
	s := newStandIn(t)
	s.seed()
	with := func(name string, changes object) object {
		o := s.fixture(name)
		maps.Copy(o, changes)
		return o
	}
	reserved, err := s.Payment("pi_1")
	if err != nil {
		t.Fatal(err)
	}
	charge := object{"payment_intent": "pi_1", "amount": 1050, "metadata": object{referenceKey: "order-1001"}}
	charged := func(changes object) object {
		o := with("charge", charge)
		maps.Copy(o, changes)
		return o
	}
	for _, tt := range []struct {
		kind    string
		about   object
		subject protoreflect.Name // none: the contract has no words for it
		status  string
	}{
		{"payment_intent.succeeded", s.show(paid("pi_1", "order-1001"), false), "payment", "PAYMENT_STATUS_CAPTURED"},
		{"payment_intent.amount_capturable_updated", s.show(reserved, false), "payment", "PAYMENT_STATUS_AUTHORIZED"},
		{"payment_intent.processing", with("payment_intent", object{"status": "processing", "next_action": nil}), "payment", "PAYMENT_STATUS_PENDING"},
		{"payment_intent.requires_action", with("payment_intent", object{"status": "requires_action", "next_action": nil}), "payment", "PAYMENT_STATUS_REQUIRES_ACTION"},
		{"payment_intent.payment_failed", with("payment_intent", object{"last_payment_error": object{"type": "card_error", "code": "expired_card"}, "next_action": nil}), "payment", "PAYMENT_STATUS_DECLINED"},
		{"payment_intent.canceled", with("payment_intent", object{"status": "canceled", "next_action": nil}), "payment", "PAYMENT_STATUS_VOIDED"},
		{"charge.succeeded", charged(object{"status": "succeeded"}), "payment", "PAYMENT_STATUS_AUTHORIZED"},
		{"charge.captured", charged(object{"status": "succeeded", "captured": true, "amount_captured": 1050}), "payment", "PAYMENT_STATUS_CAPTURED"},
		{"charge.refunded", charged(object{"status": "succeeded", "captured": true, "amount_captured": 1050, "amount_refunded": 500}), "payment", "PAYMENT_STATUS_CAPTURED"},
		{"charge.expired", charged(object{"status": "succeeded", "refunded": true, "amount_refunded": 1050}), "payment", "PAYMENT_STATUS_VOIDED"},
		{"charge.failed", charged(object{"status": "failed", "paid": false, "failure_code": "card_declined"}), "payment", "PAYMENT_STATUS_DECLINED"},
		{"charge.pending", charged(object{"status": "pending"}), "payment", "PAYMENT_STATUS_PENDING"},
		{"charge.succeeded", with("charge", object{"status": "succeeded"}), "", ""}, // of no PaymentIntent: none of ours
		{"refund.created", with("refund", object{"status": "pending"}), "refund", "REFUND_STATUS_PENDING"},
		{"refund.failed", with("refund", object{"status": "failed"}), "refund", "REFUND_STATUS_FAILED"},
		{"charge.refund.updated", with("refund", object{"status": "succeeded"}), "refund", "REFUND_STATUS_SUCCEEDED"},
		{"charge.dispute.created", with("dispute", object{"status": "needs_response", "payment_intent": "pi_1"}), "dispute", "DISPUTE_STATUS_NEEDS_RESPONSE"},
		{"charge.dispute.closed", with("dispute", object{"status": "lost"}), "dispute", "DISPUTE_STATUS_LOST"},
		{"setup_intent.succeeded", with("setup_intent", object{"status": "succeeded", "payment_method": "pm_1", "next_action": nil}), "mandate", "MANDATE_STATUS_ACTIVE"},
		{"setup_intent.setup_failed", with("setup_intent", object{"last_setup_error": object{"type": "card_error", "code": "card_declined"}, "next_action": nil}), "mandate", "MANDATE_STATUS_DECLINED"},
		{"mandate.updated", with("mandate", object{"status": "inactive"}), "mandate", "MANDATE_STATUS_REVOKED"},
		{"payout.paid", with("payout", object{"status": "paid"}), "payout", "PAYOUT_STATUS_SUCCEEDED"},
		{"payout.failed", with("payout", object{"status": "failed", "failure_code": "account_closed"}), "payout", "PAYOUT_STATUS_RETURNED"},
		{"customer.updated", s.fixture("customer"), "customer", "CUSTOMER_STATUS_ACTIVE"},
		{"customer.deleted", s.fixture("customer"), "customer", "CUSTOMER_STATUS_DELETED"},
		{"payment_method.attached", s.fixture("payment_method"), "", ""},
		{"balance.available", s.fixture("balance"), "", ""},
		{"payment_intent.succeeded", object{"object": "payment_intent", "id": "pi_1"}, "", ""}, // it can't be read: no guess
	} {
		t.Run(tt.kind, func(t *testing.T) {
			body := s.event(tt.kind, tt.about)
			if problems := spec.CheckSchema("event", body); len(problems) > 0 {
				t.Fatal(problems)
			}
			resp, err := handle(t.Context(), vectors.Webhook{Request: hook(body, signature("whsec_x", time.Now(), body)), Secrets: []string{"whsec_x"}})
			if err != nil {
				t.Fatal(err)
			}
			if resp.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED || resp.GetAcknowledgement().GetStatusCode() != 200 || len(resp.GetEvents()) != 1 {
				t.Fatalf("answered %v", resp)
			}
			event := resp.GetEvents()[0]
			if id, _ := tt.about["id"].(string); !strings.HasPrefix(event.GetId(), "evt_") || event.GetType() != tt.kind || event.GetObjectId() != id || event.GetOccurTime() == nil {
				t.Errorf("event is %v", event)
			}
			subject := event.ProtoReflect().WhichOneof(event.ProtoReflect().Descriptor().Oneofs().ByName("subject"))
			if got := nameOf(subject); got != tt.subject {
				t.Fatalf("the subject is %q, want %q", got, tt.subject)
			}
			if word := statusWord(event); word != tt.status {
				t.Errorf("status is %q, want %q", word, tt.status)
			}
		})
	}
}

func nameOf(field protoreflect.FieldDescriptor) protoreflect.Name {
	if field == nil {
		return ""
	}
	return field.Name()
}

// TestChargesTellTheRefundedAmount: a payment's own events do not expand its charge;
// the charge's events do tell what was refunded.
func TestChargesTellTheRefundedAmount(t *testing.T) {
	s := newStandIn(t)
	p := paid("pi_1", "order-1001")
	p.Refunded = 500
	for kind, about := range map[string]object{"payment_intent.succeeded": s.show(p, false), "charge.refunded": s.charge(p)} {
		body := s.event(kind, about)
		resp, err := handle(t.Context(), vectors.Webhook{Request: hook(body, signature("whsec_x", time.Now(), body)), Secrets: []string{"whsec_x"}})
		if err != nil {
			t.Fatal(err)
		}
		got := resp.GetEvents()[0].GetPayment()
		if got.GetId() != "pi_1" || got.GetCapturedAmount().GetMinorUnits() != 1050 {
			t.Errorf("%s: %v", kind, got)
		}
		if told := got.GetRefundedAmount() != nil; told != (kind == "charge.refunded") || got.GetRefundedAmount().GetMinorUnits() != 500 && told {
			t.Errorf("%s: refunded is %v", kind, got.GetRefundedAmount())
		}
	}
}

func TestParseWebhook(t *testing.T) {
	h := connectortest.Start(t, New(), nil)
	webhooks := paymentsv1.NewWebhookServiceClient(h.Conn)
	body := `{"id":"evt_1","object":"event","type":"payout.paid","account":"acct_2","data":{"object":{"id":"po_1","object":"payout"}}}`
	resp, err := webhooks.ParseWebhook(h.Context(""), &paymentsv1.ParseWebhookRequest{Request: hook([]byte(body), "")})
	if err != nil {
		t.Fatal(err)
	}
	event := resp.GetEvents()[0]
	if resp.GetAccountHint() != "acct_2" || event.GetId() != "evt_1" || event.GetType() != "payout.paid" || event.GetObjectId() != "po_1" || event.GetSubject() != nil {
		t.Errorf("parsed %v", resp)
	}
	for _, garbage := range []string{"", "{}", "7", `{"id":"po_1","object":"payout"}`, `{"id":"evt_1","object":"event","type":"x","data":{"object":7}}`} {
		_, err := webhooks.ParseWebhook(h.Context(""), &paymentsv1.ParseWebhookRequest{Request: hook([]byte(garbage), "")})
		if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != "request.body" {
			t.Errorf("%q: fields are %v", garbage, fields)
		}
	}
}
