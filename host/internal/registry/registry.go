// Package registry knows which live instance serves which connector.
package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/semver"

	"github.com/patchbay/patchbay/host/internal/description"
)

// ErrUnknown: no such connector or version is declared.
var ErrUnknown = errors.New("unknown connector")

// ErrNotServing: the connector is declared, and no instance of it is live.
var ErrNotServing = errors.New("no live instance")

// ErrOut: and none comes by itself.
var ErrOut = errors.New("out of service")

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
	declared map[string]release // by version
	live     []*Instance
	pin      string // the version that the operator wants to serve unpinned calls

	all      []candidate // highest version first, newest generation first
	unpinned []candidate // of these, those for calls that pin no version
}

// candidate is what may serve a call: a live instance, or a declared version
// that has none.
type candidate struct {
	version  string
	instance *Instance
	standing Standing
}

type release struct {
	files    int // that declare it
	standing Standing
}

// Standing is how a declared version without a live instance stands: whether
// calls wait for one (the zero value), wake one, or are told at once that none
// comes.
type Standing struct {
	// Wake starts a version that rests until it is called. It returns at once and
	// may be called any number of times.
	Wake func()
	// Description is what a resting version has said of itself before.
	Description *description.Description
	// Out is why no instance comes before an operator or a new manifest sees to
	// it.
	Out string
}

// New returns an empty registry.
func New() *Registry {
	r := &Registry{}
	r.table.Store(&table{changed: make(chan struct{})})
	return r
}

// Declare makes a version known: calls wait for it instead of being refused.
func (r *Registry) Declare(name, version string) {
	r.edit(name, version, func(v *release) { v.files++ })
}

// Forget takes one Declare back.
func (r *Registry) Forget(name, version string) {
	r.edit(name, version, func(v *release) { v.files-- })
}

// Stand says how a declared version stands while no instance of it is live.
func (r *Registry) Stand(name, version string, s Standing) {
	r.edit(name, version, func(v *release) { v.standing = s })
}

func (r *Registry) edit(name, id string, edit func(*release)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replace(name, func(c *connector) {
		v := c.declared[id]
		edit(&v)
		if c.declared[id] = v; v.files <= 0 {
			delete(c.declared, id)
		}
	})
}

// Pin has a version serve the calls that pin none, if it is declared or live; an
// empty version takes that back.
func (r *Registry) Pin(name, version string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replace(name, func(c *connector) { c.pin = version })
}

// Swap makes in serve and takes out out, in one step for every caller. Either may
// be nil. What is out takes no new calls; those it has go on until it is drained.
func (r *Registry) Swap(in, out *Instance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if in != nil && out != nil && in.Name == out.Name {
		r.replace(in.Name, func(c *connector) { c.remove(out); c.live = append(c.live, in) })
		return
	}
	if in != nil {
		r.replace(in.Name, func(c *connector) { c.live = append(c.live, in) })
	}
	if out != nil {
		r.replace(out.Name, func(c *connector) { c.remove(out) })
	}
}

// replace puts an edited copy of the table in place. r.mu is held.
func (r *Registry) replace(name string, edit func(*connector)) {
	old := r.table.Load()
	next := &table{connectors: maps.Clone(old.connectors), changed: make(chan struct{})}
	if next.connectors == nil {
		next.connectors = map[string]connector{}
	}
	c := old.connectors[name]
	if c.declared, c.live = maps.Clone(c.declared), slices.Clone(c.live); c.declared == nil {
		c.declared = map[string]release{}
	}
	edit(&c)
	c.arrange()
	next.connectors[name] = c
	if len(c.all) == 0 && c.pin == "" {
		delete(next.connectors, name)
	}
	r.table.Store(next)
	close(old.changed)
}

// arrange puts the candidates in order.
func (c *connector) arrange() {
	c.all = nil
	for _, inst := range c.live {
		c.all = append(c.all, candidate{version: inst.Version, instance: inst})
	}
	for version, r := range c.declared {
		if !slices.ContainsFunc(c.live, func(i *Instance) bool { return i.Version == version }) {
			c.all = append(c.all, candidate{version: version, standing: r.standing})
		}
	}
	slices.SortFunc(c.all, func(a, b candidate) int {
		if order := semver.Compare("v"+b.version, "v"+a.version); order != 0 || a.instance == nil {
			return order
		}
		return cmp.Compare(b.instance.Generation, a.instance.Generation)
	})
	c.unpinned = c.all
	if c.pin != "" && c.knows(c.pin) {
		c.unpinned = slices.DeleteFunc(slices.Clone(c.all), func(k candidate) bool { return k.version != c.pin })
	}
}

