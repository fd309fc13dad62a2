package gateway

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/trace"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/host/internal/telemetry/otlptest"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// traced is a harness whose gateway makes spans.
type traced struct {
	*harness
	receiver *otlptest.Receiver
	tracing  *telemetry.Tracing
}

func newTraced(t testing.TB) *traced {
	t.Helper()
	r := &traced{receiver: otlptest.Start(t)}
	r.harness = newHarness(t, func(c *Config) {
		var err error
		if r.tracing, err = telemetry.NewTracing(t.Context(), r.receiver.Endpoint, c.Metrics, hclog.NewNullLogger()); err != nil {
			t.Fatal(err)
		}
		c.Tracing = r.tracing
	})
	r.plugin.trailer = guestSpan
	return r
}

// guestSpan is the trailer of a connector that makes one span of a call.
func guestSpan(call *connectorv1.CallContext) metadata.MD {
	parent := wire.SpanParent(call.GetTraceparent(), call.GetTracestate())
	if !call.GetSpans() {
		return nil
	}
	traceID, parentID := parent.TraceID(), parent.SpanID()
	raw, err := wire.EncodeSpans([]*tracev1.Span{{TraceId: traceID[:], SpanId: []byte("guest's1"), ParentSpanId: parentID[:], Name: "the guest's"}})
	if err != nil {
		return nil
	}
	return metadata.MD{wire.SpansTrailer: {raw}, "x-other": {"o"}}
}

// spans flushes, and returns the call's span and those of its hand-overs.
func (r *traced) spans() (call otlptest.Span, handOvers []otlptest.Span) {
	r.t.Helper()
	if err := r.tracing.Close(context.WithoutCancel(r.t.Context())); err != nil {
		r.t.Fatal(err)
	}
	all := r.receiver.Spans()
	for _, span := range all {
		if span.GetKind() == tracev1.Span_SPAN_KIND_SERVER && span.Service == "patchbay" {
			call = span
		}
	}
	return call, otlptest.Children(call, all)
}

// guests are the spans below a hand-over.
func (r *traced) guests(of otlptest.Span) []otlptest.Span {
	return otlptest.Children(of, r.receiver.Spans())
}

const callersTrace = "0af7651916cd43dd8448eb211c80319c"

func TestSpansOfACall(t *testing.T) {
	r := newTraced(t)
	var trailer metadata.MD
	ctx := r.ctx("x-account", "acme-eu", "x-request-id", "req-4242424242424242", "traceparent", "00-"+callersTrace+"-b7ad6b7169203331-01", "tracestate", "shop=1")
	if _, err := r.payments.Authorize(ctx, valid(), grpc.Trailer(&trailer)); err != nil {
		t.Fatal(err)
	}
	if len(trailer) != 0 {
		t.Errorf("the caller got the trailer %v", trailer)
	}
	_, seen := r.plugin.seen()
	call, handOvers := r.spans()
	if len(handOvers) != 1 || len(r.guests(handOvers[0])) != 1 {
		t.Fatalf("spans: %v", r.receiver.Spans())
	}
	of := wire.SpanParent(seen.GetTraceparent(), seen.GetTracestate())
	if of.TraceID().String() != callersTrace || of.SpanID() != trace.SpanID(handOvers[0].GetSpanId()) || seen.GetTracestate() != "shop=1" || !seen.GetSpans() {
		t.Errorf("the connector got %v", seen)
	}
	if parent := trace.SpanID(call.GetParentSpanId()); parent.String() != "b7ad6b7169203331" || call.GetName() != "patchbay.payments.v1.PaymentService/Authorize" {
		t.Errorf("the call's span: %v", call)
	}
	for key, want := range map[string]string{
		"rpc.system": "grpc", "rpc.service": "patchbay.payments.v1.PaymentService", "rpc.method": "Authorize", "rpc.grpc.status_code": "0",
		wire.SpanConnector: "acme", wire.SpanVersion: "1.0.0", wire.SpanGeneration: "1", wire.SpanRequestID: "req-" + wire.Mask,
	} {
		if got := call.Attribute(key); got != want {
			t.Errorf("the call's %s is %q, want %q", key, got, want)
		}
		if got := handOvers[0].Attribute(key); got != want && key != wire.SpanRequestID {
			t.Errorf("the hand-over's %s is %q, want %q", key, got, want)
		}
	}
	guest := r.guests(handOvers[0])[0]
	if guest.Service != "patchbay-connector-acme" || guest.GetStartTimeUnixNano() < handOvers[0].GetStartTimeUnixNano() || guest.GetEndTimeUnixNano() > handOvers[0].GetEndTimeUnixNano() {
		t.Errorf("the guest's span: %v", guest)
	}
}

