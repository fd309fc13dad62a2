// Package host is the gateway as a program: Run is the whole of it on one screen.
package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"

	"github.com/patchbay/patchbay/host/internal/admin"
	"github.com/patchbay/patchbay/host/internal/audit"
	"github.com/patchbay/patchbay/host/internal/controller"
	"github.com/patchbay/patchbay/host/internal/egress"
	"github.com/patchbay/patchbay/host/internal/gateway"
	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/host/internal/supervise"
	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/host/internal/trust"
	"github.com/patchbay/patchbay/host/internal/watch"
)

// afterDeadline is added to the longest deadline wherever calls are waited for.
const afterDeadline = 5 * time.Second

// flushTime is how long the last spans may take to leave.
const flushTime = 5 * time.Second

// Run serves until ctx ends. Then health turns NOT_SERVING, calls finish, the
// plugins are drained and stopped, and nothing of the host is left.
func Run(ctx context.Context, config Config) (err error) {
	if err := config.complete(); err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	log := config.logger()
	var sweeper sweeper
	defer sweeper.end() // after all that it would remove is gone
	runtimeDir, removeRuntimeDir, err := openOwnDir(config.RuntimeDir)
	if err != nil {
		return fmt.Errorf("runtime_dir: %w", err)
	}
	defer removeRuntimeDir()
	storeDir, removeStore, err := openOwnDir(filepath.Join(config.StateDir, "store"))
	if err != nil {
		return fmt.Errorf("state_dir: %w", err)
	}
	defer removeStore()

	sweeper.start(config.Self, log, runtimeDir, storeDir, config.Admin)

	connectors, journal, metrics := registry.New(), admin.NewJournal(), telemetry.NewMetrics()
	pins, err := controller.OpenPins(filepath.Join(config.StateDir, "pins.json"))
	if err != nil {
		return err
	}
	outside, err := config.egress()
	if err != nil {
		return err
	}
	gate, err := trust.NewGate(config.Trust, config.Dev, config.StateDir)
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	control := controller.New(controller.Config{
		Dir:              config.Plugins,
		CommandsAnywhere: config.CommandsAnywhere,
		Trust:            gate,
		Egress:           outside.Policy,
		SandboxOff:       config.SandboxOff,
		Store:            launch.NewStore(storeDir),
		Pins:             pins,
		Log:              log,
		Supervise: supervise.Config{
			Launcher:     launch.Launcher{RuntimeDir: runtimeDir, MaxMessage: config.Limits.MaxMessageBytes},
			Registry:     connectors,
			Log:          log,
			Generation:   supervise.NewGenerations(),
			Runtimes:     config.Runtimes,
			Egress:       egress.New(outside, metrics.Registry),
			Machine:      inspect(ctx, runtimeDir, log),
			Descriptions: supervise.NewDescriptions(filepath.Join(config.StateDir, "descriptions")),
			MinDrain:     config.MaxDeadline + afterDeadline,
			LongestCall:  config.MaxDeadline + afterDeadline,
			Observer:     observer{journal, metrics},
		},
	})
	metrics.WatchPlugins(processes(control))
	tracing, err := telemetry.NewTracing(ctx, config.OTLPEndpoint, metrics, log.Named("traces"))
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	defer closeTracing(ctx, tracing, log)
	border, err := config.boundary(connectors, log)
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	records, err := audit.Open(config.Audit, log.Named("audit"), metrics.Registry)
	if err != nil {
		return err
	}
	defer closeRecords(records, log)
	edge, err := config.gateway(connectors, control, border, records, metrics, tracing, log)
	if err != nil {
		return err
	}
	operators, err := config.listenAdmin(log)
	if err != nil {
		return err
	}
	if operators != nil {
		defer operators.Close()
	}
	listener, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}

	// Callers come first in the end: plugins go when no call is left.
	plugins, stopPlugins := context.WithCancel(context.WithoutCancel(ctx))
	group, ctx := errgroup.WithContext(ctx)
	watcher := watch.New(config.Plugins, log)
	group.Go(func() error {
		select {
		case <-control.Known(): // callers wait that long in the listener's queue: they would be told that there is no such connector
			return edge.Serve(listener)
		case <-ctx.Done():
			return listener.Close()
		}
	})
	group.Go(func() error { return watcher.Run(plugins) })
	group.Go(func() error { return control.Run(plugins, watcher) })
	group.Go(func() error { return border.accounts.Run(plugins) })
	group.Go(func() error {
		return serveAdmin(plugins, operators, control, journal, admin.NewAccounts(border.accounts, connectors), records, log)
	})
	group.Go(func() error { return config.serveOps(plugins, ctx, control, metrics, log) })
	group.Go(func() error {
		select {
		case <-control.Ready():
			edge.SetServing(true)
			log.Info("ready", "listen", listener.Addr().String(), "plugins", config.Plugins, "dev", config.Dev)
			<-ctx.Done()
			edge.SetServing(false)
			log.Info("stopping", "delay", config.ShutdownDelay.String(), "limit", config.ShutdownTimeout.String())
			<-time.After(*config.ShutdownDelay) // load balancers look, and send no more
		case <-ctx.Done():
			log.Info("stopping", "limit", config.ShutdownTimeout.String())
		}
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), config.ShutdownTimeout)
		defer cancel()
		edge.Stop(limit)
		stopPlugins()
		return nil
	})
	err = group.Wait()
	stopPlugins()
	log.Info("stopped")
	return err
}

