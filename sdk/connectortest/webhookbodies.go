package connectortest

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// webhookBodyScenarios is about PSPs that sign within the body (psp.signed_body): there
// a change of the body counts if it is one of what is signed.
func webhookBodyScenarios() []Scenario {
	scenario := func(name, summary string, run func(*Case)) Scenario {
		return Scenario{
			ID: "handle-webhook/" + name, Summary: summary, run: run,
			Needs: Needs{Operations: []string{"HandleWebhook"}, Applies: func(p *Plan) bool {
				return p == nil || p.PSP.SignedBody.Signature != ""
			}},
			Proves: cells(Faults, "HandleWebhook"),
		}
	}
	return []Scenario{
		scenario("signed-fields", "Where fields are signed, a webhook with another value of any of them is rejected", func(c *Case) {
			if len(c.plan.PSP.SignedBody.Fields) == 0 {
				c.Skipf("psp.signed_body.fields in test.yaml is missing")
			}
			for _, field := range c.plan.PSP.SignedBody.Fields {
				c.rejects(c.changed(c.webhook(), field, other))
			}
		}),
		scenario("signature-field", "Where the signature is in the body, a webhook with another is rejected", func(c *Case) {
			c.rejects(c.changed(c.webhook(), c.plan.PSP.SignedBody.Signature, func(signature any) any {
				text, _ := signature.(string)
				if strings.HasPrefix(text, "A") {
					return "B" + text[1:]
				}
				return "A" + text[min(1, len(text)):]
			}))
		}),
		scenario("no-signature-field", "Where the signature is in the body, a webhook without it is rejected", func(c *Case) {
			c.rejects(c.changed(c.webhook(), c.plan.PSP.SignedBody.Signature, func(any) any { return nil }))
		}),
	}
}

// other is another value of the same type.
func other(value any) any {
	switch value := value.(type) {
	case json.Number:
		if strings.HasPrefix(value.String(), "-") {
			return value + "0"
		}
		return "1" + value
	case bool:
		return !value
	case string:
		return value + "x"
	}
	return "x"
}

// changed gives a webhook with another value at a path in its body. A nil takes the
// field away.
func (c *Case) changed(hook *paymentsv1.HttpRequest, path string, change func(any) any) *paymentsv1.HttpRequest {
	body, found := replaced(c.decoded(hook), strings.Split(path, "."), change)
	if !found {
		c.Fatalf("the webhook has no field %s (psp.signed_body in test.yaml)", path)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		c.Fatalf("%v", err)
	}
	hook.Body = raw
	return hook
}

func (c *Case) decoded(hook *paymentsv1.HttpRequest) (body any) {
	decoder := json.NewDecoder(bytes.NewReader(hook.GetBody()))
	decoder.UseNumber()
	if err := decoder.Decode(&body); err != nil {
		return nil
	}
	return body
}

// replaced gives a copy of a document with another value at a path.
func replaced(document any, path []string, change func(any) any) (any, bool) {
	if len(path) == 0 {
		return change(document), true
	}
	switch inner := document.(type) {
	case map[string]any:
		value, ok := inner[path[0]]
		if !ok {
			return nil, false
		}
		next, found := replaced(value, path[1:], change)
		clone := maps.Clone(inner)
		if clone[path[0]] = next; next == nil {
			delete(clone, path[0])
		}
		return clone, found
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= len(inner) {
			return nil, false
		}
		next, found := replaced(inner[i], path[1:], change)
		clone := slices.Clone(inner)
		clone[i] = next
		return clone, found
	}
	return nil, false
}

// unsigned says whether a webhook has no signature at all.
func (c *Case) unsigned(hook *paymentsv1.HttpRequest) bool {
	where := c.plan.PSP.SignedBody.Signature
	if where == "" {
		return len(hook.GetHeaders()) == 0
	}
	_, found := replaced(c.decoded(hook), strings.Split(where, "."), func(any) any { return nil })
	return !found
}

// webhookEventScenarios is about what webhooks say.
func webhookEventScenarios() []Scenario {
	scenario := func(name, kind, summary string, run func(*Case)) Scenario {
		return Scenario{
			ID: "handle-webhook/" + name, Summary: summary, run: run,
			Needs: Needs{Operations: []string{"HandleWebhook"}, Applies: func(p *Plan) bool {
				return p == nil || kind == "" || slices.Contains(p.PSP.WebhookKinds, kind)
			}},
			Proves: cells(Happy, "HandleWebhook"),
		}
	}
	return []Scenario{
		scenario("again", "", "A webhook that comes again says the same, under the same ids", func(c *Case) {
			hook := c.webhook()
			first, second := c.handled(hook), c.handled(hook)
			c.same("HandleWebhook again", first, second)
			for i, event := range first.GetEvents() {
				if event.GetId() == "" {
					c.Fatalf("events[%d].id: expected the PSP's, or one that is made from the content, got none", i)
				}
			}
		}),
		scenario("unknown-type", "unknown", "A webhook of a type that the connector does not know is acknowledged, and has no subject", func(c *Case) {
			for i, event := range c.handled(c.shown("unknown")).GetEvents() {
				if event.GetSubject() != nil || event.GetType() == "" {
					c.Fatalf("events[%d]: expected its type and no subject, got %v", i, event)
				}
			}
		}),
		scenario("several", "several", "A webhook of several events tells each, under an id of its own", func(c *Case) {
			events := c.handled(c.shown("several")).GetEvents()
			ids := map[string]bool{}
			for _, event := range events {
				ids[event.GetId()] = true
			}
			if len(events) < 2 || len(ids) != len(events) {
				c.Fatalf("events: expected several with an id each, got %d with %d ids", len(events), len(ids))
			}
		}),
	}
}

// handled ends the case if a webhook is not believed and acknowledged.
func (c *Case) handled(hook *paymentsv1.HttpRequest) *paymentsv1.HandleWebhookResponse {
	resp := &paymentsv1.HandleWebhookResponse{}
	c.ok("HandleWebhook", c.invoke("HandleWebhook", &paymentsv1.HandleWebhookRequest{Request: hook}, resp))
	switch resp.GetVerification() {
	case paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED, paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_FETCH_BACK_REQUIRED:
	default:
		c.Fatalf("verification: expected VERIFIED or FETCH_BACK_REQUIRED, got %s (%s)", resp.GetVerification(), resp.GetRejectionReason())
	}
	if code := resp.GetAcknowledgement().GetStatusCode(); code < 200 || code > 299 {
		c.Fatalf("acknowledgement.status_code: expected one of success, got %d", code)
	}
	return resp
}
