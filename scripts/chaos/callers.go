package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// callers pay until they are stopped, at a pace, each call with a key of its own
// and none of them twice.
type callers struct {
	stop func() []told
}

func startCallers(ctx context.Context, s *stage, o options) (*callers, error) {
	if o.callers < 1 || o.rate <= 0 {
		return nil, fmt.Errorf("%d callers and %g calls a second are no load", o.callers, o.rate)
	}
	ctx, halt := context.WithCancel(ctx)
	each := time.Duration(float64(time.Second) * float64(o.callers) / o.rate)
	all := make([][]told, o.callers)
	var calling sync.WaitGroup
	for i := range all {
		calling.Go(func() { all[i] = s.caller(ctx, i, each, rand.New(rand.NewPCG(o.seed, uint64(i)))) })
	}
	return &callers{stop: func() (told []told) {
		halt()
		calling.Wait()
		for _, t := range all {
			told = append(told, t...)
		}
		return told
	}}, nil
}

// caller makes one call after the other. One that is under way at the end is seen
// to its end.
func (s *stage) caller(ctx context.Context, number int, each time.Duration, choose *rand.Rand) (all []told) {
	tick := time.NewTicker(each)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return all
		case <-tick.C:
		}
		a := anyAsk(fmt.Sprintf("chaos-%d-%d", number, n), choose)
		t := s.client.pay(context.WithoutCancel(ctx), a)
		s.report.add(t)
		all = append(all, t)
	}
}

// The tokens of payment methods that the PSP approves and declines.
const (
	approve = "tok_approve"
	decline = "tok_decline_do_not_honor"
)

// ask is what a caller wants.
type ask struct {
	reference string // and idempotency key
	token     string
	automatic bool // captured at once
	trouble   trouble
}

// trouble is what goes wrong at the PSP, or with the connector in mid-call,
// because a call says so.
type trouble struct {
	name    string
	outcome string        // of the sandbox's simulation
	delay   time.Duration // of the PSP
	weight  int           // in a thousand calls
}

// late is more than callers wait.
const late = callTime + 500*time.Millisecond

// troubles are all that calls ask for. The rest of a thousand ask for none.
var troubles = [...]trouble{
	{name: "PSP answers slowly", delay: 150 * time.Millisecond, weight: 100},
	{name: "PSP times out before it charges", delay: late, weight: 3},
	{name: "PSP charges, and the answer never arrives", outcome: "hang", weight: 1},
	{name: "PSP charges, and the connection breaks", outcome: "unknown", weight: 20},
	{name: "PSP answers 500", outcome: "error_500", weight: 20},
	{name: "PSP answers 429", outcome: "rate_limited", weight: 20},
	{name: "connector crashes before the PSP is asked", outcome: "crash_before", weight: 1},
	{name: "connector crashes after the charge", outcome: "crash", weight: 1},
	{name: "connector crashes after the charge, once", outcome: "crash_once", weight: 1},
}

// anyAsk chooses what a caller wants.
func anyAsk(reference string, choose *rand.Rand) ask {
	a := ask{reference: reference, token: approve, automatic: choose.IntN(10) > 0}
	if choose.IntN(10) == 0 {
		a.token = decline
	}
	at := choose.IntN(1000)
	for _, t := range troubles {
		if at -= t.weight; at < 0 {
			a.trouble = t
			break
		}
	}
	return a
}
