package connectortest

import (
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func captureScenarios() []Scenario {
	scenario := func(id, summary string, aspect Aspect, run func(*Case), also ...string) Scenario {
		return Scenario{
			ID: "capture/" + id, Summary: summary, run: run,
			Needs:  Needs{Operations: append([]string{"Authorize", "Capture"}, also...)},
			Proves: cells(aspect, "Capture"),
		}
	}
	return []Scenario{
		scenario("full", "Without an amount all is captured", Happy, captureFull),
		scenario("whole-amount", "The whole amount can be captured by name", Amounts, captureWhole),
		scenario("smallest", "One minor unit can be captured", Amounts, captureSmallest),
		scenario("rest-is-released", "What a final capture leaves is released and can't be captured later", Amounts, captureRest),
		scenario("more-to-come", "With more_to_come the rest stays authorized and can be captured", Amounts, captureMore),
		scenario("several", "Three captures add up, and the last one ends it", Amounts, captureSeveral),
		scenario("too-much", "More than is authorized is refused, and nothing is captured", State, captureTooMuch),
		scenario("too-much-later", "More than is left is refused, and what was captured stays", State, captureTooMuchLater),
		scenario("twice", "A captured payment is not captured again", State, captureTwice),
		scenario("automatic", "A payment that was captured at once is not captured again", State, captureAutomatic),
		scenario("voided", "A voided payment is not captured", State, captureVoided, "Void"),
		scenario("unknown-payment", "A payment that does not exist is INVALID_ARGUMENT", Validation, captureUnknown),
		scenario("foreign-currency", "Another currency than the payment's is refused, and nothing is captured", Validation, captureOtherCurrency),
	}
}

// captures takes an amount and holds the answer to it; nil takes all.
func (c *Case) captures(p *paymentsv1.Payment, amount *paymentsv1.Money, more bool, taken int64, want paymentsv1.PaymentStatus, total int64) {
	r, err := c.capture(asked(c, "Capture", &paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.all("Capture", amount, taken), MoreToCome: more}))
	c.ok("Capture", err)
	if c.later("Capture") {
		c.accepted(p, r.GetPayment())
		c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: total})
		return
	}
	equal(c, "payment.id", p.GetId(), r.GetPayment().GetId())
	equal(c, "payment.reference", p.GetReference(), r.GetPayment().GetReference())
	equal(c, "payment.status", want, r.GetPayment().GetStatus())
	c.money("amount", c.amount(taken), r.GetAmount())
	c.money("payment.amount", c.amount(usual), r.GetPayment().GetAmount())
	c.money("payment.captured_amount", c.amount(total), r.GetPayment().GetCapturedAmount())
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: total})
	c.agrees(r.GetPayment())
}

// captureRefused ends the case if a capture is not refused for the state, or
// changes what the books say.
func (c *Case) captureRefused(p *paymentsv1.Payment, amount *paymentsv1.Money, after entry) {
	_, err := c.capture(asked(c, "Capture", &paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.all("Capture", amount, usual)}))
	c.forbids("Capture", "Capture", err)
	c.booked(p.GetReference(), c.plan.Currency, after)
}

// forbidden ends the case if an error does not say that the state forbids it.
func (c *Case) forbidden(what string, err error) {
	f := c.failed(what, err, codes.FailedPrecondition)
	if f.Sent != wire.SentNever || len(f.Violations) == 0 {
		c.Fatalf("%s: expected sent NEVER and a PreconditionFailure, got %s", what, failureText(err))
	}
}

// all is the amount of a request without one: none, but for a PSP that wants it anyway.
func (c *Case) all(operation string, amount *paymentsv1.Money, units int64) *paymentsv1.Money {
	if amount == nil && slices.Contains(c.plan.PSP.AmountsRequired, operation) {
		return c.amount(units)
	}
	return amount
}

// withoutAmount skips the case where the PSP wants the amount.
func (c *Case) withoutAmount(operation string) {
	if slices.Contains(c.plan.PSP.AmountsRequired, operation) {
		c.Skipf("the PSP wants the amount (psp.amounts_required in test.yaml)")
	}
}

func captureFull(c *Case) {
	c.withoutAmount("Capture")
	c.captures(c.paid(manual), nil, false, usual, captured, usual)
}

func captureWhole(c *Case) {
	c.captures(c.paid(manual), c.amount(usual), false, usual, captured, usual)
}

