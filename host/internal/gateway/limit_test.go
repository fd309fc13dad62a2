package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/patchbay/patchbay/host/internal/telemetry"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func TestLimits(t *testing.T) {
	for name, test := range map[string]struct {
		limits Limits
		reason string
	}{
		"in flight":               {Limits{InFlight: 1}, wire.ReasonOverloaded},
		"in flight per connector": {Limits{Each: ConnectorLimits{InFlight: 1}}, wire.ReasonOverloaded},
		"in flight of this one":   {Limits{Connectors: map[string]ConnectorLimits{"acme": {InFlight: 1}}}, wire.ReasonOverloaded},
		"per second":              {Limits{PerSecond: 0.001}, wire.ReasonRateLimited},
		"per connector's second":  {Limits{Each: ConnectorLimits{PerSecond: 0.001}}, wire.ReasonRateLimited},
		"this one's second":       {Limits{Connectors: map[string]ConnectorLimits{"acme": {PerSecond: 0.001}}}, wire.ReasonRateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, func(c *Config) { c.Limits = test.limits })
			entered, release := make(chan struct{}), make(chan struct{})
			h.plugin.authorize = func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
				close(entered)
				<-release
				return &paymentsv1.AuthorizeResponse{}, nil
			}
			first := make(chan error, 1)
			go func() {
				_, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid())
				first <- err
			}()
			<-entered
			_, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid())
			f := expect(t, err, codes.ResourceExhausted, test.reason, wire.SentNever)
			if f.RetryAfter <= 0 {
				t.Error("no RetryInfo")
			}
			close(release)
			if err := <-first; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLimitsOfOneConnector holds one connector to its own limits and no other.
func TestLimitsOfOneConnector(t *testing.T) {
	l := newLimiter(Limits{
		Each:       ConnectorLimits{InFlight: 3},
		Connectors: map[string]ConnectorLimits{"tight": {InFlight: 1, PerSecond: 2}},
	}, telemetry.NewMetrics())
	admit := func(connector string) (*place, wire.Failure) {
		t.Helper()
		p, f := l.admit(connector)
		return p, f
	}
	first, f := admit("tight")
	if f.Code != codes.OK {
		t.Fatal(f)
	}
	if _, f := admit("tight"); f.Reason != wire.ReasonOverloaded {
		t.Errorf("a second call in flight: %v", f)
	}
	for range 3 {
		if _, f := admit("wide"); f.Code != codes.OK {
			t.Errorf("another connector: %v", f)
		}
	}
	if _, f := admit("wide"); f.Reason != wire.ReasonOverloaded {
		t.Errorf("a fourth call to another connector: %v", f)
	}
	first.leave()
	second, f := admit("tight")
	if f.Code != codes.OK {
		t.Fatalf("after the first has ended: %v", f)
	}
	second.leave()
	if n := l.all.Load(); n != 3 {
		t.Errorf("%d calls are counted, want 3", n)
	}
}

// TestRetryInfoIsWhenATokenComes repeats a refused call when it was told to.
func TestRetryInfoIsWhenATokenComes(t *testing.T) {
	for name, limits := range map[string]Limits{
		"of the gateway":   {PerSecond: 4},
		"of the connector": {PerSecond: 1000, Each: ConnectorLimits{PerSecond: 4}},
	} {
		t.Run(name, inBubble(func(t *testing.T) {
			l := newLimiter(limits, telemetry.NewMetrics())
			var refused wire.Failure
			for refused.Code == codes.OK {
				_, refused = l.admit("acme")
			}
			if refused.RetryAfter <= 0 || refused.RetryAfter > 250*time.Millisecond {
				t.Fatalf("the next token comes in %s, want at most 250ms", refused.RetryAfter)
			}
			share := l.share("acme")
			at := time.Now().Add(refused.RetryAfter)
			if wait := max(untilToken(l.rate, at), untilToken(share.rate, at)); wait > time.Millisecond {
				t.Errorf("when the time is over it takes another %s", wait)
			}
			if wait := max(untilToken(l.rate, time.Now()), untilToken(share.rate, time.Now())); wait < refused.RetryAfter-100*time.Millisecond {
				t.Errorf("%s were told, and it takes %s", refused.RetryAfter, wait)
			}
		}))
	}
}

// TestRefusedCallsCostNoTokens asks for ten times as much as a limit allows.
func TestRefusedCallsCostNoTokens(t *testing.T) {
	inBubble(func(t *testing.T) {
		const perSecond, seconds = 200, 5
		l := newLimiter(Limits{PerSecond: perSecond}, telemetry.NewMetrics())
		admitted := 0
		for range 10 * perSecond * seconds {
			if _, f := l.admit("acme"); f.Code == codes.OK {
				admitted++
			}
			time.Sleep(time.Second / (10 * perSecond))
		}
		if want := perSecond + perSecond*seconds; admitted < want-2 || admitted > want {
			t.Errorf("admitted %d, want %d", admitted, want)
		}
	})(t)
}

