package gateway

import (
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Limits bound what the gateway takes on. What is over them is refused at once;
// nothing queues without bound. Zero means no limit.
type Limits struct {
	InFlight             int     // calls at a time
	InFlightPerConnector int     // of these, calls to one connector, so that a slow one does not slow the others
	PerSecond            float64 // calls a second, in bursts of one second's worth
}

type limiter struct {
	limits  Limits
	metrics *telemetry.Metrics
	rate    *rate.Limiter
	all     atomic.Int64
	each    sync.Map // connector → *atomic.Int64, its calls
}

func newLimiter(limits Limits, metrics *telemetry.Metrics) *limiter {
	l := &limiter{limits: limits, metrics: metrics, rate: rate.NewLimiter(rate.Inf, 0)}
	if limits.PerSecond > 0 {
		l.rate = rate.NewLimiter(rate.Limit(limits.PerSecond), max(1, int(limits.PerSecond)))
	}
	return l
}

// admit counts a call to a connector that exists in, or says why not. Admitted
// calls are counted out by leave.
func (l *limiter) admit(connector string) (leave func(), f wire.Failure) {
	of, ok := l.each.Load(connector)
	if !ok {
		of, _ = l.each.LoadOrStore(connector, &atomic.Int64{})
	}
	one, gauge := of.(*atomic.Int64), l.metrics.InFlight(connector)
	leave = func() {
		l.all.Add(-1)
		one.Add(-1)
		gauge.Dec()
	}
	all, each := l.all.Add(1), one.Add(1)
	gauge.Inc()
	switch {
	case l.limits.InFlight > 0 && all > int64(l.limits.InFlight):
		f = refusal(codes.ResourceExhausted, wire.ReasonOverloaded, "the gateway has %d calls in flight, which is its limit", l.limits.InFlight)
	case l.limits.InFlightPerConnector > 0 && each > int64(l.limits.InFlightPerConnector):
		f = refusal(codes.ResourceExhausted, wire.ReasonOverloaded, "connector %q has %d calls in flight, which is its limit", connector, l.limits.InFlightPerConnector)
	case !l.rate.Allow():
		f = refusal(codes.ResourceExhausted, wire.ReasonRateLimited, "more than %g calls a second", l.limits.PerSecond)
	default:
		return leave, wire.Failure{}
	}
	leave()
	f.RetryAfter = repeatSoon
	return nil, f
}
