package sandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// received is a webhook as it arrived.
type received struct {
	signature string
	body      []byte
}

func (r received) request() *paymentsv1.HttpRequest { return signed(r.signature, r.body) }

func signed(signature string, body []byte) *paymentsv1.HttpRequest {
	return &paymentsv1.HttpRequest{
		Method: "POST", Url: "https://shop.example/webhooks", Body: body,
		Headers: []*paymentsv1.HttpHeader{{Name: "sandbox-signature", Value: signature}},
	}
}

func webhooksOf(h *connectortest.Harness) paymentsv1.WebhookServiceClient {
	return paymentsv1.NewWebhookServiceClient(h.Conn)
}

// The PSP's own webhook goes all the way, and says what a read says.
func TestWebhooks_ofThePSP(t *testing.T) {
	arrived := make(chan received, 16)
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- received{r.Header.Get(psp.SignatureHeader), body}
	}))
	t.Cleanup(shop.Close)
	p := psp.NewWithWebhooks(psp.Webhooks{Secret: "whsec_1", Client: shop.Client()})
	server := httptest.NewServer(p)
	t.Cleanup(func() { p.Close(); server.Close() })
	h := connectortest.Start(t, sandbox.New(), map[string]any{"base_url": server.URL, "webhook_secrets": []string{"whsec_new", "whsec_1"}})

	ask := order("tok_approve", automatic)
	ask.WebhookUrl = shop.URL
	paid, err := h.Payments.Authorize(h.Context(key("a")), ask)
	if err != nil {
		t.Fatal(err)
	}
	var hooked received
	select {
	case hooked = <-arrived:
	case <-time.After(20 * time.Second):
		t.Fatal("no webhook arrived")
	}
	hint, err := webhooksOf(h).ParseWebhook(h.Context(key("b")), &paymentsv1.ParseWebhookRequest{Request: hooked.request()})
	if err != nil || hint.GetAccountHint() != psp.AccountID || hint.GetEvents()[0].GetObjectId() != paid.GetPayment().GetId() || hint.GetEvents()[0].GetSubject() != nil {
		t.Errorf("hint %v %v", hint, err)
	}
	resp, err := webhooksOf(h).HandleWebhook(h.Context(key("c")), &paymentsv1.HandleWebhookRequest{Request: hooked.request()})
	if err != nil || resp.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED || resp.GetAcknowledgement().GetStatusCode() != 200 {
		t.Fatalf("got %v %v", resp, err)
	}
	event := resp.GetEvents()[0]
	if event.GetType() != "payment.captured" || event.GetId() == "" || !proto.Equal(event.GetPayment(), paid.GetPayment()) {
		t.Errorf("event %v, want %v", event, paid.GetPayment())
	}
	if _, err := h.Refunds.CreateRefund(h.Context(key("d")), &paymentsv1.CreateRefundRequest{PaymentId: paid.GetPayment().GetId(), Reference: "refund-1"}); err != nil {
		t.Fatal(err)
	}
	resp, err = webhooksOf(h).HandleWebhook(h.Context(key("e")), &paymentsv1.HandleWebhookRequest{Request: (<-arrived).request()})
	if err != nil || resp.GetEvents()[0].GetRefund().GetAmount().GetMinorUnits() != 1000 {
		t.Errorf("refund: %v %v", resp, err)
	}
}

