package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestReady starts each connector that the project ships again and again, one at a
// time, and reads in the log how long after its launch it took calls.
func TestReady(t *testing.T) {
	starts := times(20, 3)
	s := newStack(t)
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir+"/", "./plugins/...") // as make build does
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	programs, err := filepath.Glob(dir + "/connector-*")
	if err != nil || len(programs) < 3 {
		t.Fatalf("no programs: %v, %v", programs, err)
	}
	for _, program := range programs {
		name := strings.TrimPrefix(filepath.Base(program), "connector-")
		var took []time.Duration
		for n := range starts {
			version := fmt.Sprintf("2.0.%d", n)
			s.put(name+".yaml", fmt.Appendf(nil, "name: %s\nversion: %s\ncommand: %s\n", name, version, program), 0o644)
			serving := regexp.MustCompile(`(?:serving|swapped): connector=` + name + ` .*version=` + regexp.QuoteMeta(version) + ` .*took=(\S+)`)
			var found []string
			s.wait(name+" "+version+" serves", func() bool {
				found = serving.FindStringSubmatch(s.log.String())
				return found != nil
			})
			d, err := time.ParseDuration(found[1])
			if err != nil {
				t.Fatal(err)
			}
			took = append(took, d)
		}
		p95 := quantile(took, 0.95)
		figure(t, "from the launch of the "+name+" connector until it takes calls", "60 ms at p95", "p50 %s, p95 %s",
			quantile(took, 0.5).Round(time.Millisecond), p95.Round(time.Millisecond))
		if p95 > within(60*time.Millisecond) {
			t.Errorf("%s took %s at p95", name, p95)
		}
	}
}
