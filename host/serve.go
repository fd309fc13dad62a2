package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/patchbay/patchbay/host/internal/telemetry"
)

// serveCallers lets callers in once the manifests are known: until then they wait
// in the listener's queue, for they would be told that there is no such connector.
func (h *host) serveCallers(ctx context.Context) error {
	select {
	case <-h.control.Known():
		return h.edge.Serve(h.callers)
	case <-ctx.Done():
		return h.callers.Close()
	}
}

// untilEnd says when calls are welcome, waits for the end of ctx, and for the end
// of the calls that there are then.
func (h *host) untilEnd(ctx context.Context) {
	select {
	case <-h.control.Ready():
		h.edge.SetServing(true)
		h.log.Info("ready", "listen", h.callers.Addr().String(), "plugins", h.Plugins, "dev", h.Dev)
		<-ctx.Done()
		h.edge.SetServing(false)
		h.log.Info("stopping", "delay", h.ShutdownDelay.String(), "limit", h.ShutdownTimeout.String())
		<-time.After(*h.ShutdownDelay) // load balancers look, and send no more
	case <-ctx.Done():
		h.log.Info("stopping", "limit", h.ShutdownTimeout.String())
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.ShutdownTimeout)
	defer cancel()
	var webhooks sync.WaitGroup
	webhooks.Go(func() { h.stopWebhooks(limit) })
	h.edge.Stop(limit)
	webhooks.Wait()
}

// serveOps serves health, readiness and metrics while there are plugins; calls
// are welcome until ctx ends.
func (h *host) serveOps(plugins, ctx context.Context) error {
	if h.Ops == "" {
		return nil
	}
	listener, err := net.Listen("tcp", h.Ops)
	if err != nil {
		return fmt.Errorf("ops: %w", err)
	}
	h.log.Info("operations", "listen", listener.Addr().String())
	ops := telemetry.Ops{Metrics: h.metrics, Ready: func() error {
		select {
		case <-ctx.Done():
			return errors.New("stopping")
		case <-h.control.Ready():
			return nil
		default:
			return errors.New("connectors are starting")
		}
	}}
	return ops.Serve(plugins, listener)
}
