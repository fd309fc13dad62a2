package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
)

// step is what a program reads of a transition.
type step struct {
	Name, Version, SHA256, Generation, PID, From, To, Event, Reason string

	End *struct {
		ExitCode  int `json:"exit_code"`
		Signal    string
		LastWords []string `json:"last_words"`
	}
}

func (s step) String() string {
	return strings.ToLower(strings.ReplaceAll(s.From+" "+s.Event+" "+s.To, "PLUGIN_STATE_", ""))
}

// steps reads what "watch" tells of a version until a transition to a state.
func (s *stack) steps(lines <-chan string, version, until string) (steps []step) {
	s.t.Helper()
	for {
		line, ok := s.next(lines)
		if !ok {
			s.t.Fatalf("watch has ended after %v", steps)
		}
		var event struct{ Transition *step }
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			s.t.Fatalf("%v in %s", err, line)
		}
		if event.Transition == nil || event.Transition.Version != version {
			continue
		}
		steps = append(steps, *event.Transition)
		if event.Transition.To == "PLUGIN_STATE_"+until {
			return steps
		}
	}
}

func path(steps []step) (names []string) {
	for _, s := range steps {
		names = append(names, s.String())
	}
	return names
}

// TestOperatorsWatch sees the life of releases: started, replaced, killed from
// outside, crashing in a loop.
func TestOperatorsWatch(t *testing.T) {
	s := newStack(t)
	s.addRecorder() // the binary; its manifest is replaced below
	lines := s.follow("watch", "recorder", "-o", "json")
	if line, _ := s.next(lines); !strings.Contains(line, `"current":{"name":"recorder","version":"1.0.0"`) {
		t.Errorf("watch begins with %s", line)
	}
	if line, _ := s.next(lines); line != `{"begun":{}}` {
		t.Errorf("and goes on with %s", line)
	}

	s.declareRecorder("1.1.0", "")
	started := s.steps(lines, "1.1.0", "SERVING")
	if got, want := path(started), []string{"verified wanted starting", "starting launched probing", "probing proved serving"}; !slices.Equal(got, want) {
		t.Errorf("a start: %q", got)
	}
	first := s.list("recorder")[0]
	for n, moved := range started {
		if moved.Generation != "2" || moved.SHA256 != first.SHA256 || (moved.PID == first.PID) != (n > 0) {
			t.Errorf("told %+v of %+v", moved, first)
		}
	}

	s.servedBy("recorder", "first") // a process that has taken calls
	if err := syscall.Kill(s.plugin("recorder")[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	killed := s.steps(lines, "1.1.0", "SERVING")
	if got, want := path(killed), []string{"serving ended backing_off", "backing_off wanted starting", "starting launched probing", "probing proved serving"}; !slices.Equal(got, want) {
		t.Errorf("a kill: %q", got)
	}
	if end := killed[0].End; end == nil || end.Signal != "killed" || end.ExitCode != -1 || killed[0].PID != first.PID {
		t.Errorf("told %+v of the end of %s", killed[0], first.PID)
	}
	s.quarantine(lines)
}

// quarantine has the recorder crash until version 1.1.0 is quarantined and the
// last good one serves.
func (s *stack) quarantine(lines <-chan string) {
	s.t.Helper()
	const crashes = 5
	crash := []string{"serving ended backing_off"}
	again := []string{"backing_off wanted starting", "starting launched probing", "probing proved serving"}
	for n := 1; n <= crashes; n++ {
		if _, err := s.payments.Authorize(s.to("recorder"), payment("exit")); err == nil {
			s.t.Fatal("it did not crash")
		}
		until, want := "SERVING", slices.Concat(crash, again)
		if n == crashes {
			until, want = "QUARANTINED", slices.Concat(crash, []string{"backing_off looped quarantined"})
		}
		steps := s.steps(lines, "1.1.0", until)
		if got := path(steps); !slices.Equal(got, want) {
			s.t.Errorf("crash %d: %q", n, got)
		}
		if end := steps[0].End; end == nil || end.ExitCode != 7 || end.Signal != "" || !slices.Contains(end.LastWords, "asked to exit") || !strings.Contains(steps[0].Reason, "exit status 7") {
			s.t.Errorf("crash %d: %+v", n, steps[0])
		}
		if n == crashes && steps[1].Reason != "it crashed 5 times within 1m0s" {
			s.t.Errorf("quarantined: %+v", steps[1])
		}
	}
	back := s.steps(lines, "1.0.0", "SERVING")
	if got := path(back); !slices.Equal(got[len(got)-3:], []string{"verified wanted starting", "starting launched probing", "probing proved serving"}) {
		s.t.Errorf("the last good one: %q", got)
	}
	now := s.list("recorder")[0]
	if now.Version != "1.0.0" || now.Declared == nil || now.Declared.Version != "1.1.0" || !strings.HasPrefix(now.Declared.Aside, "quarantined, since it crashed 5 times") {
		s.t.Errorf("listed as %+v", now)
	}
	if shown := s.operates("show", "recorder"); !strings.Contains(shown, "aside ") || !strings.Contains(shown, "asked to exit") {
		s.t.Errorf("shown as:\n%s", shown)
	}
}

// TestOperatorsWatchAStartThatFails tells how the process ended, also to people.
func TestOperatorsWatchAStartThatFails(t *testing.T) {
	s := newStack(t)
	s.addRecorder()
	lines := s.follow("watch")
	for line, _ := s.next(lines); !strings.Contains(line, "is serving"); {
		line, _ = s.next(lines)
	}
	s.put("recorder.yaml", fmt.Appendf(nil, "name: recorder\nversion: 1.1.0\ncommand: recorder\nenv: {%s: exits}\n", launchtest.BehaviourEnv), 0o644)
	for {
		line, ok := s.next(lines)
		if !ok {
			t.Fatal("watch has ended")
		}
		if !strings.Contains(line, "starting → backing off") {
			continue
		}
		for _, want := range []string{"recorder@1.1.0", "generation 2 ", "failed: ", "exit status 3", "there is nothing to do"} {
			if !strings.Contains(line, want) {
				t.Errorf("%q is not in: %s", want, line)
			}
		}
		return
	}
}

// TestOperatorsLogs reads what a connector writes.
func TestOperatorsLogs(t *testing.T) {
	s := newStack(t)
	s.addRecorder()
	s.declareRecorder("1.1.0", "")
	s.operates("reload")
	s.wait("it has written", func() bool {
		return strings.Contains(s.operates("logs", "recorder"), "generation 2     info   hello world\n")
	})
	lines := s.follow("logs", "recorder@1.1.0", "--follow", "--tail", "1", "-o", "json")
	type logLine struct{ Time, Generation, Level, Text string }
	read := func() (l logLine, ok bool) {
		line, ok := s.next(lines)
		if ok {
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatalf("%v in %q", err, line)
			}
		}
		return l, ok
	}
	if l, _ := read(); l.Time == "" || l.Generation != "2" || l.Level == "" || l.Text == "" {
		t.Errorf("the last line: %+v", l)
	}
	s.operates("reload", "recorder")
	l, _ := read()
	for l.Generation == "2" { // it had not written all when it was followed
		l, _ = read()
	}
	if l.Generation != "3" || l.Level != "info" || l.Text != "hello world" {
		t.Errorf("the first line of the next process: %+v", l)
	}
	if got := s.operates("logs", "recorder", "-n", "2"); strings.Count(got, "\n") != 2 || !strings.Contains(got, "generation 3 ") {
		t.Errorf("the last two lines:\n%s", got)
	}
	s.remove("recorder.yaml")
	for ok := true; ok; {
		_, ok = read() // until the stream ends, since the connector is gone
	}
}
