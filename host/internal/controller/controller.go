// Package controller makes what runs equal to what is declared: it reads the
// manifests when watch says so, has reconcile decide, and has supervise do it.
// Boot is a reload from nothing.
package controller

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/egress"
	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/supervise"
	"github.com/patchbay/patchbay/host/internal/trust"
	"github.com/patchbay/patchbay/host/internal/watch"
)

// stable is the pause between two looks that have to be equal.
const stable = 100 * time.Millisecond

// Config is what the controller needs of the host.
type Config struct {
	Dir string // where the manifests are
	// CommandsAnywhere lets manifests name binaries outside of Dir.
	CommandsAnywhere bool
	// Trust says which bytes may run; nil: all that a manifest names.
	Trust *trust.Gate
	// Egress is what manifests may name beyond the public Internet.
	Egress egress.Policy
	// SandboxOff lets manifests turn their sandbox off.
	SandboxOff bool
	Store      *launch.Store
	Pins       *Pins
	Supervise  supervise.Config // its Changed is set here
	Log        hclog.Logger
}

// Controller makes what runs equal to what is declared.
type Controller struct {
	config  Config
	known   chan struct{}
	ready   chan struct{}
	rescans chan chan<- struct{} // by an operator; closed when what was found is settled
	leaving sync.WaitGroup       // connectors whose manifests are gone

	doubts doubts // about what runs

	mu       sync.Mutex
	slots    map[string]*slot // by manifest file
	booted   bool             // what was declared at boot is in slots
	problems []Problem
	changed  chan struct{} // closed when a status or a problem changes
}

// slot is one manifest file and what runs for it.
type slot struct {
	supervisor *supervise.Supervisor
	stop       context.CancelFunc
	declared   reconcile.Declaration
}

// Problem is something wrong with a manifest or the directory.
type Problem struct {
	manifest.Error
	Name  string // the connector that it concerns, as far as that is known
	Since time.Time
}

// New returns a controller that runs nothing yet.
func New(config Config) *Controller {
	c := &Controller{config: config, known: make(chan struct{}), ready: make(chan struct{}), rescans: make(chan chan<- struct{}), slots: map[string]*slot{}, changed: make(chan struct{})}
	c.config.Supervise.Changed = c.announce
	for name, version := range config.Pins.all() {
		config.Supervise.Registry.Pin(name, version)
	}
	return c
}

// Known is closed when the manifests have been read for the first time: from then
// on a connector that the registry does not know does not exist.
func (c *Controller) Known() <-chan struct{} { return c.known }

// Ready is closed when every connector that was declared at boot serves or has
// failed to start once.
func (c *Controller) Ready() <-chan struct{} { return c.ready }

// Run looks at the manifests whenever the watcher ticks, until ctx ends. Then it
// drains and stops all connectors, and returns when nothing of them is left.
func (c *Controller) Run(ctx context.Context, w *watch.Watcher) error {
	known := sync.OnceFunc(func() { close(c.known) })
	ready := sync.OnceFunc(func() { close(c.ready) })
	defer c.stopAll()
	var last scan
	settled := &sync.WaitGroup{} // of all that was ever started
	var scarcity scarcity
	for {
		var asked chan<- struct{}
		select {
		case <-ctx.Done():
			return nil
		case <-w.C:
		case <-scarcity.again:
			scarcity.again = nil
		case asked = <-c.rescans:
		}
		seen, ok := c.settled(ctx)
		if !ok {
			return nil
		}
		if !seen.equal(last) || last.files == nil {
			now, lacked := c.apply(seen)
			before := settled
			settled = &sync.WaitGroup{}
			settled.Go(before.Wait)
			settled.Go(now.Wait)
			if last = seen; scarcity.note(lacked) {
				last = scan{}
			}
		}
		known()
		go func(settled *sync.WaitGroup) {
			settled.Wait()
			ready()
			if asked != nil {
				close(asked)
			}
		}(settled)
		w.Also(c.config.Dir)
		if lock := c.config.Trust.LockFile(); lock != "" {
			w.Also(filepath.Dir(lock))
		}
		for _, l := range seen.files {
			w.Also(filepath.Dir(l.binary))
		}
	}
}

