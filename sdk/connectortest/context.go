package connectortest

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
	"github.com/patchbay/patchbay/sdk/wire"
)

// contextScenarios is about what travels beside a request.
func contextScenarios() []Scenario {
	driven := Needs{Operations: []string{"Authorize"}, Driver: true}
	return []Scenario{
		{
			ID: "context/trace", Needs: driven, Proves: []Cell{{Aspect: Described}}, run: tracePassed,
			Summary: "The trace context of a call reaches the PSP",
		},
		{
			ID: "context/only-header", Needs: driven, Proves: cells(Secrecy, "Authorize"), run: onlyHeader,
			Summary: "Metadata other than the call context changes nothing and reaches nobody",
		},
		{
			ID: "context/broken", Needs: Needs{Operations: []string{"Authorize"}}, Proves: cells(Validation, "Authorize"), run: brokenContext,
			Summary: "A call context that can't be decoded is INVALID_ARGUMENT",
		},
		{
			ID: "context/no-time", Needs: driven, Proves: cells(Faults, "Authorize"), run: noTime,
			Summary: "A call that comes too late sends nothing, or tells that the outcome is unknown",
		},
		{
			ID: "context/answers-in-time", Needs: driven, Proves: cells(Faults, "Authorize"), run: answersInTime, phase: waiting,
			Summary: "Deadlines of 3 and 6 s are both kept at a PSP that does not answer",
		},
	}
}

func tracePassed(c *Case) {
	c.paid(automatic)
	found := c.sent(c.traceID)
	if len(found) == 0 {
		c.Fatalf("expected a request at the PSP with the trace id %s in traceparent, got none", c.traceID)
	}
	for _, r := range found {
		if !strings.HasPrefix(r.Header("traceparent"), "00-"+c.traceID+"-") {
			c.Fatalf("traceparent at the PSP: expected the trace id %s, got %q", c.traceID, r.Header("traceparent"))
		}
	}
}

func onlyHeader(c *Case) {
	req := c.authorizeRequest(automatic)
	p, err := c.authorize(req, withMetadata(
		"authorization", "Bearer callers-"+c.ref, "x-api-key", "callers-"+c.ref, "idempotency-key", "callers-"+c.ref,
		"x-connector-config", `{"api_key":"callers-`+c.ref+`"}`, "cookie", "callers-"+c.ref))
	c.ok("Authorize", err)
	equal(c, "payment.status", captured, p.GetStatus())
	if found := c.sent("callers-" + c.ref); len(found) > 0 {
		c.Fatalf("expected that a caller's metadata stays behind, got it in %s %s at the PSP", found[0].Method, found[0].Path)
	}
}

func brokenContext(c *Case) {
	req := c.authorizeRequest(automatic)
	_, err := c.authorize(req, withoutContext(), withMetadata(wire.CallContextHeader, "\xff\xff\xff"))
	c.invalid("Authorize with a broken call context", err, "")
	c.silent("Authorize with a broken call context", req.GetReference())
}

func noTime(c *Case) {
	req := c.authorizeRequest(automatic)
	ctx, cancel := context.WithTimeout(c.ctx, time.Millisecond)
	defer cancel()
	<-ctx.Done()
	p, err := c.authorize(req, withContext(ctx))
	if err == nil {
		c.Fatalf("Authorize without time: expected an error, got %v", p.GetStatus())
	}
	if code := status.Code(err); code != codes.DeadlineExceeded && code != codes.Unavailable {
		c.Fatalf("Authorize without time: expected DEADLINE_EXCEEDED or UNAVAILABLE, got %s", failureText(err))
	}
	c.silent("Authorize without time", req.GetReference())
	c.alive()
}

func answersInTime(c *Case) {
	var calls []func() error
	var references []string
	deadlines := []time.Duration{c.shortTime(), 2 * c.shortTime()}
	for _, deadline := range deadlines {
		req := c.authorizeRequest(automatic)
		remove := c.fault(pspdriver.Fault{Kind: pspdriver.TimeoutBefore}, req.GetReference())
		defer remove()
		references = append(references, req.GetReference())
		calls = append(calls, func() error {
			_, err := c.authorize(req, within(deadline))
			return err
		})
	}
	for i, err := range atOnce(calls...) {
		c.inTime("Authorize at a PSP that does not answer", deadlines[i], err)
		c.arrivedInTime("Authorize at a PSP that does not answer", deadlines[i], err, pspdriver.TimeoutBefore, references[i])
		c.ok("Authorize at a PSP that does not answer", err)
	}
}
