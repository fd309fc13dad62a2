package connectortest

import (
	"fmt"
	"net/http"

	"google.golang.org/grpc/codes"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
	"github.com/patchbay/patchbay/sdk/wire"
)

// failing is one way in which the PSP fails, and what it leaves behind.
type failing struct {
	name    string
	summary string // after "where"
	fault   pspdriver.Fault
	happens bool // the PSP does what it was asked all the same
	slow    bool // no answer comes
}

func (f failing) phase() phase {
	if f.slow {
		return waiting
	}
	return atFirst
}

// content says whether the failing is in the content of the answer.
func (f failing) content() bool {
	switch f.fault.Kind {
	case pspdriver.Answer, pspdriver.Malformed, pspdriver.Truncated, pspdriver.Huge:
		return true
	}
	return false
}

// contentless says whether the PSP answered some requests with a status that has no
// content (RFC 9110, section 15.3.5).
func contentless(requests []pspdriver.Request) bool {
	for _, r := range requests {
		if r.Answered != http.StatusNoContent {
			return false
		}
	}
	return len(requests) > 0
}

// failings lists the ways in which a request that may change something fails so
// that nobody knows what became of it.
func failings() []failing {
	answer := func(name, body, shown string) failing {
		return failing{name: "answer-" + name, summary: "the PSP answers " + shown + " after doing it",
			fault: pspdriver.Fault{Kind: pspdriver.Answer, Body: body}, happens: true}
	}
	all := []failing{
		{name: "timeout-before", summary: "the PSP neither does it nor answers", fault: pspdriver.Fault{Kind: pspdriver.TimeoutBefore}, slow: true},
		{name: "timeout-after", summary: "the PSP does it and never answers", fault: pspdriver.Fault{Kind: pspdriver.TimeoutAfter}, happens: true, slow: true},
		{name: "reset-before", summary: "the connection is reset before the PSP does it", fault: pspdriver.Fault{Kind: pspdriver.ResetBefore}},
		{name: "reset-after", summary: "the connection is reset after the PSP does it", fault: pspdriver.Fault{Kind: pspdriver.ResetAfter}, happens: true},
		{name: "truncated", summary: "the connection ends within the PSP's answer", fault: pspdriver.Fault{Kind: pspdriver.Truncated}, happens: true},
		{name: "malformed", summary: "a page of HTML stands in the place of the PSP's answer", fault: pspdriver.Fault{Kind: pspdriver.Malformed}, happens: true},
		{name: "huge", summary: "the PSP's answer has 8 MiB", fault: pspdriver.Fault{Kind: pspdriver.Huge}, happens: true},
		answer("empty-object", "{}", "{}"), answer("null", "null", "null"), answer("list", "[]", "[]"), answer("number", "7", "7"), answer("nothing", "", "an empty body"),
	}
	for _, code := range []int{500, 502, 503, 504} {
		all = append(all, failing{
			name: fmt.Sprintf("status-%d", code), summary: fmt.Sprintf("the PSP answers %d without a word on what it did", code),
			fault: pspdriver.Fault{Kind: pspdriver.Status, Status: code, Body: "{}"},
		})
	}
	return all
}

// faultTraits is each failing, for operations that may change something: the
// outcome is unknown and told so, and a repeat with the same key settles it.
func faultTraits() []trait {
	var all []trait
	for _, f := range failings() {
		f.fault.Match.Writes = true
		all = append(all, trait{
			name: f.name, aspect: Faults, only: atPSP(writing), driver: true, phase: f.phase(),
			summary: "It says that the outcome is unknown where " + f.summary + "; the same key settles it",
			run:     func(c *Case, r row) { outcomeUnknown(c, r, f) },
		})
	}
	return append(all,
		trait{
			name: "rate-limited", aspect: Faults, only: atPSP(nil), driver: true,
			summary: "It says RESOURCE_EXHAUSTED with RetryInfo where the PSP answers 429",
			run: func(c *Case, r row) {
				refusedByPSP(c, r, pspdriver.Fault{
					Kind: pspdriver.Status, Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "7"},
				}, codes.ResourceExhausted, wire.ReasonRateLimited)
			},
		},
		trait{
			name: "unauthorized", aspect: Faults, only: atPSP(nil), driver: true,
			summary: "It says CREDENTIALS_REJECTED where the PSP answers 401",
			run: func(c *Case, r row) {
				refusedByPSP(c, r, pspdriver.Fault{Kind: pspdriver.Status, Status: http.StatusUnauthorized},
					codes.FailedPrecondition, wire.ReasonCredentialsRejected)
			},
		},
		trait{
			name: "slow", aspect: Faults, only: atPSP(nil), driver: true,
			summary: "It waits for a PSP that takes its time, within the deadline",
			run: func(c *Case, r row) {
				j := r.begin(c)
				remove := c.fault(pspdriver.Fault{Kind: pspdriver.Slow, DelayMS: 300}, j.marks...)
				c.perform(r, j)
				remove()
			},
		},
	)
}

