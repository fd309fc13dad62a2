package supervise

import (
	"context"
	"sync"
	"time"

	"github.com/patchbay/patchbay/host/internal/reconcile"
)

// loop is the state of a running supervisor. Only its goroutine touches it.
type loop struct {
	*Supervisor
	target *Target  // what is declared
	serves *release // what takes calls; without a process it is started again, or rests
	next   *release // what is to take over from it; nil if nothing is
	aside  *release // the target, if it is declared and not to run: held, rolled back, quarantined
	good   *Target  // what served before, to go back to
	starts int      // that succeeded since the target was declared

	settling []*release // those who wait for them are let go of once Status tells

	results chan result    // of starts
	pending sync.WaitGroup // starts that are under way
	retired sync.WaitGroup // old instances that are draining
}

type result struct {
	of      *release
	started *live
	err     error
}

func (l *loop) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			l.end()
			return
		case do := <-l.orders:
			do(l)
		case <-l.next.due():
			l.next.retry = nil
		case <-l.serves.due():
			l.serves.retry = nil
		case r := <-l.results:
			l.finish(r)
		case <-l.serves.exited():
			l.crashed()
		case reason := <-l.serves.stuck():
			l.restart(reason)
		case <-l.serves.quiet():
			l.restIfIdle()
		}
		l.begin(ctx, l.serves)
		l.begin(ctx, l.next)
		l.stand()
		l.publish()
	}
}

// aim takes a new target.
func (l *loop) aim(t *Target) (settled <-chan struct{}) {
	l.config.Registry.Declare(t.Manifest.Name, t.Manifest.Version)
	if old := l.target; old != nil {
		l.config.Registry.Forget(old.Manifest.Name, old.Manifest.Version)
		old.Binary.Close()
	}
	l.target, l.starts = t, 0
	return l.prefer(t)
}

// prefer has a target take over as soon as it can, and gives up on what was to do
// that before.
func (l *loop) prefer(t *Target) (settled <-chan struct{}) {
	r := l.newRelease(t)
	l.giveUp(&l.next)
	l.giveUp(&l.aside)
	if l.serves.instance() == nil && r.lazy() && r.description != nil {
		l.follow(r) // what it would say is known; it takes over as it is
		l.settle(r)
		return r.settled
	}
	r.awake = l.serves.instance() != nil && l.serves.awake
	l.next = r
	return r.settled
}

// settle has those who wait for a release let go of, once Status tells them how it
// went.
func (l *loop) settle(r *release) { l.settling = append(l.settling, r) }

func (l *loop) letGo() {
	for _, r := range l.settling {
		r.settle()
	}
	l.settling = nil
}

// restart has the target take over in a new process.
func (l *loop) restart(reason string) (settled <-chan struct{}) {
	l.log().Info("starting the connector anew", "reason", reason)
	return l.prefer(l.target)
}

// hold takes the target out of service.
func (l *loop) hold(reason string) (gone <-chan struct{}) {
	l.giveUp(&l.next)
	l.putAside(reason)
	return l.follow(nil)
}

// rollBack goes back to what served before.
func (l *loop) rollBack(reason string) (to reconcile.Declaration, settled <-chan struct{}, err error) {
	if l.good == nil {
		return to, nil, ErrNothing
	}
	to = l.good.Declaration
	l.log().Info("going back to what served before", "last_good", l.good.Manifest.Version, "reason", reason)
	settled = l.goBack()
	l.putAside(reason)
	return to, settled, nil
}

// goBack has the last good target take over.
func (l *loop) goBack() (settled <-chan struct{}) {
	settled = l.prefer(l.good)
	l.forgetGood()
	if l.next != nil {
		l.next.awake = true
	}
	return settled
}

// putAside remembers why the target is not to run.
func (l *loop) putAside(reason string) {
	l.giveUp(&l.aside)
	l.aside = l.newRelease(l.target)
	l.aside.out = reason
}

// begin launches a release that is to run and does not, beside what runs.
func (l *loop) begin(ctx context.Context, r *release) {
	if r == nil || r.live != nil || r.cancel != nil || r.retry != nil || ctx.Err() != nil || !r.runs() {
		return
	}
	ctx, r.cancel = context.WithCancel(ctx)
	binary := r.Binary.Hold()
	r.begin(l.config.Generation(r.Manifest.Name), "")
	l.pending.Go(func() {
		started, err := l.config.start(ctx, r)
		binary.Close()
		l.results <- result{r, started, err}
	})
}

// finish lets what was started take over, if it still is wanted.
func (l *loop) finish(r result) {
	r.of.cancel()
	r.of.cancel = nil
	switch {
	case r.of != l.next && r.of != l.serves:
		if r.err == nil {
			l.retired.Go(func() { r.started.process.Stop(stopGrace) })
		}
		r.of.fire(Dropped, note{reason: "it was overtaken"})
	case r.err != nil:
		l.failed(r.of, r.err)
	default:
		l.takeOver(r.of, r.started)
	}
}

