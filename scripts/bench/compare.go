package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/proto"
)

// round is what one round came to, slices of the same way together.
type round struct{ direct, carried sample }

// rounds are all rounds with one number of callers.
type rounds []round

// compare measures both ways against each other.
func compare(ctx context.Context, direct, carried *way, callers, count int) (rounds, error) {
	var all rounds
	for i := range count + 1 {
		var r round
		for _, turn := range []struct {
			way *way
			sum *sample
		}{{direct, &r.direct}, {carried, &r.carried}, {carried, &r.carried}, {direct, &r.direct}} {
			s, err := turn.way.measure(ctx, callers)
			if err != nil {
				return nil, err
			}
			turn.sum.add(s)
		}
		if i > 0 { // the first is for warming up
			all = append(all, r)
		}
	}
	return all, nil
}

func (s sample) throughput() float64 { return float64(s.calls) / s.took.Seconds() }

// perCall is CPU time per call in microseconds.
func (s sample) perCall(t time.Duration) float64 { return t.Seconds() * 1e6 / float64(s.calls) }

func (s sample) serversPerCall() float64 { return s.perCall(s.servers) }
func (s sample) allPerCall() float64     { return s.perCall(s.servers + s.client) }

// median of a figure over the rounds.
func (all rounds) median(figure func(round) float64) float64 {
	values := make([]float64, len(all))
	for i, r := range all {
		values[i] = figure(r)
	}
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}

// line is one line of the table.
type line struct {
	name   string
	figure func(sample) float64
}

// print writes the table for one number of callers.
func (all rounds) print(out io.Writer, callers int) {
	fmt.Fprintf(out, "\n%d in flight\n", callers)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tdirect\tcarried\tratio\t")
	lines := []line{{"calls per second", sample.throughput}}
	if cpuKnown() {
		lines = append(lines,
			line{"CPU µs per call, servers", sample.serversPerCall},
			line{"CPU µs per call, servers and client", sample.allPerCall})
	}
	for _, line := range lines {
		fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%.2f\t\n", line.name,
			all.median(func(r round) float64 { return line.figure(r.direct) }),
			all.median(func(r round) float64 { return line.figure(r.carried) }),
			all.median(func(r round) float64 { return line.figure(r.carried) / line.figure(r.direct) }))
	}
	_ = table.Flush()
}

// conditions says what is measured.
func conditions() string {
	return fmt.Sprintf(`Authorize on the sandbox's connector with its PSP in process, %d bytes, each call a
repeat with the same key. direct: client → connector (TCP). carried: client → gateway
(TCP) → connector (Unix socket, mTLS). Slices of %s in turns, medians of rounds.
%s/%s, %s, %d CPUs shared by client and servers.
`, proto.Size(request()), slice, runtime.GOOS, runtime.GOARCH, runtime.Version(), runtime.NumCPU())
}
