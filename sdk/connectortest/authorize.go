package connectortest

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

func authorizeScenarios() []Scenario {
	needs := Needs{Operations: []string{"Authorize"}}
	challenge := Needs{Operations: []string{"Authorize"}, Plan: func(p *Plan) string {
		if len(p.Samples.Challenge) == 0 {
			return "samples.challenge in test.yaml is missing"
		}
		return ""
	}}
	return []Scenario{
		{
			ID: "authorize/manual", Needs: needs, Proves: cells(Happy, "Authorize"), run: authorizeManual,
			Summary: "With manual capture the amount is reserved, and nothing is captured",
		},
		{
			ID: "authorize/default-capture", Needs: needs, Proves: cells(Happy, "Authorize"), run: authorizeDefault,
			Summary: "Without a capture method the payment is captured at once",
		},
		{
			ID: "authorize/same-reference", Needs: needs, Proves: cells(Idempotency, "Authorize"), run: sameReference,
			Summary: "Two payments of one reference and amount with keys of their own are two payments, or the second is refused",
		},
		{
			ID: "authorize/challenge", Needs: challenge, Proves: cells(State, "Authorize"), run: authorizeChallenge,
			Summary: "A payment that the payer must confirm says where, and moves nothing until then",
		},
		{
			ID: "authorize/metadata", Needs: Needs{Operations: []string{"Authorize"}, Driver: true}, Proves: cells(Happy, "Authorize"), run: authorizeLabels,
			Summary: "Labels, description, statement descriptor and mail address do no harm, and the reference reaches the PSP",
		},
		{
			ID: "authorize/reference-characters", Needs: needs, Proves: cells(Happy, "Authorize"), run: oddReference,
			Summary: "A reference with every kind of character comes back as it was",
		},
		{
			ID: "authorize/long-reference", Needs: needs, Proves: cells(Validation, "Authorize"), run: longReference,
			Summary: "A reference of 128 characters comes back whole, or is refused",
		},
		{
			ID: "authorize/large-amount", Needs: needs, Proves: cells(Amounts, "Authorize"), run: largeAmount,
			Summary: "An amount of nine digits arrives digit by digit, or is declined or refused",
		},
	}
}

func authorizeManual(c *Case) {
	req := c.authorizeRequest(manual)
	p, err := c.authorize(req)
	c.ok("Authorize", err)
	equal(c, "payment.status", authorized, p.GetStatus())
	equal(c, "payment.reference", req.GetReference(), p.GetReference())
	c.money("payment.amount", req.GetAmount(), p.GetAmount())
	c.money("payment.authorized_amount", req.GetAmount(), p.GetAuthorizedAmount())
	c.amounts(p, usual, 0, 0)
	c.booked(req.GetReference(), req.GetAmount().GetCurrencyCode(), entry{amount: usual})
	c.agrees(p)
}

func authorizeDefault(c *Case) {
	req := c.authorizeRequest(paymentsv1.CaptureMethod_CAPTURE_METHOD_UNSPECIFIED)
	p, err := c.authorize(req)
	c.ok("Authorize", err)
	equal(c, "payment.status", captured, p.GetStatus())
	c.amounts(p, 0, usual, 0)
	c.booked(req.GetReference(), req.GetAmount().GetCurrencyCode(), entry{amount: usual, captured: usual})
	c.agrees(p)
}

func sameReference(c *Case) {
	req := c.authorizeRequest(manual)
	first, err := c.authorize(req)
	c.ok("Authorize", err)
	second, err := c.authorize(req)
	if err != nil {
		if c.psp.driven {
			equal(c, "charges in the PSP's books", 1, len(c.chargesOf(req.GetReference())))
		}
		return // PSPs may insist on references that are unique
	}
	if first.GetId() == second.GetId() {
		c.Fatalf("Authorize with another key: expected another payment than %s, got the same", first.GetId())
	}
	if c.psp.driven {
		equal(c, "charges in the PSP's books", 2, len(c.chargesOf(req.GetReference())))
	}
}

func authorizeChallenge(c *Case) {
	req := c.authorizeSample(c.plan.Samples.Challenge, automatic)
	if req.GetReturnUrl() == "" {
		req.ReturnUrl = "https://shop.example/return"
	}
	p, err := c.authorize(req)
	c.ok("Authorize", err)
	equal(c, "payment.status", requiresAction, p.GetStatus())
	if p.GetId() == "" || p.GetNextAction().GetAction() == nil {
		c.Fatalf("a payment that requires action: expected id and next_action, got %v", p)
	}
	if redirect := p.GetNextAction().GetRedirect(); redirect != nil {
		if !strings.HasPrefix(redirect.GetUrl(), "http") || redirect.GetMethod() != "GET" && redirect.GetMethod() != "POST" {
			c.Fatalf("next_action.redirect: expected an address and GET or POST, got %v", redirect)
		}
	}
	c.amounts(p, 0, 0, 0)
	c.unbooked(req.GetReference())
	c.agrees(p)
}

