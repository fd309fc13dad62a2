// Command bench measures what the gateway adds to a call: throughput and CPU time
// per call of a connector that is called through the gateway, as a ratio to the
// same connector called directly in the same run. "make bench" builds and runs
// it, in the repository's root.
//
// Both ways take turns in short slices, direct first and last in each round, a
// ratio is taken within each round, and the median of the rounds is shown: plain
// repetition drifts by more than what is to be measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/patchbay/patchbay/scripts/internal/local"
)

// slice is how long one way is measured at a time.
const slice = 250 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	rounds := flag.Int("rounds", 15, "rounds of four slices of 250 ms, for each number of callers")
	serve := flag.Bool("serve", false, "serve the connector directly; what the other side of the measurement is started with")
	flag.Parse()
	switch {
	case *serve:
		return serveDirect(ctx)
	case *rounds < 5:
		return errors.New("-rounds: fewer than 5 tell nothing")
	}
	return measureAll(ctx, *rounds)
}

// measureAll starts both ways and measures them against each other.
func measureAll(ctx context.Context, rounds int) (err error) {
	dir, err := os.MkdirTemp("", "patchbay-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	direct, stopDirect, err := startDirect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopDirect()) }()
	carried, stopCarried, err := startCarried(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopCarried()) }()

	fmt.Print(conditions())
	for _, callers := range []int{1, 64} {
		r, err := compare(ctx, direct, carried, callers, rounds)
		if err != nil {
			return err
		}
		r.print(os.Stdout, callers)
	}
	return nil
}

// startCarried starts the gateway, which launches the connector.
func startCarried(ctx context.Context, dir string) (_ *way, stop func() error, err error) {
	manifests := filepath.Join(dir, "plugin-manifests")
	command, err := filepath.Abs("bin/connector-sandbox")
	if err != nil {
		return nil, nil, err
	}
	if err := os.Mkdir(manifests, 0o700); err != nil {
		return nil, nil, err
	}
	manifest := fmt.Sprintf("name: sandbox\nversion: 0.1.0\ncommand: %s\n", command)
	if err := os.WriteFile(filepath.Join(manifests, "sandbox.yaml"), []byte(manifest), 0o600); err != nil {
		return nil, nil, err
	}
	gateway, err := local.StartLoggedGateway(ctx, "bin", dir, local.Config{Plugins: manifests})
	if err != nil {
		return nil, nil, err
	}
	serving, err := gateway.Find(ctx, func(e local.Event) bool { return e.Message == "serving" })
	if err != nil {
		return nil, nil, errors.Join(err, gateway.Stop())
	}
	w, err := newWay(gateway.Address, []int{gateway.PID(), serving.PID})
	if err != nil {
		return nil, nil, errors.Join(err, gateway.Stop())
	}
	return w, func() error { return errors.Join(w.conn.Close(), gateway.Stop()) }, nil
}
