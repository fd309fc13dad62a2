package supervise

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/registry"
)

// failed keeps what runs and tries again later.
func (l *loop) failed(r *release, err error) {
	wait, looped := r.failed(err)
	failure := note{reason: err.Error()}
	if ended := new(launch.EndedError); errors.As(err, &ended) {
		failure.end = &ended.End
	}
	r.fire(Failed, failure)
	l.log().Error("the connector did not start", "version", r.Manifest.Version, "generation", r.Generation(), "file", r.File,
		"error", err, "again_in", wait.Round(time.Millisecond).String(), "still_serving", l.serves.instance() != nil)
	l.settle(r)
	l.pauseOrQuarantine(r, wait, looped)
}

// crashed takes an ended process out.
func (l *loop) crashed() {
	r, old := l.serves, l.serves.live
	r.live = nil
	old.stopLooking()
	l.config.Registry.Swap(nil, old.instance)
	end := old.process.End()
	wait, looped := r.ended(old, end)
	r.fire(Ended, note{reason: why(end), end: &end})
	old.log.Error("the connector's process has ended", "pid", old.process.PID, "exit", end.String(), "in_flight", old.instance.InFlight())
	l.retired.Go(func() { l.config.retire(old) })
	l.pauseOrQuarantine(r, wait, looped)
}

// pauseOrQuarantine decides how a release goes on that has lost its process, or
// did not get one.
func (l *loop) pauseOrQuarantine(r *release, wait time.Duration, looped bool) {
	if !looped {
		r.retry = time.After(wait)
		return
	}
	reason := fmt.Sprintf("it crashed %d times within %s", crashLimit, crashWindow)
	r.problem = &Problem{Err: fmt.Errorf("quarantined, since %s: %w", reason, r.problem.Err), Since: time.Now()}
	r.fire(Looped, note{reason: reason})
	log := l.log().With("version", r.Manifest.Version, "reason", reason)
	switch {
	case r == l.next && l.serves != nil:
		log.Error("the connector is quarantined; what served before serves on")
		l.next = nil
		l.quarantine(r)
	case r == l.serves && l.good != nil:
		log.Error("the connector is quarantined; the last good version takes over", "last_good", l.good.Manifest.Version)
		l.serves = nil
		l.config.Registry.Forget(r.Manifest.Name, r.Manifest.Version)
		l.goBack()
		l.quarantine(r)
	default:
		log.Error("the connector is quarantined; nothing else can serve, so it is tried again", "again_in", lastPause.String())
		r.crashes, r.retry = nil, time.After(lastPause)
	}
}

// quarantine puts a release aside that crashes in a loop.
func (l *loop) quarantine(r *release) {
	l.giveUp(&l.aside)
	r.out = r.problem.Err.Error()
	l.aside = r
}

// why says in words how a process ended.
func why(end launch.End) string {
	if end.ByHost {
		return "it did not answer probes and was killed"
	}
	return end.String()
}

// standing is what the registry is told of a version without a live instance.
type standing string

const (
	coming  standing = "coming"
	resting standing = "resting"
	out     standing = "out"
)

// stand tells the registry how calls fare while there is no process for them.
func (l *loop) stand() {
	l.standFor(l.serves)
	if l.aside != nil && (l.serves == nil || l.serves.Manifest.Version != l.aside.Manifest.Version) {
		l.standFor(l.aside)
	}
}

func (l *loop) standFor(r *release) {
	if r == nil {
		return
	}
	how, s := coming, registry.Standing{}
	switch {
	case r.out != "":
		how, s.Out = out, r.out
	case r.State() == Quarantined:
		how, s.Out = out, r.problem.Err.Error()
	case r.lazy() && r.live == nil && r.failures == 0:
		how, s.Wake, s.Description = resting, l.waker(r), r.description
	}
	if how != r.standing {
		r.standing = how
		l.config.Registry.Stand(r.Manifest.Name, r.Manifest.Version, s)
	}
}

// waker has a resting release start at the first call.
func (l *loop) waker(r *release) func() {
	return sync.OnceFunc(func() {
		go l.order(func(*loop) { r.awake = true })
	})
}

// log is for lines about the connector, whatever runs of it.
func (l *loop) log() hclog.Logger {
	return l.config.Log.With("connector", l.target.Manifest.Name)
}