func TestSpansOfAFailure(t *testing.T) {
	r := newTraced(t)
	r.plugin.authorize = fails(wire.Failure{Code: codes.Unknown, Reason: wire.ReasonOutcomeUnknown, Sent: wire.SentMaybe, Message: "marker"}.Err())
	if _, err := r.payments.Authorize(r.ctx("x-connector", "acme"), valid()); err == nil {
		t.Fatal("no error")
	}
	call, handOvers := r.spans()
	for key, want := range map[string]string{
		"rpc.grpc.status_code": "2", wire.SpanSent: "MAYBE", wire.SpanFault: "psp", wire.SpanReason: "OUTCOME_UNKNOWN", "error.type": "Unknown",
	} {
		if got := call.Attribute(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if call.GetStatus().GetCode() != tracev1.Status_STATUS_CODE_ERROR || len(handOvers) != 1 || handOvers[0].GetStatus().GetCode() != tracev1.Status_STATUS_CODE_ERROR {
		t.Errorf("not marked as failed: %v, %v", call, handOvers)
	}
	if len(r.guests(handOvers[0])) != 1 {
		t.Error("the guest's span of a failure is missing")
	}
	for _, span := range r.receiver.Spans() {
		if strings.Contains(span.String(), "marker") {
			t.Errorf("an error's text is in %v", span)
		}
	}
}

// TestSpansOfARepeat loses a call twice.
func TestSpansOfARepeat(t *testing.T) {
	r := newTraced(t)
	r.plugin.get = func(context.Context, *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
		return nil, status.Error(codes.Unavailable, "lost")
	}
	if _, err := r.payments.GetPayment(r.ctx("x-connector", "acme"), &paymentsv1.GetPaymentRequest{PaymentId: "p"}); err == nil {
		t.Fatal("no error")
	}
	_, handOvers := r.spans()
	if len(handOvers) != attempts || string(handOvers[0].GetSpanId()) == string(handOvers[1].GetSpanId()) {
		t.Errorf("hand-overs: %v", handOvers)
	}
}

func TestSpansOfStreams(t *testing.T) {
	r := newTraced(t)
	stream := r.chat("Chat", true, true)
	got := &wrapperspb.StringValue{}
	if err := errors.Join(stream.SendMsg(wrapperspb.String("hello")), stream.RecvMsg(got), stream.CloseSend()); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(got); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if trailer := stream.Trailer(); len(trailer) != 0 {
		t.Errorf("the caller got the trailer %v", trailer)
	}
	call, handOvers := r.spans()
	if call.GetName() != "acme.v1.EchoService/Chat" || len(handOvers) != 1 || len(r.guests(handOvers[0])) != 1 {
		t.Errorf("spans: %v", r.receiver.Spans())
	}
}

func TestUnsampledCallsHaveNoSpans(t *testing.T) {
	r := newTraced(t)
	if _, err := r.payments.Authorize(r.ctx("x-connector", "acme", "traceparent", "00-"+callersTrace+"-b7ad6b7169203331-00"), valid()); err != nil {
		t.Fatal(err)
	}
	_, seen := r.plugin.seen()
	if !strings.HasPrefix(seen.GetTraceparent(), "00-"+callersTrace) || !strings.HasSuffix(seen.GetTraceparent(), "-00") || seen.GetSpans() {
		t.Errorf("the connector got %v", seen)
	}
	if r.spans(); len(r.receiver.Spans()) > 0 {
		t.Errorf("spans: %v", r.receiver.Spans())
	}
}

// TestTracingOffIsFree wants nothing asked of a connector, and nothing allocated.
func TestTracingOffIsFree(t *testing.T) {
	h := newHarness(t)
	const parent = "00-" + callersTrace + "-b7ad6b7169203331-01"
	if _, err := h.payments.Authorize(h.ctx("x-connector", "acme", "traceparent", parent), valid()); err != nil {
		t.Fatal(err)
	}
	if _, seen := h.plugin.seen(); seen.GetSpans() || seen.GetTraceparent() != parent {
		t.Errorf("the connector got %v", seen)
	}
	c, ok := &call{method: "/x.Y/Z"}, status.New(codes.OK, "")
	inst := h.registry.Live()["acme"]
	var n float64
	for range 3 { // what the gateway and the connector allocate beside it is counted too
		if n = testing.AllocsPerRun(100, func() {
			c.beginSpan(h.gateway.config.Tracing)
			_, span := h.gateway.traceHandOver(t.Context(), c, inst)
			span.end(nil, nil)
			c.endSpan(ok, telemetry.Call{})
		}); n == 0 {
			return
		}
	}
	t.Errorf("%v allocations", n)
}

// BenchmarkCarry is a call through the gateway, over two sockets, without traces,
// with those of callers that do not sample, and with all.
func BenchmarkCarry(b *testing.B) {
	for name, flags := range map[string]string{"off": "", "unsampled": "00", "sampled": "01"} {
		b.Run(name, func(b *testing.B) {
			var h *harness
			ctx := []string{"x-connector", "acme"}
			if h = newHarness(b); flags != "" {
				h = newTraced(b).harness
				ctx = append(ctx, "traceparent", "00-"+callersTrace+"-b7ad6b7169203331-"+flags)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.payments.Authorize(h.ctx(ctx...), valid()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
