package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
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

// Callers that are followed are held against the same rules as at the start.
func TestFollowedCallers(t *testing.T) {
	key := strings.Repeat("a", 64)
	for name, test := range map[string]struct{ callers, refusal string }{
		"good":              {"callers: [{name: shop, key_sha256: [" + key + "]}]", ""},
		"none":              {"callers: []", "nobody could call"},
		"the gateway's own": {"callers: [{name: webhook, key_sha256: [" + key + "]}]", "is the gateway's own"},
	} {
		file := filepath.Join(t.TempDir(), "patchbay.yaml")
		if err := os.WriteFile(file, []byte(test.callers), 0o600); err != nil {
			t.Fatal(err)
		}
		c := Config{File: file}
		c.Webhooks.Listen = "127.0.0.1:8002"
		_, err := c.followCallers(hclog.NewNullLogger())
		if test.refusal == "" && err != nil || test.refusal != "" && (err == nil || !strings.Contains(err.Error(), test.refusal)) {
			t.Errorf("%s: got %v, want %q", name, err, test.refusal)
		}
	}
}
