// Package registry knows which live instance serves which connector.
package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/semver"
)

// ErrUnknown: no such connector or version is declared.
var ErrUnknown = errors.New("unknown connector")

// ErrNotServing: the connector is declared, and no instance of it is live.
var ErrNotServing = errors.New("no live instance")

// Registry maps names to live instances. Reads take no lock: they see one
// immutable table, and each change puts a new one in its place.
type Registry struct {
	mu    sync.Mutex // held by writers
	table atomic.Pointer[table]
}

type table struct {
	connectors map[string]connector
	changed    chan struct{} // closed when the next table takes over
}

type connector struct {
	declared map[string]int // version → number of files that declare it
	live     []*Instance    // highest version first, newest generation first
}

// New returns an empty registry.
func New() *Registry {
	r := &Registry{}
	r.table.Store(&table{changed: make(chan struct{})})
	return r
}

// Declare makes a version known: calls wait for it instead of being refused.
func (r *Registry) Declare(name, version string) { r.declare(name, version, 1) }

// Forget takes one Declare back.
func (r *Registry) Forget(name, version string) { r.declare(name, version, -1) }

func (r *Registry) declare(name, version string, by int) {
	r.change(name, func(c *connector) {
		if c.declared[version] += by; c.declared[version] <= 0 {
			delete(c.declared, version)
		}
	})
}

// Swap makes in serve and takes out out, in one step for every caller. Either may
// be nil. What is out takes no new calls; those it has go on until it is drained.
func (r *Registry) Swap(in, out *Instance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if in != nil && out != nil && in.Name == out.Name {
		r.replace(in.Name, func(c *connector) { c.remove(out); c.insert(in) })
		return
	}
	if in != nil {
		r.replace(in.Name, func(c *connector) { c.insert(in) })
	}
	if out != nil {
		r.replace(out.Name, func(c *connector) { c.remove(out) })
	}
}

func (r *Registry) change(name string, edit func(*connector)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replace(name, edit)
}

// replace puts an edited copy of the table in place. r.mu is held.
func (r *Registry) replace(name string, edit func(*connector)) {
	old := r.table.Load()
	next := &table{connectors: maps.Clone(old.connectors), changed: make(chan struct{})}
	if next.connectors == nil {
		next.connectors = map[string]connector{}
	}
	c := connector{declared: maps.Clone(old.connectors[name].declared), live: slices.Clone(old.connectors[name].live)}
	if c.declared == nil {
		c.declared = map[string]int{}
	}
	edit(&c)
	next.connectors[name] = c
	if len(c.declared) == 0 && len(c.live) == 0 {
		delete(next.connectors, name)
	}
	r.table.Store(next)
	close(old.changed)
}

func (c *connector) insert(in *Instance) {
	c.live = append(c.live, in)
	slices.SortStableFunc(c.live, func(a, b *Instance) int {
		if order := semver.Compare("v"+b.Version, "v"+a.Version); order != 0 {
			return order
		}
		return cmp.Compare(b.Generation, a.Generation)
	})
}

func (c *connector) remove(out *Instance) {
	c.live = slices.DeleteFunc(c.live, func(i *Instance) bool { return i == out })
}

// Acquire returns the instance that serves a call, counted until it is released:
// the given version, or the highest live one where version is empty. The error
// wraps ErrUnknown or ErrNotServing.
func (r *Registry) Acquire(name, version string) (*Instance, error) {
	inst, _, err := r.acquire(name, version)
	return inst, err
}

// AcquireWait is Acquire, but waits for an instance of a connector that is
// declared until the context ends.
func (r *Registry) AcquireWait(ctx context.Context, name, version string) (*Instance, error) {
	for {
		inst, changed, err := r.acquire(name, version)
		if !errors.Is(err, ErrNotServing) {
			return inst, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (r *Registry) acquire(name, version string) (inst *Instance, changed <-chan struct{}, err error) {
	for {
		t := r.table.Load()
		c, known := t.connectors[name]
		if !known || version != "" && !c.knows(version) {
			return nil, nil, fmt.Errorf("%w: %s", ErrUnknown, id(name, version))
		}
		closing := false
		for _, inst := range c.live {
			if version != "" && inst.Version != version {
				continue
			}
			if inst.acquire() {
				return inst, nil, nil
			}
			closing = true // it began to drain after this table was made
		}
		if !closing || r.table.Load() == t {
			return nil, t.changed, fmt.Errorf("%w: %s", ErrNotServing, id(name, version))
		}
	}
}

func (c connector) knows(version string) bool {
	return c.declared[version] > 0 || slices.ContainsFunc(c.live, func(i *Instance) bool { return i.Version == version })
}

func id(name, version string) string {
	if version == "" {
		return name
	}
	return name + "@" + version
}

// Known says whether a connector is declared or live.
func (r *Registry) Known(name string) bool {
	_, ok := r.table.Load().connectors[name]
	return ok
}

// Names returns the connectors that are declared, sorted.
func (r *Registry) Names() []string {
	return slices.Sorted(maps.Keys(r.table.Load().connectors))
}

// Versions returns the declared and live versions of a connector, highest first.
func (r *Registry) Versions(name string) []string {
	c := r.table.Load().connectors[name]
	versions := slices.Collect(maps.Keys(c.declared))
	for _, inst := range c.live {
		if !slices.Contains(versions, inst.Version) {
			versions = append(versions, inst.Version)
		}
	}
	slices.SortFunc(versions, func(a, b string) int { return semver.Compare("v"+b, "v"+a) })
	return versions
}

// Live returns the instance that serves unpinned calls to each connector, by
// name. They are not acquired.
func (r *Registry) Live() map[string]*Instance {
	live := map[string]*Instance{}
	for name, c := range r.table.Load().connectors {
		if len(c.live) > 0 {
			live[name] = c.live[0]
		}
	}
	return live
}

// Changed is closed at the next change.
func (r *Registry) Changed() <-chan struct{} { return r.table.Load().changed }
