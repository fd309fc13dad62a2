package host

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestShutdownDelay: what the file says holds, also nothing at all; what it does
// not say depends on the mode.
func TestShutdownDelay(t *testing.T) {
	for _, test := range []struct {
		file string
		dev  bool
		want time.Duration
	}{
		{"", false, defaultShutdownDelay},
		{"", true, 0},
		{"shutdown_delay: 0s\n", false, 0},
		{"shutdown_delay: 1s\n", true, time.Second},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "patchbay.yaml")
		if err := os.WriteFile(path, []byte("plugins: .\nruntime_dir: .\nstate_dir: .\nadmin: off\n"+test.file), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := ReadConfig(path)
		if err != nil {
			t.Fatal(err)
		}
		c.Dev = test.dev
		_ = c.complete() // callers are missing, which is not the question
		if c.ShutdownDelay == nil || *c.ShutdownDelay != test.want {
			t.Errorf("%q, dev %v: got %v, want %s", test.file, test.dev, c.ShutdownDelay, test.want)
		}
	}
}
