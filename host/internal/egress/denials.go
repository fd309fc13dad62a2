package egress

import (
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"
)

// Denials counts what a connector was denied, over all of its instances. The zero
// value is ready for use.
type Denials struct {
	mu     sync.Mutex
	denied Denied
}

// Denied is what a connector was denied so far.
type Denied struct {
	Count uint64
	// About the last one; zero if there is none.
	Host   string // as the guest has written it
	Reason string
	Time   time.Time
}

// Now returns what was denied so far.
func (d *Denials) Now() Denied {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.denied
}

func (d *Denials) add(host, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.denied = Denied{Count: d.denied.Count + 1, Host: host, Reason: reason, Time: time.Now()}
}

// A guest may have this many refusals a second in the log, and a burst of them.
const (
	refusalsPerSecond = 1
	refusalsAtOnce    = 10
)

func newLogRate() *rate.Limiter { return rate.NewLimiter(refusalsPerSecond, refusalsAtOnce) }

// limitedLog is a log that a guest can't flood.
type limitedLog struct {
	log  hclog.Logger
	rate *rate.Limiter

	mu      sync.Mutex
	dropped int
}

func (l *limitedLog) refused(host string, r *refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.rate.Allow() {
		l.dropped++
		return
	}
	args := []any{"host", host, "result", string(r.result), "reason", r.forOperators()}
	if l.dropped > 0 {
		args = append(args, "not_logged_before", l.dropped)
		l.dropped = 0
	}
	l.log.Warn("the connector was refused a connection", args...)
}
