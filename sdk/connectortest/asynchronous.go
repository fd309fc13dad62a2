package connectortest

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Some PSPs accept a change of a payment first and carry it out later
// (psp.asynchronous). Then the answer says no more than that it is under way, a change
// that the state forbids may be accepted and comes to nothing, and the outcome is in the
// PSP's books, in a read, and in a webhook.

// settleTime bounds the wait for what the stand-in has accepted.
const settleTime = 10 * time.Second

// mayBeAsynchronous are the operations that change a payment.
func mayBeAsynchronous() []string {
	return []string{"AdjustAuthorization", "Capture", "CreateRefund", "Reverse", "Void"}
}

// later says whether the PSP accepts an operation first and carries it out later.
func (c *Case) later(operation string) bool {
	return slices.Contains(c.plan.PSP.Asynchronous, operation)
}

// accepted ends the case if the answer to a change that is carried out later says more
// than that: the status is that of before or PENDING, and no amount has changed. What the
// PSP's answer does not have may be left out.
func (c *Case) accepted(before, got *paymentsv1.Payment) {
	equal(c, "payment.id", before.GetId(), got.GetId())
	if got.GetReference() != "" {
		equal(c, "payment.reference", before.GetReference(), got.GetReference())
	}
	if got.GetStatus() != before.GetStatus() && got.GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING {
		c.Fatalf("payment.status of what the PSP has accepted: expected %s as before, or PENDING, got %s", before.GetStatus(), got.GetStatus())
	}
	for _, told := range []struct {
		name      string
		want, got *paymentsv1.Money
	}{
		{"amount", before.GetAmount(), got.GetAmount()},
		{"captured_amount", before.GetCapturedAmount(), got.GetCapturedAmount()},
		{"refunded_amount", before.GetRefundedAmount(), got.GetRefundedAmount()},
	} {
		if told.got.GetMinorUnits() != 0 {
			c.money("payment."+told.name+" of what the PSP has accepted", told.want, told.got)
		}
	}
}

// forbids ends the case if an operation is not refused for the state. Where the PSP
// decides later the connector may have it accepted; that it came to nothing is for the
// books to say.
func (c *Case) forbids(operation, what string, err error) {
	if err == nil && c.later(operation) {
		return
	}
	c.forbidden(what, err)
}

// refusedOrLater ends the case if a request that can't be carried out is not refused.
// Where the PSP decides later it may have been accepted.
func (c *Case) refusedOrLater(operation, what string, err error) {
	if err == nil && c.later(operation) {
		return
	}
	c.refused(what, err, codes.InvalidArgument)
}

// settles waits for an entry of the books.
func (c *Case) settles(reference, currency string, want entry) {
	c.waits(func() bool {
		found := c.chargesOf(reference)
		return len(found) == 1 && c.is(found[0], currency, want)
	})
}

func (c *Case) is(got Charge, currency string, want entry) bool {
	return got.Captured == c.units(currency, want.captured) && got.Refunded == c.units(currency, want.refunded) && got.Voided == want.voided
}

// oneOf ends the case if the books have neither of the entries, in the end.
func (c *Case) oneOf(reference string, entries ...entry) {
	if !c.psp.driven {
		return
	}
	held := c.waits(func() bool {
		found := c.chargesOf(reference)
		return len(found) == 1 && slices.ContainsFunc(entries, func(e entry) bool { return c.is(found[0], c.plan.Currency, e) })
	})
	if !held {
		c.Fatalf("the PSP's books: expected exactly one of %+v for %s, got %+v", entries, reference, c.chargesOf(reference))
	}
}

// waits says whether a condition comes to hold while the PSP settles what it accepted.
func (c *Case) waits(holds func() bool) bool {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(settleTime)
	defer limit.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-limit.C:
			return false
		case <-c.ctx.Done():
			return false
		}
	}
	return true
}

// readsUntil reads a payment, where the PSP settles later until it is settled.
func (c *Case) readsUntil(id string, settled func(*paymentsv1.Payment) bool) *paymentsv1.Payment {
	got, err := c.getPayment(id)
	c.ok("GetPayment", err)
	if len(c.plan.PSP.Asynchronous) == 0 {
		return got
	}
	c.waits(func() bool {
		got, err = c.getPayment(id)
		c.ok("GetPayment", err)
		return settled(got)
	})
	return got
}

