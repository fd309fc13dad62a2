// Command demo plays the whole story against real processes that it starts and
// stops itself, and exits with 1 at the first thing that is not as expected. "make
// demo" builds and runs it, in the repository's root.
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
)

// limit is more than all of it should ever take.
const limit = 2 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := play(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nFAILED:", err)
		os.Exit(1)
	}
}

// step is one scene of the story.
type step struct {
	title string
	play  func(context.Context) error
}

// play sets the stage, plays all steps and clears the stage away.
func play(ctx context.Context) (err error) {
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errors.New("it takes too long"))
	defer cancel()
	dir, err := os.MkdirTemp("", "patchbay-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &stage{dir: dir}
	defer func() {
		if err != nil {
			s.showLog()
		}
		err = errors.Join(err, s.clear())
	}()
	for i, step := range []step{
		{"Processes of their own: a PSP, stripe-mock and the gateway", s.set},
		{"What the gateway offers, from its own reflection", s.discover},
		{"The connectors", s.listConnectors},
		{"A payment with Stripe (stripe-mock answers)", s.payWithStripe},
		{"Authorize, capture in part, refund", s.captureAndRefund},
		{"A decline is an answer", s.decline},
		{"A bad request touches no connector", s.refuse},
		{"Replace a connector under load", s.swap},
		{"A broken manifest changes nothing", s.breakManifest},
		{"Operators list, roll back and drain", s.operate},
		{"kill -9 a connector under load", s.kill},
		{"The PSP's ledger against what callers were told", s.compareLedger},
		{"SIGTERM leaves nothing behind", s.terminate},
	} {
		fmt.Printf("\n== %d. %s\n", i+1, step.title)
		if err := step.play(ctx); err != nil {
			return fmt.Errorf("step %d (%s): %w", i+1, step.title, err)
		}
	}
	fmt.Printf("\nAll as expected, in %s.\n", time.Since(began).Round(100*time.Millisecond))
	return nil
}

// showLog prints the end of the gateway's log, for whoever looks into a failure.
func (s *stage) showLog() {
	raw, err := os.ReadFile(filepath.Join(s.dir, "gateway.log"))
	if err != nil {
		return // the gateway never started
	}
	const most = 4 << 10
	fmt.Fprintf(os.Stderr, "\nThe end of the gateway's log:\n%s", raw[max(0, len(raw)-most):])
}
