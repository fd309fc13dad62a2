package e2e

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // clients look at health only with this
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// replicas are two gateways with one configuration and one PSP, and callers in
// front of them who know no single one.
type replicas struct {
	*stack // the first; its clients go to both
	second *stack
}

const callerKey = "key of the shop"

// newReplicas starts two gateways as one would run them in production: callers
// have keys, manifests have digests, and the secret for idempotency keys is shared.
func newReplicas(t *testing.T) *replicas {
	t.Helper()
	r := &replicas{prepareStack(t), prepareFiles(t)}
	r.second.pspURL = r.pspURL
	for _, s := range []*stack{r.stack, r.second} {
		binary, err := os.ReadFile(filepath.Join(s.plugins, "connector-sandbox"))
		if err != nil {
			t.Fatal(err)
		}
		s.put("sandbox.yaml", fmt.Appendf(nil, "name: sandbox\nversion: 1.0.0\ncommand: connector-sandbox\negress: [%q]\nsha256: %x\n", s.pspHost(), sha256.Sum256(binary)), 0o644)
		secret := filepath.Join(filepath.Dir(s.plugins), "idempotency.secret")
		if err := os.WriteFile(secret, []byte("the same 32 bytes on each replica"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.serve("", fmt.Sprintf("idempotency_secret_file: %s\nshutdown_delay: 500ms\negress: {allow_private: [127.0.0.0/8]}\ncallers:\n"+
			"- {name: shop, key_sha256: [%x], connectors: ['*'], accounts: ['*'], methods: ['*']}\n", secret, sha256.Sum256([]byte(callerKey))))
	}
	return r
}

// authorized is the shop's key on every call.
type authorized struct{}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (authorized) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + callerKey}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (authorized) RequireTransportSecurity() bool { return false }

// call has the callers call a target.
func (r *replicas) call(target string, opts ...grpc.DialOption) {
	r.t.Helper()
	r.payments = r.client(target, opts...)
}

func (r *replicas) client(target string, opts ...grpc.DialOption) paymentsv1.PaymentServiceClient {
	r.t.Helper()
	conn, err := grpc.NewClient(target, append(opts, grpc.WithDisableRetry(),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(authorized{}))...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return paymentsv1.NewPaymentServiceClient(conn)
}

// fronts are the ways in which callers come to several gateways.
var fronts = map[string]func(*replicas){
	"round robin": func(r *replicas) {
		both := manual.NewBuilderWithScheme("replicas")
		both.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: r.address}, {Addr: r.second.address}}})
		r.call(both.Scheme()+":///patchbay", grpc.WithResolvers(both), grpc.WithDefaultServiceConfig(roundRobin(r.t)))
	},
	"nginx": func(r *replicas) { r.call(startNginx(r)) },
}

// roundRobin is the clients' configuration in docs/scaling.md.
func roundRobin(t *testing.T) string { return documented(t, "json") }

// documented is a block of docs/scaling.md.
func documented(t *testing.T, language string) string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(raw), "\n```"+language+"\n")
	block, _, closed := strings.Cut(block, "\n```\n")
	if !found || !closed {
		t.Fatalf("docs/scaling.md has no block of %s", language)
	}
	return block
}

// TestReplicaDrained ends one of two gateways by SIGTERM under load: no call
// fails, though no caller tries twice.
func TestReplicaDrained(t *testing.T) {
	for name, front := range fronts {
		t.Run(name, func(t *testing.T) {
			r := newReplicas(t)
			front(r)
			load := startLoadOf(r.stack, slow, 16, 200)
			r.wait("both are called", func() bool { return r.inFlight() > 0 && r.second.inFlight() > 0 })
			if err := r.gateway.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			r.wait("the replica is gone", func() bool { return ended(r.stack) })
			r.pass(load, 100)
			told := load.end()
			failed, kinds := failures(told)
			t.Logf("figure: one of two replicas drained behind %s: %d calls, %d failed", name, len(told), failed)
			if failed > 0 {
				t.Errorf("%d calls failed: %v", failed, kinds)
			}
			if r.gateway.ProcessState.ExitCode() != 0 {
				t.Errorf("the replica ended with %s", r.gateway.ProcessState)
			}
			reconcile(t, told, r.ledger())
		})
	}
}

