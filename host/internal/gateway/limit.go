package gateway

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Limits bound what the gateway takes on. What is over them is refused at once;
// nothing queues without bound. Zero means no limit.
type Limits struct {
	InFlight  int     // calls at a time
	PerSecond float64 // calls a second, in bursts of one second's worth

	// Each bounds the calls of a connector, so that a slow one does not slow the
	// others. Connectors has those that differ.
	Each       ConnectorLimits
	Connectors map[string]ConnectorLimits

	Receive    time.Duration // how long the message of a unary call may take to come
	StreamIdle time.Duration // how long both sides of a stream may be silent
}

// ConnectorLimits bound the calls of one connector.
type ConnectorLimits struct {
	InFlight  int
	PerSecond float64
}

// of gives the limits of a connector.
func (l Limits) of(connector string) ConnectorLimits {
	if limits, ok := l.Connectors[connector]; ok {
		return limits
	}
	return l.Each
}

type limiter struct {
	limits  Limits
	metrics *telemetry.Metrics
	rate    *rate.Limiter
	all     atomic.Int64
	each    sync.Map // connector → *share
}

// share is what one connector has of the gateway.
type share struct {
	connector string
	limits    ConnectorLimits
	rate      *rate.Limiter
	calls     atomic.Int64
}

func newLimiter(limits Limits, metrics *telemetry.Metrics) *limiter {
	return &limiter{limits: limits, metrics: metrics, rate: newRate(limits.PerSecond)}
}

func newRate(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))
}

func (l *limiter) share(connector string) *share {
	if s, ok := l.each.Load(connector); ok {
		return s.(*share)
	}
	limits := l.limits.of(connector)
	s, _ := l.each.LoadOrStore(connector, &share{
		connector: connector, limits: limits, rate: newRate(limits.PerSecond),
	})
	return s.(*share)
}

// admit counts a call to a connector that exists in, or says why not.
func (l *limiter) admit(connector string) (*place, wire.Failure) {
	p := &place{limiter: l, share: l.share(connector), gauge: l.metrics.InFlight(connector), outside: true}
	p.gauge.Inc()
	if all := l.all.Add(1); l.limits.InFlight > 0 && all > int64(l.limits.InFlight) {
		p.leave()
		return nil, overloaded("the gateway has %d calls in flight, which is its limit", l.limits.InFlight)
	}
	if f := p.enter(); f.Code != codes.OK {
		p.leave()
		return nil, f
	}
	if f := l.pace(p.share); f.Code != codes.OK {
		p.leave()
		return nil, f
	}
	return p, wire.Failure{}
}

// pace takes a token of the gateway and one of the connector, or says how long it
// takes until there is one.
func (l *limiter) pace(s *share) wire.Failure {
	now := time.Now()
	if wait := untilToken(l.rate, now); wait > 0 { // the connector's is left for another call
		return tooFast(wait, "more than %g calls a second", l.limits.PerSecond)
	}
	if !s.rate.AllowN(now, 1) {
		return tooFast(untilToken(s.rate, now), "more than %g calls a second to connector %q", s.limits.PerSecond, s.connector)
	}
	if !l.rate.AllowN(now, 1) {
		return tooFast(untilToken(l.rate, now), "more than %g calls a second", l.limits.PerSecond)
	}
	return wire.Failure{}
}

// untilToken is how long it takes until a limiter has a token, if nobody takes it
// before.
func untilToken(r *rate.Limiter, now time.Time) time.Duration {
	missing := 1 - r.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing / float64(r.Limit()) * float64(time.Second))
}

func tooFast(wait time.Duration, format string, args ...any) wire.Failure {
	f := refusal(codes.ResourceExhausted, wire.ReasonRateLimited, format, args...)
	f.RetryAfter = max(wait, time.Millisecond)
	return f
}

func overloaded(format string, args ...any) wire.Failure {
	f := refusal(codes.ResourceExhausted, wire.ReasonOverloaded, format, args...)
	f.RetryAfter = repeatSoon
	return f
}

// place is what an admitted call takes: one of the gateway's calls in flight, and
// one of its connector's.
type place struct {
	limiter *limiter
	share   *share
	gauge   prometheus.Gauge
	outside bool   // the connector's place is not taken
	done    func() // counts the call out of what its caller may have at a time; may be nil
}

// enter takes the connector's place, or says why not.
func (p *place) enter() wire.Failure {
	limit := p.share.limits.InFlight
	if p.outside = false; p.share.calls.Add(1) > int64(limit) && limit > 0 {
		p.stepOut()
		return overloaded("connector %q has %d calls in flight, which is its limit", p.share.connector, limit)
	}
	return wire.Failure{}
}

// stepOut gives the connector's place to others until enter, while the call waits
// for something else.
func (p *place) stepOut() {
	if !p.outside {
		p.share.calls.Add(-1)
		p.outside = true
	}
}

// leave counts the call out.
func (p *place) leave() {
	p.stepOut()
	p.limiter.all.Add(-1)
	p.gauge.Dec()
	if p.done != nil {
		p.done()
	}
}
