// Package telemetry says how the host fares: metrics, traces, health and
// readiness.
package telemetry

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics counts what the gateway and its plugins do. Every label's values come
// from declared things, so that the number of series is bounded.
type Metrics struct {
	Registry *prometheus.Registry

	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	sandbox  *prometheus.GaugeVec
	refused  *prometheus.CounterVec // spans
	plugins  pluginMetrics

	mu   sync.Mutex
	list func() []Plugin
	gone map[release]time.Time // since when
}

// release is a connector in one version.
type release struct{ connector, version string }

// NewMetrics returns counters that stand at zero.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_calls_total",
			Help: "Calls that ended, by connector, version, method, gRPC code, whether the PSP may have acted on a failure, and whose fault it was.",
		}, []string{"connector", "version", "method", "code", "sent", "fault"}),
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
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_plugin_refused_spans_total",
			Help: "Spans that a plugin sent and that are not part of the call's trace, or do not decode.",
		}, []string{"connector", "version"}),
		plugins: newPluginMetrics(),
		gone:    map[release]time.Time{},
	}
	m.Registry.MustRegister(m.calls, m.duration, m.inFlight, m.refused, m.sandbox, pluginCollector{newProcessMetrics(), m}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.plugins.register(m.Registry)
	return m
}

// Fault says who has to do something about a failure.
type Fault string

// The sides that a failure can be the fault of.
const (
	FaultNone      Fault = ""
	FaultCaller    Fault = "caller"
	FaultConnector Fault = "connector"
	FaultPSP       Fault = "psp"
	FaultHost      Fault = "host"
)

// Call is one call that has ended. Its words come from declared things alone.
type Call struct {
	Connector, Version, Method, Code, Sent string
	Fault                                  Fault
	Took                                   time.Duration
}

// Observe counts a call.
func (m *Metrics) Observe(c Call) {
	m.calls.WithLabelValues(c.Connector, c.Version, c.Method, c.Code, c.Sent, string(c.Fault)).Inc()
	m.duration.WithLabelValues(c.Connector, c.Version, c.Method).Observe(c.Took.Seconds())
}

// InFlight is the number of calls to a connector that are not answered yet. It
// is asked for each call, since series can go.
func (m *Metrics) InFlight(connector string) prometheus.Gauge {
	return m.inFlight.WithLabelValues(connector)
}

func (m *Metrics) spansRefused(connector, version string, n int) {
	m.refused.WithLabelValues(connector, version).Add(float64(n))
}

// Sandboxed notes the tier in which a process is confined that begins to serve.
func (m *Metrics) Sandboxed(connector, version string, tier int) {
	m.sandbox.WithLabelValues(connector, version).Set(float64(tier))
}
