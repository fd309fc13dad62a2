package supervise

import (
	"sync"
	"time"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/egress"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/host/internal/sandbox"
)

// Problem is why the target does not run.
type Problem struct {
	Err   error
	Since time.Time
}

// Status is what a supervisor runs, and what it is to run.
type Status struct {
	State   State                 // of what serves or is to serve
	Target  reconcile.Declaration // what is declared
	Starts  int                   // since it was declared, that succeeded
	Problem *Problem              // why it does not run; nil if it does or is on its way
	Aside   string                // why it is not to run: held, rolled back, quarantined; or empty
	Good    reconcile.Declaration // what could be gone back to; zero if there is nothing

	// The rest is about what takes calls or rests, and zero if nothing does.
	Serving     reconcile.Declaration
	Description *description.Description
	// This is about its process.
	Generation uint64
	PID        int
	Since      time.Time
	Sandbox    sandbox.Report

	instance *registry.Instance
	denials  *egress.Denials
}

// Denied is what its processes were denied on their way out.
func (s Status) Denied() egress.Denied {
	if s.denials == nil {
		return egress.Denied{}
	}
	return s.denials.Now()
}

// InFlight is the number of calls that the process has.
func (s Status) InFlight() int {
	if s.instance == nil {
		return 0
	}
	return s.instance.InFlight()
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

// publish makes the loop's state the status, and lets go of those who wait for it.
func (l *loop) publish() {
	now := l.look()
	if old := l.Status(); !old.same(now) {
		l.update(func(s *Status) { *s = now })
	}
	l.letGo()
}

func (s Status) same(other Status) bool {
	return s.State == other.State && s.Generation == other.Generation && s.PID == other.PID && s.Starts == other.Starts &&
		s.Problem == other.Problem && s.Aside == other.Aside && s.Description == other.Description &&
		s.Target.Same(other.Target) && s.Serving.Same(other.Serving) && s.Good.Same(other.Good)
}

func (l *loop) look() Status {
	s := Status{State: Verified, Starts: l.starts, denials: l.denials}
	if l.target != nil {
		s.Target = l.target.Declaration
	}
	if l.good != nil {
		s.Good = l.good.Declaration
	}
	for _, r := range []*release{l.aside, l.next, l.serves} {
		if r == nil {
			continue
		}
		s.State = r.State()
		if r.problem != nil {
			s.Problem = r.problem
		}
	}
	if l.aside != nil {
		s.Aside = l.aside.out
	}
	if r := l.serves; r != nil && (r.live != nil || r.description != nil && r.failures == 0) {
		s.Serving, s.Description = r.Declaration, r.description
		if r.live != nil {
			s.Generation, s.PID, s.Since, s.instance = r.live.instance.Generation, r.live.process.PID, r.live.since, r.live.instance
			s.Sandbox = r.live.process.Sandbox
		}
	}
	return s
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
