package sandbox_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

const (
	verified = paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED
	rejected = paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED
)

// webhookMutants believe the wrong webhooks.
func webhookMutants() []mutant {
	told := func(of paymentsv1.WebhookVerification, change func(*paymentsv1.HandleWebhookResponse)) sabotage {
		return telling(func(_ *paymentsv1.HandleWebhookRequest, resp *paymentsv1.HandleWebhookResponse) {
			if resp.GetVerification() == of {
				change(resp)
			}
		})
	}
	return []mutant{
		{id: "caller/signature-not-compared", wrong: "believes every webhook", by: "handle-webhook/other-signature", with: believing(func(sandbox.Config, *paymentsv1.HttpRequest) bool { return true })},
		{id: "caller/signature-prefix", wrong: "compares the first characters of a signature", by: "handle-webhook/other-signature", with: believing(func(c sandbox.Config, r *paymentsv1.HttpRequest) bool { return genuine(c, r, time.Minute, 20) })},
		{id: "caller/signature-without-body", wrong: "believes a signature whatever the body", by: "handle-webhook/other-body", with: believing(func(c sandbox.Config, r *paymentsv1.HttpRequest) bool {
			trimmed := proto.CloneOf(r)
			trimmed.Body = []byte(strings.TrimRight(string(r.GetBody()), " "))
			return genuine(c, trimmed, time.Minute, 0)
		})},
		{id: "caller/no-secret-believed", wrong: "believes every webhook where the account has no secret", by: "handle-webhook/no-secret", with: believing(func(c sandbox.Config, _ *paymentsv1.HttpRequest) bool { return len(c.WebhookSecrets) == 0 })},
		{id: "caller/old-webhook-believed", wrong: "believes a webhook that was signed years ago", by: "handle-webhook/old", with: believing(func(c sandbox.Config, r *paymentsv1.HttpRequest) bool { return genuine(c, r, 1<<62, 0) })},
		{id: "caller/first-secret-only", wrong: "tries the account's first secret only", by: "handle-webhook/rotated", with: doubting(func(c sandbox.Config, r *paymentsv1.HttpRequest) bool {
			c.WebhookSecrets = c.WebhookSecrets[:min(1, len(c.WebhookSecrets))]
			return genuine(c, r, time.Hour, 0)
		})},
		{id: "caller/header-case", wrong: "knows the signature's header in one spelling only", by: "handle-webhook/header-case", with: doubting(func(_ sandbox.Config, r *paymentsv1.HttpRequest) bool {
			return slices.ContainsFunc(r.GetHeaders(), func(h *paymentsv1.HttpHeader) bool { return h.GetName() == psp.SignatureHeader })
		})},
		{id: "caller/rejected-with-content", wrong: "tells what a webhook says that it does not believe", by: "handle-webhook/other-signature", with: told(rejected, func(r *paymentsv1.HandleWebhookResponse) {
			r.Events = []*paymentsv1.WebhookEvent{{Id: "evt_1", Type: "payment.captured"}}
		})},
		{id: "caller/rejected-acknowledged", wrong: "acknowledges a webhook that it does not believe", by: "handle-webhook/other-signature", with: told(rejected, func(r *paymentsv1.HandleWebhookResponse) {
			r.Acknowledgement = &paymentsv1.HttpResponse{StatusCode: http.StatusOK}
		})},
		{id: "caller/verified-not-acknowledged", wrong: "does not acknowledge a webhook that it believes", by: "handle-webhook/succeeds", with: told(verified, func(r *paymentsv1.HandleWebhookResponse) { r.Acknowledgement = nil })},
		{id: "caller/event-dropped", wrong: "does not tell what a webhook says", by: "handle-webhook/succeeds", with: told(verified, func(r *paymentsv1.HandleWebhookResponse) { r.Events = nil })},
		{id: "caller/event-amount-wrong", wrong: "tells another amount than the webhook", by: "handle-webhook/succeeds", with: told(verified, func(r *paymentsv1.HandleWebhookResponse) { r.Events[0].GetPayment().Amount.MinorUnits *= 10 })},
		{id: "caller/event-status-wrong", wrong: "tells another status than the webhook", by: "handle-webhook/succeeds", with: told(verified, func(r *paymentsv1.HandleWebhookResponse) {
			r.Events[0].GetPayment().Status = paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED
		})},
		{id: "caller/parse-with-content", wrong: "tells what a webhook says that nobody has verified", by: "parse-webhook/succeeds", with: telling(func(_ *paymentsv1.ParseWebhookRequest, resp *paymentsv1.ParseWebhookResponse) {
			for _, e := range resp.GetEvents() {
				e.Subject = &paymentsv1.WebhookEvent_Payment{Payment: &paymentsv1.Payment{Id: e.GetObjectId()}}
			}
		})},
	}
}

