package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	live, pins := c.config.Supervise.Registry.Live(), c.config.Pins.all()
	c.mu.Lock()
	defer c.mu.Unlock()
	var plugins []Plugin
	for file, slot := range c.slots {
		p := Plugin{Status: slot.supervisor.Status(), File: file}
		n := p.Target.Manifest.Name
		if name != "" && n != name {
			continue
		}
		p.ServesUnpinned = p.Generation > 0 && live[n] != nil && live[n].Generation == p.Generation
		p.Pinned = p.ServesUnpinned && pins[n] == p.Version()
		plugins = append(plugins, p)
	}
	slices.SortFunc(plugins, func(a, b Plugin) int {
		return cmp.Or(cmp.Compare(a.Target.Manifest.Name, b.Target.Manifest.Name), semver.Compare("v"+b.Version(), "v"+a.Version()), cmp.Compare(a.File, b.File))
	})
	return plugins
}

// Problems returns what is wrong with manifests.
func (c *Controller) Problems() []Problem {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.problems)
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
	s, err := c.supervisor(name, version)
	if err != nil {
		return err
	}
	settled, err := s.Restart(reason)
	if err != nil {
		return err
	}
	return wait(ctx, settled)
}

// Drain takes a connector out of service and returns when its process is gone.
func (c *Controller) Drain(ctx context.Context, name, version, reason string) error {
	s, err := c.supervisor(name, version)
	if err != nil {
		return err
	}
	gone, err := s.Hold(reason)
	if err != nil {
		return err
	}
	return wait(ctx, gone)
}

// Pin has a version serve the calls that pin none; an empty version takes that
// back.
func (c *Controller) Pin(name, version string) error {
	if _, err := c.supervisor(name, version); err != nil && !(version == "" && errors.Is(err, ErrWhich)) {
		return err
	}
	if err := c.config.Pins.set(name, version); err != nil {
		return fmt.Errorf("the pin can't be kept: %w", err)
	}
	c.config.Supervise.Registry.Pin(name, version)
	c.config.Log.Info("pinned", "connector", name, "version", version)
	c.announce()
	return nil
}

// Rollback goes back to what served before: to another binary that a manifest
// declared, or else to the next lower version, which it pins. It returns when
// that serves.
func (c *Controller) Rollback(ctx context.Context, name, reason string) (pinned bool, err error) {
	plugins := c.Plugins(name)
	at := slices.IndexFunc(plugins, func(p Plugin) bool { return p.ServesUnpinned })
	switch {
	case len(plugins) == 0:
		return false, c.noPlugin(name)
	case at < 0:
		return false, fmt.Errorf("%w: no version of %s serves", ErrState, name)
	}
	s, err := c.supervisor(name, plugins[at].Target.Manifest.Version)
	if err != nil {
		return false, err
	}
	settled, err := s.Rollback(reason)
	if !errors.Is(err, supervise.ErrNothing) {
		if err != nil {
			return false, err
		}
		return false, wait(ctx, settled)
	}
	for _, lower := range plugins[at+1:] {
		if lower.Generation > 0 || lower.Description != nil {
			return true, c.Pin(name, lower.Version())
		}
	}
	return false, fmt.Errorf("%w: %w", ErrState, err)
}

// Lines is what a connector's processes have written of late.
func (c *Controller) Lines(name, version string) (*supervise.Lines, error) {
	s, err := c.supervisor(name, version)
	if err != nil {
		return nil, err
	}
	return s.Lines(), nil
}

// supervisor finds the one of a connector and, if there are several, a version:
// of what is declared or of what serves.
func (c *Controller) supervisor(name, version string) (*supervise.Supervisor, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*supervise.Supervisor
	var versions []string
	for _, slot := range c.slots {
		s := slot.supervisor.Status()
		if s.Target.Manifest.Name != name {
			continue
		}
		versions = append(versions, s.Target.Manifest.Version)
		if version == "" || version == s.Target.Manifest.Version || version == s.Serving.Manifest.Version {
			found = append(found, slot.supervisor)
		}
	}
	slices.Sort(versions)
	switch {
	case len(versions) == 0:
		return nil, c.noPluginLocked(name)
	case len(found) == 0:
		return nil, fmt.Errorf("%w: %s has no version %s; there are: %s", ErrNoPlugin, name, version, strings.Join(versions, ", "))
	case len(found) > 1:
		return nil, fmt.Errorf("%w of %s, say which: %s", ErrWhich, name, strings.Join(versions, ", "))
	}
	return found[0], nil
}

func (c *Controller) noPlugin(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.noPluginLocked(name)
}

func (c *Controller) noPluginLocked(name string) error {
	var names []string
	for _, slot := range c.slots {
		names = append(names, slot.declared.Manifest.Name)
	}
	slices.Sort(names)
	return fmt.Errorf("%w: %q; there are: %s", ErrNoPlugin, name, strings.Join(slices.Compact(names), ", "))
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
