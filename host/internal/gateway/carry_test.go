package gateway

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/patchbay/patchbay/host/internal/registry"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

type authorizer = func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error)

func fails(err error) authorizer {
	return func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
		return nil, err
	}
}

// TestErrorsOfConnectors holds the table "What a failure means".
func TestErrorsOfConnectors(t *testing.T) {
	for name, test := range map[string]struct {
		answer authorizer
		code   codes.Code
		reason string
		sent   wire.Sent
	}{
		"proven unavailable": {
			fails(wire.Failure{Code: codes.Unavailable, Reason: wire.ReasonUnavailable, Sent: wire.SentNever, RetryAfter: time.Second}.Err()),
			codes.Unavailable, wire.ReasonUnavailable, wire.SentNever,
		},
		"proven rate limit": {
			fails(wire.Failure{Code: codes.ResourceExhausted, Reason: wire.ReasonRateLimited, Sent: wire.SentNever, RetryAfter: time.Second}.Err()),
			codes.ResourceExhausted, wire.ReasonRateLimited, wire.SentNever,
		},
		"unavailable that may have been sent": {
			fails(wire.Failure{Code: codes.Unavailable, Reason: "ODD", Sent: wire.SentMaybe}.Err()),
			codes.Unknown, "ODD", wire.SentMaybe,
		},
		"bare unavailable":     {fails(status.Error(codes.Unavailable, "x")), codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe},
		"bare rate limit":      {fails(status.Error(codes.ResourceExhausted, "x")), codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe},
		"bare internal":        {fails(status.Error(codes.Internal, "x")), codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe},
		"bare cancelled":       {fails(status.Error(codes.Canceled, "x")), codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe},
		"any error":            {fails(errors.New("x")), codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe},
		"bare invalid request": {fails(status.Error(codes.InvalidArgument, "x")), codes.InvalidArgument, wire.ReasonInternal, wire.SentMaybe},
		"internal with reason": {fails(wire.Failure{Code: codes.Internal, Reason: wire.ReasonInternal, Sent: wire.SentMaybe}.Err()), codes.Internal, wire.ReasonInternal, wire.SentMaybe},
		"answer too large": {
			func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
				return &paymentsv1.AuthorizeResponse{Payment: &paymentsv1.Payment{Id: strings.Repeat("x", 2<<20)}}, nil
			},
			codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe,
		},
		"too late": {
			func(ctx context.Context, _ *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
			codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe,
		},
	} {
		t.Run(name, inBubble(func(t *testing.T) {
			h := newHarnessOn(inMemory, t)
			h.plugin.authorize = test.answer
			ctx, cancel := context.WithTimeout(h.ctx("x-connector", "acme", "idempotency-key", "k"), 2*time.Second)
			defer cancel()
			_, err := h.payments.Authorize(ctx, valid())
			f := expect(t, err, test.code, test.reason, test.sent)
			if f.Metadata[wire.IdempotencyKeyKey] != "k" || f.Metadata[wire.ConnectorKey] != "acme" || f.Metadata[wire.GenerationKey] != "1" {
				t.Errorf("metadata: %v", f.Metadata)
			}
			if n := h.plugin.calls.Load(); n != 1 {
				t.Errorf("handed over %d times, want once", n)
			}
		}))
	}
}

func TestMalformedAnswer(t *testing.T) {
	h := newHarness(t)
	p := newPlugin(t, 1<<20)
	p.server.Stop()
	p.server = grpc.NewServer(grpc.ForceServerCodecV2(newCodec()), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		request := &frame{}
		if err := stream.RecvMsg(request); err != nil {
			return err
		}
		return stream.SendMsg(wrapperspb.Bytes([]byte{0xff})) // field 1 is a message, and this is none
	}))
	p.conn = serve(t, p.server, p.server.Serve)
	h.registry.Swap(h.instance(p, 2), nil)
	_, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid())
	expect(t, err, codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe)
}

// replacement brings another plugin in as generation 2 and takes out as it goes.
func (h *harness) replacement(out *registry.Instance) *plugin {
	p := newPluginOn(h.network, h.t, 1<<20)
	h.registry.Swap(h.instance(p, 2), out)
	return p
}

