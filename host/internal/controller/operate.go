package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/patchbay/patchbay/host/internal/supervise"
)

// What operators ask for can fail in these ways; the words say what there is.
var (
	ErrNoPlugin = errors.New("no such plugin")
	ErrWhich    = errors.New("there are several versions")
	ErrState    = errors.New("not possible as things stand")
)

// Plugin is one manifest and what runs for it.
type Plugin struct {
	supervise.Status
	File           string
	ServesUnpinned bool // takes the calls that pin no version
	Pinned         bool // because an operator wants it
}

// why says why it does not serve.
func (p Plugin) why() string {
	switch {
	case p.Aside != "":
		return p.Aside
	case p.Problem != nil:
		return p.Problem.Err.Error()
	default:
		return "it is " + string(p.State)
	}
}

// Version is what serves, or else what is declared.
func (p Plugin) Version() string {
	if p.Serving.Manifest.Version != "" {
		return p.Serving.Manifest.Version
	}
	return p.Target.Manifest.Version
}

// Plugins returns all plugins of a connector, or of all if name is empty: by
// name, the highest version first.
func (c *Controller) Plugins(name string) []Plugin {
	c.mu.Lock()
	defer c.mu.Unlock()
	var plugins []Plugin
	for file, slot := range c.slots {
		p := c.plugin(file, slot)
		if of := p.Target.Manifest.Name; of != "" && (name == "" || name == of) { // empty: its life begins at this moment
			plugins = append(plugins, p)
		}
	}
	slices.SortFunc(plugins, func(a, b Plugin) int {
		return cmp.Or(cmp.Compare(a.Target.Manifest.Name, b.Target.Manifest.Name), semver.Compare("v"+b.Version(), "v"+a.Version()), cmp.Compare(a.File, b.File))
	})
	return plugins
}

func (c *Controller) plugin(file string, slot *slot) Plugin {
	p := Plugin{Status: slot.supervisor.Status(), File: file}
	name := p.Target.Manifest.Name
	serves, ok := c.config.Supervise.Registry.Describe(name, "")
	p.ServesUnpinned = ok && serves.Version == p.Version() && serves.Generation == p.Generation
	if pin := c.config.Pins.of(name); pin == p.Version() { // calls come to it even while it does not serve
		p.ServesUnpinned, p.Pinned = true, true
	}
	return p
}

// Problems returns what is wrong with the manifests of a connector, or with any
// if name is empty.
func (c *Controller) Problems(name string) []Problem {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.problems), func(p Problem) bool { return name != "" && name != p.Name })
}

// Check says if a connector has a plugin or a problem, as ErrNoPlugin if not. An
// empty name stands for all of them.
func (c *Controller) Check(name string) error {
	if name == "" || len(c.Plugins(name)) > 0 || len(c.Problems(name)) > 0 {
		return nil
	}
	return c.noPlugin(name)
}

// Rescan looks at the manifests now and returns when what it found serves or has
// failed to start.
func (c *Controller) Rescan(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case c.rescans <- done:
	case <-ctx.Done():
		return ctx.Err()
	}
	return wait(ctx, done)
}

// Restart starts a connector anew and returns when it serves or has failed to
// start.
func (c *Controller) Restart(ctx context.Context, name, version, reason string) error {
	_, slot, err := c.find(name, version)
	if err != nil {
		return err
	}
	settled, err := slot.supervisor.Restart(reason)
	if err != nil {
		return err
	}
	return wait(ctx, settled)
}

// Drain takes a connector out of service and returns it when its process is gone.
func (c *Controller) Drain(ctx context.Context, name, version, reason string) (Plugin, error) {
	file, slot, err := c.find(name, version)
	if err != nil {
		return Plugin{}, err
	}
	gone, err := slot.supervisor.Hold(reason)
	if err == nil {
		err = wait(ctx, gone)
	}
	return c.plugin(file, slot), err
}

// Pin has a version serve the calls that pin none, and says which does then; an
// empty version takes that back. One that neither serves nor rests is refused.
func (c *Controller) Pin(name, version string) (serving string, err error) {
	if err := c.canPin(name, version); err != nil {
		return "", err
	}
	if err := c.config.Pins.set(name, version); err != nil {
		return "", fmt.Errorf("the pin can't be kept: %w", err)
	}
	c.config.Supervise.Registry.Pin(name, version)
	c.config.Log.Info("pinned", "connector", name, "version", version)
	c.announce()
	known, _ := c.config.Supervise.Registry.Describe(name, "")
	return known.Version, nil
}

