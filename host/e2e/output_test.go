package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
)

// TestHostileOutput has a plugin write a flood of lines that are meant to hurt:
// malformed JSON, wrong types, lines of 10 MB, binary. The gateway lives, serves,
// and keeps neither in memory nor in the log what it is sent.
func TestHostileOutput(t *testing.T) {
	lines := times(1_000_000, 20_000)
	s := newStack(t)
	s.addRecorder()
	hostile := func(version, more string) {
		s.put("hostile.yaml", fmt.Appendf(nil, "name: hostile\nversion: %s\ncommand: recorder\nsandbox: off\nenv: {%s: hostile%s}\n",
			version, launchtest.IDEnv, more), 0o644)
	}
	hostile("1.0.0", "") // it is quiet: what its start and calls take is not the flood's
	s.wait("it serves", func() bool { return s.generation("hostile") == 1 })
	s.settleMemory("sandbox")
	before, logged := s.memory("VmHWM"), len(s.log.String())

	done := filepath.Join(filepath.Dir(s.plugins), "flood")
	hostile("1.0.1", fmt.Sprintf(", %s: floods stderr, %s: %q, %s: %q",
		launchtest.BehaviourEnv, launchtest.FloodEnv, strconv.Itoa(lines), launchtest.FloodDoneEnv, done))
	s.wait("the flood begins", func() bool { return s.generation("hostile") == 2 })
	answered := 0
	s.waitFor(10*patience, "all lines are written", func() bool {
		for _, connector := range []string{"sandbox", "hostile"} {
			if _, err := s.payments.Authorize(s.to(connector), payment(fmt.Sprintf("%s-%d", connector, answered))); err != nil {
				t.Fatalf("a call to %s: %v", connector, err)
			}
		}
		answered++
		_, err := os.Stat(done)
		return err == nil
	})
	grown := s.memory("VmHWM") - before
	written := len(s.log.String()) - logged
	figure(t, fmt.Sprintf("%d hostile lines on a plugin's stderr", lines), "host alive, memory up by at most 20 MB",
		"%d calls answered meanwhile, memory up by at most %.1f MB, to %.0f MB, %.1f MB of log", 2*answered, float64(grown)/megabyte, float64(before+grown)/megabyte, float64(written)/megabyte)
	most := int64(20 * megabyte)
	if raceEnabled {
		most *= 5
	}
	if grown > most {
		t.Errorf("the gateway's memory grew by %.1f MB", float64(grown)/megabyte)
	}
	if s.generation("hostile") != 2 || s.generation("sandbox") != 1 {
		t.Error("a connector was started anew")
	}
	if written > 16*megabyte {
		t.Errorf("the log grew by %d bytes", written)
	}
}