func captureSmallest(c *Case) {
	c.captures(c.paid(manual), c.amount(1), false, 1, captured, 1)
}

func captureRest(c *Case) {
	p := c.paid(manual)
	c.captures(p, c.amount(600), false, 600, captured, 600)
	c.captureRefused(p, c.amount(1), entry{amount: usual, captured: 600})
}

func captureMore(c *Case) {
	p := c.paidInParts()
	c.captures(p, c.amount(600), true, 600, partiallyCaptured, 600)
	c.captures(p, nil, false, 450, captured, usual)
}

func captureSeveral(c *Case) {
	p := c.paidInParts()
	c.captures(p, c.amount(100), true, 100, partiallyCaptured, 100)
	c.captures(p, c.amount(200), true, 200, partiallyCaptured, 300)
	c.captures(p, c.amount(300), false, 300, captured, 600)
	c.captureRefused(p, c.amount(1), entry{amount: usual, captured: 600})
}

// paidInParts authorizes a payment that is to be captured several times, and says
// so, for PSPs that must know.
func (c *Case) paidInParts() *paymentsv1.Payment {
	c.declaresSeveral()
	req := c.authorizeRequest(manual)
	req.ExpectedCaptures = 3
	return c.paidBy(req, authorized)
}

// declaresSeveral skips the case where the connector lists the capabilities of
// Capture and several captures are none of them.
func (c *Case) declaresSeveral() {
	listed := c.declared["Capture"].GetCapabilities()
	for _, capability := range listed {
		if slices.Contains(capability.GetFlags(), connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_CAPTURE) {
			return
		}
	}
	if len(listed) > 0 {
		c.Skipf("the connector does not declare CAPABILITY_FLAG_MULTIPLE_CAPTURE")
	}
}

// tooMuch ends the case if an amount that is not there is not refused. PSPs call
// it a wrong amount as often as a wrong state.
func (c *Case) tooMuch(operation, what string, err error) {
	if status.Code(err) == codes.InvalidArgument {
		c.invalid(what, err, "amount")
		return
	}
	c.forbids(operation, what, err)
}

func captureTooMuch(c *Case) {
	p := c.paid(manual)
	_, err := c.capture(asked(c, "Capture", &paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.amount(usual + 1)}))
	c.tooMuch("Capture", "Capture of more than is authorized", err)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual})
	c.captures(p, nil, false, usual, captured, usual)
}

func captureTooMuchLater(c *Case) {
	p := c.paidInParts()
	c.captures(p, c.amount(1000), true, 1000, partiallyCaptured, 1000)
	_, err := c.capture(asked(c, "Capture", &paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.amount(51)}))
	c.tooMuch("Capture", "Capture of more than is left", err)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: 1000})
}

func captureTwice(c *Case) {
	p := c.paid(manual)
	c.captures(p, nil, false, usual, captured, usual)
	c.captureRefused(p, nil, entry{amount: usual, captured: usual})
	c.captureRefused(p, c.amount(usual), entry{amount: usual, captured: usual})
}

func captureAutomatic(c *Case) {
	c.captureRefused(c.paid(automatic), nil, entry{amount: usual, captured: usual})
}

func captureVoided(c *Case) {
	p := c.paid(manual)
	_, err := c.void(p.GetId())
	c.ok("Void", err)
	c.captureRefused(p, nil, entry{amount: usual, voided: true})
}

func captureUnknown(c *Case) {
	_, err := c.capture(&paymentsv1.CaptureRequest{PaymentId: c.missing(), Amount: c.all("Capture", nil, usual)})
	c.refused("Capture of a payment that does not exist", err, codes.InvalidArgument)
}

func captureOtherCurrency(c *Case) {
	p := c.paid(manual)
	other := proto.CloneOf(c.amount(400))
	other.CurrencyCode = c.otherISO()
	_, err := c.capture(&paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: other})
	c.refusedOrLater("Capture", "Capture in "+other.GetCurrencyCode(), err)
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual})
}

// otherISO is a currency that is not the plan's.
func (c *Case) otherISO() string {
	if c.plan.Currency == "EUR" {
		return "USD"
	}
	return "EUR"
}

// missing is an id that the PSP has not given.
func (c *Case) missing() string { return "missing-" + c.ref }
