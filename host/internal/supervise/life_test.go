package supervise

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/registry"
)

var (
	states = []State{Verified, Starting, Probing, Serving, Draining, BackingOff, Quarantined, Stopped}
	events = []Event{Wanted, Launched, Proved, Failed, Ended, Looped, Retired, Drained, Dropped}
)

// TestTable tries every event in every state: those of the table move the release
// on and are told, all others change nothing.
func TestTable(t *testing.T) {
	for _, state := range states {
		for _, event := range events {
			f := &fixture{t: t}
			l := &life{state: state, observer: f, log: hclog.NewNullLogger()}
			l.fire(event, note{})
			want, ok := table[state][event]
			if !ok {
				want = state
			}
			if l.State() != want || (len(f.moved) == 1) != ok {
				t.Errorf("%s in %s: in %s now, %d told", event, state, l.State(), len(f.moved))
			}
		}
	}
}

// TestTableLeadsToAnEnd holds that every state can be reached and left, and that
// whatever has no process can be dropped and whatever serves can be retired.
func TestTableLeadsToAnEnd(t *testing.T) {
	if len(table) != len(states) {
		t.Errorf("%d states in the table, want %d", len(table), len(states))
	}
	reached := map[State]bool{Verified: true}
	for range states {
		for state := range reached {
			for _, next := range table[state] {
				reached[next] = true
			}
		}
	}
	for _, state := range states {
		if !reached[state] {
			t.Errorf("%s can't be reached", state)
		}
		if state == Stopped {
			if len(table[state]) != 0 {
				t.Error("there is something after the end")
			}
			continue
		}
		ends := []Event{Dropped, Retired, Drained}
		if !slices.ContainsFunc(ends, func(e Event) bool { return table[state][e] != "" }) {
			t.Errorf("%s has no way to the end", state)
		}
	}
}

func TestTransitionsAreTold(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	first := f.serving("1.0.0")
	<-f.want("1.1.0", "")
	f.until("the old is gone", func(Status) bool { return slices.Contains(f.path("1.0.0"), Stopped) })
	if got, want := f.path("1.0.0"), []State{Starting, Probing, Serving, Draining, Stopped}; !slices.Equal(got, want) {
		t.Errorf("1.0.0 went through %v, want %v", got, want)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, moved := range f.moved {
		if moved.Manifest.Version != "1.0.0" {
			continue
		}
		if moved.Generation != 1 || moved.Digest != f.self.Digest || (moved.From != Verified && moved.From != Starting && moved.PID != first.PID) {
			t.Errorf("told %+v", moved)
		}
		if (moved.End != nil) != (moved.To == Stopped) {
			t.Errorf("at %s it ended with %v", moved.To, moved.End)
		}
	}
}

func TestCrashLoopGoesBackToTheLastGood(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	f.serving("1.0.0")
	<-f.want("1.1.0", "")
	f.serving("1.1.0")
	for range crashLimit {
		generation := f.serving("1.1.0").Generation
		if err := f.call("exit"); err == nil {
			t.Fatal("it did not crash")
		}
		f.until("the crash is seen", func(s Status) bool { return s.Generation != generation })
		f.until("it is back", func(s Status) bool { return s.State == Serving || s.Aside != "" })
	}
	s := f.serving("1.0.0")
	if s.Target.Manifest.Version != "1.1.0" || s.Problem == nil || !strings.Contains(s.Problem.Err.Error(), "quarantined") || !strings.Contains(s.Aside, "quarantined") {
		t.Errorf("status: %+v", s)
	}
	if err := f.call("pay_1"); err != nil {
		t.Errorf("a call after the quarantine: %v", err)
	}
	if _, err := f.registry.AcquireWait(t.Context(), "testplugin", "1.1.0"); !errors.Is(err, registry.ErrOut) {
		t.Errorf("a call for the quarantined version waits: %v", err)
	}
	if got := f.path("1.1.0"); got[len(got)-1] != Quarantined {
		t.Errorf("1.1.0 went through %v", got)
	}
	settled, err := f.supervisor.Restart("the operator trusts it again")
	if err != nil {
		t.Fatal(err)
	}
	<-settled
	if s := f.serving("1.1.0"); s.Aside != "" || s.Problem != nil {
		t.Errorf("status: %+v", s)
	}
}

func TestCrashLoopAtTheStartIsQuarantined(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	f.serving("1.0.0")
	<-f.want("1.1.0", "exits")
	s := f.until("1.1.0 is quarantined", func(s Status) bool { return s.Aside != "" })
	if s.State != Serving || s.Serving.Manifest.Version != "1.0.0" {
		t.Errorf("status: %+v", s)
	}
	starts := 0
	for _, state := range f.path("1.1.0") {
		if state == Starting {
			starts++
		}
	}
	if starts != crashLimit {
		t.Errorf("%d starts, want %d", starts, crashLimit)
	}
	<-f.want("1.2.0", "")
	f.serving("1.2.0")
}

// TestOldIsStartedAgainThoughTheNewFails: what is declared does not start, and
// what served before crashes.
func TestOldIsStartedAgainThoughTheNewFails(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	first := f.serving("1.0.0")
	<-f.want("1.1.0", "serves no description")
	f.until("there is a problem", func(s Status) bool { return s.Problem != nil })
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	f.until("1.0.0 serves again", func(s Status) bool {
		return s.State == Serving && s.Serving.Manifest.Version == "1.0.0" && s.PID != first.PID
	})
}

// TestKillsFromOutsideAreNoCrashes: an operator may kill as often as he likes.
func TestKillsFromOutsideAreNoCrashes(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	for n := range 2 * crashLimit {
		s := f.serving("1.0.0")
		if err := f.call("pay_1"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		f.until("it is back", func(now Status) bool { return now.State == Serving && now.PID != s.PID })
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("kill %d: back after %s", n, took)
		}
	}
}

func TestRollback(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	f.serving("1.0.0")
	if _, _, err := f.supervisor.Rollback("a try"); !errors.Is(err, ErrNothing) {
		t.Errorf("with nothing before: %v", err)
	}
	<-f.want("1.1.0", "")
	f.serving("1.1.0")
	began := time.Now()
	to, settled, err := f.supervisor.Rollback("the operator wants it")
	if err != nil || to.Manifest.Version != "1.0.0" {
		t.Fatalf("to %s, %v", to.Manifest.Version, err)
	}
	<-settled
	t.Logf("figure: rolled back to another binary in %s", time.Since(began).Round(time.Millisecond))
	s := f.serving("1.0.0")
	if s.Aside != "the operator wants it" || s.Target.Manifest.Version != "1.1.0" {
		t.Errorf("status: %+v", s)
	}
	if _, err := f.supervisor.Restart("forward again"); err != nil {
		t.Fatal(err)
	}
	if s := f.serving("1.1.0"); s.Aside != "" || s.Good.Manifest.Version != "1.0.0" {
		t.Errorf("status: %+v", s)
	}
	<-f.want("1.2.0", "")
	f.serving("1.2.0")
}

func TestHold(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	s := f.serving("1.0.0")
	stopped, err := f.supervisor.Hold("held by the operator")
	if err != nil {
		t.Fatal(err)
	}
	<-stopped
	gone(t, s.PID)
	if _, err := f.registry.AcquireWait(t.Context(), "testplugin", ""); !errors.Is(err, registry.ErrOut) || !strings.Contains(err.Error(), "held by the operator") {
		t.Errorf("a call: %v", err)
	}
	if s := f.until("it is held", func(s Status) bool { return s.Aside != "" }); s.PID != 0 || s.State != Verified {
		t.Errorf("status: %+v", s)
	}
	settled, err := f.supervisor.Restart("back to work")
	if err != nil {
		t.Fatal(err)
	}
	<-settled
	f.serving("1.0.0")
}

func TestStuckProcessIsReplaced(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	first := f.serving("1.0.0")
	if err := f.call("stick"); err != nil {
		t.Fatal(err)
	}
	s := f.until("another process serves", func(s Status) bool { return s.State == Serving && s.PID != first.PID })
	if s.Starts != 2 {
		t.Errorf("%d starts since it was declared, want 2", s.Starts)
	}
	gone(t, first.PID)
}

func lazy(idleStop time.Duration) func(*manifest.Manifest) {
	return func(m *manifest.Manifest) { m.Start, m.IdleStop = manifest.StartLazy, manifest.Duration(idleStop) }
}

func TestLazyRestsUntilItIsCalled(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "", lazy(time.Hour))
	s := f.until("it rests", func(s Status) bool { return s.State == Verified && s.Description != nil })
	if _, ok := f.registry.Describe("testplugin", ""); s.PID != 0 || s.Serving.Manifest.Version != "1.0.0" || !ok {
		t.Errorf("status: %+v", s)
	}
	began := time.Now()
	if err := f.call("pay_1"); err != nil {
		t.Fatal(err)
	}
	t.Logf("figure: the first call to a lazy connector took %s", time.Since(began).Round(time.Millisecond))
	s = f.serving("1.0.0")
	if err := f.call("pay_1"); err != nil || f.supervisor.Status().PID != s.PID {
		t.Errorf("the second call: %v", err)
	}
}

