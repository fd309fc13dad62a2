package gateway

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.38.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// maxMethod is how much of a method's name a span shows: callers invent some.
const maxMethod = 128

// beginSpan begins the span of a call, a child of the caller's.
func (c *call) beginSpan(tracing *telemetry.Tracing) {
	if tracing == nil {
		return
	}
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), wire.SpanParent(c.trace[0], c.trace[1]))
	name, attributes := rpc(c.method)
	_, c.span = tracing.Start(ctx, name, trace.SpanKindServer, attributes...)
}

// rpc says which method a span is about (OpenTelemetry semantic conventions, "RPC").
func rpc(method string) (name string, attributes []attribute.KeyValue) {
	name = strings.ToValidUTF8(wire.RedactText(method[1:]), "")
	name = name[:min(len(name), maxMethod)]
	service, operation, _ := strings.Cut(name, "/")
	return name, []attribute.KeyValue{semconv.RPCSystemGRPC, semconv.RPCService(service), semconv.RPCMethod(operation)}
}

// endSpan ends the span of a call with its outcome. An error's text stays out of
// it: it may quote what a PSP or a caller wrote.
func (c *call) endSpan(st *status.Status, ended telemetry.Call) {
	if c.span == nil {
		return
	}
	defer c.span.End()
	if !c.span.IsRecording() {
		return
	}
	c.span.SetAttributes(attribute.String(wire.SpanRequestID, wire.RedactText(c.requestID)), semconv.RPCGRPCStatusCodeKey.Int(int(st.Code())))
	if ended.Connector != "" {
		c.span.SetAttributes(attribute.String(wire.SpanConnector, ended.Connector), attribute.String(wire.SpanVersion, ended.Version), generation(c.generation))
	}
	if st.Code() == codes.OK {
		return
	}
	c.span.SetAttributes(attribute.String(wire.SpanSent, ended.Sent), attribute.String(wire.SpanFault, string(ended.Fault)), semconv.ErrorTypeKey.String(st.Code().String()))
	if _, known := faults()[c.reason]; known {
		c.span.SetAttributes(attribute.String(wire.SpanReason, c.reason))
	}
	switch st.Code() {
	case codes.Unknown, codes.DeadlineExceeded, codes.Unimplemented, codes.Internal, codes.Unavailable, codes.DataLoss:
		c.span.SetStatus(otelcodes.Error, "") // the others are the caller's errors, not the server's
	}
}

func generation(n uint64) attribute.KeyValue { return attribute.Int64(wire.SpanGeneration, int64(n)) }

// handOverSpan is the span of one hand-over; a nil one is none.
type handOverSpan struct {
	tracing *telemetry.Tracing
	span    trace.Span
	inst    *registry.Instance
	call    *call
	began   time.Time
}

// traceHandOver begins the span of a hand-over, and names it to the connector in
// place of the call's. The context is that of wire.OutgoingContext.
func (g *Gateway) traceHandOver(ctx context.Context, c *call, inst *registry.Instance) (context.Context, *handOverSpan) {
	if c.span == nil {
		return ctx, nil
	}
	name, attributes := rpc(c.method)
	attributes = append(attributes, attribute.String(wire.SpanConnector, inst.Name), attribute.String(wire.SpanVersion, inst.Version), generation(inst.Generation))
	h := &handOverSpan{tracing: g.config.Tracing, inst: inst, call: c}
	_, h.span = g.config.Tracing.Start(trace.ContextWithSpan(ctx, c.span), name, trace.SpanKindClient, attributes...)
	h.began = time.Now()
	c.envelope.Traceparent, c.envelope.Tracestate = wire.TraceContext(h.span.SpanContext())
	c.envelope.Spans = h.span.SpanContext().IsSampled()
	if named, err := wire.OutgoingContext(ctx, c.envelope); err == nil {
		ctx = named
	}
	return ctx, h
}

// end ends the span, and takes the connector's where its answer has come to its
// end: ended is nil if it has not.
func (h *handOverSpan) end(ended grpc.ClientStream, err error) {
	if h == nil {
		return
	}
	defer h.span.End()
	if !h.span.IsRecording() {
		return
	}
	if ended != nil {
		if spans := ended.Trailer()[wire.SpansTrailer]; len(spans) == 1 {
			h.tracing.Guest(h.inst.Name, h.inst.Version, h.span.SpanContext(), h.began, spans[0], h.call.secrets())
		}
	}
	code := status.Code(err)
	h.span.SetAttributes(semconv.RPCGRPCStatusCodeKey.Int(int(code)))
	if code != codes.OK {
		h.span.SetAttributes(semconv.ErrorTypeKey.String(code.String()))
		h.span.SetStatus(otelcodes.Error, "")
	}
}
