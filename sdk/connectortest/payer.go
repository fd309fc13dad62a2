package connectortest

import (
	"net/http"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

const pending = paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING

// paysBy authorizes a payment by a method and sees it through to its capture. Where the
// payer must do something first nothing may have moved before: the payer's browser goes
// to the page of a redirect and comes back to Complete, and whatever else the payer does,
// in a bank's app or at a till, the stand-in is told (psp.payer).
func (c *Case) paysBy(req *paymentsv1.AuthorizeRequest) {
	var arrivals *arrivals
	if c.plan.PSP.WebhookEndpoints && c.has("HandleWebhook") {
		arrivals = c.listens()
	}
	p, err := c.authorize(req)
	c.ok("Authorize", err)
	c.money("payment.amount", req.GetAmount(), p.GetAmount())
	if p.GetStatus() == requiresAction || p.GetStatus() == pending {
		c.amounts(p, 0, 0, 0)
		c.unbooked(req.GetReference())
		p = c.payerActs(p, arrivals)
	}
	equal(c, "payment.status", captured, p.GetStatus())
	c.booked(req.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual})
}

// payerActs does what the payer has to do and gives the payment after it.
func (c *Case) payerActs(p *paymentsv1.Payment, told *arrivals) *paymentsv1.Payment {
	if p.GetStatus() == requiresAction && p.GetNextAction().GetAction() == nil {
		c.Fatalf("a payment that requires action: expected next_action, got none")
	}
	if p.GetNextAction().GetRedirect() != nil && c.has("Complete") {
		got, err := c.complete(p, c.visits(p, c.plan.Samples.ChallengeApproved))
		c.ok("Complete", err)
		if got.GetStatus() != pending {
			return got
		}
		p = got
	}
	if !c.plan.PSP.Payer {
		c.Skipf("the payment is %s, and the stand-in does not do what the payer does (psp.payer in test.yaml)", p.GetStatus())
	}
	decision := map[string]any{"id": p.GetId(), "approves": true}
	if err := c.psp.control(c.ctx, http.MethodPost, "/payer", decision, nil); err != nil {
		c.Fatalf("the PSP's stand-in: %v", err)
	}
	switch {
	case c.has("GetPayment"):
		got := p
		c.waits(func() bool {
			var err error
			got, err = c.getPayment(p.GetId())
			c.ok("GetPayment", err)
			return got.GetStatus() == captured
		})
		return got
	case told != nil:
		told.event(p.GetId(), "says that the payment is captured", func(e *paymentsv1.WebhookEvent) bool {
			status := e.GetPayment().GetStatus()
			return status == captured || status == authorized && c.later("Capture") // which may be all that the PSP says
		})
		p.Status = captured
		return p
	}
	c.Skipf("nothing tells what became of the payment: the connector has no GetPayment, and the stand-in takes no webhook endpoints")
	return nil
}