func TestIdleStop(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "", lazy(100*time.Millisecond))
	f.until("it rests", func(s Status) bool { return s.State == Verified })
	for range 3 {
		if err := f.call("pay_1"); err != nil {
			t.Fatal(err)
		}
		f.until("it rests again", func(s Status) bool { return s.State == Verified && s.PID == 0 })
	}
}

// TestDescriptionOutlivesTheHost: a lazy connector that has said what it is needs
// no process for that again.
func TestDescriptionOutlivesTheHost(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "", lazy(time.Hour))
	f.until("it rests", func(s Status) bool { return s.State == Verified && s.Description != nil })
	f.stop()
	<-f.supervisor.Ended()
	config := f.supervisor.config
	config.Descriptions = NewDescriptions(f.descriptions) // as in another host
	ctx, stop := context.WithCancel(t.Context())
	next := New(ctx, config)
	t.Cleanup(func() {
		stop()
		<-next.Ended()
	})
	f.mu.Lock()
	f.moved = nil
	f.mu.Unlock()
	f.supervisor = next
	<-f.want("1.0.0", "", lazy(time.Hour))
	if s := next.Status(); s.Description == nil || s.State != Verified || len(f.path("1.0.0")) != 0 {
		t.Errorf("status: %+v; went through %v", s, f.path("1.0.0"))
	}
}

func TestLines(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "tells its arguments", func(m *manifest.Manifest) { m.Args = []string{"hello", "world"} })
	f.serving("1.0.0")
	deadline := time.After(10 * time.Second)
	for {
		lines, more := f.supervisor.Lines().After(0)
		if slices.ContainsFunc(lines, func(l Line) bool { return l.Text == "hello world" && l.Generation == 1 }) {
			break
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("lines: %+v", lines)
		}
	}
	add := f.supervisor.Lines().adder(1)
	for range 2 * keptLines {
		add(hclog.Info, strings.Repeat("x", keptBytes/keptLines))
	}
	lines, _ := f.supervisor.Lines().After(0)
	if len(lines) == 0 || len(lines) > keptLines || lines[len(lines)-1].Number < 2*keptLines {
		t.Errorf("%d lines are kept", len(lines))
	}
}