// settled looks until two looks agree.
func (c *Controller) settled(ctx context.Context) (scan, bool) {
	for before := c.scan(); ; {
		select {
		case <-ctx.Done():
			return scan{}, false
		case <-time.After(stable):
		}
		now := c.scan()
		if now.equal(before) {
			return now, true
		}
		before = now
	}
}

// apply carries out what a scan comes to. The group is done when everything that
// was started serves or has failed. lacked says that something failed for want of
// space, descriptors or memory, and may succeed though no file changes.
func (c *Controller) apply(s scan) (settled *sync.WaitGroup, lacked bool) {
	settled, lacked = &sync.WaitGroup{}, scarce(s.err)
	running := c.declared()
	if lost := c.lost(s, running); lost != nil {
		c.report([]Problem{*lost})
		return settled, lacked
	}
	var found []reconcile.Found
	binaries := map[string]*launch.Binary{}
	for file, l := range s.files {
		f, binary, err := c.declare(file, l)
		found, lacked = append(found, f), lacked || l.lacked || scarce(err)
		if binary != nil {
			binaries[file] = binary
			defer binary.Close()
		}
	}
	c.settle(found)
	plan := reconcile.Decide(running, found)
	c.report(c.name(plan.Problems, found, running))
	for _, step := range plan.Steps {
		switch step.Op {
		case reconcile.Start, reconcile.Replace:
			done := c.want(step.Want, binaries[step.File].Hold())
			settled.Go(func() { <-done })
		case reconcile.Stop: // of two names for one connector the new one comes first
			c.leaving.Go(func() {
				settled.Wait()
				c.stop(step.File, running[step.File])
			})
		}
	}
	c.mu.Lock()
	c.booted = true
	c.mu.Unlock()
	return settled, lacked
}

// lost says if everything vanished at once: that is an unmounted volume or a slip
// of the hand more often than a wish, so what runs goes on.
func (c *Controller) lost(s scan, running map[string]reconcile.Declaration) *Problem {
	switch {
	case s.err != nil:
		return c.problem(&manifest.Error{File: c.config.Dir, Reason: "the directory can't be read: " + s.err.Error() + "; what runs goes on"}, "")
	case len(s.files) == 0 && len(running) > 1:
		return c.problem(&manifest.Error{File: c.config.Dir, Reason: "all manifests have vanished at once; what runs goes on. Remove them one by one to stop their connectors"}, "")
	}
	return nil
}

func (c *Controller) declared() map[string]reconcile.Declaration {
	c.mu.Lock()
	defer c.mu.Unlock()
	declared := map[string]reconcile.Declaration{}
	for file, slot := range c.slots {
		declared[file] = slot.declared
	}
	return declared
}

// want has a declaration run. It waits for the supervisor, which may be waiting
// for the lock to announce something, so it does not hold the lock then.
func (c *Controller) want(d reconcile.Declaration, binary *launch.Binary) (settled <-chan struct{}) {
	return c.slotFor(d).supervisor.Want(supervise.Target{Declaration: d, Binary: binary})
}

// slotFor is the slot that runs a declaration from now on.
func (c *Controller) slotFor(d reconcile.Declaration) *slot {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.slots[d.File]
	if s == nil {
		ctx, stop := context.WithCancel(context.Background()) // Run ends it, after its own context
		s = &slot{supervisor: supervise.New(ctx, c.config.Supervise), stop: stop}
		c.slots[d.File] = s
	}
	s.declared = d
	return s
}

// stop drains and stops what runs for a file, unless the file has come back in
// the meantime.
func (c *Controller) stop(file string, was reconcile.Declaration) {
	c.mu.Lock()
	s := c.slots[file]
	if s == nil || !s.declared.Same(was) {
		c.mu.Unlock()
		return
	}
	delete(c.slots, file)
	c.mu.Unlock()
	c.config.Log.Info("the manifest is gone; draining", "file", file, "connector", was.Manifest.Name, "version", was.Manifest.Version)
	s.stop()
	<-s.supervisor.Ended()
	c.announce()
}

// stopAll drains and stops everything.
func (c *Controller) stopAll() {
	c.mu.Lock()
	slots := slices.Collect(maps.Values(c.slots))
	c.mu.Unlock()
	for _, s := range slots {
		s.stop()
	}
	for _, s := range slots {
		<-s.supervisor.Ended()
	}
	c.leaving.Wait()
}

func (c *Controller) announce() {
	c.keep()
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.changed)
	c.changed = make(chan struct{})
}
