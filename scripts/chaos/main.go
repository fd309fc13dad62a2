// Command chaos breaks a real gateway with real connectors in every way it knows,
// while callers pay, and holds what they were told against the PSP's ledger. It
// exits with 1 if anything contradicts. "make chaos" builds and runs it.
//
// The order of the faults, the pauses between them, and what callers ask for are
// made from one seed; when each happens is the machine's affair.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "`directory` with patchbay, connector-sandbox and connector-misfit")
	flag.DurationVar(&o.duration, "duration", time.Minute, "how long faults are applied")
	flag.Uint64Var(&o.seed, "seed", 0, "what the plan is made from; 0 takes one at random")
	flag.IntVar(&o.callers, "callers", 16, "callers at a time")
	flag.Float64Var(&o.rate, "rate", 200, "calls a second, of all callers")
	flag.DurationVar(&o.afterlife, "afterlife", promisedAfterlife, "how long a connector may live longer than its gateway")
	flag.StringVar(&o.log, "log", "", "`file` that gets the gateway's log")
	show := flag.Int("plan", 0, "print the first `steps` of the plan and do nothing")
	flag.Parse()
	if o.seed == 0 {
		o.seed = rand.Uint64N(1 << 32)
	}
	if *show > 0 {
		printPlan(os.Stdout, o.seed, *show)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := play(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nFAILED:", err)
		os.Exit(1)
	}
}

// options are what a run is asked for.
type options struct {
	bin      string
	duration time.Duration
	seed     uint64
	callers  int
	rate     float64
	log      string // where the gateway's log is kept; empty: only after a failure
	// afterlife is how long a connector may live longer than its gateway.
	afterlife time.Duration
	// least are faults that have to be applied: the run goes on for up to overtime
	// until each was.
	least []string
}

// promisedAfterlife is what docs/reliability.md promises of a gateway that was killed.
const promisedAfterlife = 2 * time.Second

// aftermath is how long everything after the faults may take at most: the longer
// they were, the more calls there are to ask about.
func aftermath(faults time.Duration) time.Duration { return 2*time.Minute + faults }

// overtime is how much longer faults are applied at most for some to be among them.
const overtime = 3 * time.Minute

// play is one run: it sets the stage, has callers call and faults happen, lets the
// gateway recover, asks what became of calls whose outcome was left open, and
// compares. The error says how many contradictions there are.
func play(ctx context.Context, o options, out *os.File) (err error) {
	fmt.Fprintf(out, "seed %d, for %s\n", o.seed, o.duration)
	longest := o.duration
	if len(o.least) > 0 {
		longest += overtime
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longest+aftermath(longest), errors.New("it takes too long"))
	defer cancel()
	r := newReport()
	s, err := newStage(ctx, o, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.clear()) }()
	c, err := startCallers(ctx, s, o)
	if err != nil {
		return err
	}
	s.wreck(ctx, o)
	healing, recovered, healErr := s.heal(ctx)
	told := append(c.stop(), healing...)
	if healErr != nil {
		s.dump()
		return fmt.Errorf("it does not recover: %w", errors.Join(healErr, s.keepLog(o.log, out)))
	}
	r.judgeAll(ctx, s, told)
	s.terminate(ctx)
	s.findPanics()
	r.print(out, told, recovered)
	switch {
	case r.violated():
		return errors.Join(errors.New("see the violations above"), s.keepLog(o.log, out))
	case o.log != "":
		return s.keepLog(o.log, out)
	}
	return nil
}
