package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/net/netutil"

	"github.com/patchbay/patchbay/host/internal/audit"
	"github.com/patchbay/patchbay/host/internal/controller"
	"github.com/patchbay/patchbay/host/internal/egress"
	"github.com/patchbay/patchbay/host/internal/gateway"
	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/supervise"
	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/host/internal/trust"
)

// afterDeadline is added to the longest deadline wherever calls are waited for.
const afterDeadline = 5 * time.Second

// flushTime is how long the last spans may take to leave.
const flushTime = 5 * time.Second

// openDirectories makes the host's own directories and cgroups, and has them
// removed however the host ends.
func (h *host) openDirectories(context.Context) (err error) {
	sweeper := &sweeper{}
	h.closeLater(sweeper.end) // after all that it would remove is gone
	var remove func()
	if h.runtimeDir, remove, err = openOwnDir(h.RuntimeDir); err != nil {
		return fmt.Errorf("runtime_dir: %w", err)
	}
	h.closeLater(remove)
	if h.storeDir, remove, err = openOwnDir(filepath.Join(h.StateDir, "store")); err != nil {
		return fmt.Errorf("state_dir: %w", err)
	}
	h.closeLater(remove)
	swept := []string{h.runtimeDir, h.storeDir, h.Admin}
	if h.groups, err = openGroups(); err != nil {
		h.log.Info("plugins get no cgroups", "reason", err)
	} else {
		h.closeLater(func() { closeGroups(h.groups, h.log) })
		swept = append(swept, groupsPrefix+h.groups.Dir())
	}
	sweeper.start(h.Self, h.log, swept...)
	return nil
}

// openPlugins prepares what keeps plugins as they are declared.
func (h *host) openPlugins(ctx context.Context) error {
	pins, pinsErr := controller.OpenPins(filepath.Join(h.StateDir, "pins.json"))
	outside, egressErr := h.egress()
	gate, trustErr := trust.NewGate(h.Trust, h.Dev, h.StateDir)
	if err := errors.Join(pinsErr, egressErr, trustErr); err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	h.control = controller.New(controller.Config{
		Dir:              h.Plugins,
		CommandsAnywhere: h.CommandsAnywhere,
		Trust:            gate,
		Egress:           outside.Policy,
		SandboxOff:       h.SandboxOff,
		Store:            launch.NewStore(h.storeDir),
		Pins:             pins,
		Log:              h.log,
		Supervise: supervise.Config{
			Launcher:     launch.Launcher{RuntimeDir: h.runtimeDir, MaxMessage: h.Limits.MaxMessageBytes},
			Registry:     h.connectors,
			Log:          h.log,
			Generation:   supervise.NewGenerations(),
			Runtimes:     h.Runtimes,
			Egress:       egress.New(outside, h.metrics.Registry),
			Machine:      inspect(ctx, h.runtimeDir, h.groups, h.log),
			Descriptions: supervise.NewDescriptions(filepath.Join(h.StateDir, "descriptions")),
			MinDrain:     h.MaxDeadline + afterDeadline,
			LongestCall:  h.MaxDeadline + afterDeadline,
			Observer:     observer{h.journal, h.metrics},
			Secrets:      func(connector string) []string { return h.border.accounts.Secrets(connector) }, // open before any plugin is
		},
	})
	h.metrics.WatchPlugins(processes(h.control))
	return nil
}

// openEdge prepares the surface that callers talk to.
func (h *host) openEdge(ctx context.Context) (err error) {
	if h.tracing, err = telemetry.NewTracing(ctx, h.OTLPEndpoint, h.metrics, h.log.Named("traces")); err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	h.closeLater(func() { closeTracing(ctx, h.tracing, h.log) })
	if h.border, err = h.boundary(h.connectors, h.log); err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	if h.records, err = audit.Open(h.Audit, h.log.Named("audit"), h.metrics.Registry); err != nil {
		return err
	}
	h.closeLater(func() { closeRecords(h.records, h.log) })
	secret, err := h.secret()
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	h.edge = gateway.New(h.gatewayConfig(secret))
	return nil
}

// openListeners listens for operators and callers.
func (h *host) openListeners(context.Context) (err error) {
	if h.operators, err = h.listenAdmin(h.log); err != nil {
		return err
	}
	if h.operators != nil {
		h.closeLater(func() { _ = h.operators.Close() })
	}
	if h.callers, err = net.Listen("tcp", h.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	h.callers = netutil.LimitListener(h.callers, h.Limits.Connections)
	return nil
}

// gatewayConfig is what the gateway needs of the host.
func (h *host) gatewayConfig(secret []byte) gateway.Config {
	return gateway.Config{
		Registry:        h.connectors,
		Connectors:      h.control,
		Accounts:        h.border.accounts,
		Auth:            h.border.callers,
		Audit:           h.records,
		Metrics:         h.metrics,
		Tracing:         h.tracing,
		Log:             h.log.Named("gateway"),
		TLS:             h.border.tls,
		KeySecret:       secret,
		InlineConfig:    h.InlineConfig,
		InlineBaseURL:   h.InlineBaseURL,
		DefaultDeadline: h.DefaultDeadline,
		MaxDeadline:     h.MaxDeadline,
		MaxMessage:      h.Limits.MaxMessageBytes,
		Limits:          h.Limits.gateway(),
	}
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