// closeTracing sends the last spans, but waits no longer than flushTime for a
// receiver that is slow.
func closeTracing(ctx context.Context, tracing *telemetry.Tracing, log hclog.Logger) {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	if err := tracing.Close(limit); err != nil {
		log.Warn("the last spans are lost", "error", err)
	}
}

// closeRecords writes the last records.
func closeRecords(records *audit.Log, log hclog.Logger) {
	if err := records.Close(); err != nil {
		log.Error("the last audit records may not be safe", "error", err)
	}
}

// gateway makes the surface that callers talk to.
func (c *Config) gateway(r *registry.Registry, control *controller.Controller, border boundary, records *audit.Log, metrics *telemetry.Metrics, tracing *telemetry.Tracing, log hclog.Logger) (*gateway.Gateway, error) {
	secret, err := c.secret()
	if err != nil {
		return nil, fmt.Errorf("configuration:\n%w", err)
	}
	return gateway.New(gateway.Config{
		Registry:        r,
		Connectors:      control,
		Accounts:        border.accounts,
		Auth:            border.callers,
		Audit:           records,
		Metrics:         metrics,
		Tracing:         tracing,
		Log:             log.Named("gateway"),
		TLS:             border.tls,
		KeySecret:       secret,
		InlineConfig:    c.InlineConfig,
		InlineBaseURL:   c.InlineBaseURL,
		DefaultDeadline: c.DefaultDeadline,
		MaxDeadline:     c.MaxDeadline,
		MaxMessage:      c.Limits.MaxMessageBytes,
		Limits:          c.Limits.gateway(),
	})
}

// serveOps serves health, readiness and metrics while there are plugins; calls
// are welcome until ctx ends.
func (c *Config) serveOps(plugins, ctx context.Context, control *controller.Controller, metrics *telemetry.Metrics, log hclog.Logger) error {
	if c.Ops == "" {
		return nil
	}
	listener, err := net.Listen("tcp", c.Ops)
	if err != nil {
		return fmt.Errorf("ops: %w", err)
	}
	log.Info("operations", "listen", listener.Addr().String())
	ops := telemetry.Ops{Metrics: metrics, Ready: func() error {
		select {
		case <-ctx.Done():
			return errors.New("stopping")
		case <-control.Ready():
			return nil
		default:
			return errors.New("connectors are starting")
		}
	}}
	return ops.Serve(plugins, listener)
}

func (c *Config) logger() hclog.Logger {
	if c.Log != nil {
		return c.Log
	}
	return hclog.New(&hclog.LoggerOptions{Name: "patchbay", Level: hclog.LevelFromString(c.LogLevel), JSONFormat: c.LogJSON})
}