// atPSP keeps a trait from operations that ask the PSP nothing.
func atPSP(also func(row) bool) func(row) bool {
	return func(r row) bool { return !r.local && (also == nil || also(r)) }
}

// outcomeUnknown has a job fail so that nobody knows what became of it.
func outcomeUnknown(c *Case, r row, f failing) {
	if c.onlyReads(r) {
		f.fault.Match.Writes = false
		readFails(c, r, f)
		return
	}
	j := r.begin(c)
	op, _ := operationNamed(r.operation)
	resp, key := op.response(), c.newKey()
	remove := c.fault(f.fault, j.marks...)
	opts := []callOption{withKey(key)}
	if f.slow {
		opts = append(opts, within(c.shortTime()))
	}
	err := c.invoke(r.operation, j.req, resp, opts...)
	if f.slow {
		c.inTime(r.operation, c.shortTime(), err)
		c.arrivedInTime(r.operation, c.shortTime(), err, f.fault.Kind, j.marks...)
	}
	if f.content() && contentless(met(c.sent(j.marks...), f.fault.Kind)) {
		c.Skipf("the PSP answers %s without content, so that none can be wrong", r.operation)
	}
	c.unknown(r, resp, err)
	if n := len(writesOf(met(c.sent(j.marks...), f.fault.Kind))); n != 1 {
		c.Fatalf("%s: expected that a request of which nobody knows what became is sent once, got %d", r.operation, n)
	}
	remove()
	switch {
	case f.happens && j.once != nil:
		j.once()
	case !f.happens && j.never != nil:
		j.never()
	}
	if f.happens && j.look != nil {
		j.look()
	}
	if c.byKey(r.operation) {
		c.perform(r, j, withKey(key))
	}
	c.alive()
}

// onlyReads says whether an operation asks the PSP and changes nothing there: by its
// nature, or because the connector declares it (READ_ONLY), as for a Complete that
// only asks what became of the payment.
func (c *Case) onlyReads(r row) bool {
	return reading(r) || c.declared[r.operation].GetIdempotency().GetKind() == connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY
}

// met chooses the requests that met a kind of fault.
func met(requests []pspdriver.Request, kind pspdriver.Kind) []pspdriver.Request {
	var found []pspdriver.Request
	for _, r := range requests {
		if r.Fault == kind {
			found = append(found, r)
		}
	}
	return found
}

// refusedByPSP has the PSP refuse a job without doing it.
func refusedByPSP(c *Case, r row, f pspdriver.Fault, code codes.Code, reason string) {
	j := r.begin(c)
	op, _ := operationNamed(r.operation)
	f.Body = c.errorBody("refused")
	remove := c.fault(f, j.marks...)
	err := c.invoke(r.operation, j.req, op.response())
	c.refused(r.operation, err, code, reason)
	if code == codes.ResourceExhausted {
		if wait := retryAfter(err); wait <= 0 {
			c.Fatalf("%s: expected RetryInfo with a delay, got %s", r.operation, wait)
		}
	}
	remove()
	if j.never != nil {
		j.never()
	}
	c.perform(r, j)
}

// errorBody is how the PSP says an error with the given text.
func (c *Case) errorBody(text string) string {
	if c.plan.PSP.ErrorBody == "" {
		return "{}"
	}
	return replaceText(c.plan.PSP.ErrorBody, text)
}

// refusedCredentials uses an account that the PSP refuses.
func refusedCredentials(c *Case, r row) {
	j := r.begin(c)
	op, _ := operationNamed(r.operation)
	config, err := c.plan.accountAt(c.psp.url, c.plan.RefusedAccount)
	if err != nil {
		c.Fatalf("%v", err)
	}
	err = c.invoke(r.operation, j.req, op.response(), withAccount(config))
	c.refused(r.operation, err, codes.FailedPrecondition, wire.ReasonCredentialsRejected)
	if j.never != nil {
		j.never()
	}
}

// Nowhere is an address where nobody listens: port 2 of the loopback interface
// (compressnet, RFC 1700), which nobody has served for decades. It is not port 1:
// HTTP clients that follow the Fetch standard, as that of Node does, refuse its
// "bad ports" themselves, and would never find out that nobody listens.
const Nowhere = "http://127.0.0.1:2"

// unreachable sends a job to a PSP that is not there.
func unreachable(c *Case, r row) {
	j := r.begin(c)
	op, _ := operationNamed(r.operation)
	config, err := c.plan.accountAt(Nowhere, nil)
	if err != nil {
		c.Fatalf("%v", err)
	}
	err = c.invoke(r.operation, j.req, op.response(), withAccount(config))
	c.refused(r.operation, err, codes.Unavailable, wire.ReasonUnavailable)
	if wait := retryAfter(err); wait <= 0 {
		c.Fatalf("%s: expected RetryInfo with a delay, got %s", r.operation, wait)
	}
	if j.never != nil {
		j.never()
	}
}