func authorizeLabels(c *Case) {
	req := c.authorizeRequest(automatic)
	req.Metadata = map[string]string{"cart": "42", "grüße": "schön & gut = 100%"}
	req.Description, req.StatementDescriptor, req.Email = "Two tickets", "TICKETS", "jo@example.com"
	p, err := c.authorize(req)
	c.ok("Authorize", err)
	equal(c, "payment.status", captured, p.GetStatus())
	if len(writesOf(c.sent(req.GetReference()))) == 0 {
		c.Fatalf("expected a request at the PSP with the reference %s, got none", req.GetReference())
	}
	c.booked(req.GetReference(), req.GetAmount().GetCurrencyCode(), entry{amount: usual, captured: usual})
}

func oddReference(c *Case) {
	req := c.authorizeRequest(automatic)
	req.Reference = c.reference("o") + ` a&b=c "d" <e> %20 +/\ #?{}[]`
	p, err := c.authorize(req)
	c.ok("Authorize", err)
	equal(c, "payment.reference", req.GetReference(), p.GetReference())
	c.booked(req.GetReference(), req.GetAmount().GetCurrencyCode(), entry{amount: usual, captured: usual})
}

func longReference(c *Case) {
	req := c.authorizeRequest(automatic)
	req.Reference += strings.Repeat("x", 128-len(req.GetReference()))
	p, err := c.authorize(req)
	if err != nil {
		c.invalid("Authorize", err, "reference")
		c.unbooked(req.GetReference())
		return
	}
	equal(c, "payment.reference", req.GetReference(), p.GetReference())
	c.booked(req.GetReference(), req.GetAmount().GetCurrencyCode(), entry{amount: usual, captured: usual})
}

func largeAmount(c *Case) {
	req := c.authorizeRequest(manual)
	req.Amount = c.amount(123_456_789)
	p, err := c.authorize(req)
	if err != nil {
		c.invalid("Authorize", err, "")
		c.unbooked(req.GetReference())
		return
	}
	c.money("payment.amount", req.GetAmount(), p.GetAmount())
	if p.GetStatus() == declined {
		return
	}
	equal(c, "payment.status", authorized, p.GetStatus())
	c.booked(req.GetReference(), req.GetAmount().GetCurrencyCode(), entry{amount: 123_456_789})
}

// methodScenarios tries each payment method type of the plan.
func methodScenarios(plan *Plan) []Scenario {
	if plan == nil {
		return []Scenario{{ID: "methods/<type>", Summary: "Each payment method type with a sample (samples.methods) is accepted, and shown without its secrets"}}
	}
	var all []Scenario
	for _, kind := range slices.Sorted(maps.Keys(plan.Samples.Methods)) {
		all = append(all, Scenario{
			ID:      "methods/" + kind,
			Summary: "A payment with " + kind + " is approved",
			Needs:   Needs{Operations: []string{"Authorize"}},
			Proves:  cells(Happy, "Authorize"),
			run: func(c *Case) {
				if !slices.Contains(c.description.GetPaymentMethodTypes(), kind) {
					c.Fatalf("payment_method_types of the description: expected %q among them, got %q", kind, c.description.GetPaymentMethodTypes())
				}
				c.paysBy(c.authorizeSample(c.plan.Samples.Methods[kind], automatic))
			},
		})
	}
	return all
}

// declineScenarios tries each decline of the plan.
func declineScenarios(plan *Plan) []Scenario {
	if plan == nil {
		return []Scenario{{ID: "declines/<code>", Summary: "Each decline with a sample (samples.declines) is an answer with the unified code, what follows from it, and no money moved"}}
	}
	var all []Scenario
	for _, code := range slices.Sorted(maps.Keys(plan.Samples.Declines)) {
		all = append(all, Scenario{
			ID:      "declines/" + code,
			Summary: "A payment that is declined says " + code + " and moves nothing",
			Needs:   Needs{Operations: []string{"Authorize"}},
			Proves:  cells(Declines, "Authorize"),
			run:     func(c *Case) { declines(c, code) },
		})
	}
	return all
}

func declines(c *Case, code string) {
	req := c.authorizeSample(c.plan.Samples.Declines[code], automatic)
	key := c.newKey()
	p, err := c.authorize(req, withKey(key))
	c.ok("Authorize", err)
	equal(c, "payment.status", declined, p.GetStatus())
	got, want := p.GetDecline(), sdk.NewDecline(code)
	equal(c, "decline.code", code, got.GetCode())
	equal(c, "what the suite knows of the unified code", code, want.GetCode())
	equal(c, "decline.hardness", want.GetHardness(), got.GetHardness())
	equal(c, "decline.retry", want.GetRetry(), got.GetRetry())
	equal(c, "decline.actor", want.GetActor(), got.GetActor())
	if want := c.plan.Samples.NetworkCodes[code]; want != "" {
		equal(c, "decline.network_code", want, got.GetNetworkCode())
	}
	if got.GetConnectorCode() == "" || got.GetMessage() == "" {
		c.Fatalf("decline: expected a message and the PSP's own code, got %v", got)
	}
	if p.GetId() != "" {
		c.money("payment.amount", req.GetAmount(), p.GetAmount())
		equal(c, "payment.reference", req.GetReference(), p.GetReference())
		c.amounts(p, 0, 0, 0)
		c.agrees(p)
	}
	c.unbooked(req.GetReference())
	if c.byKey("Authorize") {
		again, err := c.authorize(proto.CloneOf(req), withKey(key))
		c.ok("Authorize again", err)
		equal(c, "payment.status of the same call again", declined, again.GetStatus())
		equal(c, "decline.code of the same call again", code, again.GetDecline().GetCode())
	}
}
