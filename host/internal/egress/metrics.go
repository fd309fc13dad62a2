package egress

import (
	"github.com/prometheus/client_golang/prometheus"
)

// undeclared stands for all hosts that no manifest names: what guests invent makes
// no series.
const undeclared = "undeclared"

type metrics struct {
	connections *prometheus.CounterVec
	open        *prometheus.GaugeVec
	bytes       *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) metrics {
	m := metrics{
		connections: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_egress_connections_total",
			Help: "Connections that connectors asked for, by connector, host as the manifest declares it, and result.",
		}, []string{"connector", "host", "result"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "patchbay_egress_connections_open",
			Help: "Connections that connectors have, by connector and host.",
		}, []string{"connector", "host"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_egress_bytes_total",
			Help: "Bytes that connectors have sent and received, by connector and host.",
		}, []string{"connector", "host", "direction"}),
	}
	registry.MustRegister(m.connections, m.open, m.bytes)
	return m
}

// counters are those of one connector and host.
type counters struct {
	results        *prometheus.CounterVec
	open           prometheus.Gauge
	sent, received prometheus.Counter
}

func (m metrics) of(connector, host string) counters {
	return counters{
		results:  m.connections.MustCurryWith(prometheus.Labels{"connector": connector, "host": host}),
		open:     m.open.WithLabelValues(connector, host),
		sent:     m.bytes.WithLabelValues(connector, host, "sent"),
		received: m.bytes.WithLabelValues(connector, host, "received"),
	}
}

// count counts how a request for a connection ended.
func (c counters) count(r result) { c.results.WithLabelValues(string(r)).Inc() }
