// Command patchbay is the gateway.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// gcPercent trades memory for time: a gateway makes much short-lived garbage and
// keeps little. docs/performance.md has the figures.
const gcPercent = 300

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if err := root().ExecuteContext(untilSignal()); err != nil {
		fmt.Fprintf(os.Stderr, "patchbay: %v\n", err)
		os.Exit(1)
	}
}

// untilSignal ends with the first signal. A second one ends the program at once,
// however soon it comes.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(1)
	}()
	return ctx
}
