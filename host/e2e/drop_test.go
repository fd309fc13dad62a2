package e2e

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
)

// TestDroppedPluginServes drops manifests with binaries of 20 MB into the directory
// of a running gateway and calls them until they answer.
func TestDroppedPluginServes(t *testing.T) {
	drops := times(20, 3)
	s := newStack(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	binary = append(binary, make([]byte, max(0, 20*megabyte-len(binary)))...)
	var took []time.Duration
	for n := range drops {
		name := fmt.Sprintf("dropped-%d", n)
		began := time.Now()
		s.put(name, append(binary, name...), 0o755) // another digest each
		s.put(name+".yaml", fmt.Appendf(nil, "name: %s\nversion: 1.0.0\ncommand: %s\nenv: {%s: %s}\n", name, name, launchtest.IDEnv, name), 0o644)
		s.wait(name+" serves", func() bool {
			_, err := s.payments.Authorize(s.to(name), payment("first"))
			return err == nil
		})
		took = append(took, time.Since(began))
		if err := os.Remove(s.plugins + "/" + name + ".yaml"); err != nil {
			t.Fatal(err)
		}
		s.wait(name+" is gone", func() bool { return s.connector(name) == nil })
		if err := os.Remove(s.plugins + "/" + name); err != nil {
			t.Fatal(err)
		}
	}
	p95 := quantile(took, 0.95)
	figure(t, fmt.Sprintf("drop of a new manifest and a binary of %d MB, to the first answered call", len(binary)/megabyte), "1 s at p95",
		"p50 %s, p95 %s", quantile(took, 0.5).Round(time.Millisecond), p95.Round(time.Millisecond))
	if p95 > within(time.Second) {
		t.Errorf("it took %s at p95", p95)
	}
}