// TestRepeats loses the connection of a call that was handed over.
func TestRepeats(t *testing.T) {
	t.Run("what only reads", func(t *testing.T) {
		h := newHarness(t)
		first := h.registry.Live()["acme"]
		second := make(chan *plugin, 1)
		h.plugin.get = func(ctx context.Context, _ *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
			second <- h.replacement(first)
			go h.plugin.server.Stop()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		if _, err := h.payments.GetPayment(h.ctx("x-connector", "acme"), &paymentsv1.GetPaymentRequest{PaymentId: "p"}); err != nil {
			t.Fatal(err)
		}
		if n := (<-second).calls.Load(); n != 1 {
			t.Errorf("%d calls reached the second instance", n)
		}
	})
	t.Run("nothing else", func(t *testing.T) {
		h := newHarness(t)
		first := h.registry.Live()["acme"]
		second := make(chan *plugin, 1)
		h.plugin.authorize = func(ctx context.Context, _ *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
			second <- h.replacement(first)
			go h.plugin.server.Stop()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		_, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid())
		expect(t, err, codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe)
		if n := (<-second).calls.Load(); n != 0 {
			t.Errorf("%d calls reached the second instance", n)
		}
	})
	t.Run("and only once", func(t *testing.T) {
		h := newHarness(t)
		h.plugin.get = func(context.Context, *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
			return nil, status.Error(codes.Unavailable, "lost")
		}
		_, err := h.payments.GetPayment(h.ctx("x-connector", "acme"), &paymentsv1.GetPaymentRequest{PaymentId: "p"})
		expect(t, err, codes.Unavailable, wire.ReasonUnavailable, wire.SentNever)
		if n := h.plugin.calls.Load(); n != attempts {
			t.Errorf("handed over %d times", n)
		}
	})
	t.Run("what never was handed over", func(t *testing.T) {
		h := newHarness(t)
		first := h.registry.Live()["acme"]
		h.plugin.server.Stop() // the instance still is in the registry
		go func() {
			h.replacement(first)
			first.Gone()
		}()
		if _, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid()); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitsForTheNextInstance(t *testing.T) {
	inBubble(func(t *testing.T) {
		h := newHarnessOn(inMemory, t)
		h.registry.Swap(nil, h.registry.Live()["acme"])
		ctx, cancel := context.WithTimeout(h.ctx("x-connector", "acme"), time.Second)
		defer cancel()
		_, err := h.payments.Authorize(ctx, valid())
		f := expect(t, err, codes.Unavailable, wire.ReasonUnavailable, wire.SentNever)
		if f.RetryAfter <= 0 {
			t.Error("no RetryInfo")
		}
		answered := make(chan error, 1)
		go func() {
			_, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid())
			answered <- err
		}()
		eventually(t, "the call is in", func() bool { return h.gateway.limits.all.Load() == 1 })
		h.replacement(nil)
		if err := <-answered; err != nil {
			t.Error(err)
		}
	})(t)
}

// TestHeadersLeaveFirst is what keeps callers' and proxies' retry policies from
// repeating a payment.
func TestHeadersLeaveFirst(t *testing.T) {
	h := newHarness(t)
	release := make(chan struct{})
	h.plugin.authorize = func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
		<-release
		return &paymentsv1.AuthorizeResponse{}, nil
	}
	stream, err := h.conn.NewStream(h.ctx("x-connector", "acme"), unary, paymentsv1.PaymentService_Authorize_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stream.SendMsg(valid()), stream.CloseSend()); err != nil {
		t.Fatal(err)
	}
	header, err := stream.Header() // the connector has not answered
	if err != nil || len(header.Get("x-connector")) != 1 {
		t.Errorf("header %v, %v", header, err)
	}
	close(release)
	if err := stream.RecvMsg(&paymentsv1.AuthorizeResponse{}); err != nil {
		t.Error(err)
	}
}

func TestCallerThatGoesAwayAbortsNothing(t *testing.T) {
	h := newHarness(t)
	entered, result := make(chan struct{}), make(chan error, 1)
	release := make(chan struct{})
	h.plugin.authorize = func(ctx context.Context, _ *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
		close(entered)
		<-release
		result <- ctx.Err()
		return &paymentsv1.AuthorizeResponse{}, nil
	}
	ctx, cancel := context.WithCancel(h.ctx("x-connector", "acme"))
	answered := make(chan error, 1)
	go func() {
		_, err := h.payments.Authorize(ctx, valid())
		answered <- err
	}()
	<-entered
	cancel()
	if err := <-answered; status.Code(err) != codes.Canceled {
		t.Errorf("the caller got %v", err)
	}
	close(release)
	if err := <-result; err != nil {
		t.Errorf("the connector's call was aborted: %v", err)
	}
}

// TestSlowCallerHoldsUpNoDrain opens a call and sends no message.
func TestSlowCallerHoldsUpNoDrain(t *testing.T) {
	h := newHarness(t)
	inst := h.registry.Live()["acme"]
	stream, err := h.conn.NewStream(h.ctx("x-connector", "acme"), unary, paymentsv1.PaymentService_Authorize_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the call is in", func() bool { return h.gateway.limits.all.Load() == 1 })
	h.replacement(inst)
	if n := inst.Drain(t.Context()); n != 0 {
		t.Errorf("cancelled %d", n)
	}
	if err := errors.Join(stream.SendMsg(valid()), stream.CloseSend(), stream.RecvMsg(&paymentsv1.AuthorizeResponse{})); err != nil {
		t.Errorf("the slow caller: %v", err)
	}
}

func TestDeadlines(t *testing.T) {
	g := &Gateway{config: Config{DefaultDeadline: 30 * time.Second, MaxDeadline: time.Minute}}
	now := time.Now()
	for asked, want := range map[time.Duration][2]time.Duration{
		0:                      {30 * time.Second, 27 * time.Second},
		time.Hour:              {time.Minute, 54 * time.Second},
		200 * time.Millisecond: {200 * time.Millisecond, 150 * time.Millisecond},
		60 * time.Millisecond:  {60 * time.Millisecond, 30 * time.Millisecond},
	} {
		ctx, cancel := t.Context(), func() {}
		if asked > 0 {
			ctx, cancel = context.WithDeadline(ctx, now.Add(asked))
		}
		own, plugin := g.deadline(ctx, now)
		cancel()
		if own.Sub(now) != want[0] || plugin.Sub(now) != want[1] {
			t.Errorf("asked %s: own %s, plugin %s, want %v", asked, own.Sub(now), plugin.Sub(now), want)
		}
	}
}

// chat opens a stream of acme.v1.EchoService.
func (h *harness) chat(method string, client, server bool) grpc.ClientStream {
	h.t.Helper()
	stream, err := h.conn.NewStream(h.ctx("x-connector", "acme"), &grpc.StreamDesc{ClientStreams: client, ServerStreams: server}, "/acme.v1.EchoService/"+method)
	if err != nil {
		h.t.Fatal(err)
	}
	return stream
}

func TestEveryKindOfStream(t *testing.T) {
	h := newHarness(t)
	for _, test := range []struct {
		method         string
		client, server bool
	}{{"Unary", false, false}, {"Repeat", false, true}, {"Collect", true, false}} {
		t.Run(test.method, func(t *testing.T) {
			stream := h.chat(test.method, test.client, test.server)
			if err := errors.Join(stream.SendMsg(wrapperspb.String("hello")), stream.CloseSend()); err != nil {
				t.Fatal(err)
			}
			got := &wrapperspb.StringValue{}
			if err := stream.RecvMsg(got); err != nil || got.GetValue() != "hello" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	t.Run("Chat", func(t *testing.T) {
		stream := h.chat("Chat", true, true)
		for _, word := range []string{"one", "two", "three"} {
			got := &wrapperspb.StringValue{}
			if err := errors.Join(stream.SendMsg(wrapperspb.String(word)), stream.RecvMsg(got)); err != nil || got.GetValue() != word {
				t.Fatalf("got %v, %v", got, err)
			}
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if err := stream.RecvMsg(&wrapperspb.StringValue{}); !errors.Is(err, io.EOF) {
			t.Errorf("the end: %v", err)
		}
	})
	t.Run("the connector's error", func(t *testing.T) {
		stream := h.chat("Chat", true, true)
		_ = stream.SendMsg(wrapperspb.String("fail"))
		expect(t, stream.RecvMsg(&wrapperspb.StringValue{}), codes.FailedPrecondition, "ACME", wire.SentNever)
	})
	t.Run("the caller's end", func(t *testing.T) {
		inst := h.registry.Live()["acme"]
		ctx, cancel := context.WithCancel(h.ctx("x-connector", "acme"))
		stream, err := h.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/acme.v1.EchoService/Chat")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(stream.SendMsg(wrapperspb.String("x")), stream.RecvMsg(&wrapperspb.StringValue{})); err != nil {
			t.Fatal(err)
		}
		cancel()
		eventually(t, "the connector's stream is over", func() bool { return inst.InFlight() == 0 })
	})
	t.Run("the connector's death", func(t *testing.T) {
		stream := h.chat("Chat", true, true)
		_ = stream.SendMsg(wrapperspb.String("die"))
		expect(t, stream.RecvMsg(&wrapperspb.StringValue{}), codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe)
	})
}
