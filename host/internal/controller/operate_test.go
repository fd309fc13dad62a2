package controller

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
)

// TestRescanWaitsForWhatIsStartingAlready: the watcher was first, and what it
// found has neither served nor failed yet.
func TestRescanWaitsForWhatIsStartingAlready(t *testing.T) {
	f := newFixture(t, nil)
	f.write("slow.yaml", "name: slow\nversion: 1.0.0\ncommand: connector\nstart_timeout: 5s\nenv: {"+launchtest.BehaviourEnv+": silent}\n")
	for deadline := time.After(patience); len(f.Plugins("slow")) == 0; {
		select {
		case <-time.After(time.Millisecond):
		case <-deadline:
			t.Fatal("the manifest is not followed")
		}
	}
	if p := f.Plugins("slow")[0]; p.Problem != nil {
		t.Fatalf("it has failed already: %v", p.Problem)
	}
	if err := f.Rescan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := f.Plugins("slow")[0]; p.Problem == nil {
		t.Errorf("it is %s, and Rescan has not waited", p.State)
	}
}

// TestRollbackThatIsOvertaken: while what served before starts, another version is
// declared, which counts.
func TestRollbackThatIsOvertaken(t *testing.T) {
	f := newFixture(t, nil)
	gate := filepath.Join(t.TempDir(), "gate")
	declare := func(version string) {
		f.write("acme.yaml", fmt.Sprintf("name: acme\nversion: %s\ncommand: connector\nenv: {%s: acme, %s: waits at the gate, %s: %q}\n",
			version, launchtest.IDEnv, launchtest.BehaviourEnv, launchtest.GateEnv, gate))
	}
	for _, version := range []string{"1.0.0", "1.1.0"} {
		declare(version)
		f.serving("acme", version)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, _, err := f.Rollback(t.Context(), "acme", "it is worse")
		ended <- err
	}()
	f.until("acme", "it is going back", func(*gatewayv1.Connector) bool { return f.Plugins("acme")[0].Aside != "" })
	declare("1.2.0")
	err := <-ended
	if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "something else was asked for while acme@1.0.0 was gone back to; now 1.1.0: it is serving") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(gate); err != nil {
		t.Fatal(err)
	}
	f.serving("acme", "1.2.0")
}
