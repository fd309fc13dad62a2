// Package supervise keeps the connector of one manifest alive: it starts what is
// declared, lets it take over from what was declared before, drains and stops
// the old, and starts again what has ended.
package supervise

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/registry"
)

// stopGrace is how long a drained process may take to end when asked.
const stopGrace = 2 * time.Second

// Config is what supervisors need of the host.
type Config struct {
	Launcher launch.Launcher
	Registry *registry.Registry
	Log      hclog.Logger
	// Generation gives the next generation of a connector.
	Generation func(name string) uint64
	// Runtimes are the interpreters that bundles may ask for: name → path.
	Runtimes map[string]string
	// MinDrain is the shortest drain limit: no call that is allowed is cut off.
	MinDrain time.Duration
	// Changed is called, from any goroutine, when a Status changes.
	Changed func()
}

// Target is what is to run.
type Target struct {
	reconcile.Declaration
	Binary *launch.Binary // closed by the supervisor
}

// Supervisor keeps the connector of one manifest alive.
type Supervisor struct {
	config  Config
	targets chan order
	ended   chan struct{}

	mu     sync.Mutex
	status Status
}

// order hands a target over; settled is closed when it serves, or when its first
// start has failed.
type order struct {
	Target
	settled chan struct{}
}

// New returns a supervisor that runs until ctx ends; then it drains and stops
// what it runs. Ended says when that is done.
func New(ctx context.Context, config Config) *Supervisor {
	s := &Supervisor{config: config, targets: make(chan order), ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		l := &loop{Supervisor: s, results: make(chan result)}
		l.run(ctx)
	}()
	return s
}

// Want sets what is to run. What runs goes on until the new serves. The channel
// is closed when it does, or when its first start has failed; in that case
// Status says why, and starts go on with growing pauses.
func (s *Supervisor) Want(t Target) (settled <-chan struct{}) {
	o := order{t, make(chan struct{})}
	select {
	case s.targets <- o:
	case <-s.ended:
		t.Binary.Close()
		close(o.settled)
	}
	return o.settled
}

// Ended is closed when nothing runs any more.
func (s *Supervisor) Ended() <-chan struct{} { return s.ended }

// loop is the state of a running supervisor. Only its goroutine touches it.
type loop struct {
	*Supervisor

	target  *order  // what is to run
	current *live   // what takes calls; nil if nothing does
	backoff backoff // between starts of the target
	retry   <-chan time.Time
	cancel  context.CancelFunc // of the start that is under way; nil if none is
	results chan result        // of that start
	retired sync.WaitGroup     // old instances that are draining
}

type result struct {
	of      *order
	started *live
	err     error
}

func (l *loop) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			l.end()
			return
		case o := <-l.targets:
			l.aim(o)
		case <-l.retry:
			l.retry = nil
			l.start(ctx)
		case r := <-l.results:
			l.cancel = nil
			l.finish(ctx, r)
		case <-l.current.exited():
			l.crashed()
		}
		if l.target != nil && l.cancel == nil && l.retry == nil && !l.current.is(l.target) {
			l.start(ctx)
		}
	}
}

// aim takes a new target and gives up on the one before.
func (l *loop) aim(o order) {
	l.config.Registry.Declare(o.Manifest.Name, o.Manifest.Version)
	if old := l.target; old != nil {
		l.forget(old)
	}
	if l.cancel != nil {
		l.cancel() // its result comes, and is not what is wanted any more
	}
	l.target, l.retry, l.backoff = &o, nil, backoff{}
	l.update(func(s *Status) {
		if l.current == nil {
			*s = Status{State: Starting, Target: o.Declaration}
		} else {
			s.Target, s.Problem = o.Declaration, nil
		}
	})
}

func (l *loop) forget(o *order) {
	l.config.Registry.Forget(o.Manifest.Name, o.Manifest.Version)
	o.Binary.Close()
	o.settle()
}

func (o *order) settle() {
	select {
	case <-o.settled:
	default:
		close(o.settled)
	}
}

// start begins to launch the target, beside what runs.
func (l *loop) start(ctx context.Context) {
	ctx, l.cancel = context.WithCancel(ctx)
	target, binary := l.target, l.target.Binary.Hold()
	if l.current == nil {
		l.update(func(s *Status) { s.State = Starting })
	}
	go func() {
		started, err := l.config.start(ctx, target)
		binary.Close()
		l.results <- result{target, started, err}
	}()
}

// finish lets what was started take over, if it still is what is wanted.
func (l *loop) finish(ctx context.Context, r result) {
	switch {
	case r.of != l.target && r.err == nil:
		l.retired.Go(func() { r.started.process.Stop(stopGrace) })
	case r.of != l.target, ctx.Err() != nil:
	case r.err != nil:
		l.failed(r.err)
	default:
		l.takeOver(r.started)
	}
}

func (l *loop) takeOver(next *live) {
	old := l.current
	l.config.Registry.Swap(next.instance, old.registered())
	l.current = next
	l.update(func(s *Status) { *s = next.status() })
	if old == nil {
		next.log.Info("serving", "version", next.instance.Version, "pid", next.process.PID, "took", next.took.String())
	} else {
		next.log.Info("swapped", "version", next.instance.Version, "pid", next.process.PID, "took", next.took.String(), "replaced", old.instance.Generation)
		l.retired.Go(func() { l.config.retire(old) })
	}
	l.target.settle()
}

// failed keeps what runs and tries again later.
func (l *loop) failed(err error) {
	l.backoff.failures = max(l.backoff.failures, 1) // trying again at once is for what did run
	pause := l.backoff.next()
	l.retry = time.After(pause)
	m := l.target.Manifest
	l.config.Log.Error("the connector did not start", "connector", m.Name, "version", m.Version, "file", l.target.File,
		"error", err, "again_in", pause.String(), "still_serving", l.current != nil)
	l.update(func(s *Status) {
		s.Problem = &Problem{Err: err, Since: time.Now()}
		if l.current == nil {
			s.State = BackingOff
		}
	})
	l.target.settle()
}

// crashed takes an ended process out and starts the target anew.
func (l *loop) crashed() {
	old := l.current
	l.config.Registry.Swap(nil, old.instance)
	l.current = nil
	exit := old.process.Exit()
	old.log.Error("the connector's process has ended", "pid", old.process.PID, "exit", exit, "in_flight", old.instance.InFlight())
	l.retired.Go(func() { l.config.retire(old) })
	if time.Since(old.since) > steady {
		l.backoff = backoff{}
	}
	pause := l.backoff.next()
	l.retry = time.After(pause)
	l.update(func(s *Status) {
		*s = Status{State: BackingOff, Target: l.target.Declaration, Problem: &Problem{Err: exitError(exit), Since: time.Now()}}
	})
}

// end drains and stops everything.
func (l *loop) end() {
	if l.cancel != nil {
		l.cancel()
		if r := <-l.results; r.err == nil {
			r.started.process.Stop(stopGrace)
		}
	}
	if l.current != nil {
		l.update(func(s *Status) { s.State = Draining })
		l.config.Registry.Swap(nil, l.current.instance)
		l.config.retire(l.current)
	}
	if l.target != nil {
		l.forget(l.target)
	}
	l.retired.Wait()
	l.update(func(s *Status) { s.State = Stopped })
}
