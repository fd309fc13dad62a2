package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Plugin is the process of a plugin at the moment.
type Plugin struct {
	Connector, Version string
	Generation         uint64
	PID                int    // 0: it has none
	State              string // Serving, or another word of the supervisor's
}

// Serving is the state of a plugin that takes calls.
const Serving = "serving"

// WatchPlugins says who tells which plugins there are. It is asked at each
// scrape, concurrently.
func (m *Metrics) WatchPlugins(list func() []Plugin) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = list
}

// live are the plugins that there are: of several processes of one version, as
// during a swap, the newest.
func (m *Metrics) live() map[release]Plugin {
	m.mu.Lock()
	list := m.list
	m.mu.Unlock()
	if list == nil {
		return nil
	}
	live := map[release]Plugin{}
	for _, p := range list() {
		of := release{p.Connector, p.Version}
		if known, ok := live[of]; !ok || p.Generation > known.Generation {
			live[of] = p
		}
	}
	return live
}

// usage is what a process uses; openFiles is negative if that is not known.
type usage struct {
	residentBytes, cpuSeconds, openFiles float64
}

// Usage asks the kernel how much memory of a process is resident and how much
// processor time it has used; ok is false where that is not known.
func Usage(pid int) (memory uint64, cpuSeconds float64, ok bool) {
	used, ok := usageOf(pid)
	return uint64(used.residentBytes), used.cpuSeconds, ok
}

// pluginCollector tells of plugins' processes at each scrape.
type pluginCollector struct {
	processMetrics
	metrics *Metrics
}

// processMetrics describes what is told of a process.
type processMetrics struct{ up, generation, resident, cpu, files *prometheus.Desc }

func newProcessMetrics() processMetrics {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"connector", "version"}, nil)
	}
	return processMetrics{
		up:         describe("patchbay_plugin_up", "1 if the plugin takes calls, 0 if it does not."),
		generation: describe("patchbay_plugin_generation", "The generation of the plugin's process."),
		resident:   describe("patchbay_plugin_resident_memory_bytes", "Resident memory of the plugin's process."),
		cpu:        describe("patchbay_plugin_cpu_seconds_total", "User and system CPU time of the plugin's process."),
		files:      describe("patchbay_plugin_open_fds", "Open file descriptors of the plugin's process."),
	}
}

// Describe implements prometheus.Collector.
func (c pluginCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{c.up, c.generation, c.resident, c.cpu, c.files} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (c pluginCollector) Collect(metrics chan<- prometheus.Metric) {
	for _, p := range c.metrics.live() {
		tell := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64) {
			metrics <- prometheus.MustNewConstMetric(desc, kind, value, p.Connector, p.Version)
		}
		up := 0.0
		if p.State == Serving {
			up = 1
		}
		tell(c.up, prometheus.GaugeValue, up)
		tell(c.generation, prometheus.GaugeValue, float64(p.Generation))
		used, known := usageOf(p.PID)
		if !known {
			continue
		}
		tell(c.resident, prometheus.GaugeValue, used.residentBytes)
		tell(c.cpu, prometheus.CounterValue, used.cpuSeconds)
		if used.openFiles >= 0 {
			tell(c.files, prometheus.GaugeValue, used.openFiles)
		}
	}
}