// believing believes a webhook also where believe does.
func believing(believe func(sandbox.Config, *paymentsv1.HttpRequest) bool) sabotage {
	return calls(func(ctx context.Context, _ string, req proto.Message, next call) (proto.Message, error) {
		resp, err := next(ctx)
		r, ok := resp.(*paymentsv1.HandleWebhookResponse)
		config, bad := sdk.Config[sandbox.Config](ctx)
		if !ok || err != nil || bad != nil || r.GetVerification() == verified {
			return resp, err
		}
		asked := req.(*paymentsv1.HandleWebhookRequest).GetRequest()
		parsed, bad := sandbox.New().ParseWebhook(ctx, &paymentsv1.ParseWebhookRequest{Request: asked})
		if bad != nil || !believe(config, asked) {
			return resp, err
		}
		return &paymentsv1.HandleWebhookResponse{
			Verification: verified, Events: parsed.GetEvents(), Acknowledgement: &paymentsv1.HttpResponse{StatusCode: http.StatusOK},
		}, nil
	})
}

// doubting believes a webhook only where believe does, too.
func doubting(believe func(sandbox.Config, *paymentsv1.HttpRequest) bool) sabotage {
	return calls(func(ctx context.Context, _ string, req proto.Message, next call) (proto.Message, error) {
		resp, err := next(ctx)
		asked, ok := req.(*paymentsv1.HandleWebhookRequest)
		config, bad := sdk.Config[sandbox.Config](ctx)
		if !ok || err != nil || bad != nil || believe(config, asked.GetRequest()) {
			return resp, err
		}
		return &paymentsv1.HandleWebhookResponse{
			Verification: rejected, RejectionReason: "the signature is wrong", Acknowledgement: &paymentsv1.HttpResponse{StatusCode: http.StatusUnauthorized},
		}, nil
	})
}

func signatureOf(r *paymentsv1.HttpRequest) string {
	for _, h := range r.GetHeaders() {
		if strings.EqualFold(h.GetName(), psp.SignatureHeader) {
			return h.GetValue()
		}
	}
	return ""
}

var signedAt = regexp.MustCompile(`^t=([0-9]+),`)

// genuine says whether one of the account's secrets signed a webhook, not longer ago
// than that. Of a prefix above zero it compares only so many characters.
func genuine(c sandbox.Config, r *paymentsv1.HttpRequest, age time.Duration, prefix int) bool {
	value := signatureOf(r)
	m := signedAt.FindStringSubmatch(value)
	if m == nil {
		return false
	}
	seconds, err := strconv.ParseInt(m[1], 10, 64)
	at := time.Unix(seconds, 0)
	if err != nil || time.Since(at) > age {
		return false
	}
	for _, secret := range c.WebhookSecrets {
		want, got := psp.Sign(at, r.GetBody(), secret.Reveal()), value
		if prefix > 0 {
			want, got = want[:prefix], got[:min(prefix, len(got))]
		}
		if secret != "" && want == got {
			return true
		}
	}
	return false
}
