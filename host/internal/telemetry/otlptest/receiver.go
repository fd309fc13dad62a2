// Package otlptest is an OTLP receiver for tests: a real server on loopback that
// keeps the spans it gets.
package otlptest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
)

// patience bounds the wait for spans that come in a fraction of it.
const patience = 30 * time.Second

// Receiver takes spans over gRPC.
type Receiver struct {
	collectorv1.UnimplementedTraceServiceServer
	// Endpoint is where it listens, such as "http://127.0.0.1:4317".
	Endpoint string

	mu      sync.Mutex
	spans   []Span
	exports int
}

// Span is a span and the name of the service that made it.
type Span struct {
	*tracev1.Span
	Service string
}

// Start starts a receiver that ends with the test.
func Start(t testing.TB) *Receiver {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Receiver{Endpoint: "http://" + listener.Addr().String()}
	server := grpc.NewServer()
	collectorv1.RegisterTraceServiceServer(server, r)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return r
}

// Export implements collectorv1.TraceServiceServer.
func (r *Receiver) Export(_ context.Context, req *collectorv1.ExportTraceServiceRequest) (*collectorv1.ExportTraceServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exports++
	for _, of := range req.GetResourceSpans() {
		for _, scope := range of.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				r.spans = append(r.spans, Span{span, Value(of.GetResource().GetAttributes(), "service.name")})
			}
		}
	}
	return &collectorv1.ExportTraceServiceResponse{}, nil
}

// Exports is how often something was sent.
func (r *Receiver) Exports() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.exports
}

// Spans are those that have come.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

// Wait waits until n spans have come, and returns all.
func (r *Receiver) Wait(t testing.TB, n int) []Span {
	t.Helper()
	for until := time.Now().Add(patience); ; <-time.After(5 * time.Millisecond) {
		spans := r.Spans()
		if len(spans) >= n {
			return spans
		}
		if time.Now().After(until) {
			t.Fatalf("%d spans came, want %d: %v", len(spans), n, spans)
		}
	}
}

// Attribute is an attribute of the span as text, empty if it has none.
func (s Span) Attribute(key string) string { return Value(s.GetAttributes(), key) }

// Value is an attribute as text.
func Value(attributes []*commonv1.KeyValue, key string) string {
	for _, kv := range attributes {
		if kv.GetKey() != key {
			continue
		}
		switch v := kv.GetValue().GetValue().(type) {
		case *commonv1.AnyValue_StringValue:
			return v.StringValue
		case *commonv1.AnyValue_IntValue:
			return fmt.Sprint(v.IntValue)
		case *commonv1.AnyValue_BoolValue:
			return fmt.Sprint(v.BoolValue)
		}
	}
	return ""
}

// Children are the spans whose parent is the given one.
func Children(of Span, among []Span) []Span {
	var children []Span
	for _, span := range among {
		if string(span.GetParentSpanId()) == string(of.GetSpanId()) {
			children = append(children, span)
		}
	}
	return children
}
