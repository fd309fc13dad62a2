package connectortest

import (
	"time"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
)

// endTime is how long a process may take to end once it is asked to.
const endTime = 5 * time.Second

func lifecycleScenarios() []Scenario {
	return []Scenario{
		{
			ID: "lifecycle/continued-elsewhere", Needs: Needs{Operations: []string{"Authorize", "Capture"}}, Proves: cells(Lifecycle, "Authorize", "Capture"), run: continuedElsewhere,
			Summary: "A payment that was begun on one instance is captured on another, the first being gone",
		},
		{
			ID: "lifecycle/refunded-elsewhere", Needs: Needs{Operations: []string{"Authorize", "CreateRefund", "GetRefund"}}, Proves: cells(Lifecycle, "CreateRefund", "GetRefund"), run: refundedElsewhere,
			Summary: "A refund that was made on one instance is read on another, the first being gone",
		},
		{
			ID: "lifecycle/terminated-idle", Needs: Needs{Process: true}, Proves: []Cell{{Aspect: Lifecycle}}, run: terminatedIdle,
			Summary: "Without calls under way it ends within 5 s of SIGTERM",
		},
		{
			ID: "lifecycle/terminated-busy", Needs: Needs{Operations: []string{"Authorize"}, NativeKey: []string{"Authorize"}, Driver: true, Process: true}, Proves: cells(Lifecycle, "Authorize"), run: terminatedBusy,
			Summary: "With a call under way it ends within 5 s of SIGTERM, and a repeat elsewhere gives one charge",
		},
		{
			ID: "lifecycle/first-call", Needs: Needs{Operations: []string{"Authorize"}}, Proves: cells(Lifecycle, "Authorize"), run: firstCall,
			Summary: "Many first calls at once on a new instance are all answered",
		},
		{
			ID: "lifecycle/log-not-stdout", Needs: Needs{Operations: []string{"Authorize"}, Process: true}, Proves: []Cell{{Aspect: Lifecycle}}, run: answersAfterLogging,
			Summary: "After hundreds of failing calls it still answers: its logs block nothing",
		},
	}
}

func continuedElsewhere(c *Case) {
	first, second := c.another(), c.another()
	req := c.authorizeRequest(manual)
	p, err := c.authorize(req, on(first))
	c.ok("Authorize", err)
	equal(c, "payment.status", authorized, p.GetStatus())
	first.stop()
	r, err := c.capture(&paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.amount(400)}, on(second))
	c.ok("Capture on another instance", err)
	if c.later("Capture") {
		c.accepted(p, r.GetPayment())
		c.booked(req.GetReference(), c.plan.Currency, entry{amount: usual, captured: 400})
		return
	}
	equal(c, "payment.status", captured, r.GetPayment().GetStatus())
	c.money("amount", c.amount(400), r.GetAmount())
	c.booked(req.GetReference(), c.plan.Currency, entry{amount: usual, captured: 400})
}

func refundedElsewhere(c *Case) {
	first, second := c.another(), c.another()
	p, err := c.authorize(c.authorizeRequest(automatic), on(first))
	c.ok("Authorize", err)
	made, err := c.createRefund(c.refundRequest(p.GetId(), c.amount(50)), on(first))
	c.ok("CreateRefund", err)
	first.stop()
	got, err := c.getRefund(made.GetId(), p.GetId(), on(second))
	c.ok("GetRefund on another instance", err)
	c.same("GetRefund on another instance", made, got)
}

func terminatedIdle(c *Case) {
	i := c.another()
	c.ok("Probe", c.probe(i))
	if err := i.terminate(endTime); err != nil {
		c.Fatalf("%v", err)
	}
}

func terminatedBusy(c *Case) {
	i, req, key := c.another(), c.authorizeRequest(automatic), c.newKey()
	remove := c.fault(pspdriver.Fault{Kind: pspdriver.Slow, DelayMS: 60_000}, req.GetReference())
	ended := c.inBackground(row{operation: "Authorize"}, job{req: req}, withKey(key), on(i))
	c.until("the PSP has done it", func() bool { return answered(c.sent(req.GetReference())) })
	if err := i.terminate(endTime); err != nil {
		c.Fatalf("%v", err)
	}
	if err := <-ended; err == nil {
		c.Fatalf("Authorize on a process that ended: expected an error, got an answer")
	}
	remove()
	p, err := c.authorize(req, withKey(key))
	c.ok("Authorize elsewhere", err)
	equal(c, "payment.status", captured, p.GetStatus())
	c.booked(req.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual})
}

func firstCall(c *Case) {
	i := c.another()
	var calls []func() error
	for range together {
		req := c.authorizeRequest(automatic)
		calls = append(calls, func() error {
			_, err := c.authorize(req, on(i))
			return err
		})
	}
	for _, err := range atOnce(calls...) {
		c.ok("Authorize as one of the first calls", err)
	}
}

func answersAfterLogging(c *Case) {
	i := c.another()
	for range 300 {
		if err := c.invoke("Authorize", &paymentsv1.AuthorizeRequest{}, &paymentsv1.AuthorizeResponse{}, on(i)); err == nil {
			c.Fatalf("Authorize with an empty request: expected an error, got an answer")
		}
	}
	_, err := c.authorize(c.authorizeRequest(automatic), on(i))
	c.ok("Authorize after 300 calls that failed", err)
}
