// Package supervise keeps the connector of one manifest alive: it starts what is
// declared, lets it take over from what was declared before, drains and stops
// the old, starts again what has ended, and goes back to what did work where the
// new does not.
package supervise

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/egress"
	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/host/internal/sandbox"
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
	// Egress is the plugins' way out; nil leaves them whatever ways the host has.
	Egress *egress.Broker
	// Machine is what can be enforced here; zero if nobody has looked.
	Machine sandbox.Machine
	// Descriptions keeps what connectors say of themselves.
	Descriptions *Descriptions
	// MinDrain is the shortest drain limit: no call that is allowed is cut off.
	MinDrain time.Duration
	// LongestCall is the age above which a call in a connector hangs: its caller
	// has been answered without it. Zero: no call is too old.
	LongestCall time.Duration
	// Secrets are those of a connector's accounts, which are masked in what it
	// writes; nil if none are known.
	Secrets func(connector string) []string
	// Observer is told what happens.
	Observer Observer
	// Changed is called, from any goroutine, when a Status changes: also while a
	// method of the supervisor that gives an order waits.
	Changed func()
}

// Observer is told what happens to plugins, from any goroutine. It must not wait
// for anything.
type Observer interface {
	Moved(Transition)
	ProbeMissed(connector, version string)
	Drained(connector, version string, took time.Duration, cancelled int)
}

// Target is what is to run.
type Target struct {
	reconcile.Declaration
	Binary *launch.Binary // closed by the supervisor
}

// Supervisor keeps the connector of one manifest alive.
type Supervisor struct {
	config  Config
	orders  chan func(*loop)
	ended   chan struct{}
	lines   *Lines
	denials *egress.Denials

	mu     sync.Mutex
	status Status
}

// New returns a supervisor that runs until ctx ends; then it drains and stops
// what it runs. Ended says when that is done.
func New(ctx context.Context, config Config) *Supervisor {
	s := &Supervisor{config: config, orders: make(chan func(*loop)), ended: make(chan struct{}), lines: newLines(), denials: &egress.Denials{}}
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
	if !s.order(func(l *loop) { settled = l.aim(&t) }) {
		t.Binary.Close()
		return closed()
	}
	return settled
}

// ErrEnded: the supervisor has ended.
var ErrEnded = errors.New("the connector is being removed")

// ErrNothing: there is nothing to do that with.
var ErrNothing = errors.New("there is nothing to go back to: no other binary or version of it has served here")

// Restart replaces what runs by the same in a new process, and takes back what
// Hold, Rollback and a quarantine have done. The channel is closed when the new
// process serves or its first start has failed.
func (s *Supervisor) Restart(reason string) (settled <-chan struct{}, err error) {
	if !s.order(func(l *loop) { settled = l.restart(reason) }) {
		return nil, ErrEnded
	}
	return settled, nil
}

// Hold drains what runs and starts nothing until Restart or another target. The
// channel is closed when the process is gone.
func (s *Supervisor) Hold(reason string) (gone <-chan struct{}, err error) {
	if !s.order(func(l *loop) { gone = l.hold(reason) }) {
		return nil, ErrEnded
	}
	return gone, nil
}

// Rollback has what served before the target serve again, until Restart or another
// target, and says what that is. The channel is closed when it does, when its start
// has failed, or when something else was asked for meanwhile.
func (s *Supervisor) Rollback(reason string) (to reconcile.Declaration, settled <-chan struct{}, err error) {
	if !s.order(func(l *loop) { to, settled, err = l.rollBack(reason) }) {
		return to, nil, ErrEnded
	}
	return to, settled, err
}

// Lines is what the connector's processes have written of late.
func (s *Supervisor) Lines() *Lines { return s.lines }

// Ended is closed when nothing runs any more.
func (s *Supervisor) Ended() <-chan struct{} { return s.ended }

// order has the loop do something, and waits until it is done and Status tells;
// false if the loop has ended.
func (s *Supervisor) order(do func(*loop)) bool {
	done := make(chan struct{})
	select {
	case s.orders <- func(l *loop) { do(l); l.publish(); close(done) }:
		<-done
		return true
	case <-s.ended:
		return false
	}
}
