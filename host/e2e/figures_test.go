package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// figuresEnv is the variable that asks for the counts that docs/reliability.md
// promises; without it tests count as far as shows the same.
const figuresEnv = "PATCHBAY_FIGURES"

// times is how often to do something: in full where figures are measured.
func times(full, ordinary int) int {
	if os.Getenv(figuresEnv) != "" {
		return full
	}
	return ordinary
}

// within is the limit that a test holds a promised time to: five times as much,
// since it shares its machine, and four times that under the race detector.
func within(promised time.Duration) time.Duration {
	if raceEnabled {
		return 20 * promised
	}
	return 5 * promised
}

// figure logs a line of the table in docs/reliability.md: what, what is promised,
// and what was measured.
func figure(t *testing.T, what, promised, measured string, args ...any) {
	t.Helper()
	t.Logf("figure: %s | %s | %s", what, promised, fmt.Sprintf(measured, args...))
}

// quantile is the time that a share of the times kept below.
func quantile(took []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[int(float64(len(sorted)-1)*q)]
}

// metric reads one of the gateway's metrics that has no labels.
func (s *stack) metric(name string) float64 {
	s.t.Helper()
	resp, err := http.Get("http://" + s.ops + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(raw)
	if found == nil {
		s.t.Fatalf("there is no metric %s", name)
	}
	value, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return value
}

// memory is the gateway's resident memory in bytes: now (VmRSS), or at most so far
// (VmHWM).
func (s *stack) memory(field string) int64 {
	s.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.gateway.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + field + `:\s+(\d+) kB$`).FindSubmatch(raw)
	if found == nil {
		s.t.Fatalf("the process has no %s", field)
	}
	kb, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return kb << 10
}

const megabyte = 1 << 20

// settleMemory makes calls until the gateway's memory grows by them no more: what
// its collector leaves lying is then nothing else's growth.
func (s *stack) settleMemory(connector string) {
	s.t.Helper()
	grown, calls := int64(megabyte), times(3000, 1500) // for some cycles of the collector
	for range 10 {
		if grown < megabyte {
			return
		}
		before := s.memory("VmHWM")
		for n := range calls {
			if _, err := s.payments.Authorize(s.to(connector), payment(fmt.Sprintf("settle-%d", n))); err != nil {
				s.t.Fatal(err)
			}
		}
		grown = s.memory("VmHWM") - before
	}
}
