package telemetry

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// told is a registry with one series of each metric.
func told(t *testing.T) *Metrics {
	t.Helper()
	m := NewMetrics()
	m.Observe(Call{Connector: "acme", Version: "1.0.0", Method: "/x.Y/Z", Code: "Internal", Sent: "MAYBE", Fault: FaultConnector})
	m.InFlight("acme").Inc()
	m.spansRefused("acme", "1.0.0", 3)
	m.Transition("acme", "1.0.0", "starting", Serving)
	m.Restarted("acme", "1.0.0", "exit")
	m.Drained("acme", "1.0.0", 20*time.Millisecond, 2)
	m.ProbeMissed("acme", "1.0.0")
	return m
}

// series are those of a connector, by metric's name, with their values.
func series(t *testing.T, m *Metrics, connector string) map[string]float64 {
	t.Helper()
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "connector" && label.GetValue() == connector {
					found[family.GetName()] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
				}
			}
		}
	}
	return found
}

func TestPluginMetrics(t *testing.T) {
	got := series(t, told(t), "acme")
	for name, want := range map[string]float64{
		"patchbay_calls_total": 1, "patchbay_call_duration_seconds": 1, "patchbay_calls_in_flight": 1,
		"patchbay_plugin_refused_spans_total": 3, "patchbay_plugin_transitions_total": 1, "patchbay_plugin_restarts_total": 1,
		"patchbay_plugin_drain_seconds": 1, "patchbay_plugin_drain_cancelled_calls_total": 2, "patchbay_plugin_probe_misses_total": 1,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

// TestProcessMetrics asks about this process as if it were a plugin's.
func TestProcessMetrics(t *testing.T) {
	m := NewMetrics()
	m.WatchPlugins(func() []Plugin {
		return []Plugin{
			{Connector: "acme", Version: "1.0.0", Generation: 6, PID: os.Getpid(), State: "draining"},
			{Connector: "acme", Version: "1.0.0", Generation: 7, PID: os.Getpid(), State: Serving},
			{Connector: "idle", Version: "2.0.0", State: "backing off"},
		}
	})
	got := series(t, m, "acme")
	if got["patchbay_plugin_generation"] != 7 || got["patchbay_plugin_up"] != 1 {
		t.Errorf("a swap tells %v, want the newest process", got)
	}
	idle := series(t, m, "idle")
	if up, there := idle["patchbay_plugin_up"]; !there || up != 0 {
		t.Errorf("a plugin without a process tells %v", idle)
	}
	if _, there := idle["patchbay_plugin_resident_memory_bytes"]; there {
		t.Error("a plugin without a process has memory")
	}
	if runtime.GOOS != "linux" {
		t.Skipf("the rest needs procfs, which %s lacks", runtime.GOOS)
	}
	if memory := got["patchbay_plugin_resident_memory_bytes"]; memory < 1<<20 || memory > 1<<32 {
		t.Errorf("resident memory %v", memory)
	}
	if got["patchbay_plugin_open_fds"] < 3 {
		t.Errorf("open files %v", got["patchbay_plugin_open_fds"])
	}
	if _, there := got["patchbay_plugin_cpu_seconds_total"]; !there {
		t.Error("no CPU time")
	}
}

func TestForget(t *testing.T) {
	m := told(t)
	plugins := []Plugin{{Connector: "acme", Version: "1.0.0", State: Serving}}
	m.WatchPlugins(func() []Plugin { return plugins })
	counts := len(series(t, m, "acme"))

	m.Forget("acme", "1.0.0")
	m.expire(time.Now().Add(2 * keepGone))
	if n := len(series(t, m, "acme")); n != counts {
		t.Errorf("a connector that is back has %d series left of %d", n, counts)
	}
	plugins = nil
	m.Forget("acme", "1.0.0")
	m.expire(time.Now())
	now := series(t, m, "acme")
	if _, there := now["patchbay_plugin_up"]; there || len(now) == 0 {
		t.Errorf("just after its end: %v, want its counts and nothing of its process", now)
	}
	m.expire(time.Now().Add(2 * keepGone))
	if left := series(t, m, "acme"); len(left) != 0 {
		t.Errorf("series of a connector that is gone: %v", left)
	}
}

// TestLint holds names, units and help of our metrics against Prometheus' rules.
func TestLint(t *testing.T) {
	m := told(t)
	m.WatchPlugins(func() []Plugin {
		return []Plugin{{Connector: "acme", Version: "1.0.0", PID: os.Getpid(), State: Serving}}
	})
	problems, err := testutil.GatherAndLint(m.Registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	m.Registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "patchbay_took_ms"}))
	if problems, err = testutil.GatherAndLint(m.Registry); err != nil || len(problems) == 0 || !strings.HasPrefix(problems[0].Metric, "patchbay_took") {
		t.Errorf("the lint finds nothing in a bad name: %v, %v", problems, err)
	}
}
