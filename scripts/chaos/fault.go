package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// fault is one way to break something.
type fault struct {
	name string
	// do breaks it, and mends what would not mend itself. It chooses by the given
	// generator alone. An error that is an unable says why this machine can't have
	// the fault; any other is the run's own mistake.
	do func(ctx context.Context, s *stage, choose *rand.Rand) error
}

// unable is why a fault can't be made here.
type unable struct{ reason string }

// Error implements error.
func (u unable) Error() string { return u.reason }

// wreck applies faults until the time is over and those that must be were applied.
func (s *stage) wreck(ctx context.Context, o options) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for _, l := range lanes() {
		all.Go(func() {
			for step := range l.plan(o.seed) {
				if !pause(ctx, step.pause) {
					return
				}
				s.apply(ctx, step)
			}
		})
	}
	pause(ctx, o.duration)
	ends := time.Now().Add(overtime)
	for !s.report.had(o.least) && time.Now().Before(ends) && pause(ctx, 50*time.Millisecond) {
	}
	cancel()
	all.Wait()
}

func (s *stage) apply(ctx context.Context, step step) {
	s.report.began(step)
	err := step.fault.do(ctx, s, rand.New(rand.NewPCG(step.seed, 0)))
	var not unable
	switch {
	case ctx.Err() != nil: // it was cut short by the end
	case errors.As(err, &not):
		s.report.skip(step.fault.name, not.reason)
	case err != nil:
		s.report.violate("%s: %v", step.fault.name, err)
	default:
		s.report.applied(step.fault.name)
	}
}

// pause lets time pass between two parts of a fault; false if the run ends.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// between is a time at random.
func between(choose *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(choose.Int64N(int64(most-least)))
}

// oneOf is one of several words.
func oneOf(choose *rand.Rand, words ...string) string { return words[choose.IntN(len(words))] }

// recovery is how long the gateway may take, once nothing goes wrong any more,
// until what is declared serves.
const recovery = time.Minute

// heal gives the gateway a good version and pays until that serves.
func (s *stage) heal(ctx context.Context) (all []told, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	began := time.Now()
	if err := errors.Join(s.putBinary(nil), s.declareNext("")); err != nil {
		return nil, 0, err
	}
	want := fmt.Sprintf("%s@%s", connector, s.declared())
	for {
		t := s.client.pay(ctx, ask{reference: fmt.Sprintf("healed-%d", len(all)), token: approve, automatic: true})
		all = append(all, t)
		if t.servedBy == want && t.err == nil {
			return all, time.Since(began), nil
		}
		if !pause(ctx, 20*time.Millisecond) {
			return all, 0, fmt.Errorf("%w; a call for %s was served by %q: %w", context.Cause(ctx), want, t.servedBy, t.err)
		}
	}
}
