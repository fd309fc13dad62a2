package controller

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
)

// TestDiskFull declares a binary that can't be copied into the store for want of
// room: what ran goes on, and when there is room the binary takes over, though no
// file says so by a change.
func TestDiskFull(t *testing.T) {
	f := newFixture(t, map[string]string{"a.yaml": manifestOf("a", "1.0.0")})
	raw, err := os.ReadFile(filepath.Join(f.dir, "connector"))
	if err != nil {
		t.Fatal(err)
	}
	f.put("larger", append(raw, "another build"...), 0o755)

	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	lift := func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	defer lift()
	f.write("a.yaml", strings.Replace(manifestOf("a", "1.1.0"), "command: connector", "command: larger", 1))
	f.until("a", "told that there is no room", func(c *gatewayv1.Connector) bool {
		return slices.ContainsFunc(c.GetProblems(), func(p *gatewayv1.Problem) bool {
			return strings.Contains(p.GetReason(), syscall.EFBIG.Error())
		})
	})
	f.serving("a", "1.0.0")
	lift()
	f.serving("a", "1.1.0")
}
