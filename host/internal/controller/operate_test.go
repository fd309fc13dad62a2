package controller

import (
	"testing"
	"time"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
)

// TestRescanWaitsForWhatIsStartingAlready: the watcher was first, and what it
// found has neither served nor failed yet.
func TestRescanWaitsForWhatIsStartingAlready(t *testing.T) {
	f := newFixture(t, nil)
	f.write("slow.yaml", "name: slow\nversion: 1.0.0\ncommand: connector\nstart_timeout: 2s\nenv: {"+launchtest.BehaviourEnv+": silent}\n")
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