func (c *Controller) canPin(name, version string) error {
	if version == "" {
		if c.config.Pins.of(name) != "" {
			return nil // also of a connector that is gone
		}
		return c.Check(name)
	}
	plugins := c.Plugins(name)
	if slices.ContainsFunc(plugins, func(p Plugin) bool { return p.Serving.Manifest.Version == version }) {
		return nil
	}
	file, slot, err := c.find(name, version)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %s@%s does not serve: %s", ErrState, name, version, c.plugin(file, slot).why())
}

// Rollback goes back to what served before the version that takes the calls which
// pin none: to another binary or version that its manifest declared, or else to
// the next lower version that serves, which it pins. It returns when that serves.
func (c *Controller) Rollback(ctx context.Context, name, reason string) (now Plugin, pinned bool, err error) {
	plugins := c.Plugins(name)
	if len(plugins) == 0 {
		return Plugin{}, false, c.noPlugin(name)
	}
	at := max(0, slices.IndexFunc(plugins, func(p Plugin) bool { return p.ServesUnpinned }))
	now, err = c.rollbackInPlace(ctx, plugins[at], reason)
	if !errors.Is(err, supervise.ErrNothing) {
		return now, false, err
	}
	for _, lower := range plugins[at+1:] {
		if lower.Description == nil {
			continue
		}
		if _, err := c.Pin(name, lower.Version()); err != nil {
			return Plugin{}, false, err
		}
		lower.ServesUnpinned, lower.Pinned = true, true
		return lower, true, nil
	}
	return Plugin{}, false, fmt.Errorf("%w: %w", ErrState, err)
}

func (c *Controller) rollbackInPlace(ctx context.Context, from Plugin, reason string) (now Plugin, err error) {
	if from.Serving.Digest != "" && from.Aside == "" && !from.Serving.Same(from.Target) {
		return Plugin{}, fmt.Errorf("%w: %s serves still, since what is declared does not: %s", ErrState, from.Serving.Manifest.ID(), from.why())
	}
	file, slot, err := c.find(from.Target.Manifest.Name, from.Target.Manifest.Version)
	if err != nil {
		return Plugin{}, err
	}
	to, settled, err := slot.supervisor.Rollback(reason)
	if err == nil {
		err = wait(ctx, settled)
	}
	if err != nil {
		return Plugin{}, err
	}
	switch now = c.plugin(file, slot); {
	case now.Serving.Same(to):
		return now, nil
	case now.Problem != nil:
		return Plugin{}, fmt.Errorf("%w: %s does not start: %w; what served serves on until it does", ErrState, to.Manifest.ID(), now.Problem.Err)
	default:
		return Plugin{}, fmt.Errorf("%w: something else was asked for while %s was gone back to; now %s: %s", ErrState, to.Manifest.ID(), now.Version(), now.why())
	}
}

// Lines is what a connector's processes have written of late; ended is closed
// when it is gone.
func (c *Controller) Lines(name, version string) (lines *supervise.Lines, ended <-chan struct{}, err error) {
	_, slot, err := c.find(name, version)
	if err != nil {
		return nil, nil, err
	}
	return slot.supervisor.Lines(), slot.supervisor.Ended(), nil
}

// find finds the plugin of a connector and, if there are several, of a version:
// the one that declares it, or else the one that serves it.
func (c *Controller) find(name, version string) (file string, found *slot, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	declares, serves := map[string]*slot{}, map[string]*slot{}
	var versions []string
	for file, slot := range c.slots {
		s := slot.supervisor.Status()
		if s.Target.Manifest.Name != name {
			continue
		}
		versions = append(versions, s.Target.Manifest.Version)
		if version == "" || version == s.Target.Manifest.Version {
			declares[file] = slot
		}
		if version == s.Serving.Manifest.Version {
			serves[file] = slot
		}
	}
	slices.Sort(versions)
	matches := declares
	if len(declares) == 0 {
		matches = serves
	}
	switch {
	case len(versions) == 0:
		return "", nil, c.noPluginLocked(name)
	case len(matches) == 0:
		return "", nil, fmt.Errorf("%w: %s has no version %s; there are: %s", ErrNoPlugin, name, version, strings.Join(versions, ", "))
	case len(matches) > 1:
		return "", nil, fmt.Errorf("%w of %s, say which: %s", ErrWhich, name, strings.Join(versions, ", "))
	}
	for file, found = range matches {
	}
	return file, found, nil
}

func (c *Controller) noPlugin(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.noPluginLocked(name)
}

func (c *Controller) noPluginLocked(name string) error {
	names := map[string]bool{}
	for _, slot := range c.slots {
		names[slot.declared.Manifest.Name] = true
	}
	there := strings.Join(slices.Sorted(maps.Keys(names)), ", ")
	return fmt.Errorf("%w: %q; there are: %s", ErrNoPlugin, name, cmp.Or(there, "none"))
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