// TestReplicaKilled ends one of two gateways by SIGKILL under load. Callers learn
// nothing false, and who learned nothing repeats at the other replica, with the
// same key: each payment is charged once.
func TestReplicaKilled(t *testing.T) {
	for name, front := range fronts {
		t.Run(name, func(t *testing.T) {
			r := newReplicas(t)
			front(r)
			load := startLoadOf(r.stack, slow, 16, 200)
			connector := r.plugin("sandbox")[0]
			r.pass(load, 50)
			r.wait("calls are with both", func() bool { return r.inFlight() > 3 && r.second.inFlight() > 3 })
			if err := syscall.Kill(r.gateway.Process.Pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			r.wait("the replica is gone", func() bool { return ended(r.stack) })
			r.pass(load, 100)
			told := load.end()
			r.wait("its connector is gone", func() bool { return !runs(connector) })
			r.settle()

			books := r.ledger()
			reconcile(t, told, books)
			failed := r.lost(told, books)
			if len(failed) == 0 {
				t.Fatal("no call was lost, so nothing is shown")
			}
			charged := r.repeat(failed, books)
			t.Logf("figure: one of two replicas killed behind %s: %d calls, %d lost, of these %d charged; after a repeat each is charged once", name, len(told), len(failed), charged)
			if charged == 0 {
				t.Error("no lost call was charged, so nothing is shown about keys")
			}
		})
	}
}

// slow is a payment that takes the PSP long enough to be caught in flight.
func slow(reference string) *paymentsv1.AuthorizeRequest {
	return simulate(payment(reference), map[string]any{"delay_ms": 100})
}

func ended(s *stack) bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// pass waits until further calls were made.
func (r *replicas) pass(l *load, calls int64) {
	r.t.Helper()
	before := l.calls.Load()
	r.wait("calls are made", func() bool { return l.calls.Load() >= before+calls })
}

// settle waits until the PSP has done what it was asked for: payments that take it
// as long, and that it is asked for now, come after all of those.
func (r *replicas) settle() {
	r.t.Helper()
	later := r.client(r.second.address)
	for _, reference := range []string{"later", "and-later"} {
		if _, err := later.Authorize(r.to("sandbox"), slow(reference)); err != nil {
			r.t.Error(err)
		}
	}
}

// lost are the references of calls whose callers do not know what became of them.
// Nobody on the way has repeated one: the PSP saw each once.
func (r *replicas) lost(told map[string]outcome, books map[string][]charge) (references []string) {
	r.t.Helper()
	for reference, o := range told {
		if !o.failed() {
			continue
		}
		references = append(references, reference)
		if f := wire.ParseFailure(status.Convert(o.err)); f.Sent != wire.SentMaybe && len(books[reference]) > 0 {
			r.t.Errorf("%s: the caller was told that nothing was sent: %v", reference, o.err)
		}
		for _, c := range books[reference] {
			if c.Attempts != 1 {
				r.t.Errorf("%s reached the PSP %d times before its caller repeated it", reference, c.Attempts)
			}
		}
	}
	slices.Sort(references)
	return references
}

// repeat makes lost calls again at the second replica. The PSP recognises those
// that it has carried out, since both replicas derive the same key for it.
func (r *replicas) repeat(references []string, before map[string][]charge) (charged int) {
	r.t.Helper()
	other := r.client(r.second.address)
	for _, reference := range references {
		answer, err := other.Authorize(r.to("sandbox", "idempotency-key", reference), slow(reference))
		if err != nil || answer.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
			r.t.Errorf("%s, repeated: %s, %v", reference, answer.GetPayment().GetStatus(), err)
		}
	}
	books := r.ledger()
	for _, reference := range references {
		was, is := before[reference], books[reference]
		if len(is) != 1 {
			r.t.Errorf("%s is charged %d times after its repeat", reference, len(is))
			continue
		}
		if len(was) == 0 {
			continue
		}
		charged++
		if is[0].IdempotencyKey != was[0].IdempotencyKey || is[0].Attempts != 2 {
			r.t.Errorf("%s: the PSP got key %s from the first replica and %s in all, in %d attempts", reference, was[0].IdempotencyKey, is[0].IdempotencyKey, is[0].Attempts)
		}
	}
	return charged
}
