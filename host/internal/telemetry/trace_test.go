package telemetry

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/trace"

	"github.com/patchbay/patchbay/host/internal/telemetry/otlptest"
	"github.com/patchbay/patchbay/sdk/wire"
)

func TestNewTracing(t *testing.T) {
	receiver := otlptest.Start(t)
	for name, test := range map[string]struct {
		endpoint string
		env      map[string]string
		on       bool
		service  string
	}{
		"nothing set":       {on: false},
		"configured":        {endpoint: receiver.Endpoint, on: true, service: "patchbay"},
		"environment":       {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.Endpoint}, on: true, service: "patchbay"},
		"for traces":        {env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": receiver.Endpoint}, on: true, service: "patchbay"},
		"named":             {endpoint: receiver.Endpoint, env: map[string]string{"OTEL_SERVICE_NAME": "pay"}, on: true, service: "pay"},
		"configured wins":   {endpoint: receiver.Endpoint, env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, on: true, service: "patchbay"},
		"disabled":          {endpoint: receiver.Endpoint, env: map[string]string{"OTEL_SDK_DISABLED": "true"}, on: false},
		"no exporter":       {endpoint: receiver.Endpoint, env: map[string]string{"OTEL_TRACES_EXPORTER": "none"}, on: false},
		"sampler says none": {endpoint: receiver.Endpoint, env: map[string]string{"OTEL_TRACES_SAMPLER": "always_off"}, on: true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, known := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SERVICE_NAME", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_TRACES_SAMPLER"} {
				t.Setenv(known, test.env[known])
			}
			before := len(receiver.Spans())
			tracing, err := NewTracing(t.Context(), test.endpoint, NewMetrics(), hclog.NewNullLogger())
			if err != nil || (tracing != nil) != test.on {
				t.Fatalf("got %v, %v, want on: %t", tracing, err, test.on)
			}
			if tracing != nil {
				_, span := tracing.Start(context.Background(), "x", trace.SpanKindServer)
				span.End()
			}
			if err := tracing.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			spans := receiver.Spans()[before:]
			if test.service == "" && len(spans) > 0 || test.service != "" && (len(spans) != 1 || spans[0].Service != test.service) {
				t.Errorf("the receiver got %v, want a span of %q", spans, test.service)
			}
		})
	}
}

func TestNewTracing_refusesOtherProtocols(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	if _, err := NewTracing(t.Context(), "http://127.0.0.1:4318", NewMetrics(), hclog.NewNullLogger()); err == nil || !strings.Contains(err.Error(), "OTEL_EXPORTER_OTLP_PROTOCOL") {
		t.Errorf("got %v", err)
	}
}

// TestSampling_followsTheCaller has a parent that decides.
func TestSampling_followsTheCaller(t *testing.T) {
	receiver := otlptest.Start(t)
	tracing, err := NewTracing(t.Context(), receiver.Endpoint, NewMetrics(), hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	for _, flags := range []string{"00", "01"} {
		parent := wire.SpanParent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"+flags, "a=b")
		_, span := tracing.Start(trace.ContextWithRemoteSpanContext(t.Context(), parent), "of "+flags, trace.SpanKindServer)
		span.End()
		if of, state := wire.TraceContext(span.SpanContext()); !strings.HasSuffix(of, "-"+flags) || state != "a=b" {
			t.Errorf("the trace goes on as %q, %q", of, state)
		}
	}
	if err := tracing.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if spans := receiver.Spans(); len(spans) != 1 || spans[0].GetName() != "of 01" {
		t.Errorf("got %v", spans)
	}
}

// TestLostSpansAreLogged sends to where nobody listens.
func TestLostSpansAreLogged(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "50")
	var log bytes.Buffer
	tracing, err := NewTracing(t.Context(), "http://127.0.0.1:1", NewMetrics(), hclog.New(&hclog.LoggerOptions{Output: &log}))
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracing.Start(context.Background(), "x", trace.SpanKindServer)
	span.End()
	limit, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := tracing.Close(limit); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "spans are lost: spans=1") {
		t.Errorf("the log says %q", log.String())
	}
}
