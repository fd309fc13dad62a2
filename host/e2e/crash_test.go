package e2e

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// TestKilledConnector kills the connector under load, again and again. The
// connector declares its operations idempotent and every call has a key, so that
// the gateway repeats what was in flight.
func TestKilledConnector(t *testing.T) {
	kills := times(200, 10)
	s := newStack(t)
	load := startLoad(s, 16, 500)
	var took []time.Duration
	for n := range kills {
		calls := load.calls.Load()
		s.wait("calls are made", func() bool { return load.calls.Load() > calls+100 })
		took = append(took, s.killConnector(fmt.Sprintf("after-kill-%d", n)))
	}
	told := load.end()
	failed, kinds := failures(told)
	for reference, o := range told {
		if o.failed() && !ambiguous(o.err) {
			t.Errorf("%s: a call in flight was told %s, %v", reference, o.status, o.err)
		}
	}
	again := quantile(took, 0.99)
	figure(t, fmt.Sprintf("%d times `kill -9` of a connector under load", kills), "every call answered; 0 charges missing, 0 twice",
		"%d calls, %d with an unknown outcome, %d charges missing or twice", len(told), failed, reconcile(t, told, s.ledger()))
	figure(t, "from `kill -9` of a connector to the next answer", "250 ms at p99", "p50 %s, p99 %s",
		quantile(took, 0.5).Round(time.Millisecond), again.Round(time.Millisecond))
	if failed > kills { // a call that was under way twice when a process was killed
		t.Errorf("%d outcomes are unknown: %v", failed, kinds)
	}
	if again > within(250*time.Millisecond) {
		t.Errorf("serving again took %s at p99", again)
	}
}

// killConnector kills the sandbox's process and says how long it took until
// another has answered a call.
func (s *stack) killConnector(reference string) time.Duration {
	s.t.Helper()
	generation, pids := s.generation("sandbox"), s.plugin("sandbox")
	if len(pids) != 1 {
		s.t.Fatalf("processes: %v", pids)
	}
	began := time.Now()
	if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	s.wait("the process has ended", func() bool { return !runs(pids[0]) })
	ctx, cancel := context.WithTimeout(s.to("sandbox"), 5*time.Second)
	defer cancel()
	if _, err := s.payments.Authorize(ctx, payment(reference)); err != nil {
		s.t.Errorf("the next call: %v", err)
	}
	took := time.Since(began)
	if s.generation("sandbox") == generation {
		s.t.Error("the process that was killed still serves")
	}
	return took
}

// simulate asks the sandbox to behave in some way.
func simulate(req *paymentsv1.AuthorizeRequest, options map[string]any) *paymentsv1.AuthorizeRequest {
	var err error
	if req.ConnectorOptions, err = structpb.NewStruct(map[string]any{"simulate": options}); err != nil {
		panic(err)
	}
	return req
}

// TestOutcomes holds what a caller is told against what the PSP's books say.
func TestOutcomes(t *testing.T) {
	s := newStack(t)
	for _, test := range []struct {
		outcome  string
		status   paymentsv1.PaymentStatus
		code     codes.Code
		sent     wire.Sent
		attempts int // in the books; 0: not there
	}{
		{"crash_once", paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, codes.OK, "", 2},
		{"crash", 0, codes.Unknown, wire.SentMaybe, 2},
		{"hang", 0, codes.Unknown, wire.SentMaybe, 1},
		{"unknown", paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN, codes.OK, "", 1},
		{"error_500", paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN, codes.OK, "", 0},
		{"rate_limited", 0, codes.ResourceExhausted, wire.SentNever, 0},
	} {
		t.Run(test.outcome, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(s.to("sandbox"), 3*time.Second)
			defer cancel()
			reference := "outcome-" + test.outcome
			answer, err := s.payments.Authorize(ctx, simulate(payment(reference), map[string]any{"outcome": test.outcome}))
			if status.Code(err) != test.code || answer.GetPayment().GetStatus() != test.status {
				t.Errorf("told %s, %v", answer.GetPayment().GetStatus(), err)
			}
			if f := wire.ParseFailure(status.Convert(err)); err != nil && f.Sent != test.sent {
				t.Errorf("sent %s, want %s", f.Sent, test.sent)
			}
			charges := s.ledger()[reference]
			switch {
			case test.attempts == 0 && len(charges) != 0, test.attempts > 0 && len(charges) != 1:
				t.Errorf("in the books: %v", charges)
			case test.attempts > 0 && charges[0].Attempts != test.attempts:
				t.Errorf("%d attempts, want %d", charges[0].Attempts, test.attempts)
			}
		})
	}
}