func asynchronousScenarios() []Scenario {
	outcome := func(operation, name, summary string, aspect Aspect, run func(*Case)) Scenario {
		return Scenario{
			ID: dashed(operation) + "/" + name, Summary: summary, run: run,
			Needs: Needs{Operations: []string{"Authorize", operation, "HandleWebhook"}, Applies: func(p *Plan) bool {
				return p == nil || slices.Contains(p.PSP.Asynchronous, operation) && p.PSP.WebhookEndpoints
			}},
			Proves: append(cells(aspect, operation), cells(Happy, "HandleWebhook")...),
		}
	}
	return []Scenario{
		outcome("Capture", "outcome", "The webhook that comes later says that the payment is captured, and how much if it tells", Happy, captureOutcome),
		outcome("Capture", "outcome-refused", "Where too much was accepted, no webhook says that it is captured", State, captureComesToNothing),
		outcome("Void", "outcome", "The webhook that comes later says that the payment is voided", Happy, voidOutcome),
		outcome("CreateRefund", "outcome", "The webhook that comes later says that the refund has succeeded", Happy, refundOutcome),
		outcome("CreateRefund", "outcome-refused", "Where too much was accepted, the webhook says that the refund has failed", State, refundComesToNothing),
	}
}

func captureOutcome(c *Case) {
	arrivals := c.listens()
	p := c.paid(manual)
	r, err := c.capture(asked(c, "Capture", &paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.amount(400)}))
	c.ok("Capture", err)
	c.accepted(p, r.GetPayment())
	event := arrivals.event(p.GetId(), "says that it is captured", func(e *paymentsv1.WebhookEvent) bool {
		return e.GetPayment().GetStatus() == captured
	})
	equal(c, "payment.id of the webhook", p.GetId(), event.GetPayment().GetId())
	if told := event.GetPayment().GetCapturedAmount(); told != nil { // a PSP may tell what the capture took, and no sum
		c.money("payment.captured_amount of the webhook", c.amount(400), told)
	}
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: 400})
}

func captureComesToNothing(c *Case) {
	arrivals := c.listens()
	p := c.paid(manual)
	_, err := c.capture(asked(c, "Capture", &paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.amount(usual + 1)}))
	if err != nil {
		c.tooMuch("Capture", "Capture of more than is authorized", err)
		return
	}
	event := arrivals.event(p.GetId(), "has a type with the word capture", func(e *paymentsv1.WebhookEvent) bool {
		return strings.Contains(strings.ToLower(e.GetType()), "capture")
	})
	if status := event.GetPayment().GetStatus(); status == captured || status == partiallyCaptured {
		c.Fatalf("payment.status of the webhook about a capture of too much: expected none that says it is captured, got %s", status)
	}
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual})
}

func voidOutcome(c *Case) {
	arrivals := c.listens()
	p := c.paid(manual)
	got, err := c.void(p.GetId())
	c.ok("Void", err)
	c.accepted(p, got)
	event := arrivals.event(p.GetId(), "says that it is voided", func(e *paymentsv1.WebhookEvent) bool {
		return e.GetPayment().GetStatus() == voided
	})
	equal(c, "payment.id of the webhook", p.GetId(), event.GetPayment().GetId())
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, voided: true})
}

func refundOutcome(c *Case) {
	arrivals := c.listens()
	p := c.paid(automatic)
	made, err := c.createRefund(c.refundRequest(p.GetId(), c.amount(300)))
	c.ok("CreateRefund", err)
	equal(c, "refund.status of what the PSP has accepted", paymentsv1.RefundStatus_REFUND_STATUS_PENDING, made.GetStatus())
	event := arrivals.event(made.GetId(), "says that it has succeeded", func(e *paymentsv1.WebhookEvent) bool {
		return e.GetRefund().GetStatus() == paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED
	})
	equal(c, "refund.id of the webhook", made.GetId(), event.GetRefund().GetId())
	equal(c, "refund.payment_id of the webhook", p.GetId(), event.GetRefund().GetPaymentId())
	c.money("refund.amount of the webhook", c.amount(300), event.GetRefund().GetAmount())
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual, refunded: 300})
}

func refundComesToNothing(c *Case) {
	arrivals := c.listens()
	p := c.paid(automatic)
	made, err := c.createRefund(c.refundRequest(p.GetId(), c.amount(usual+1)))
	if err != nil {
		c.tooMuch("CreateRefund", "CreateRefund of more than was captured", err)
		return
	}
	arrivals.event(made.GetId(), "says that the refund has failed", func(e *paymentsv1.WebhookEvent) bool {
		status := e.GetRefund().GetStatus()
		return status == paymentsv1.RefundStatus_REFUND_STATUS_FAILED || status == paymentsv1.RefundStatus_REFUND_STATUS_DECLINED
	})
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual})
}
