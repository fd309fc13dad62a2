package connectortest

import (
	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func voidScenarios() []Scenario {
	scenario := func(id, summary string, aspect Aspect, run func(*Case), also ...string) Scenario {
		return Scenario{
			ID: "void/" + id, Summary: summary, run: run,
			Needs:  Needs{Operations: append([]string{"Authorize", "Void"}, also...)},
			Proves: cells(aspect, "Void"),
		}
	}
	return []Scenario{
		scenario("captured", "A captured payment is not voided", State, voidCaptured),
		scenario("partially-captured", "A payment of which some is captured is not voided", State, voidPartlyCaptured, "Capture"),
		scenario("twice", "A voided payment is not voided again", State, voidTwice),
		scenario("unknown-payment", "A payment that does not exist is INVALID_ARGUMENT", Validation, voidUnknown),
		scenario("refunded-after", "A voided payment is not refunded", State, voidThenRefund, "CreateRefund"),
		{
			ID: "reverse/captured", Summary: "A captured payment is reversed by a refund of all of it", run: reverseCaptured,
			Needs: Needs{Operations: []string{"Authorize", "Reverse"}}, Proves: cells(Happy, "Reverse"),
		},
		{
			ID: "reverse/twice", Summary: "A reversed payment is not reversed again", run: reverseTwice,
			Needs: Needs{Operations: []string{"Authorize", "Reverse"}}, Proves: cells(State, "Reverse"),
		},
	}
}

func voidCaptured(c *Case) {
	p := c.paid(automatic)
	_, err := c.void(p.GetId())
	c.forbids("Void", "Void of a captured payment", err)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual})
}

func voidPartlyCaptured(c *Case) {
	p := c.paidInParts()
	c.captures(p, c.amount(400), true, 400, partiallyCaptured, 400)
	_, err := c.void(p.GetId())
	c.forbids("Void", "Void of a partially captured payment", err)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: 400})
}

func voidTwice(c *Case) {
	p := c.paid(manual)
	first, err := c.void(p.GetId())
	c.ok("Void", err)
	if c.later("Void") {
		c.accepted(p, first)
	} else {
		equal(c, "payment.status", voided, first.GetStatus())
	}
	_, err = c.void(p.GetId())
	c.forbids("Void", "Void of a voided payment", err)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, voided: true})
}

func voidUnknown(c *Case) {
	_, err := c.void(c.missing())
	c.refused("Void of a payment that does not exist", err, codes.InvalidArgument)
}

func voidThenRefund(c *Case) {
	p := c.paid(manual)
	_, err := c.void(p.GetId())
	c.ok("Void", err)
	_, err = c.createRefund(c.refundRequest(p.GetId(), c.amount(1)))
	c.forbids("CreateRefund", "CreateRefund of a voided payment", err)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, voided: true})
}

func (c *Case) reverse(id string) (*paymentsv1.ReverseResponse, error) {
	resp := &paymentsv1.ReverseResponse{}
	err := c.invoke("Reverse", asked(c, "Reverse", &paymentsv1.ReverseRequest{PaymentId: id, Reference: c.reference("reverse")}), resp)
	return resp, err
}

func reverseCaptured(c *Case) {
	p := c.paid(automatic)
	r, err := c.reverse(p.GetId())
	c.ok("Reverse", err)
	if c.later("Reverse") {
		c.accepted(p, r.GetPayment())
		c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual, refunded: usual})
		return
	}
	equal(c, "payment.id", p.GetId(), r.GetPayment().GetId())
	c.money("refund.amount", c.amount(usual), r.GetRefund().GetAmount())
	equal(c, "refund.payment_id", p.GetId(), r.GetRefund().GetPaymentId())
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual, refunded: usual})
}

func reverseTwice(c *Case) {
	p := c.paid(automatic)
	_, err := c.reverse(p.GetId())
	c.ok("Reverse", err)
	_, err = c.reverse(p.GetId())
	c.forbids("Reverse", "Reverse of a reversed payment", err)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual, refunded: usual})
}
