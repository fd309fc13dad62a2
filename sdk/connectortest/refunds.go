package connectortest

import (
	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func refundScenarios() []Scenario {
	scenario := func(id, summary string, aspect Aspect, run func(*Case), also ...string) Scenario {
		return Scenario{
			ID: "create-refund/" + id, Summary: summary, run: run,
			Needs:  Needs{Operations: append([]string{"Authorize", "CreateRefund"}, also...)},
			Proves: cells(aspect, "CreateRefund"),
		}
	}
	return []Scenario{
		scenario("full", "Without an amount all is refunded", Happy, refundFull),
		scenario("whole-amount", "The whole amount can be refunded by name", Amounts, refundWhole),
		scenario("smallest", "One minor unit can be refunded", Amounts, refundSmallest),
		scenario("several", "Three refunds add up to all of it", Amounts, refundSeveral),
		scenario("rest", "Without an amount the rest is refunded", Amounts, refundRest),
		scenario("after-capture", "What was captured later can be refunded, and no more", Amounts, refundAfterCapture, "Capture"),
		scenario("too-much", "More than was captured is refused, and nothing is refunded", State, refundTooMuch),
		scenario("too-much-later", "More than is left is refused, and what was refunded stays", State, refundTooMuchLater),
		scenario("twice", "A refunded payment is not refunded again", State, refundTwice),
		scenario("uncaptured", "A payment of which nothing is captured is not refunded", State, refundUncaptured),
		scenario("unknown-payment", "A payment that does not exist is INVALID_ARGUMENT", Validation, refundUnknown),
		scenario("foreign-currency", "Another currency than the payment's is refused, and nothing is refunded", Validation, refundOtherCurrency),
		scenario("read-back-each", "Each of two refunds of a payment is read back as itself", Happy, refundsReadBack, "GetRefund"),
	}
}

// refunds gives back an amount and holds the answer to it; nil gives all back.
func (c *Case) refunds(p *paymentsv1.Payment, amount *paymentsv1.Money, given, total int64) *paymentsv1.Refund {
	req := c.refundRequest(p.GetId(), c.all("CreateRefund", amount, given))
	r, err := c.createRefund(req)
	c.ok("CreateRefund", err)
	c.isRefund(req, r)
	if r.GetAmount() != nil || !c.later("CreateRefund") {
		c.money("refund.amount", c.amount(given), r.GetAmount())
	}
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual, refunded: total})
	if c.has("GetPayment") {
		got := c.readsUntil(p.GetId(), func(got *paymentsv1.Payment) bool { return got.GetRefundedAmount().GetMinorUnits() == total })
		c.amounts(got, 0, usual, total)
		equal(c, "status of the refunded payment", captured, got.GetStatus())
	}
	return r
}

// refundTooLarge ends the case if a refund of more than is left is not refused, or
// changes what the books say.
func (c *Case) refundTooLarge(p *paymentsv1.Payment, amount *paymentsv1.Money, after entry) {
	_, err := c.createRefund(c.refundRequest(p.GetId(), amount))
	c.tooMuch("CreateRefund", "CreateRefund of more than there is", err)
	c.booked(p.GetReference(), c.plan.Currency, after)
}

// refundRefused ends the case if a refund is not refused for the state, or changes
// what the books say.
func (c *Case) refundRefused(p *paymentsv1.Payment, amount *paymentsv1.Money, after entry) {
	_, err := c.createRefund(c.refundRequest(p.GetId(), c.all("CreateRefund", amount, usual)))
	c.forbids("CreateRefund", "CreateRefund", err)
	c.booked(p.GetReference(), c.plan.Currency, after)
}

func refundFull(c *Case) {
	c.withoutAmount("CreateRefund")
	c.refunds(c.paid(automatic), nil, usual, usual)
}

func refundWhole(c *Case) { c.refunds(c.paid(automatic), c.amount(usual), usual, usual) }

func refundSmallest(c *Case) { c.refunds(c.paid(automatic), c.amount(1), 1, 1) }

func refundSeveral(c *Case) {
	p := c.paid(automatic)
	first := c.refunds(p, c.amount(50), 50, 50)
	second := c.refunds(p, c.amount(300), 300, 350)
	c.refunds(p, c.amount(700), 700, usual)
	if first.GetId() == second.GetId() {
		c.Fatalf("two refunds: expected two ids, got %s twice", first.GetId())
	}
	c.refundRefused(p, c.amount(1), entry{amount: usual, captured: usual, refunded: usual})
}

func refundRest(c *Case) {
	p := c.paid(automatic)
	c.refunds(p, c.amount(50), 50, 50)
	c.refunds(p, nil, 1000, usual)
}

func refundAfterCapture(c *Case) {
	p := c.paid(manual)
	c.captures(p, c.amount(600), false, 600, captured, 600)
	c.refundTooLarge(p, c.amount(601), entry{amount: usual, captured: 600})
	req := c.refundRequest(p.GetId(), c.amount(600))
	r, err := c.createRefund(req)
	c.ok("CreateRefund", err)
	c.isRefund(req, r)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: 600, refunded: 600})
}

func refundTooMuch(c *Case) {
	p := c.paid(automatic)
	c.refundTooLarge(p, c.amount(usual+1), entry{amount: usual, captured: usual})
	c.refunds(p, nil, usual, usual)
}