// takeOver lets a release serve that has proved itself.
func (l *loop) takeOver(r *release, next *live) {
	old := l.serves.instance()
	r.live, r.problem, r.description = next, nil, next.instance.Description
	r.served = true
	l.starts++
	l.config.Registry.Swap(next.instance, old)
	r.fire(Proved, note{sandbox: &next.process.Sandbox})
	if old == nil {
		next.log.Info("serving", "version", next.instance.Version, "pid", next.process.PID, "took", next.took.String(), "sandbox", next.process.Sandbox.String())
	} else {
		next.log.Info("swapped", "version", next.instance.Version, "pid", next.process.PID, "took", next.took.String(), "sandbox", next.process.Sandbox.String(), "replaced", old.Generation)
	}
	if l.next == r {
		l.next = nil
		l.follow(r)
	}
	l.settle(r)
	if stop := time.Duration(r.Manifest.IdleStop); r.lazy() && stop > 0 {
		next.quiet = time.NewTicker(idleLook(stop))
	}
	if r.lazy() && !r.awake {
		l.rest("it ran to say what it is")
	}
}

// follow makes a release, or nothing, the one that serves, and lets go of the one
// before. That one is kept to go back to, if it did serve and was something else.
// The channel is closed when its process is gone.
func (l *loop) follow(r *release) (gone <-chan struct{}) {
	old := l.serves
	if l.serves = r; r != nil {
		l.config.Registry.Declare(r.Manifest.Name, r.Manifest.Version)
	}
	l.stand()
	if old == nil {
		return closed()
	}
	if r != nil && l.aside == nil && old.served && !old.Same(r.Declaration) {
		l.forgetGood()
		l.good = &Target{Declaration: old.Declaration, Binary: old.Binary.Hold()}
	}
	return l.retire(old)
}

// retire drains and stops what has been replaced; gone is closed when that is
// done.
func (l *loop) retire(old *release) (gone <-chan struct{}) {
	running := old.live
	l.config.Registry.Forget(old.Manifest.Name, old.Manifest.Version)
	if running == nil {
		l.drop(old)
		return closed()
	}
	old.live = nil
	running.stopLooking()
	l.config.Registry.Swap(nil, running.instance) // if it is still there
	old.fire(Retired, note{})
	done := make(chan struct{})
	l.retired.Go(func() {
		defer close(done)
		l.config.retire(running)
		end := running.process.End()
		old.fire(Drained, note{end: &end})
		old.Binary.Close()
	})
	return done
}

func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// giveUp lets go of a release without a process, if there is one.
func (l *loop) giveUp(r **release) {
	if *r != nil {
		l.drop(*r)
		*r = nil
	}
}

// drop ends the life of a release without a process. A start that is under way is
// called off.
func (l *loop) drop(r *release) {
	if r.cancel != nil {
		r.cancel() // its result comes, and is not what is wanted any more
	} else {
		r.fire(Dropped, note{reason: r.out})
	}
	l.settle(r)
	r.Binary.Close()
}

func (l *loop) forgetGood() {
	if l.good != nil {
		l.good.Binary.Close()
		l.good = nil
	}
}

// restIfIdle stops a lazy connector that nobody has called for a while.
func (l *loop) restIfIdle() {
	stop := time.Duration(l.serves.Manifest.IdleStop)
	if l.serves.live.idleFor(idleLook(stop)) >= stop {
		l.rest("nobody has called it for " + stop.String())
	}
}

// idleLook is how long to wait between two looks for calls.
func idleLook(stop time.Duration) time.Duration { return max(stop/4, time.Millisecond) }

// rest stops the process of a lazy release until the next call.
func (l *loop) rest(reason string) {
	l.log().Info("at rest until it is called", "reason", reason)
	r := l.newRelease(&l.serves.Target)
	r.description = l.serves.description
	l.follow(r)
}

// end drains and stops everything.
func (l *loop) end() {
	serves := l.serves
	l.serves = nil // results that come now are not wanted
	l.giveUp(&l.next)
	l.giveUp(&l.aside)
	if serves != nil {
		l.update(func(s *Status) { s.State = Draining })
		l.retire(serves)
	}
	l.letGo()
	go func() {
		l.pending.Wait()
		close(l.results)
	}()
	for r := range l.results {
		l.finish(r)
	}
	l.forgetGood()
	if l.target != nil {
		l.config.Registry.Forget(l.target.Manifest.Name, l.target.Manifest.Version)
		l.target.Binary.Close()
	}
	l.retired.Wait()
	l.update(func(s *Status) { s.State = Stopped })
}
