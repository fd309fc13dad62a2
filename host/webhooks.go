package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/host/internal/webhook"
)

// checkWebhooks holds what PSPs meet against the rules.
func (c *Config) checkWebhooks() error {
	w := c.Webhooks
	errs := []error{w.Check()}
	if w.Listen == "" {
		return errors.Join(errs...)
	}
	local, err := loopback(w.Listen)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("webhooks: listen: %w", err))
	case c.Dev && !local:
		errs = append(errs, fmt.Errorf("webhooks: listen: %s: --dev listens on loopback only", w.Listen))
	case !c.Dev && !local && !w.TLS.Enabled():
		errs = append(errs, fmt.Errorf("webhooks: tls: cert_file and key_file are required to listen on %s", w.Listen))
	}
	if !c.Dev && w.PublicURL == "" {
		errs = append(errs, errors.New("webhooks: public_url: is required; it is where PSPs find the listener"))
	}
	return errors.Join(errs...)
}

func (c *Config) webhooksTLS(log hclog.Logger) (*tls.Config, error) {
	encrypted, err := auth.NewTLS(c.Webhooks.TLS, auth.HTTP1, log)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	return encrypted, nil
}

// openWebhooks listens for PSPs, if webhooks are to come in.
func (h *host) openWebhooks(context.Context) error {
	spec := h.Webhooks
	if spec.Listen == "" {
		return nil
	}
	encrypted, err := h.webhooksTLS(h.log.Named("webhooks"))
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	identities, err := h.identities()
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	log := h.log.Named("webhooks")
	if h.events, err = webhook.OpenSink(spec, identities, log); err != nil {
		return err
	}
	h.closeLater(func() { closeEvents(h.events, log) })
	listener, err := net.Listen("tcp", spec.Listen)
	if err != nil {
		return fmt.Errorf("webhooks: listen: %w", err)
	}
	h.closeLater(func() { _ = listener.Close() })
	if spec.PublicURL == "" { // of a developer's own machine
		spec.PublicURL = "http://" + listener.Addr().String()
	}
	receiver, err := webhook.New(webhook.Config{
		Spec: spec, Connectors: h.edge, Accounts: h.border.accounts, Sink: h.events,
		Metrics: h.metrics.Registry, Tracing: h.tracing, Log: log,
	})
	if err != nil {
		return fmt.Errorf("configuration:\nwebhooks: %w", err)
	}
	h.hooks = webhook.NewServer(listener, encrypted, receiver, log)
	h.log.Info("webhooks", "listen", listener.Addr().String(), "public_url", spec.PublicURL)
	if !h.events.Any() {
		h.log.Warn("no webhook is acknowledged: nothing holds their events")
	}
	return nil
}

// serveWebhooks lets PSPs in once the manifests are known.
func (h *host) serveWebhooks(ctx context.Context) error {
	if h.hooks == nil {
		return nil
	}
	select {
	case <-h.control.Known():
		return h.hooks.Serve()
	case <-ctx.Done():
		return nil
	}
}

// followEvents keeps the sinks' secrets as they are declared, while there are
// plugins.
func (h *host) followEvents(plugins context.Context) error {
	if h.events == nil {
		return nil
	}
	return h.events.Run(plugins)
}

// stopWebhooks takes no new webhooks and waits for the answers of those there are.
func (h *host) stopWebhooks(ctx context.Context) {
	if h.hooks != nil {
		h.hooks.Stop(ctx)
	}
}

// closeEvents lets go of the sinks.
func closeEvents(events *webhook.Sinks, log hclog.Logger) {
	if err := events.Close(); err != nil {
		log.Error("the file of events can't be closed", "error", err)
	}
}
