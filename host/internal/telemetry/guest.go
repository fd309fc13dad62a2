package telemetry

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.38.0"
	"go.opentelemetry.io/otel/trace"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/patchbay/patchbay/sdk/wire"
)

// How much of a guest's span is taken, in characters and attributes.
const (
	maxSpanName   = 128
	maxSpanKey    = 64
	maxSpanValue  = 256
	maxAttributes = 32
)

// Guest takes the spans that a connector sent with the answer to a hand-over,
// which is the span of, begun at the time from. A connector is not trusted: what
// does not hang together with the hand-over is refused and counted, text is cut
// and the call's secrets are hidden in it, times are brought within the
// hand-over's. Of events, links and the words of a status nothing is taken.
func (t *Tracing) Guest(connector, version string, of trace.SpanContext, from time.Time, raw string, secrets []string) {
	spans, err := wire.DecodeSpans(raw)
	if err != nil {
		t.metrics.spansRefused(connector, version, 1)
		return
	}
	related := relatives(of, spans)
	if refused := len(spans) - len(related); refused > 0 {
		t.metrics.spansRefused(connector, version, refused)
	}
	tracer, now := t.guest(connector), time.Now()
	for _, s := range related {
		start := within(s.GetStartTimeUnixNano(), from, now)
		ctx := context.WithValue(context.Background(), spanIDKey{}, trace.SpanID(s.GetSpanId()))
		ctx = trace.ContextWithSpanContext(ctx, of.WithSpanID(trace.SpanID(s.GetParentSpanId())))
		_, span := tracer.Start(ctx, shown(s.GetName(), maxSpanName, secrets), trace.WithSpanKind(kindOf(s)),
			trace.WithTimestamp(start), trace.WithAttributes(attributesOf(s, secrets)...))
		if s.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR {
			span.SetStatus(codes.Error, "")
		}
		span.End(trace.WithTimestamp(within(s.GetEndTimeUnixNano(), start, now)))
	}
}

// relatives are the spans that descend from the hand-over, each once.
func relatives(of trace.SpanContext, spans []*tracev1.Span) []*tracev1.Span {
	traceID, spanID := of.TraceID(), of.SpanID()
	taken := map[string]bool{string(spanID[:]): true}
	var related []*tracev1.Span
	left := slices.Clone(spans)
	for before := -1; before != len(related) && len(related) < wire.MaxSpans; {
		before = len(related)
		left = slices.DeleteFunc(left, func(s *tracev1.Span) bool {
			id := string(s.GetSpanId())
			if len(id) != len(spanID) || id == string(make([]byte, len(spanID))) || taken[id] || string(s.GetTraceId()) != string(traceID[:]) {
				return true
			}
			if !taken[string(s.GetParentSpanId())] || len(related) == wire.MaxSpans {
				return false
			}
			taken[id] = true
			related = append(related, s)
			return true
		})
	}
	return related
}

// within brings a guest's time between two of the host's.
func within(nanos uint64, from, to time.Time) time.Time {
	at := time.Unix(0, int64(nanos)) // what overflows is out of bounds either way
	switch {
	case at.Before(from):
		return from
	case at.After(to):
		return to
	default:
		return at
	}
}

func kindOf(s *tracev1.Span) trace.SpanKind {
	switch s.GetKind() {
	case tracev1.Span_SPAN_KIND_SERVER:
		return trace.SpanKindServer
	case tracev1.Span_SPAN_KIND_CLIENT:
		return trace.SpanKindClient
	default:
		return trace.SpanKindInternal
	}
}

// attributesOf are the plain ones of a guest's span.
func attributesOf(s *tracev1.Span, secrets []string) []attribute.KeyValue {
	var taken []attribute.KeyValue
	for _, kv := range s.GetAttributes() {
		key := shown(kv.GetKey(), maxSpanKey, secrets)
		if len(taken) == maxAttributes || key == "" {
			break
		}
		switch v := kv.GetValue().GetValue().(type) {
		case *commonv1.AnyValue_StringValue:
			taken = append(taken, attribute.String(key, shown(v.StringValue, maxSpanValue, secrets)))
		case *commonv1.AnyValue_BoolValue:
			taken = append(taken, attribute.Bool(key, v.BoolValue))
		case *commonv1.AnyValue_IntValue:
			taken = append(taken, intAttribute(key, v.IntValue))
		}
	}
	return taken
}

// intAttribute is a whole number, unless it is a card's.
func intAttribute(key string, value int64) attribute.KeyValue {
	kv := attribute.Int64(key, value)
	if text := kv.Value.String(); wire.RedactText(text) != text {
		return attribute.String(key, wire.Mask)
	}
	return kv
}

// shown is a guest's text as it may be shown. It is redacted before it is cut,
// since half of a card number is none.
func shown(text string, limit int, secrets []string) string {
	text = wire.Hide(text, secrets)
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	return text
}

// guest is the tracer of a connector, whose spans are those of a service of its
// own.
func (t *Tracing) guest(connector string) trace.Tracer {
	t.mu.Lock()
	defer t.mu.Unlock()
	tracer, ok := t.guests[connector]
	if !ok {
		service := resource.NewSchemaless(semconv.ServiceName(guestPrefix + connector))
		if merged, err := resource.Merge(t.resource, service); err == nil {
			service = merged
		}
		tracer = sdktrace.NewTracerProvider(
			sdktrace.WithResource(service),
			sdktrace.WithSampler(sdktrace.AlwaysSample()), // it was asked for
			sdktrace.WithIDGenerator(givenIDs{}),
			sdktrace.WithSpanProcessor(t.exporter),
		).Tracer(scope)
		t.guests[connector] = tracer
	}
	return tracer
}

type spanIDKey struct{}

// givenIDs keeps the ids that a guest gave its spans: the PSP has seen them.
type givenIDs struct{}

// NewIDs implements sdktrace.IDGenerator. A guest's span always has a parent.
func (givenIDs) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	return trace.SpanContextFromContext(ctx).TraceID(), givenIDs{}.NewSpanID(ctx, trace.TraceID{})
}

// NewSpanID implements sdktrace.IDGenerator.
func (givenIDs) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	id, _ := ctx.Value(spanIDKey{}).(trace.SpanID)
	return id
}