func refundTooMuchLater(c *Case) {
	p := c.paid(automatic)
	c.refunds(p, c.amount(1000), 1000, 1000)
	c.refundTooLarge(p, c.amount(51), entry{amount: usual, captured: usual, refunded: 1000})
}

func refundTwice(c *Case) {
	p := c.paid(automatic)
	c.refunds(p, nil, usual, usual)
	c.refundRefused(p, nil, entry{amount: usual, captured: usual, refunded: usual})
}

func refundUncaptured(c *Case) {
	p := c.paid(manual)
	c.refundRefused(p, nil, entry{amount: usual})
	c.refundRefused(p, c.amount(usual), entry{amount: usual})
}

func refundUnknown(c *Case) {
	_, err := c.createRefund(c.refundRequest(c.missing(), c.amount(1)))
	c.refused("CreateRefund of a payment that does not exist", err, codes.InvalidArgument)
}

func refundOtherCurrency(c *Case) {
	p := c.paid(automatic)
	_, err := c.createRefund(c.refundRequest(p.GetId(), &paymentsv1.Money{CurrencyCode: c.otherISO(), MinorUnits: 1}))
	c.refusedOrLater("CreateRefund", "CreateRefund in "+c.otherISO(), err)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual})
}

func refundsReadBack(c *Case) {
	p := c.paid(automatic)
	first := c.refunds(p, c.amount(100), 100, 100)
	second := c.refunds(p, c.amount(200), 200, 300)
	for _, want := range []*paymentsv1.Refund{first, second} {
		got, err := c.getRefund(want.GetId(), p.GetId())
		c.ok("GetRefund", err)
		c.same("GetRefund after CreateRefund", want, got)
	}
}

func readScenarios() []Scenario {
	return []Scenario{
		{
			ID: "get-payment/unknown-payment", Summary: "A payment that does not exist is INVALID_ARGUMENT",
			Needs: Needs{Operations: []string{"GetPayment"}}, Proves: cells(Validation, "GetPayment"),
			run: func(c *Case) {
				_, err := c.getPayment(c.missing())
				c.refused("GetPayment of a payment that does not exist", err, codes.InvalidArgument)
			},
		},
		{
			ID: "get-payment/odd-id", Summary: "An id with every kind of character is INVALID_ARGUMENT, and leads nowhere else",
			Needs: Needs{Operations: []string{"GetPayment"}}, Proves: cells(Validation, "GetPayment"), run: oddID,
		},
		{
			ID: "get-payment/each-state", Summary: "GetPayment tells each state that a payment goes through",
			Needs: Needs{Operations: []string{"Authorize", "Capture", "Void", "GetPayment", "CreateRefund"}}, Proves: cells(Happy, "GetPayment"), run: eachState,
		},
		{
			ID: "get-refund/unknown-refund", Summary: "A refund that does not exist is INVALID_ARGUMENT",
			Needs: Needs{Operations: []string{"Authorize", "GetRefund"}}, Proves: cells(Validation, "GetRefund"),
			run: func(c *Case) {
				_, err := c.getRefund(c.missing(), c.paid(automatic).GetId())
				c.refused("GetRefund of a refund that does not exist", err, codes.InvalidArgument)
			},
		},
		{
			ID: "find-payment/none", Summary: "A reference that nobody used finds nothing",
			Needs: Needs{Operations: []string{"FindPayment"}}, Proves: cells(Happy, "FindPayment"),
			run: func(c *Case) {
				resp := &paymentsv1.FindPaymentResponse{}
				c.ok("FindPayment", c.invoke("FindPayment", &paymentsv1.FindPaymentRequest{Reference: c.missing()}, resp))
				equal(c, "payments that FindPayment finds", 0, len(resp.GetPayments()))
			},
		},
	}
}

// oddID uses ids that would lead elsewhere if they were put into a path as they
// are.
func oddID(c *Case) {
	p := c.paid(automatic)
	for _, id := range []string{p.GetId() + "/capture", "../" + p.GetId(), p.GetId() + "?expand=all", p.GetId() + "#x", "x y", "%2e%2e", `"`} {
		got, err := c.getPayment(id)
		if err == nil {
			c.Fatalf("GetPayment of %q: expected INVALID_ARGUMENT, got the payment %s", id, got.GetId())
		}
		c.refused("GetPayment of "+id, err, codes.InvalidArgument)
	}
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual})
}

func eachState(c *Case) {
	reads := func(id string, status paymentsv1.PaymentStatus, capturable, taken, given int64) {
		p := c.readsUntil(id, func(p *paymentsv1.Payment) bool {
			return p.GetStatus() == status && p.GetRefundedAmount().GetMinorUnits() == given
		})
		equal(c, "payment.status", status, p.GetStatus())
		c.money("payment.amount", c.amount(usual), p.GetAmount())
		c.amounts(p, capturable, taken, given)
	}
	p := c.paid(manual)
	reads(p.GetId(), authorized, usual, 0, 0)
	_, err := c.capture(&paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.all("Capture", nil, usual)})
	c.ok("Capture", err)
	reads(p.GetId(), captured, 0, usual, 0)
	_, err = c.createRefund(c.refundRequest(p.GetId(), c.amount(50)))
	c.ok("CreateRefund", err)
	reads(p.GetId(), captured, 0, usual, 50)

	other := c.paid(manual)
	_, err = c.void(other.GetId())
	c.ok("Void", err)
	reads(other.GetId(), voided, 0, 0, 0)
}
