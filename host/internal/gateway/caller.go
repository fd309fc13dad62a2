package gateway

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/sdk/wire"
)

// callers counts what each caller has in flight, so that one that goes wild does
// not take the gateway from the others.
type callers struct{ each sync.Map } // name → *callerCount

type callerCount struct {
	calls atomic.Int64
	rate  *rate.Limiter
}

func (c *callers) of(caller auth.Caller) *callerCount {
	limit, burst := rate.Inf, 0
	if _, perSecond := caller.Limits(); perSecond > 0 {
		limit, burst = rate.Limit(perSecond), max(1, int(perSecond))
	}
	known, ok := c.each.Load(caller.Name)
	if !ok {
		known, _ = c.each.LoadOrStore(caller.Name, &callerCount{rate: rate.NewLimiter(limit, burst)})
	}
	count := known.(*callerCount)
	if count.rate.Limit() != limit { // the caller's policy has changed
		count.rate.SetLimit(limit)
		count.rate.SetBurst(burst)
	}
	return count
}

// admit counts a caller's call in, or says why not. Admitted calls are counted
// out by leave.
func (c *callers) admit(caller auth.Caller) (leave func(), f wire.Failure) {
	count := c.of(caller)
	inFlight, _ := caller.Limits()
	calls := count.calls.Add(1)
	leave = func() { count.calls.Add(-1) }
	if inFlight > 0 && calls > int64(inFlight) {
		f = refusal(codes.ResourceExhausted, wire.ReasonOverloaded, "caller %q has %d calls in flight, which is its limit", caller.Name, inFlight)
		f.RetryAfter = repeatSoon
	} else {
		f = c.pace(caller)
	}
	if f.Code != codes.OK {
		leave()
		return nil, f
	}
	return leave, f
}

// pace holds a caller against its rate.
func (c *callers) pace(caller auth.Caller) wire.Failure {
	if c.of(caller).rate.Allow() {
		return wire.Failure{}
	}
	_, perSecond := caller.Limits()
	f := refusal(codes.ResourceExhausted, wire.ReasonRateLimited, "caller %q makes more than %g calls a second", caller.Name, perSecond)
	f.RetryAfter = repeatSoon
	return f
}

// allowed says why the caller may not use what it picked, or nothing.
func (c *call) allowed() error {
	if c.pick.account != "" {
		if err := c.caller.MaySpend(c.pick.account); err != nil {
			return err
		}
	}
	if c.pick.connector == "" {
		return nil
	}
	return c.caller.MayUse(c.pick.connector)
}

// namesFor are the connectors that a caller may use.
func (g *Gateway) namesFor(caller auth.Caller) []string {
	return slices.DeleteFunc(g.config.Registry.Names(), func(name string) bool { return caller.MayUse(name) != nil })
}

// connectorOf is the connector that a call's metadata names, or nothing.
func connectorOf(md metadata.MD) string {
	name, _, _ := strings.Cut(one(md, wire.ConnectorHeader), "@")
	return name
}

// peerOf is the other end of a call's connection.
func peerOf(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		return p.Addr.String()
	}
	return ""
}