// TestSlowToSend opens calls and sends no message: they end in time, and hold no
// place of their connector.
func TestSlowToSend(t *testing.T) {
	inBubble(func(t *testing.T) {
		h := newHarnessOn(inMemory, t, func(c *Config) {
			c.Limits = Limits{Each: ConnectorLimits{InFlight: 1}, Receive: time.Second}
		})
		const slow = 5
		streams := make([]grpc.ClientStream, slow)
		for n := range streams {
			var err error
			if streams[n], err = h.conn.NewStream(h.ctx("x-connector", "acme"), unary, paymentsv1.PaymentService_Authorize_FullMethodName); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the call is in", func() bool { return h.gateway.limits.all.Load() == int64(n+1) })
		}
		if _, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid()); err != nil {
			t.Errorf("beside the slow callers: %v", err)
		}
		for _, stream := range streams {
			expect(t, stream.RecvMsg(&paymentsv1.AuthorizeResponse{}), codes.InvalidArgument, wire.ReasonInvalidRequest, wire.SentNever)
		}
		eventually(t, "nothing is in flight", func() bool { return h.gateway.limits.all.Load() == 0 })
		if n := h.plugin.calls.Load(); n != 1 {
			t.Errorf("%d calls reached the connector", n)
		}
	})(t)
}

// idle is how long streams may be silent, by the clock of a bubble.
const idle = 2 * time.Second

func idleStreamsEnd(c *Config) { c.Limits.StreamIdle = idle }

func TestSilentStreams(t *testing.T) {
	for name, test := range map[string]func(*testing.T, *harness){
		"before a message": func(t *testing.T, h *harness) {
			stream := h.chat("Chat", true, true)
			expect(t, stream.RecvMsg(&wrapperspb.StringValue{}), codes.DeadlineExceeded, wire.ReasonStreamIdle, wire.SentNever)
		},
		"after messages": func(t *testing.T, h *harness) {
			stream := h.chat("Chat", true, true)
			for range 8 { // it moves, so it goes on
				time.Sleep(idle * 3 / 4)
				if err := errors.Join(stream.SendMsg(wrapperspb.String("x")), stream.RecvMsg(&wrapperspb.StringValue{})); err != nil {
					t.Fatal(err)
				}
			}
			expect(t, stream.RecvMsg(&wrapperspb.StringValue{}), codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe)
			inst := h.registry.Live()["acme"]
			eventually(t, "the connector's stream is over", func() bool { return inst.InFlight() == 0 && h.gateway.limits.all.Load() == 0 })
		},
		"a caller that does not read": func(t *testing.T, h *harness) {
			stream := h.chat("Chat", true, true)
			go func() { // it blocks, as nothing is read
				big := wrapperspb.String(strings.Repeat("x", 256<<10))
				for stream.SendMsg(big) == nil {
				}
			}()
			eventually(t, "the stream is carried", func() bool { return h.gateway.limits.all.Load() == 1 })
			eventually(t, "the stream is given up", func() bool { return h.gateway.limits.all.Load() == 0 })
		},
		"of bulk": func(t *testing.T, h *harness) {
			h.plugin.authorize = func(ctx context.Context, _ *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
				select {
				case <-time.After(3 * idle): // an operation that is under way is no silence
				case <-ctx.Done():
				}
				return &paymentsv1.AuthorizeResponse{Payment: &paymentsv1.Payment{Id: "pay_1"}}, nil
			}
			stream := h.bulk()
			if err := stream.Send(line("slow")); err != nil {
				t.Fatal(err)
			}
			if answer, err := stream.Recv(); err != nil || answer.GetAuthorize().GetPayment().GetId() != "pay_1" {
				t.Fatalf("got %v, %v", answer, err)
			}
			_, err := stream.Recv()
			expect(t, err, codes.DeadlineExceeded, wire.ReasonStreamIdle, wire.SentNever)
		},
	} {
		t.Run(name, inBubble(func(t *testing.T) {
			test(t, newHarnessOn(inMemory, t, idleStreamsEnd))
		}))
	}
}

