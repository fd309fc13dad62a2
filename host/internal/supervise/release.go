package supervise

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/egress"
	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/registry"
)

// release is one declared version in its very bytes, on its way from verified to
// stopped. But for its life, only the loop touches it.
type release struct {
	Target // its own hold of the binary
	life
	lines   *Lines
	denials *egress.Denials
	settled chan struct{} // closed when it serves, or its first start has failed

	live     *live              // its process, if it serves
	cancel   context.CancelFunc // of the start that is under way; nil if none is
	retry    <-chan time.Time   // when the pause before the next start is over
	problem  *Problem           // why it does not run
	served   bool               // it has taken calls
	failures int                // in a row
	crashes  []time.Time        // within crashWindow

	out         string                   // why it is not to run, though it is declared
	awake       bool                     // of a lazy one: a call has come
	description *description.Description // what it said, now or in an earlier life
	standing    standing                 // what the registry was told last
}

// newRelease makes a release of a target, which keeps its own hold of the binary.
func (s *Supervisor) newRelease(t *Target) *release {
	return &release{
		Target: Target{Declaration: t.Declaration, Binary: t.Binary.Hold()},
		life:   life{of: t.Declaration, observer: s.config.Observer, log: s.config.Log, state: Verified},
		lines:  s.lines, denials: s.denials, settled: make(chan struct{}),
		description: s.config.Descriptions.find(t.Declaration),
	}
}

// lazy says whether it rests until it is called.
func (r *release) lazy() bool { return r.Manifest.Lazy() }

// runs says whether it is to have a process. One that has never said what it is
// has one for that, lazy or not.
func (r *release) runs() bool {
	switch {
	case r.out != "":
		return false
	default:
		return !r.lazy() || r.awake || r.description == nil
	}
}

func (r *release) settle() {
	select {
	case <-r.settled:
	default:
		close(r.settled)
	}
}

// due is ready when the pause before the next start is over.
func (r *release) due() <-chan time.Time {
	if r == nil {
		return nil
	}
	return r.retry
}

// exited is closed when its process ends; nil, which blocks, if it has none.
func (r *release) exited() <-chan struct{} {
	if r == nil || r.live == nil {
		return nil
	}
	return r.live.process.Exited()
}

// stuck is ready when its process has calls that should be over.
func (r *release) stuck() <-chan string {
	if r == nil || r.live == nil {
		return nil
	}
	return r.live.stuck
}

// quiet is ready when it is time to look whether its process is still needed.
func (r *release) quiet() <-chan time.Time {
	if r == nil || r.live == nil || r.live.quiet == nil {
		return nil
	}
	return r.live.quiet.C
}

// instance is what takes its calls, or nil.
func (r *release) instance() *registry.Instance {
	if r == nil || r.live == nil {
		return nil
	}
	return r.live.instance
}

// The rules of starting again.
const (
	firstPause  = 100 * time.Millisecond
	lastPause   = 30 * time.Second
	steady      = 10 * time.Second // a process that lived this long did not crash in a loop
	crashLimit  = 5                // crashes within crashWindow are a loop
	crashWindow = time.Minute
)

// pause is how long to wait after so many failures in a row: not at all after the
// first, then from 0.1 s doubling to 30 s, less up to a quarter so that
// connectors do not march in step.
func pause(failures int) time.Duration {
	if failures <= 1 {
		return 0
	}
	pause := lastPause
	if doublings := failures - 2; doublings < 9 {
		pause = min(firstPause<<doublings, lastPause)
	}
	return pause - time.Duration(rand.Int64N(int64(pause/4)))
}

// failed counts a start that did not succeed and gives the pause before the next.
// Trying again at once is for what did run. looped says that it is no use.
func (r *release) failed(err error) (wait time.Duration, looped bool) {
	r.problem = &Problem{Err: err, Since: time.Now()}
	r.failures = max(r.failures, 1) + 1
	if ended := new(launch.EndedError); errors.As(err, &ended) {
		looped = r.crashed()
	}
	return pause(r.failures), looped
}

// ended counts a process that did run. One that somebody else killed while it
// did its work is no crash: whoever kills it again and again gets it started
// again and again, ten times a second at most.
func (r *release) ended(l *live, end launch.End) (wait time.Duration, looped bool) {
	r.problem = &Problem{Err: fmt.Errorf("its process has ended: %s", end), Since: time.Now()}
	lived := time.Since(l.since)
	if end.FromOutside() && l.instance.Taken() > 0 {
		return max(0, firstPause-lived), false
	}
	if lived > steady {
		r.failures = 0
	}
	r.failures++
	return pause(r.failures), r.crashed()
}

func (r *release) crashed() (looped bool) {
	now := time.Now()
	r.crashes = append(r.crashes, now)
	for now.Sub(r.crashes[0]) > crashWindow {
		r.crashes = r.crashes[1:]
	}
	return len(r.crashes) >= crashLimit
}
