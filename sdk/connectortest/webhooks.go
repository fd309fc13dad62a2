package connectortest

import (
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func webhookRows() []row {
	return []row{
		{operation: "ParseWebhook", begin: beginParseWebhook, local: true},
		{operation: "HandleWebhook", begin: beginHandleWebhook, local: true},
	}
}

// webhook is a request as the PSP sends it: one that its stand-in sends of a
// payment where it does (psp.webhooks, psp.webhook_endpoints), or else the plan's
// sample.
func (c *Case) webhook() *paymentsv1.HttpRequest {
	if c.plan.PSP.sendsWebhooks() {
		hook, _ := c.sentWebhook()
		return hook
	}
	req := asked(c, "HandleWebhook", &paymentsv1.HandleWebhookRequest{})
	if req.GetRequest() == nil {
		c.Skipf("neither psp.webhooks, psp.webhook_endpoints nor samples.requests.HandleWebhook in test.yaml gives a webhook")
	}
	return req.GetRequest()
}

// sentWebhook makes a payment and waits for the webhook that the PSP sends of it.
func (c *Case) sentWebhook() (*paymentsv1.HttpRequest, *paymentsv1.Payment) {
	arrivals := c.listens()
	req := c.authorizeRequest(automatic)
	if !c.plan.PSP.WebhookEndpoints {
		req.WebhookUrl = arrivals.address
	}
	p, err := c.authorize(req)
	c.ok("Authorize", err)
	return arrivals.next(p.GetId()), p
}

func beginParseWebhook(c *Case) job {
	return job{
		req: &paymentsv1.ParseWebhookRequest{Request: c.webhook()},
		done: func(resp proto.Message) {
			events := resp.(*paymentsv1.ParseWebhookResponse).GetEvents()
			if len(events) == 0 || events[0].GetType() == "" {
				c.Fatalf("events: expected one with a type, got %v", events)
			}
			for _, event := range events {
				if event.GetSubject() != nil {
					c.Fatalf("events: expected no content of a request that nobody has verified, got %v", event)
				}
			}
		},
	}
}

func beginHandleWebhook(c *Case) job {
	var hook *paymentsv1.HttpRequest
	var about *paymentsv1.Payment // what the webhook is about, where that is known
	if c.plan.PSP.sendsWebhooks() {
		hook, about = c.sentWebhook()
	} else {
		hook = c.webhook()
	}
	return job{
		req: &paymentsv1.HandleWebhookRequest{Request: hook},
		done: func(resp proto.Message) {
			r := resp.(*paymentsv1.HandleWebhookResponse)
			if r.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED &&
				r.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_FETCH_BACK_REQUIRED {
				c.Fatalf("verification: expected VERIFIED or FETCH_BACK_REQUIRED, got %s (%s)", r.GetVerification(), r.GetRejectionReason())
			}
			if len(r.GetEvents()) == 0 {
				c.Fatalf("events: expected at least one, got none")
			}
			if code := r.GetAcknowledgement().GetStatusCode(); code < 200 || code > 299 {
				c.Fatalf("acknowledgement.status_code: expected one of success, got %d", code)
			}
			if about != nil {
				c.isNews(about, r.GetEvents()[0])
			}
		},
	}
}

// isNews ends the case if an event does not say of a payment what Authorize said. A PSP
// that captures later may not say in it whether it will.
func (c *Case) isNews(of *paymentsv1.Payment, event *paymentsv1.WebhookEvent) {
	equal(c, "events[0].object_id", of.GetId(), event.GetObjectId())
	got := event.GetPayment()
	equal(c, "events[0].payment.id", of.GetId(), got.GetId())
	equal(c, "events[0].payment.reference", of.GetReference(), got.GetReference())
	if got.GetStatus() != authorized || !c.later("Capture") {
		equal(c, "events[0].payment.status", of.GetStatus(), got.GetStatus())
	}
	c.money("events[0].payment.amount", of.GetAmount(), got.GetAmount())
	if got.GetCapturedAmount() != nil { // not all PSPs tell
		c.money("events[0].payment.captured_amount", of.GetCapturedAmount(), got.GetCapturedAmount())
	}
}

func webhookScenarios() []Scenario {
	forged := func(name, summary string, forge func(*paymentsv1.HttpRequest)) Scenario {
		return Scenario{
			ID: "handle-webhook/" + name, Summary: summary, Needs: Needs{Operations: []string{"HandleWebhook"}}, Proves: cells(Faults, "HandleWebhook"),
			run: func(c *Case) { rejected(c, forge) },
		}
	}
	inHeader := func(s Scenario) Scenario { // of no meaning where the signature is in the body
		s.Needs.Applies = func(p *Plan) bool { return p == nil || p.PSP.SignedBody.Signature == "" }
		return s
	}
	return slices.Concat(webhookSecretScenarios(), webhookBodyScenarios(), webhookEventScenarios(), []Scenario{
		{
			ID: "parse-webhook/garbage", Summary: "What is no webhook of the PSP's is INVALID_ARGUMENT",
			Needs: Needs{Operations: []string{"ParseWebhook"}}, Proves: cells(Faults, "ParseWebhook"), run: parseGarbage,
		},
		inHeader(forged("other-body", "A webhook whose body was changed is rejected", func(r *paymentsv1.HttpRequest) {
			r.Body = append(r.GetBody(), ' ')
		})),
		forged("no-body", "A webhook whose body was taken away is rejected", func(r *paymentsv1.HttpRequest) { r.Body = nil }),
		inHeader(forged("no-headers", "A webhook without headers is rejected", func(r *paymentsv1.HttpRequest) { r.Headers = nil })),
		inHeader(forged("other-signature", "A webhook with another signature is rejected", func(r *paymentsv1.HttpRequest) {
			for _, h := range r.GetHeaders() {
				if value := []byte(h.GetValue()); len(value) > 0 {
					last := value[len(value)-1]
					value[len(value)-1] = "10"[last&1]
					h.Value = string(value)
				}
			}
		})),
		forged("not-json", "A webhook that is no message of the PSP's is rejected", func(r *paymentsv1.HttpRequest) {
			r.Body, r.Headers = []byte("\x00\xff"), nil
		}),
	})
}

// rejected ends the case if a forged webhook is believed.
func rejected(c *Case, forge func(*paymentsv1.HttpRequest)) {
	hook := c.webhook()
	forge(hook)
	c.rejects(hook)
}

// rejects ends the case if a webhook is believed. Of one without a signature the
// contract has a word of its own, UNSIGNED.
func (c *Case) rejects(hook *paymentsv1.HttpRequest, opts ...callOption) {
	resp := &paymentsv1.HandleWebhookResponse{}
	c.ok("HandleWebhook", c.invoke("HandleWebhook", &paymentsv1.HandleWebhookRequest{Request: hook}, resp, opts...))
	if resp.GetVerification() == paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_FETCH_BACK_REQUIRED {
		c.Skipf("the PSP does not sign its webhooks")
	}
	if !c.unsigned(hook) || resp.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_UNSIGNED {
		equal(c, "verification", paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED, resp.GetVerification())
	}
	equal(c, "events of a webhook that is rejected", 0, len(resp.GetEvents()))
	if resp.GetRejectionReason() == "" {
		c.Fatalf("rejection_reason: expected one, got none")
	}
	if code := resp.GetAcknowledgement().GetStatusCode(); code >= 200 && code <= 299 {
		c.Fatalf("acknowledgement.status_code: expected none of success, got %d", code)
	}
}

func parseGarbage(c *Case) {
	for _, body := range []string{"", "null", "[]", "{}", "\x00\xff", `"x"`, "<xml/>"} {
		hook := &paymentsv1.HttpRequest{Method: "POST", Url: "https://shop.example/webhooks", Body: []byte(body)}
		err := c.invoke("ParseWebhook", &paymentsv1.ParseWebhookRequest{Request: hook}, &paymentsv1.ParseWebhookResponse{})
		c.refused("ParseWebhook of "+body, err, codes.InvalidArgument)
	}
}