// TestUnreadBulkAnswers holds that a stream whose caller does not read is given up, and
// that it is told, and recorded, that operations were carried out.
func TestUnreadBulkAnswers(t *testing.T) {
	inBubble(func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.log")
		h := newHarnessOn(inMemory, t, idleStreamsEnd, recorded(t, path))
		h.plugin.authorize = func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
			return &paymentsv1.AuthorizeResponse{Payment: &paymentsv1.Payment{Id: strings.Repeat("x", 512<<10)}}, nil
		}
		stream := h.bulk()
		for n := range 2 { // the first answer fills the way back, the second waits; a third would wait for a lock, and hold up the clock
			if err := stream.Send(line(fmt.Sprint(n))); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "the stream is given up", func() bool {
			raw, err := os.ReadFile(path)
			return err == nil && bytes.Contains(raw, []byte("BulkService/Process"))
		})
		all, _ := recordsIn(t, path)
		if last := all[len(all)-1]; len(all) != 3 || last.Reason != wire.ReasonOutcomeUnknown || last.Sent != string(wire.SentMaybe) {
			t.Errorf("recorded %+v", all)
		}
		if n := h.plugin.calls.Load(); n != 2 {
			t.Errorf("%d operations were carried out, want 2", n)
		}
		var err error
		for err == nil {
			_, err = stream.Recv()
		}
		expect(t, err, codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe)
	})(t)
}

// TestSlowConnectorSlowsNoOther fills one connector to its limit with calls that
// hang, keeps asking for more, and measures another beside it: in pairs, without
// and with the first.
func TestSlowConnectorSlowsNoOther(t *testing.T) {
	const limit, rounds, slice = 64, 5, 200 * time.Millisecond
	h := newHarness(t, func(c *Config) {
		c.Limits = Limits{InFlight: 4 * limit, Each: ConnectorLimits{InFlight: limit}}
		c.MaxDeadline = time.Minute
	})
	quick := newPlugin(t, 1<<20)
	h.registry.Declare("quick", "1.0.0")
	h.registry.Swap(h.instanceOf("quick", quick, 1), nil)
	h.plugin.authorize = func(ctx context.Context, _ *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var alone, beside []time.Duration
	var refused atomic.Int64
	slower := 0
	for range rounds {
		without := h.measure("quick", slice)
		hang := h.saturate(limit, &refused)
		with := append(h.measure("quick", slice), h.measure("quick", slice)...)
		hang()
		without = append(without, h.measure("quick", slice)...)
		if p99(with) > 5*p99(without)+20*time.Millisecond {
			slower++
		}
		alone, beside = append(alone, without...), append(beside, with...)
	}
	t.Logf("figure: a connector beside one that hangs at its limit | the same latency | p99 %s beside it, %s without it; %d and %d calls, %d refused at the limit",
		p99(beside).Round(10*time.Microsecond), p99(alone).Round(10*time.Microsecond), len(beside), len(alone), refused.Load())
	if refused.Load() == 0 {
		t.Error("the hanging connector never was at its limit")
	}
	if slower > rounds/2 { // in one, this process may have had no CPU
		t.Errorf("p99 is %s beside a connector that hangs, %s without; it is too slow in %d of %d rounds", p99(beside), p99(alone), slower, rounds)
	}
}

// saturate holds a connector at its limit with calls that hang, and asks for one
// more every 5 ms. The calls end when hang returns.
func (h *harness) saturate(limit int, refused *atomic.Int64) (hang func()) {
	ctx, cancel := context.WithCancel(h.ctx("x-connector", "acme", "x-connector-config", `{"api_key":"x"}`))
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	var callers sync.WaitGroup
	entered := h.plugin.calls.Load()
	for range limit {
		callers.Go(func() { _, _ = h.payments.Authorize(ctx, valid()) })
	}
	eventually(h.t, "the connector is at its limit", func() bool { return h.plugin.calls.Load() == entered+int64(limit) })
	callers.Go(func() {
		for every := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				every.Stop()
				return
			case <-every.C:
			}
			if _, err := h.payments.Authorize(ctx, valid()); status.Code(err) == codes.ResourceExhausted {
				refused.Add(1)
			}
		}
	})
	return func() {
		stop()
		cancel()
		callers.Wait()
		h.hung()
	}
}

// hung ends what the connector still has: calls go on without their callers.
func (h *harness) hung() {
	old := h.plugin
	old.server.Stop()
	h.plugin = newPlugin(h.t, 1<<20)
	h.plugin.authorize = old.authorize
	h.registry.Swap(h.instance(h.plugin, 2), h.registry.Live()["acme"])
	eventually(h.t, "nothing hangs", func() bool { return h.gateway.limits.share("acme").calls.Load() == 0 })
}

// measure has 4 callers call a connector one after the other for a while.
func (h *harness) measure(connector string, d time.Duration) []time.Duration {
	var mu sync.Mutex
	var took []time.Duration
	var callers sync.WaitGroup
	until := time.Now().Add(d)
	for range 4 {
		callers.Go(func() {
			for began := time.Now(); began.Before(until); began = time.Now() {
				_, err := h.payments.Authorize(h.ctx("x-connector", connector, "x-connector-config", `{"api_key":"x"}`), valid())
				mu.Lock()
				if took = append(took, time.Since(began)); err != nil {
					h.t.Errorf("a call to %s: %v", connector, err)
				}
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	return took
}

func p99(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[(len(took)-1)*99/100]
}
