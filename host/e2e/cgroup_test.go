package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/patchbay/patchbay/host/internal/cgroup"
)

// TestPluginsHaveCgroups looks where a plugin is, before and after it was killed.
func TestPluginsHaveCgroups(t *testing.T) {
	own, err := cgroup.Own()
	if err != nil {
		t.Skipf("skipped: needs version 2 of cgroups: %v", err)
	}
	s := newStack(t)
	if strings.Contains(s.log.String(), "plugins get no cgroups") {
		t.Skipf("skipped: needs a cgroup that this user may manage: %s", s.log.tail(20))
	}
	inPlace := regexp.MustCompile(fmt.Sprintf(`(?m)^0::.*/patchbay-%d-\d+/connector-sandbox-\d+$`, s.gateway.Process.Pid))
	look := func() int {
		t.Helper()
		pid := s.plugin("sandbox")[0]
		place, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		if err != nil || !inPlace.Match(place) {
			t.Errorf("the plugin is in %q, %v", place, err)
		}
		s.wait("one plugin has one cgroup", func() bool {
			groups, err := filepath.Glob(filepath.Join(own, fmt.Sprintf("patchbay-%d-*/*-*", s.gateway.Process.Pid)))
			return err == nil && len(groups) == 1
		})
		return pid
	}
	first, generation := look(), s.generation("sandbox")
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.wait("another process serves", func() bool { return s.generation("sandbox") > generation })
	look()
}
