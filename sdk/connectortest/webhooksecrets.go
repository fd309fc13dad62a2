package connectortest

import (
	"slices"
	"strings"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// webhookSecretScenarios is about who may sign a webhook, and when. The account's
// secret for webhooks is the field of its schema that is secret and named so.
func webhookSecretScenarios() []Scenario {
	scenario := func(name, summary string, run func(*Case)) Scenario {
		return Scenario{
			ID: "handle-webhook/" + name, Summary: summary, run: run,
			Needs: Needs{Operations: []string{"HandleWebhook"}}, Proves: cells(Faults, "HandleWebhook"),
		}
	}
	return []Scenario{
		scenario("header-case", "The spelling of a webhook's header names does not matter (RFC 9110, section 5.1)", func(c *Case) {
			for _, spelling := range []func(string) string{strings.ToLower, strings.ToUpper} {
				hook := c.webhook()
				for _, h := range hook.GetHeaders() {
					h.Name = spelling(h.GetName())
				}
				c.believes(hook)
			}
		}),
		scenario("other-secret", "A webhook that another secret signed is rejected", func(c *Case) {
			c.rejects(c.webhook(), withAccount(c.signedBy(c.nobodysSecret())))
		}),
		scenario("no-secret", "Without a secret every webhook is rejected, or the account is", func(c *Case) { c.failsClosed() }),
		scenario("empty-secret", "With an empty secret every webhook is rejected, or the account is", func(c *Case) { c.failsClosed("") }),
		scenario("rotated", "While a secret is replaced, webhooks of both are believed", func(c *Case) {
			_, secrets, several := c.webhookSecrets()
			if !several {
				c.Skipf("an account has one webhook secret")
			}
			hook := c.webhook()
			c.believes(hook, withAccount(c.signedBy(append([]string{c.nobodysSecret()}, secrets...)...)))
			c.believes(hook, withAccount(c.signedBy(append(slices.Clone(secrets), c.nobodysSecret())...)))
		}),
		scenario("old", "A webhook that was signed long ago (samples.old_webhook) is rejected", func(c *Case) {
			hook := &paymentsv1.HttpRequest{}
			if len(c.plan.Samples.OldWebhook) == 0 {
				c.Skipf("samples.old_webhook in test.yaml is missing")
			}
			c.sampled(c.plan.Samples.OldWebhook, hook)
			c.rejects(hook)
		}),
	}
}

// nobodysSecret is a webhook secret that nobody signs with.
func (c *Case) nobodysSecret() string {
	if secret := c.plan.PSP.OtherWebhookSecret; secret != "" {
		return secret
	}
	return "whsec_of_nobody"
}

// believes ends the case if a webhook is not believed.
func (c *Case) believes(hook *paymentsv1.HttpRequest, opts ...callOption) {
	resp := &paymentsv1.HandleWebhookResponse{}
	c.ok("HandleWebhook", c.invoke("HandleWebhook", &paymentsv1.HandleWebhookRequest{Request: proto.CloneOf(hook)}, resp, opts...))
	if resp.GetVerification() == paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED {
		c.Fatalf("verification: expected VERIFIED, got REJECTED: %s", resp.GetRejectionReason())
	}
}

// failsClosed ends the case if a webhook is believed by an account with the given
// secrets. The account may be refused altogether.
func (c *Case) failsClosed(secrets ...string) {
	hook, account := c.webhook(), withAccount(c.signedBy(secrets...))
	err := c.invoke("HandleWebhook", &paymentsv1.HandleWebhookRequest{Request: hook}, &paymentsv1.HandleWebhookResponse{}, account)
	if f := wire.ParseFailure(status.Convert(err)); f.Reason == wire.ReasonConfigInvalid {
		return
	}
	c.rejects(hook, account)
}

// webhookSecrets finds the account's secrets for webhooks, and whether the field
// takes several.
func (c *Case) webhookSecrets() (field string, secrets []string, several bool) {
	for name, property := range c.configFields() {
		if !strings.Contains(name, "webhook") || !marksSecret(property) {
			continue
		}
		switch value := c.plan.Account[name].(type) {
		case string:
			return name, []string{value}, false
		case []any:
			for _, each := range value {
				text, _ := each.(string)
				secrets = append(secrets, text)
			}
			return name, secrets, true
		}
	}
	c.Skipf("the account in test.yaml has no webhook secret")
	return "", nil, false
}

// signedBy is the account with other webhook secrets.
func (c *Case) signedBy(secrets ...string) []byte {
	field, _, several := c.webhookSecrets()
	var value any = secrets
	if several && secrets == nil {
		value = []string{}
	} else if !several {
		value = strings.Join(secrets, "")
	}
	config, err := c.plan.accountAt(c.psp.url, map[string]any{field: value})
	if err != nil {
		c.Fatalf("%v", err)
	}
	return config
}