func (c *connector) remove(out *Instance) {
	c.live = slices.DeleteFunc(c.live, func(i *Instance) bool { return i == out })
}

// Acquire returns the instance that serves a call, counted until it is released:
// the given version, or the one that serves calls which pin none. It wakes a
// version that rests. The error wraps ErrUnknown, ErrNotServing or, besides that,
// ErrOut.
func (r *Registry) Acquire(name, version string) (*Instance, error) {
	inst, _, err := r.acquire(name, version)
	return inst, err
}

// AcquireWait is Acquire, but waits for an instance that is to come until the
// context ends.
func (r *Registry) AcquireWait(ctx context.Context, name, version string) (*Instance, error) {
	for {
		inst, changed, err := r.acquire(name, version)
		if !errors.Is(err, ErrNotServing) || errors.Is(err, ErrOut) {
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
		inst, err := c.choose(version)
		if err == nil && inst.acquire() {
			return inst, nil, nil
		}
		if r.table.Load() != t { // what it had may have gone since, for something else
			continue
		}
		if err == nil {
			err = ErrNotServing
		}
		return nil, t.changed, fmt.Errorf("%s: %w", id(name, version), err)
	}
}

// candidates are those for calls that pin a version, or none. This is where
// shares of traffic would be dealt out.
func (c connector) candidates(version string) iter.Seq[candidate] {
	return func(yield func(candidate) bool) {
		if version == "" {
			slices.Values(c.unpinned)(yield)
			return
		}
		for _, k := range c.all {
			if k.version == version && !yield(k) {
				return
			}
		}
	}
}

// choose finds the instance for a call: the first that is live, unless a better
// one rests and only has to be woken.
func (c connector) choose(version string) (*Instance, error) {
	out, waiting := "", false
	for k := range c.candidates(version) {
		switch {
		case k.instance != nil && !k.instance.gone.Load():
			return k.instance, nil
		case k.standing.Wake != nil:
			k.standing.Wake()
			return nil, ErrNotServing
		case k.standing.Out != "":
			out = k.standing.Out
		default:
			waiting = true
		}
	}
	if out != "" && !waiting {
		return nil, fmt.Errorf("%w: %w: %s", ErrNotServing, ErrOut, out)
	}
	return nil, ErrNotServing
}

func (c connector) knows(version string) bool {
	return slices.ContainsFunc(c.all, func(k candidate) bool { return k.version == version })
}

func id(name, version string) string {
	if version == "" {
		return name
	}
	return name + "@" + version
}

// Has says whether a connector is declared or live.
func (r *Registry) Has(name string) bool { return len(r.table.Load().connectors[name].all) > 0 }

// Names returns the connectors that are declared or live, sorted.
func (r *Registry) Names() []string {
	var names []string
	for name, c := range r.table.Load().connectors {
		if len(c.all) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Versions returns the declared and live versions of a connector, highest first.
func (r *Registry) Versions(name string) []string {
	var versions []string
	for _, k := range r.table.Load().connectors[name].all {
		versions = append(versions, k.version)
	}
	return slices.Compact(versions)
}

// Live returns the instance that serves unpinned calls to each connector, by
// name. They are not acquired.
func (r *Registry) Live() map[string]*Instance {
	live := map[string]*Instance{}
	for name, c := range r.table.Load().connectors {
		for _, k := range c.unpinned {
			if k.instance != nil {
				live[name] = k.instance
				break
			}
		}
	}
	return live
}

// Known is what is known of a version that would serve a call.
type Known struct {
	*description.Description
	Version    string
	Generation uint64 // 0 if it rests
}

// Describe tells what is known of the version that would serve a call, be it live
// or at rest; ok is false if there is none, or it has never run. It wakes nobody.
func (r *Registry) Describe(name, version string) (known Known, ok bool) {
	for k := range r.table.Load().connectors[name].candidates(version) {
		switch {
		case k.instance != nil:
			return Known{k.instance.Description, k.version, k.instance.Generation}, true
		case k.standing.Description != nil:
			return Known{Description: k.standing.Description, Version: k.version}, true
		}
	}
	return Known{}, false
}

// Descriptions returns what each connector says of itself, by name.
func (r *Registry) Descriptions() map[string]*description.Description {
	all := map[string]*description.Description{}
	for _, name := range r.Names() {
		if k, ok := r.Describe(name, ""); ok {
			all[name] = k.Description
		}
	}
	return all
}

// Changed is closed at the next change.
func (r *Registry) Changed() <-chan struct{} { return r.table.Load().changed }