func TestHandleWebhook_verification(t *testing.T) {
	body := []byte(`{"id":"evt_1","type":"account.updated","account":"acct_sandbox","object":"account","object_id":"acct_1","created":"2030-01-31T00:00:00Z","data":{}}`)
	now := time.Now()
	good := psp.Sign(now, body, "whsec_1")
	verified, rejected := paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED, paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED
	doubled := signed(good, body)
	doubled.Headers = append(doubled.Headers, doubled.GetHeaders()[0])
	for name, c := range map[string]struct {
		secrets []string
		request *paymentsv1.HttpRequest
		want    paymentsv1.WebhookVerification
		reason  string
	}{
		"right":               {[]string{"whsec_1"}, signed(good, body), verified, ""},
		"second secret":       {[]string{"whsec_2", "whsec_1"}, signed(good, body), verified, ""},
		"second signature":    {[]string{"whsec_1"}, signed(psp.Sign(now, body, "whsec_0", "whsec_1"), body), verified, ""},
		"at the edge":         {[]string{"whsec_1"}, signed(psp.Sign(now.Add(-290*time.Second), body, "whsec_1"), body), verified, ""},
		"other secret":        {[]string{"whsec_2"}, signed(good, body), rejected, "wrong"},
		"other body":          {[]string{"whsec_1"}, signed(good, []byte(`{"id":"evt_2","type":"x"}`)), rejected, "wrong"},
		"other time":          {[]string{"whsec_1"}, signed(strings.Replace(good, "t=1", "t=01", 1)+"0", body), rejected, ""},
		"old":                 {[]string{"whsec_1"}, signed(psp.Sign(now.Add(-10*time.Minute), body, "whsec_1"), body), rejected, "old"},
		"from the future":     {[]string{"whsec_1"}, signed(psp.Sign(now.Add(10*time.Minute), body, "whsec_1"), body), rejected, "ahead"},
		"no secret":           {nil, signed(good, body), rejected, "no webhook secret"},
		"empty secret":        {[]string{""}, signed(psp.Sign(now, body, ""), body), rejected, "no webhook secret"},
		"no signature":        {[]string{"whsec_1"}, signed("", body), rejected, "no time"},
		"no header":           {[]string{"whsec_1"}, &paymentsv1.HttpRequest{Method: "POST", Url: "https://shop.example/", Body: body}, rejected, "0 headers"},
		"two headers":         {[]string{"whsec_1"}, doubled, rejected, "2 headers"},
		"time that is no one": {[]string{"whsec_1"}, signed("t=x,v1=00", body), rejected, "can't be read"},
		"other scheme":        {[]string{"whsec_1"}, signed(strings.Replace(good, "v1=", "v0=", 1), body), rejected, "no signature"},
		"empty signature":     {[]string{"whsec_1"}, signed(good[:strings.Index(good, "v1=")+3], body), rejected, "wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			h := connectortest.Start(t, sandbox.New(), map[string]any{"webhook_secrets": c.secrets})
			resp, err := webhooksOf(h).HandleWebhook(h.Context(key("a")), &paymentsv1.HandleWebhookRequest{Request: c.request})
			if err != nil || resp.GetVerification() != c.want || !strings.Contains(resp.GetRejectionReason(), c.reason) {
				t.Fatalf("got %v %v, want %s", resp, err, c.want)
			}
			if c.want == rejected && (len(resp.GetEvents()) != 0 || resp.GetAcknowledgement().GetStatusCode() != 401) {
				t.Errorf("rejected with %v", resp)
			}
		})
	}
}

func TestWebhooks_malformed(t *testing.T) {
	h := connectortest.Start(t, sandbox.New(), map[string]any{"webhook_secrets": []string{"whsec_1"}})
	for _, body := range []string{``, `[]`, `{"id":"evt_1"}`, `{"id":"evt_1","type":"payment.captured","object":"payment","data":{"id":"pay_1"}}`} {
		_, err := webhooksOf(h).HandleWebhook(h.Context(key("a")), &paymentsv1.HandleWebhookRequest{
			Request: signed(psp.Sign(time.Now(), []byte(body), "whsec_1"), []byte(body)),
		})
		if err == nil {
			t.Errorf("%q was taken", body)
		}
	}
	_, err := webhooksOf(h).ParseWebhook(h.Context(key("b")), &paymentsv1.ParseWebhookRequest{Request: signed("", []byte(`{}`))})
	if f := failureOf(err); f.code != codes.InvalidArgument || f.field != "request.body" {
		t.Errorf("got %+v", f)
	}
}
