package main

import (
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"time"
)

// step is one fault of a plan.
type step struct {
	fault fault
	pause time.Duration // before it
	seed  uint64        // of its own choices
}

// lane is faults that happen one after the other; those of two lanes meet.
type lane struct {
	name   string
	faults []fault
	pause  time.Duration // the longest between two
}

// lanes are all faults. What happens at the PSP, and crashes in mid-call, the
// callers bring themselves; see troubles.
func lanes() []lane {
	return []lane{
		{"files", fileFaults(), 300 * time.Millisecond},
		{"processes", processFaults(), 900 * time.Millisecond},
	}
}

// plan is what happens in a lane, for as long as it is asked: each fault once, in
// any order, then each again in another. Equal seeds give equal plans.
func (l lane) plan(seed uint64) iter.Seq[step] {
	var salt uint64
	for _, letter := range []byte(l.name) {
		salt = salt<<8 + uint64(letter)
	}
	return func(yield func(step) bool) {
		for choose := rand.New(rand.NewPCG(seed, salt)); ; {
			for _, i := range choose.Perm(len(l.faults)) {
				next := step{l.faults[i], time.Duration(choose.Int64N(int64(l.pause))), choose.Uint64()}
				if !yield(next) {
					return
				}
			}
		}
	}
}

// printPlan writes the beginning of each lane's plan.
func printPlan(to io.Writer, seed uint64, steps int) {
	for _, l := range lanes() {
		n := 0
		for s := range l.plan(seed) {
			if n++; n > steps {
				break
			}
			fmt.Fprintf(to, "%s %d: after %s %s (%x)\n", l.name, n, s.pause.Round(time.Millisecond), s.fault.name, s.seed)
		}
	}
}
