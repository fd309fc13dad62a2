package supervise

import (
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/sandbox"
)

// State says where a release stands in its life. A release is one version of a
// connector in the very bytes that were declared; each of its starts is a
// generation.
type State string

// The states of a release.
const (
	Verified    State = "verified"    // its bytes are checked and nothing runs; a lazy one rests here until it is called
	Starting    State = "starting"    // its process is being launched
	Probing     State = "probing"     // its process runs, and has to describe itself and to answer a probe
	Serving     State = "serving"     // its process takes calls
	Draining    State = "draining"    // its process finishes the calls that it has
	BackingOff  State = "backing off" // its process ended, and the next start comes after a pause
	Quarantined State = "quarantined" // it crashed in a loop
	Stopped     State = "stopped"     // it is gone
)

// Event is what moves a release from one state to the next.
type Event string

// The events in the life of a release.
const (
	Wanted   Event = "wanted"   // it is to run: it was declared, a call came for it, or a pause is over
	Launched Event = "launched" // its process has made the handshake
	Proved   Event = "proved"   // it has described itself and answered a probe, and takes calls from now on
	Failed   Event = "failed"   // it did not start
	Ended    Event = "ended"    // its process has ended: it crashed, hung, or was killed
	Looped   Event = "looped"   // it has crashed too often
	Retired  Event = "retired"  // another serves in its place, or none is to
	Drained  Event = "drained"  // its calls are done or cut off, and its process is gone
	Dropped  Event = "dropped"  // it is not wanted any more, and has no process
)

// table is the life of a release: state → event → next state. What is not in it
// does not happen.
var table = map[State]map[Event]State{
	Verified:    {Wanted: Starting, Dropped: Stopped},
	Starting:    {Launched: Probing, Failed: BackingOff, Dropped: Stopped},
	Probing:     {Proved: Serving, Failed: BackingOff, Dropped: Stopped},
	Serving:     {Retired: Draining, Ended: BackingOff},
	Draining:    {Drained: Stopped},
	BackingOff:  {Wanted: Starting, Looped: Quarantined, Dropped: Stopped},
	Quarantined: {Wanted: Starting, Dropped: Stopped},
	Stopped:     {},
}

// Transition is one step in the life of a release.
type Transition struct {
	Time time.Time
	reconcile.Declaration
	Generation uint64 // 0 before the first start
	PID        int    // 0 if there is no process
	From, To   State
	Event      Event
	Reason     string          // why, in words; may be empty
	End        *launch.End     // how the process ended, where it did
	Sandbox    *sandbox.Report // of a process that begins to serve
}

// life is where one release stands. Transitions come one after the other, from
// whatever goroutine.
type life struct {
	of       reconcile.Declaration
	observer Observer
	log      hclog.Logger

	mu         sync.Mutex
	state      State
	generation uint64
	pid        int
}

// State returns where the release stands.
func (l *life) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// Generation is that of the last start, or 0.
func (l *life) Generation() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.generation
}

// note is what a transition says beside its event.
type note struct {
	reason  string
	end     *launch.End
	sandbox *sandbox.Report
}

// fire moves the release on, and tells everybody. An event that the table does
// not have in this state is a mistake of this package: it is logged and changes
// nothing.
func (l *life) fire(event Event, n note) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, ok := table[l.state][event]
	if !ok {
		l.log.Error("an impossible event in a connector's life", "file", l.of.File, "state", l.state, "event", event)
		return
	}
	t := Transition{
		Time: time.Now(), Declaration: l.of, Generation: l.generation, PID: l.pid,
		From: l.state, To: next, Event: event, Reason: n.reason, End: n.end, Sandbox: n.sandbox,
	}
	l.state = next
	l.log.Debug("a step in a plugin's life", "connector", l.of.Manifest.Name, "version", l.of.Manifest.Version, "generation", l.generation, "pid", l.pid,
		"from", t.From, "to", t.To, "event", event, "reason", n.reason)
	l.observer.Moved(t)
}

// begin starts the next generation.
func (l *life) begin(generation uint64, reason string) {
	l.mu.Lock()
	l.generation, l.pid = generation, 0
	l.mu.Unlock()
	l.fire(Wanted, note{reason: reason})
}

// launched says that there is a process.
func (l *life) launched(pid int) {
	l.mu.Lock()
	l.pid = pid
	l.mu.Unlock()
	l.fire(Launched, note{})
}
