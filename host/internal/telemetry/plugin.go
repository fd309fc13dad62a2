package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// keepGone is how long the counts of a connector that is gone stay: long enough
// for monitoring to see how it went.
const keepGone = 10 * time.Minute

// pluginMetrics counts what becomes of plugins' processes.
type pluginMetrics struct {
	transitions *prometheus.CounterVec
	restarts    *prometheus.CounterVec
	drain       *prometheus.HistogramVec
	cancelled   *prometheus.CounterVec
	misses      *prometheus.CounterVec
}

func newPluginMetrics() pluginMetrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{"connector", "version"}, labels...))
	}
	return pluginMetrics{
		transitions: counter("patchbay_plugin_transitions_total", "Changes of a plugin's state.", "from", "to"),
		restarts:    counter("patchbay_plugin_restarts_total", "Starts of a plugin in place of a process that ended or was ended, by cause.", "cause"),
		drain: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "patchbay_plugin_drain_seconds",
			Help:    "How long replaced or removed plugins took to finish the calls they had.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 9), // 1 ms to 65 s
		}, []string{"connector", "version"}),
		cancelled: counter("patchbay_plugin_drain_cancelled_calls_total", "Calls that outlasted the drain limit of their plugin."),
		misses:    counter("patchbay_plugin_probe_misses_total", "Probes that a plugin did not answer in time."),
	}
}

func (p pluginMetrics) register(r prometheus.Registerer) {
	r.MustRegister(p.transitions, p.restarts, p.drain, p.cancelled, p.misses)
}

// Transition counts a change of a plugin's state.
func (m *Metrics) Transition(connector, version, from, to string) {
	m.plugins.transitions.WithLabelValues(connector, version, from, to).Inc()
}

// Restarted counts a start in place of a process that ended. The cause is one of
// a fixed few words.
func (m *Metrics) Restarted(connector, version, cause string) {
	m.plugins.restarts.WithLabelValues(connector, version, cause).Inc()
}

// Drained counts a drain that is over, and the calls that had to be cancelled.
func (m *Metrics) Drained(connector, version string, took time.Duration, cancelled int) {
	m.plugins.drain.WithLabelValues(connector, version).Observe(took.Seconds())
	m.plugins.cancelled.WithLabelValues(connector, version).Add(float64(cancelled))
}

// ProbeMissed counts a probe that was not answered in time.
func (m *Metrics) ProbeMissed(connector, version string) {
	m.plugins.misses.WithLabelValues(connector, version).Inc()
}

// Forget says that a version of a connector is gone. What is told of its process
// goes at once; its counts, which tell how it went, ten minutes later, unless it
// is back by then.
func (m *Metrics) Forget(connector, version string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone[release{connector, version}] = time.Now()
}

// expire removes the series of what has been gone for long.
func (m *Metrics) expire(now time.Time) {
	live := m.live()
	connectors := map[string]bool{}
	for of := range live {
		connectors[of.connector] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for of, since := range m.gone {
		if _, back := live[of]; back {
			delete(m.gone, of)
			continue
		}
		if now.Sub(since) < keepGone {
			continue
		}
		delete(m.gone, of)
		for _, series := range []interface{ DeletePartialMatch(prometheus.Labels) int }{
			m.calls, m.duration, m.refused, m.plugins.transitions, m.plugins.restarts, m.plugins.drain, m.plugins.cancelled, m.plugins.misses,
		} {
			series.DeletePartialMatch(prometheus.Labels{"connector": of.connector, "version": of.version})
		}
		if !connectors[of.connector] {
			m.inFlight.DeleteLabelValues(of.connector)
		}
	}
}
