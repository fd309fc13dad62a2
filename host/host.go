// Package host is the gateway as a program: Run is the whole of it on one screen.
package host

import (
	"context"
	"fmt"
	"net"
	"slices"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"

	"github.com/patchbay/patchbay/host/internal/admin"
	"github.com/patchbay/patchbay/host/internal/audit"
	"github.com/patchbay/patchbay/host/internal/cgroup"
	"github.com/patchbay/patchbay/host/internal/controller"
	"github.com/patchbay/patchbay/host/internal/gateway"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/host/internal/watch"
	"github.com/patchbay/patchbay/host/internal/webhook"
)

// host is the gateway's parts.
type host struct {
	Config
	log     hclog.Logger
	journal *admin.Journal
	metrics *telemetry.Metrics
	tracing *telemetry.Tracing

	groups               *cgroup.Tree // nil if plugins get no cgroups
	runtimeDir, storeDir string       // its own
	connectors           *registry.Registry
	control              *controller.Controller
	border               boundary
	records              *audit.Log
	edge                 *gateway.Gateway
	callers, operators   net.Listener // the latter nil if there are none
	events               *webhook.Sinks
	hooks                *webhook.Server // nil if no webhooks come in

	closers []func() // in the order of opening
}

// Run serves until ctx ends. Then health turns NOT_SERVING, calls finish, the
// plugins are drained and stopped, and nothing of the host is left.
func Run(ctx context.Context, config Config) error {
	if err := config.complete(); err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	h := &host{Config: config, log: config.logger(), connectors: registry.New(), journal: admin.NewJournal(), metrics: telemetry.NewMetrics()}
	defer h.close()
	for _, open := range []func(context.Context) error{h.openDirectories, h.openPlugins, h.openEdge, h.openListeners, h.openWebhooks} {
		if err := open(ctx); err != nil {
			return err
		}
	}

	// Callers come first in the end: plugins go when no call is left.
	plugins, stopPlugins := context.WithCancel(context.WithoutCancel(ctx))
	defer stopPlugins()
	group, ctx := errgroup.WithContext(ctx)
	watcher := watch.New(h.Plugins, h.log)
	group.Go(func() error { return watcher.Run(plugins) })
	group.Go(func() error { return h.control.Run(plugins, watcher) })
	group.Go(func() error { return h.border.accounts.Run(plugins) })
	group.Go(func() error { return h.serveAdmin(plugins) })
	group.Go(func() error { return h.serveOps(plugins, ctx) })
	group.Go(func() error { return h.serveCallers(ctx) })
	group.Go(func() error { return h.serveWebhooks(ctx) })
	group.Go(func() error { return h.followEvents(plugins) })
	group.Go(func() error {
		h.untilEnd(ctx)
		stopPlugins()
		return nil
	})
	err := group.Wait()
	h.log.Info("stopped")
	return err
}

// close undoes what was opened, the last first.
func (h *host) close() {
	for _, undo := range slices.Backward(h.closers) {
		undo()
	}
}

func (h *host) closeLater(undo func()) { h.closers = append(h.closers, undo) }

func (c *Config) logger() hclog.Logger {
	if c.Log != nil {
		return c.Log
	}
	return hclog.New(&hclog.LoggerOptions{Name: "patchbay", Level: hclog.LevelFromString(c.LogLevel), JSONFormat: c.LogJSON})
}
