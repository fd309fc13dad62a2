// Package telemetry says how the host fares: metrics, health and readiness over
// HTTP.
package telemetry

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what the gateway does.
type Metrics struct {
	Registry *prometheus.Registry

	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	sandbox  *prometheus.GaugeVec
}

// NewMetrics returns counters that stand at zero.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_calls_total",
			Help: "Calls that ended, by connector, version, method, gRPC code and whether the PSP may have acted on a failure.",
		}, []string{"connector", "version", "method", "code", "sent"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "patchbay_call_duration_seconds",
			Help:    "How long calls took, from their arrival to their answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 12), // 0.5 ms to 12 s
		}, []string{"connector", "version", "method"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "patchbay_calls_in_flight",
			Help: "Calls that are admitted and not answered yet, by connector.",
		}, []string{"connector"}),
		sandbox: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "patchbay_plugin_sandbox_tier",
			Help: "The tier of the sandbox in which the process runs that began to serve last, by connector and version: 3 is the best.",
		}, []string{"connector", "version"}),
	}
	m.Registry.MustRegister(m.calls, m.duration, m.inFlight, m.sandbox, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Call is one call that has ended. Its words come from declared things alone, so
// that the number of series is bounded.
type Call struct {
	Connector, Version, Method, Code, Sent string
	Took                                   time.Duration
}

// Observe counts a call.
func (m *Metrics) Observe(c Call) {
	m.calls.WithLabelValues(c.Connector, c.Version, c.Method, c.Code, c.Sent).Inc()
	m.duration.WithLabelValues(c.Connector, c.Version, c.Method).Observe(c.Took.Seconds())
}

// InFlight is the number of calls to a connector that are not answered yet.
func (m *Metrics) InFlight(connector string) prometheus.Gauge {
	return m.inFlight.WithLabelValues(connector)
}

// Sandboxed notes the tier in which a process is confined that begins to serve.
func (m *Metrics) Sandboxed(connector, version string, tier int) {
	m.sandbox.WithLabelValues(connector, version).Set(float64(tier))
}

// Ops is the HTTP surface for orchestrators and monitoring.
type Ops struct {
	Metrics *Metrics
	Ready   func() error // nil: calls are welcome
}

// Handler serves /healthz, /readyz and /metrics.
func (o Ops) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := o.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics.Registry, promhttp.HandlerOpts{}))
	return mux
}

// Serve serves until the context ends.
func (o Ops) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: o.Handler(), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
