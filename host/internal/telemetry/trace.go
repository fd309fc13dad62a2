package telemetry

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.38.0"
	"go.opentelemetry.io/otel/trace"
)

// The names of the services in traces, and of what makes the spans.
const (
	serviceName = "patchbay"
	guestPrefix = "patchbay-connector-"
	scope       = "github.com/patchbay/patchbay/host"
)

// Tracing makes spans and sends them to an OTLP receiver over gRPC. A nil one
// is off: whoever holds it asks before there is anything to pay for.
type Tracing struct {
	tracer   trace.Tracer
	host     *sdktrace.TracerProvider
	exporter sdktrace.SpanProcessor
	resource *resource.Resource // of the host
	metrics  *Metrics

	mu     sync.Mutex
	guests map[string]trace.Tracer // of the connectors, each a service of its own
}

// NewTracing sends to the endpoint, such as http://localhost:4317; if it is empty,
// to where OpenTelemetry's environment variables say, and it returns nil where
// they say nothing. What else can be set of exporter, sampler, batches and
// resource are those variables too (OpenTelemetry specification, "Environment
// Variable Specification" and "OpenTelemetry Protocol Exporter").
func NewTracing(ctx context.Context, endpoint string, metrics *Metrics, log hclog.Logger) (*Tracing, error) {
	if !wanted(endpoint) {
		return nil, nil
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol := os.Getenv(name); protocol != "" && protocol != "grpc" {
			return nil, fmt.Errorf("%s: %q is not grpc, the one protocol that the gateway sends traces with", name, protocol)
		}
	}
	var options []otlptracegrpc.Option
	if endpoint != "" {
		options = append(options, otlptracegrpc.WithEndpointURL(endpoint))
	}
	exporter, err := otlptracegrpc.New(ctx, options...) // it connects with the first spans
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	described, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName(serviceName)), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	t := &Tracing{resource: described, metrics: metrics, guests: map[string]trace.Tracer{}}
	t.exporter = sdktrace.NewBatchSpanProcessor(logged{exporter, log})
	t.host = sdktrace.NewTracerProvider(sdktrace.WithResource(described), sdktrace.WithSpanProcessor(t.exporter))
	t.tracer = t.host.Tracer(scope)
	return t, nil
}

func wanted(endpoint string) bool {
	if os.Getenv("OTEL_SDK_DISABLED") == "true" || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return endpoint != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// Start begins a span of the host, a child of the context's. Whether it is
// recorded is the caller's word where the context has a parent, and the
// sampler's otherwise.
func (t *Tracing) Start(ctx context.Context, name string, kind trace.SpanKind, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	return t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
}

// Close sends what is left. It returns when that is done or the context ends.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.host.Shutdown(ctx)
}

// logged says in the log what the exporter's errors are.
type logged struct {
	sdktrace.SpanExporter
	log hclog.Logger
}

// ExportSpans implements sdktrace.SpanExporter.
func (l logged) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := l.SpanExporter.ExportSpans(ctx, spans); err != nil {
		l.log.Warn("spans are lost", "spans", len(spans), "error", err)
	}
	return nil
}
