package e2e

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
)

// served is the variable of a manifest with which the recorder tells which version
// of it answers.
const served = "SERVED"

// recorderAt declares a version of the recorder that answers with it.
func (s *stack) recorderAt(version string) {
	s.t.Helper()
	s.put("recorder.yaml", fmt.Appendf(nil, "name: recorder\nversion: %s\ncommand: recorder\nenv: {%s: recorder, %s: %s}\n",
		version, launchtest.IDEnv, served, version), 0o644)
}

// routed is a load of callers that look who has answered.
type routed struct {
	stack     *stack
	stop      context.CancelFunc
	callers   sync.WaitGroup
	calls     atomic.Int64
	failed    atomic.Int64
	misrouted atomic.Int64
	replacing atomic.Bool
	version   atomic.Value // that has answered last

	mu      sync.Mutex
	problem string                   // of the first call that went wrong
	latency map[bool][]time.Duration // of this round, while replacing and not
	p99s    map[bool][]time.Duration // of the rounds before
}

func startRouted(s *stack, callers int, perSecond float64) *routed {
	ctx, stop := context.WithCancel(s.t.Context())
	r := &routed{stack: s, stop: stop, latency: map[bool][]time.Duration{}, p99s: map[bool][]time.Duration{}}
	pause := time.Duration(float64(time.Second) * float64(callers) / perSecond)
	for caller := range callers {
		r.callers.Go(func() {
			next := time.NewTicker(pause)
			defer next.Stop()
			for n := 0; ; n++ {
				select {
				case <-ctx.Done():
					return
				case <-next.C:
					r.call(fmt.Sprintf("%d-%d", caller, n))
				}
			}
		})
	}
	return r
}

// call makes one call and holds the version in the answer's header against the
// version of the process that answered.
func (r *routed) call(reference string) {
	ctx, cancel := context.WithTimeout(r.stack.to("recorder"), 5*time.Second)
	defer cancel()
	var header metadata.MD
	replacing := r.replacing.Load()
	began := time.Now()
	answer, err := r.stack.payments.Authorize(ctx, payment(reference), grpc.Header(&header))
	took := time.Since(began)
	version := ""
	if said := header.Get("x-connector"); len(said) == 1 {
		_, version, _ = strings.Cut(said[0], "@")
	}
	_, right := answer.GetPayment().GetConnectorData().GetFields()["env "+served+"="+version]
	r.version.Store(version)
	problem := ""
	switch {
	case err != nil:
		r.failed.Add(1)
		problem = err.Error()
	case !right || answer.GetPayment().GetReference() != reference:
		r.misrouted.Add(1)
		problem = fmt.Sprintf("%s is answered by %q: %s", reference, version, answer)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problem = cmp.Or(r.problem, problem)
	r.latency[replacing] = append(r.latency[replacing], took)
	r.calls.Add(1)
}

// round ends a round of the measurement.
func (r *routed) round() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for replacing, took := range r.latency {
		r.p99s[replacing] = append(r.p99s[replacing], quantile(took, 0.99))
	}
	r.latency = map[bool][]time.Duration{}
}

// TestReplacements replaces a connector again and again under load. No call fails,
// each answer comes from the version that its header names, and the slowest
// percent is hardly slower than without replacements: slices without, with, with
// and without them make a round.
func TestReplacements(t *testing.T) {
	const every = 400 * time.Millisecond
	rounds, each := times(5, 1), times(10, 5) // 100 replacements, or 10
	s := newStack(t)
	s.addRecorder()
	version := 0
	s.recorderAt("2.0.0")
	s.wait("the recorder tells its version", func() bool { return s.generation("recorder") == 2 })
	load := startRouted(s, 16, 1000)
	began := time.Now()
	for range rounds {
		for _, replacing := range []bool{false, true, true, false} {
			load.replacing.Store(replacing)
			for range each {
				next := time.After(every)
				if replacing {
					version++
					next := fmt.Sprintf("2.0.%d", version)
					s.recorderAt(next)
					s.wait("it serves", func() bool { return load.version.Load() == next }) // asking the gateway would load it
				}
				<-next
			}
		}
		load.round()
	}
	load.stop()
	load.callers.Wait()
	took := time.Since(began)

	var added []time.Duration
	for n, with := range load.p99s[true] {
		added = append(added, with-load.p99s[false][n])
	}
	slices.Sort(added)
	figure(t, fmt.Sprintf("%d replacements while 16 callers call", version), "0 failed, 0 misrouted; p99 at most 5 ms above the same load without",
		"%d calls (%.0f a second), %d failed, %d misrouted; p99 %s with, %s without, difference in a round %s", load.calls.Load(), float64(load.calls.Load())/took.Seconds(),
		load.failed.Load(), load.misrouted.Load(), quantile(load.p99s[true], 0.5).Round(100*time.Microsecond),
		quantile(load.p99s[false], 0.5).Round(100*time.Microsecond), quantile(added, 0.5).Round(100*time.Microsecond))
	if load.failed.Load() > 0 || load.misrouted.Load() > 0 {
		t.Errorf("%d calls failed, %d were misrouted; the first: %s", load.failed.Load(), load.misrouted.Load(), load.problem)
	}
	// What else runs on the machine makes slices differ by as much as they take.
	if more, without := quantile(added, 0.5), quantile(load.p99s[false], 0.5); more > within(5*time.Millisecond)+without {
		t.Errorf("replacements add %s to a p99 of %s", more, without)
	}
	if got, want := s.generation("recorder"), uint64(2+version); got != want {
		t.Errorf("generation %d, want %d", got, want)
	}
}
