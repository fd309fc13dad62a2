// Command run runs the gateway on localhost:8000 with all first-party connectors,
// and the sandbox's PSP beside it, until Ctrl-C or SIGTERM. "make run" builds and
// starts it, in the repository's root.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/patchbay/patchbay/scripts/internal/local"
)

const (
	listen    = "localhost:8000"
	ops       = "localhost:8001"
	webhooks  = "localhost:8002"
	pspListen = "127.0.0.1:8701"

	// events holds what webhooks said.
	events = ".run/webhooks.jsonl"

	// shutdown is how long calls under way may take in the end; afterwards the
	// processes have a little longer to go.
	shutdown = 10 * time.Second
	grace    = shutdown + 5*time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "patchbay-run-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	plugins, err := filepath.Abs("plugin-manifests")
	if err != nil {
		return err
	}
	psp, err := local.StartPSP(ctx, "bin", pspListen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, psp.Stop(grace)) }()
	config := local.Config{
		Listen:          listen,
		Ops:             ops,
		Plugins:         plugins,
		ShutdownTimeout: shutdown.String(),
		Accounts:        []local.Account{local.SandboxAccount(psp)},
		Webhooks:        local.Webhooks{Listen: webhooks},
	}
	if config.Webhooks.File.Path, err = filepath.Abs(events); err != nil {
		return err
	}
	gateway, err := local.StartGateway("bin", dir, config, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, gateway.Stop(grace)) }()

	if err := local.Ready(ctx, gateway, ops); err != nil && ctx.Err() == nil {
		return err
	}
	if ctx.Err() == nil {
		fmt.Printf(welcome, listen, ops, psp.URL, webhooks, events, listen)
	}
	select {
	case <-ctx.Done():
		return nil
	case <-gateway.Exited():
		return gateway.Ended()
	case <-psp.Exited():
		return psp.Ended()
	}
}

// welcome has a call to paste.
const welcome = `
The gateway listens on %s, health and metrics on %s, the sandbox's PSP on %s.
Webhooks come in on %s, and what they say is in %s.
In another terminal, paste:

scripts/grpcurl -plaintext -H 'x-connector: sandbox' -d '{
  "reference": "order-1001",
  "amount": {"currency_code": "USD", "minor_units": 1050},
  "payment_method": {"card": {"number": "4242424242424242", "expiry_month": 12, "expiry_year": 2030}}
}' %s patchbay.payments.v1.PaymentService/Authorize

The connectors, for operators:

bin/patchbay plugins list --dev

Ctrl-C ends it all.

`
