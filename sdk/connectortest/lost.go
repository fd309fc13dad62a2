package connectortest

import (
	"context"
	"time"

	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
)

// lostTraits is about calls that nobody waits for any more.
func lostTraits() []trait {
	return []trait{
		{
			name: "cancelled", aspect: Faults, only: atPSP(writing), keyed: true, driver: true,
			summary: "It is done once where the caller goes away in mid-call and repeats it",
			run:     cancelled,
		},
		{
			name: "instance-lost", aspect: Lifecycle, only: atPSP(writing), keyed: true, driver: true,
			summary: "It is done once where the instance is killed in mid-call and another repeats it",
			run:     instanceLost,
		},
	}
}

// cancelled has the caller go away once the PSP has done it.
func cancelled(c *Case, r row) {
	j := r.begin(c)
	key := c.newKey()
	remove := c.fault(pspdriver.Fault{Kind: pspdriver.TimeoutAfter, Match: pspdriver.Match{Writes: true}}, j.marks...)
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	ended := c.inBackground(r, j, withKey(key), withContext(ctx))
	c.until("the PSP has done it", func() bool { return answered(met(c.sent(j.marks...), pspdriver.TimeoutAfter)) })
	cancel()
	if err := <-ended; err == nil {
		c.Fatalf("%s: expected that a cancelled call fails, got an answer", r.operation)
	}
	remove()
	if j.once != nil {
		j.once()
	}
	c.perform(r, j, withKey(key))
	c.alive()
}

// instanceLost kills the instance once the PSP has done it.
func instanceLost(c *Case, r row) {
	j := r.begin(c)
	key, doomed := c.newKey(), c.another()
	remove := c.fault(pspdriver.Fault{Kind: pspdriver.TimeoutAfter, Match: pspdriver.Match{Writes: true}}, j.marks...)
	ended := c.inBackground(r, j, withKey(key), on(doomed))
	c.until("the PSP has done it", func() bool { return answered(met(c.sent(j.marks...), pspdriver.TimeoutAfter)) })
	doomed.stop()
	if err := <-ended; err == nil {
		c.Fatalf("%s: expected that a call on a killed instance fails, got an answer", r.operation)
	}
	remove()
	c.perform(r, j, withKey(key))
}

// inBackground carries a job out and gives its end.
func (c *Case) inBackground(r row, j job, opts ...callOption) <-chan error {
	op, _ := operationNamed(r.operation)
	ended := make(chan error, 1)
	go func() { ended <- c.invoke(r.operation, j.req, op.response(), opts...) }()
	return ended
}

// answered says whether the PSP has answered all of some requests, and at least
// one.
func answered(requests []pspdriver.Request) bool {
	for _, r := range requests {
		if r.Answered == 0 {
			return false
		}
	}
	return len(requests) > 0
}

// until waits for a condition, and ends the case if it does not come.
func (c *Case) until(what string, holds func() bool) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(callTime)
	defer limit.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-limit.C:
			c.Fatalf("expected that %s within %s", what, callTime)
		case <-c.ctx.Done():
			c.Fatalf("expected that %s, got no time to wait for it", what)
		}
	}
}
