package wire

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// SpansTrailer is the trailer with the spans that a connector made of a call: an
// OTLP TracesData, which is what every OpenTelemetry exporter writes. It ends at
// the host.
const SpansTrailer = "patchbay-spans-bin"

// What SpansTrailer may hold. A host takes no more.
const (
	MaxSpans      = 32
	MaxSpansBytes = 8 << 10
)

// Attributes of spans that are this project's own; the others are those of
// OpenTelemetry's semantic conventions.
const (
	SpanConnector    = "patchbay.connector"
	SpanVersion      = "patchbay.version"
	SpanGeneration   = "patchbay.generation"
	SpanRequestID    = "patchbay.request_id"
	SpanSent         = "patchbay.sent"
	SpanFault        = "patchbay.fault"
	SpanReason       = "patchbay.reason"
	SpanDroppedSpans = "patchbay.dropped_spans"
)

// SpanParent reads a W3C trace context. It is not valid where there is none.
func SpanParent(traceparent, tracestate string) trace.SpanContext {
	if traceparent == "" {
		return trace.SpanContext{}
	}
	carrier := propagation.MapCarrier{TraceParentHeader: traceparent, TraceStateHeader: tracestate}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

// TraceContext writes a W3C trace context.
func TraceContext(sc trace.SpanContext) (traceparent, tracestate string) {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), sc), carrier)
	return carrier.Get(TraceParentHeader), carrier.Get(TraceStateHeader)
}

// EncodeSpans writes the content of SpansTrailer.
func EncodeSpans(spans []*tracev1.Span) (string, error) {
	raw, err := proto.Marshal(&tracev1.TracesData{ResourceSpans: []*tracev1.ResourceSpans{{
		ScopeSpans: []*tracev1.ScopeSpans{{Spans: spans}},
	}}})
	return string(raw), err
}

// DecodeSpans reads the content of SpansTrailer. Who made the spans and with what
// is left out: the host knows the first.
func DecodeSpans(raw string) ([]*tracev1.Span, error) {
	if len(raw) > MaxSpansBytes {
		return nil, fmt.Errorf("%s has %d bytes, and %d are allowed", SpansTrailer, len(raw), MaxSpansBytes)
	}
	var data tracev1.TracesData
	if err := proto.Unmarshal([]byte(raw), &data); err != nil {
		return nil, fmt.Errorf("%s is no TracesData: %w", SpansTrailer, err)
	}
	var spans []*tracev1.Span
	for _, resource := range data.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			spans = append(spans, scope.GetSpans()...)
		}
	}
	return spans, nil
}
