package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSwapsUnderLoad replaces a connector again and again while 16 callers pay
// about a thousand times a second: mostly by the manifest's version, each fifth time
// by the binary's bytes. No call fails, and nothing is left of what was replaced.
func TestSwapsUnderLoad(t *testing.T) {
	s := newStack(t)
	source := filepath.Join(s.bin, "connector-sandbox")
	s.wait("version 1.0.0 serves", func() bool { return s.generation("sandbox") == 1 })
	before := openFiles(t, s) // no call has gone to the PSP yet
	load := startLoad(s, 16, 1000)
	began := time.Now()
	s.wait("calls are made", func() bool { return load.calls.Load() > 100 })

	swaps := times(25, 10)
	spread := time.Duration(swaps) * 800 * time.Millisecond
	for n := 1; n <= swaps; n++ {
		generation := s.generation("sandbox")
		if n%5 == 0 {
			s.copyFile(source, "connector-sandbox", fmt.Appendf(nil, "build %d", n))
		} else {
			s.manifest(fmt.Sprintf("1.0.%d", n))
		}
		s.wait("a new generation serves", func() bool { return s.generation("sandbox") > generation })
		for next := began.Add(time.Duration(n) * spread / time.Duration(swaps)); time.Now().Before(next); {
			time.Sleep(time.Until(next)) // spread evenly
		}
	}
	told := load.end()
	took := time.Since(began)

	failed, kinds := failures(told)
	figure(t, fmt.Sprintf("%d replacements of a connector with a PSP behind it", swaps), "0 failed; the PSP's ledger is what callers were told",
		"%d calls (%.0f a second), %d failed", len(told), float64(len(told))/took.Seconds(), failed)
	if failed > 0 {
		t.Errorf("%d calls failed: %v", failed, kinds)
	}
	if got := s.generation("sandbox"); got != uint64(1+swaps) {
		t.Errorf("generation %d, want %d", got, 1+swaps)
	}
	reconcile(t, told, s.ledger())

	s.copyFile(source, "connector-sandbox", []byte("the last")) // it has no connections to the PSP that it keeps for later
	s.wait("the last generation serves", func() bool { return s.generation("sandbox") == uint64(2+swaps) })
	s.wait("the old processes are gone", func() bool { return len(s.plugin("sandbox")) == 1 })
	s.wait("the old sockets are gone", func() bool {
		dirs, _ := filepath.Glob(filepath.Join(s.runtime, "*", "plugin-dir*"))
		return len(dirs) == 1
	})
	s.wait("the old binaries are gone", func() bool {
		copies, _ := filepath.Glob(filepath.Join(filepath.Dir(s.plugins), "state", "store", "*", "sha256-*"))
		return len(copies) == 2 // what serves, and what could be gone back to
	})
	if before < 0 {
		t.Skip("the gateway's open files were not counted; all else held")
	}
	s.wait("no open files are left but the binary that could be gone back to", func() bool { return openFiles(t, s) <= before+1 })
}

// openFiles counts the gateway's descriptors; less than none if it may not, since
// the gateway hides itself from all but root.
func openFiles(t *testing.T, s *stack) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.gateway.Process.Pid))
	if errors.Is(err, fs.ErrPermission) {
		return -1
	}
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
