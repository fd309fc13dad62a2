package node_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// delivered is a webhook as the PSP sends it, once a payment with the reference is
// captured.
func delivered(t *testing.T, s *stack, reference string) *paymentsv1.HttpRequest {
	t.Helper()
	arrived := make(chan *paymentsv1.HttpRequest, 16)
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && bytes.Contains(body, []byte(reference)) {
			arrived <- &paymentsv1.HttpRequest{Method: r.Method, Url: "https://shop.example" + r.URL.Path, Body: body,
				Headers: []*paymentsv1.HttpHeader{{Name: "Sandbox-Signature", Value: r.Header.Get("Sandbox-Signature")}}}
		}
	}))
	t.Cleanup(shop.Close)
	endpoint := fmt.Sprintf(`{"url": %q, "secret": "whsec"}`, shop.URL+"/webhooks")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.psp+"/v1/webhook_endpoints", strings.NewReader(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer sk_sandbox_default"}, "Idempotency-Key": {reference}}
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode > 299 {
		t.Fatalf("the PSP takes no endpoint: %v %v", resp, err)
	}
	_ = resp.Body.Close()
	if _, err := s.payments.Authorize(call(t), order(reference, "4242424242424242")); err != nil {
		t.Fatal(err)
	}
	select {
	case webhook := <-arrived:
		return webhook
	case <-time.After(patience):
		t.Fatal("the PSP delivered no webhook")
		return nil
	}
}

func testWebhooks(t *testing.T, s *stack) {
	webhook := delivered(t, s, "announced")
	handle := func(signature string, body []byte, headers ...string) *paymentsv1.HandleWebhookResponse {
		req := proto.CloneOf(webhook)
		req.Body, req.Headers = body, nil
		if signature != "" {
			req.Headers = []*paymentsv1.HttpHeader{{Name: "Other", Value: "x"}, {Name: "sandbox-Signature", Value: signature}}
		}
		got, err := s.webhooks.HandleWebhook(call(t, headers...), &paymentsv1.HandleWebhookRequest{Request: req})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	now, event := time.Now().Unix(), webhook.GetBody()
	for name, got := range map[string]*paymentsv1.HandleWebhookResponse{
		"delivered":   handle(webhook.GetHeaders()[0].GetValue(), event),
		"two secrets": handle(sign(now, event, "other", "whsec"), event),
	} {
		if len(got.GetEvents()) != 1 || got.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED || got.GetAcknowledgement().GetStatusCode() != 200 {
			t.Fatalf("%s: got %v", name, got)
		}
		if e := got.GetEvents()[0]; e.GetId() == "" || e.GetType() != "payment.captured" || e.GetObjectId() != e.GetPayment().GetId() ||
			e.GetPayment().GetReference() != "announced" || e.GetPayment().GetStatus() != captured || e.GetOccurTime().AsTime().Unix() < now-60 {
			t.Errorf("%s: got %v", name, e)
		}
	}
	none, empty := with(s.psp, ""), with(s.psp, `, "webhook_secrets": []`)
	for name, got := range map[string]*paymentsv1.HandleWebhookResponse{
		"forged":       handle(sign(now, event, "wrong"), event),
		"changed":      handle(sign(now, event, "whsec"), bytes.Replace(event, []byte("1050"), []byte("9999"), 1)),
		"old":          handle(sign(now-301, event, "whsec"), event),
		"early":        handle(sign(now+600, event, "whsec"), event),
		"another time": handle(strings.Replace(sign(now-301, event, "whsec"), fmt.Sprint(now-301), fmt.Sprint(now), 1), event),
		"no time":      handle(strings.Replace(sign(now, event, "whsec"), "t=", "x=", 1), event),
		"no MAC":       handle(fmt.Sprintf("t=%d", now), event),
		"short MAC":    handle(fmt.Sprintf("t=%d,v1=00", now), event),
		"no secrets":   handle(sign(now, event, ""), event, none...),
		"empty list":   handle(sign(now, event, "undefined"), event, empty...),
	} {
		if got.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED || len(got.GetEvents()) != 0 ||
			got.GetRejectionReason() == "" || got.GetAcknowledgement().GetStatusCode() != 401 {
			t.Errorf("%s: got %v, want REJECTED", name, got)
		}
	}
	if got := handle(sign(now, event, "x"), event, none...); got.GetRejectionReason() != "the account has no webhook secret" {
		t.Errorf("no secrets: got %q, want the operator told why", got.GetRejectionReason())
	}
	if got := handle("", event); got.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_UNSIGNED || len(got.GetEvents()) != 0 || got.GetRejectionReason() == "" {
		t.Errorf("unsigned: got %v", got)
	}
	hint, err := s.webhooks.ParseWebhook(call(t), &paymentsv1.ParseWebhookRequest{Request: webhook})
	if err != nil || hint.GetAccountHint() != "acct_sandbox" || len(hint.GetEvents()) != 1 || hint.GetEvents()[0].GetPayment() != nil {
		t.Errorf("got %v %v, want hints and no content", hint, err)
	}
	webhook.Body = []byte("?")
	_, err = s.webhooks.ParseWebhook(call(t), &paymentsv1.ParseWebhookRequest{Request: webhook})
	if got := failureOf(err); got.code != codes.InvalidArgument || got.field != "request.body" {
		t.Errorf("no event: got %+v", got)
	}
}

// sign makes the header as the PSP documents it.
func sign(at int64, body []byte, secrets ...string) string {
	header := fmt.Sprintf("t=%d", at)
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d.%s", at, body)
		header += ",v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	return header
}
