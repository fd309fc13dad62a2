package telemetry

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/trace"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/patchbay/patchbay/host/internal/telemetry/otlptest"
	"github.com/patchbay/patchbay/sdk/wire"
)

// handedOver is a trace with a hand-over under way.
type handedOver struct {
	*Tracing
	receiver *otlptest.Receiver
	span     trace.Span
	began    time.Time
}

func handOver(t *testing.T) *handedOver {
	t.Helper()
	h := &handedOver{receiver: otlptest.Start(t), began: time.Now()}
	tracing, err := NewTracing(t.Context(), h.receiver.Endpoint, NewMetrics(), hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	h.Tracing = tracing
	_, h.span = tracing.Start(context.Background(), "x.Y/Z", trace.SpanKindClient)
	return h
}

// sent is a guest's span below a parent.
func (h *handedOver) sent(id byte, parent []byte) *tracev1.Span {
	traceID := h.span.SpanContext().TraceID()
	return &tracev1.Span{
		TraceId: traceID[:], SpanId: []byte{id, 0, 0, 0, 0, 0, 0, 1}, ParentSpanId: parent, Name: "psp",
		StartTimeUnixNano: uint64(time.Now().UnixNano()), EndTimeUnixNano: uint64(time.Now().UnixNano()),
	}
}

func (h *handedOver) root() []byte {
	id := h.span.SpanContext().SpanID()
	return id[:]
}

// take gives the guest's spans to the host, and returns what the receiver gets of
// them, by the first byte of their ids, and how many were refused.
func (h *handedOver) take(t *testing.T, spans ...*tracev1.Span) (map[byte]otlptest.Span, float64) {
	t.Helper()
	raw, err := wire.EncodeSpans(spans)
	if err != nil {
		t.Fatal(err)
	}
	return h.takeRaw(t, raw)
}

func (h *handedOver) takeRaw(t *testing.T, raw string) (map[byte]otlptest.Span, float64) {
	t.Helper()
	h.Guest("acme", "1.0.0", h.span.SpanContext(), h.began, raw, nil)
	h.span.End()
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[byte]otlptest.Span{}
	for _, span := range h.receiver.Spans() {
		if span.Service == "patchbay-connector-acme" {
			got[span.GetSpanId()[0]] = span
		}
	}
	return got, testutil.ToFloat64(h.metrics.refused.WithLabelValues("acme", "1.0.0"))
}

func TestGuest_takesWhatDescendsFromTheHandOver(t *testing.T) {
	h := handOver(t)
	operation := h.sent(1, h.root())
	stranger := h.sent(3, h.root())
	stranger.TraceId = []byte("another trace ID")
	zero := h.sent(0, h.root())
	zero.SpanId = make([]byte, 8)
	short := h.sent(9, h.root())
	short.SpanId = short.GetSpanId()[:4]
	impostor := h.sent(9, h.root())
	impostor.SpanId = h.root()
	cycle, other := h.sent(5, []byte{6, 0, 0, 0, 0, 0, 0, 1}), h.sent(6, []byte{5, 0, 0, 0, 0, 0, 0, 1})
	got, refused := h.take(t, h.sent(2, operation.GetSpanId()), operation, h.sent(1, h.root()), stranger, zero, short, impostor,
		h.sent(4, []byte("nobody's")), cycle, other)
	if len(got) != 2 || refused != 8 {
		t.Errorf("took %d spans and refused %v, want 2 and 8: %v", len(got), refused, got)
	}
	if string(got[1].GetParentSpanId()) != string(h.root()) || string(got[2].GetParentSpanId()) != string(operation.GetSpanId()) {
		t.Errorf("the parents are wrong: %v", got)
	}
}

func TestGuest_isCutAndRedacted(t *testing.T) {
	h := handOver(t)
	text := func(key, value string) *commonv1.KeyValue {
		return &commonv1.KeyValue{Key: key, Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: value}}}
	}
	span := h.sent(1, h.root())
	const card = "4242424242424242"
	span.Name = strings.Repeat("n", 120) + " " + card
	span.StartTimeUnixNano, span.EndTimeUnixNano = 1, uint64(time.Now().Add(time.Hour).UnixNano())
	span.Status = &tracev1.Status{Code: tracev1.Status_STATUS_CODE_ERROR, Message: "marker of a status"}
	span.Events = []*tracev1.Span_Event{{Name: "marker of an event"}}
	span.Attributes = []*commonv1.KeyValue{
		text("kept", "plain"), text("card", "paid with "+card), text("long", strings.Repeat("é", 1000)), text(strings.Repeat("k", 1000), "key"),
		{Key: "number", Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: 4242424242424242}}},
		{Key: "bytes", Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_BytesValue{BytesValue: []byte("marker of bytes")}}},
	}
	for range 40 {
		span.Attributes = append(span.Attributes, text("more", "x"))
	}
	got, refused := h.take(t, span)
	one := got[1]
	if refused != 0 || one.Span == nil {
		t.Fatalf("refused %v", refused)
	}
	if s := one.String(); strings.Contains(s, "42424242") || strings.Contains(s, "marker") {
		t.Errorf("the span shows %s", s)
	}
	if one.Attribute("kept") != "plain" || len(one.GetName()) > maxSpanName || len(one.Attribute("long")) > maxSpanValue || len(one.GetAttributes()) > maxAttributes {
		t.Errorf("not cut, or cut too much: %v", one)
	}
	if one.Attribute(strings.Repeat("k", maxSpanKey)) != "key" || one.GetStatus().GetCode() != tracev1.Status_STATUS_CODE_ERROR {
		t.Errorf("got %v", one)
	}
	if start, end := int64(one.GetStartTimeUnixNano()), int64(one.GetEndTimeUnixNano()); start < h.began.UnixNano() || end > time.Now().UnixNano() || start > end {
		t.Errorf("it lasts from %d to %d, and the hand-over began at %d", start, end, h.began.UnixNano())
	}
}

func TestGuest_isLimited(t *testing.T) {
	h := handOver(t)
	var many []*tracev1.Span
	for i := range 60 {
		many = append(many, h.sent(byte(i+1), h.root()))
	}
	if got, refused := h.take(t, many...); len(got) != wire.MaxSpans || refused != 60-wire.MaxSpans {
		t.Errorf("took %d and refused %v of 60", len(got), refused)
	}
	for name, raw := range map[string]string{"garbage": "\xff\xff", "too large": strings.Repeat("x", wire.MaxSpansBytes+1)} {
		if got, refused := handOver(t).takeRaw(t, raw); len(got) != 0 || refused != 1 {
			t.Errorf("%s: took %d and refused %v", name, len(got), refused)
		}
	}
}
