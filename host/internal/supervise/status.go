package supervise

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/reconcile"
)

// State says where a supervised connector stands.
type State string

// The states of a connector.
const (
	Starting   State = "starting"    // its first process is being launched
	Serving    State = "serving"     // a process takes calls
	BackingOff State = "backing off" // nothing runs; the next start comes after a pause
	Draining   State = "draining"    // it takes no calls and finishes those it has
	Stopped    State = "stopped"     // it is gone
)

// Problem is why the target does not run.
type Problem struct {
	Err   error
	Since time.Time
}

// Status is what a supervisor runs, and what it is to run.
type Status struct {
	State   State
	Target  reconcile.Declaration // what is to run
	Problem *Problem              // why it does not; nil if it does or is on its way

	// The rest is about what takes calls, and zero if nothing does.
	Serving     reconcile.Declaration
	Generation  uint64
	PID         int
	Since       time.Time
	Description *description.Description
}

// Status returns the present status.
func (s *Supervisor) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *Supervisor) update(edit func(*Status)) {
	s.mu.Lock()
	edit(&s.status)
	s.mu.Unlock()
	s.config.Changed()
}

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
	steady     = 10 * time.Second // a process that lived this long did not crash in a loop
)

// backoff gives the pauses between starts.
type backoff struct{ failures int }

// next is the pause before the next start: none at first, then from 0.1 s
// doubling to 30 s, less up to a quarter so that connectors do not march in step.
func (b *backoff) next() time.Duration {
	b.failures++
	if b.failures == 1 {
		return 0
	}
	pause := lastPause
	if doublings := b.failures - 2; doublings < 9 {
		pause = min(firstPause<<doublings, lastPause)
	}
	return pause - time.Duration(rand.Int64N(int64(pause/4)))
}

// NewGenerations returns a counter for each connector, from 1.
func NewGenerations() func(name string) uint64 {
	var mu sync.Mutex
	last := map[string]uint64{}
	return func(name string) uint64 {
		mu.Lock()
		defer mu.Unlock()
		last[name]++
		return last[name]
	}
}