// TestRetryPoliciesRepeatNothing gives the client gRPC's ordinary retry policy
// and kills plugin or gateway under its calls: the gateway's answer headers have
// committed each call, so that the PSP sees none twice but by the host's own
// repeat with the same key.
func TestRetryPoliciesRepeatNothing(t *testing.T) {
	const policy = `{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.01s",
		"maxBackoff": "0.1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]}}]}`
	for name, kill := range map[string]func(*stack) int{
		"the plugin's death":  func(s *stack) int { return s.plugin("sandbox")[0] },
		"the gateway's death": func(s *stack) int { return s.gateway.Process.Pid },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStack(t)
			client := paymentsv1.NewPaymentServiceClient(s.dial(grpc.WithDefaultServiceConfig(policy)))
			const calls = 8
			var callers sync.WaitGroup
			for n := range calls {
				callers.Go(func() {
					reference := fmt.Sprintf("retry-%d", n)
					ctx, cancel := context.WithTimeout(s.to("sandbox", "idempotency-key", reference), 5*time.Second)
					defer cancel()
					_, _ = client.Authorize(ctx, simulate(payment(reference), map[string]any{"delay_ms": 700}))
				})
			}
			s.wait("all calls are under way", func() bool { return s.inFlight() >= calls })
			if err := syscall.Kill(kill(s), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if name == "the gateway's death" {
				<-s.ended
				s.startGateway() // and the client's policy would find it
			}
			callers.Wait()
			for n := range calls { // whoever was told nothing repeats with the same key
				reference := fmt.Sprintf("retry-%d", n)
				if _, err := s.payments.Authorize(s.to("sandbox", "idempotency-key", reference), simulate(payment(reference), map[string]any{"delay_ms": 700})); err != nil {
					t.Errorf("%s, repeated: %v", reference, err)
				}
			}
			books := s.ledger()
			if len(books) != calls {
				t.Errorf("%d payments are in the books, want %d", len(books), calls)
			}
			for reference, charges := range books {
				if len(charges) != 1 {
					t.Errorf("%s is charged %d times", reference, len(charges))
				}
				// the call, its repeat above, and the host's own where it lived
				if most := map[string]int{"the plugin's death": 3, "the gateway's death": 2}[name]; charges[0].Attempts > most {
					t.Errorf("%s reached the PSP %d times, want at most %d", reference, charges[0].Attempts, most)
				}
			}
		})
	}
}

// TestStoppedConnector stops the connector's process, as a deadlock would: calls
// are answered within their deadlines, and the next process serves.
func TestStoppedConnector(t *testing.T) {
	s := newStack(t)
	load := startLoad(s, 8, 100)
	s.wait("calls are made", func() bool { return load.calls.Load() > 50 })
	began := time.Now()
	s.signal(syscall.SIGSTOP)
	s.wait("the next generation serves", func() bool { return s.generation("sandbox") == 2 })
	took := time.Since(began)
	calls := load.calls.Load()
	s.wait("calls are made again", func() bool { return load.calls.Load() > calls+50 })
	told := load.end()
	failed, _ := failures(told)
	figure(t, "a connector that hangs (SIGSTOP)", "replaced within 3.5 s, callers answered within their deadlines", "replaced after %s; %d calls, %d with an unknown outcome, the slowest took %s",
		took.Round(time.Millisecond), len(told), failed, load.quantile(1).Round(time.Millisecond))
	if took > 5*3500*time.Millisecond {
		t.Errorf("replaced after %s", took)
	}
	for reference, o := range told {
		if o.failed() && !ambiguous(o.err) && status.Code(o.err) != codes.Unavailable {
			t.Errorf("%s was told %s, %v", reference, o.status, o.err)
		}
	}
	if slowest := load.quantile(1); slowest > 5500*time.Millisecond {
		t.Errorf("a call took %s, its deadline was 5 s", slowest)
	}
	reconcile(t, told, s.ledger())
}
