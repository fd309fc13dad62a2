package e2e

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/sdk/wire"
)

// TestOperatorsDrain takes a connector out of service with a call in flight.
func TestOperatorsDrain(t *testing.T) {
	s := newStack(t)
	type end struct {
		at  time.Time
		err error
	}
	inFlight := make(chan end, 1)
	go func() {
		ctx, cancel := context.WithTimeout(s.to("sandbox"), 9*time.Second)
		defer cancel()
		_, err := s.payments.Authorize(ctx, simulate(payment("in-flight"), map[string]any{"delay_ms": 5000}))
		inFlight <- end{time.Now(), err}
	}()
	s.wait("the process has the call", func() bool { return s.list("sandbox")[0].InFlight == 1 })
	drained := make(chan told, 1)
	go func() { drained <- s.operator("drain", "sandbox") }()
	var refused error
	s.wait("calls are refused", func() bool {
		began := time.Now()
		_, refused = s.payments.Authorize(s.to("sandbox"), payment("refused"))
		if took := time.Since(began); refused != nil && took > within(100*time.Millisecond) {
			t.Errorf("refused after %s", took)
		}
		return refused != nil
	})
	failure := wire.ParseFailure(status.Convert(refused))
	if status.Code(refused) != codes.Unavailable || failure.Sent != wire.SentNever || !strings.Contains(refused.Error(), "out of service") {
		t.Errorf("told %v", refused)
	}
	told := <-drained
	done := time.Now()
	if call := <-inFlight; call.err != nil || call.at.After(done) {
		t.Errorf("the call in flight ended %s before the drain: %v", done.Sub(call.at), call.err)
	}
	if told.code != 0 || told.stdout != "sandbox.yaml is out of service; to take it back: patchbay plugins reload sandbox\n" {
		t.Errorf("told %+v", told)
	}
	if pids := s.plugin("sandbox"); len(pids) != 0 {
		t.Errorf("processes: %v", pids)
	}
	if table := s.operates("list"); !regexp.MustCompile(`\nsandbox +1\.0\.0 +out of service +- +- +- +- +0 .* 1\.0\.0 drained: an operator asked for it\n`).MatchString(table) {
		t.Errorf("listed as:\n%s", table)
	}
	if table := s.operates("reload", "sandbox"); !regexp.MustCompile(`\nsandbox +1\.0\.0 +serving +yes +2 `).MatchString(table) {
		t.Errorf("reloaded as:\n%s", table)
	}
	if got := s.servedBy("sandbox", "back"); got != "sandbox@1.0.0" {
		t.Errorf("served by %s", got)
	}
}

// TestOperatorsDrainOneVersion leaves the other to serve.
func TestOperatorsDrainOneVersion(t *testing.T) {
	s := newStack(t)
	s.addVersion("1.1.0")
	s.operates("drain", "sandbox@1.1.0")
	if got := s.servedBy("sandbox", "rest"); got != "sandbox@1.0.0" {
		t.Errorf("served by %s", got)
	}
	ctx, cancel := context.WithTimeout(s.to("sandbox@1.1.0"), patience)
	defer cancel()
	if _, err := s.payments.Authorize(ctx, payment("pinned")); status.Code(err) != codes.Unavailable {
		t.Errorf("a call that pins it: %v", err)
	}
}

// TestOperatorsRollback goes back to another version and to another binary of one
// manifest, and forward again.
func TestOperatorsRollback(t *testing.T) {
	s := newStack(t)
	first := s.list()[0]
	s.manifest("1.1.0")
	s.operates("reload")
	if got := s.servedBy("sandbox", "next"); got != "sandbox@1.1.0" {
		t.Fatalf("served by %s", got)
	}
	began := time.Now()
	out := s.operates("rollback", "sandbox")
	took := time.Since(began)
	t.Logf("figure: rollback to the version before, from the command line, in %s", took.Round(time.Millisecond))
	limit := 1500 * time.Millisecond // five times what is promised
	if raceEnabled {
		limit *= 3 // the detector slows all three processes down
	}
	if took > limit {
		t.Errorf("rolled back after %s", took)
	}
	if out != "sandbox@1.0.0 serves; to go forward again: patchbay plugins reload sandbox\n" {
		t.Errorf("told %q", out)
	}
	if got := s.servedBy("sandbox", "back"); got != "sandbox@1.0.0" {
		t.Errorf("served by %s", got)
	}
	if now := s.list()[0]; now.SHA256 != first.SHA256 || now.Declared == nil || now.Declared.Version != "1.1.0" || now.Declared.Aside != "rolled back: an operator asked for it" {
		t.Errorf("listed as %+v", now)
	}
	if got := s.operator("rollback", "sandbox"); got.code != 1 || !strings.Contains(got.stderr, "there is nothing to go back to") {
		t.Errorf("a second time: %+v", got)
	}
	s.operates("reload", "sandbox")
	if got := s.servedBy("sandbox", "forward"); got != "sandbox@1.1.0" {
		t.Errorf("served by %s", got)
	}

	s.copyFile(s.bin+"/connector-sandbox", "connector-sandbox", []byte("another build"))
	s.operates("reload")
	if now := s.list()[0]; now.SHA256 == first.SHA256 {
		t.Fatal("the other binary does not serve")
	}
	s.operates("rollback", "sandbox")
	if now := s.list()[0]; now.SHA256 != first.SHA256 || now.Version != "1.1.0" {
		t.Errorf("listed as %+v", now)
	}
}

// TestOperatorsRollbackByVersion goes back to the next lower of the versions that
// run side by side.
func TestOperatorsRollbackByVersion(t *testing.T) {
	s := newStack(t)
	s.addVersion("1.1.0")
	s.addVersion("1.2.0")
	for _, want := range []string{"1.1.0", "1.0.0"} {
		began := time.Now()
		out := s.operates("rollback", "sandbox")
		t.Logf("figure: rollback to another live version, from the command line, in %s", time.Since(began).Round(time.Millisecond))
		if out != "sandbox@"+want+" serves; to go forward again: patchbay plugins pin sandbox --none\n" {
			t.Errorf("told %q", out)
		}
		if got := s.servedBy("sandbox", "back-"+want); got != "sandbox@"+want {
			t.Errorf("served by %s", got)
		}
	}
	before := s.list()
	if got := s.operator("rollback", "sandbox"); got.code != 1 || !strings.Contains(got.stderr, "there is nothing to go back to") {
		t.Errorf("from the lowest: %+v", got)
	}
	if after := s.list(); !equalRows(before, after) {
		t.Errorf("it changed something: %+v, before %+v", after, before)
	}
	s.operates("pin", "sandbox", "--none")
	if got := s.servedBy("sandbox", "forward"); got != "sandbox@1.2.0" {
		t.Errorf("served by %s", got)
	}
}

// TestOperatorsRollbackOfWhatNeverServed does nothing: what served before serves
// still.
func TestOperatorsRollbackOfWhatNeverServed(t *testing.T) {
	s := newStack(t)
	s.manifest("1.1.0")
	s.operates("reload")
	s.put("broken", []byte("no program"), 0o755)
	s.put("sandbox.yaml", []byte("name: sandbox\nversion: 1.2.0\ncommand: broken\n"), 0o644)
	if got := s.operator("reload"); got.code != 1 || !strings.Contains(got.stderr, "sandbox.yaml does not run as declared") ||
		!regexp.MustCompile(`\nsandbox +1\.1\.0 +serving +yes .* 1\.2\.0 does not start: `).MatchString(got.stdout) {
		t.Errorf("reload: %+v", got)
	}
	if got := s.operator("rollback", "sandbox"); got.code != 1 || !strings.Contains(got.stderr, "sandbox@1.1.0 serves still") {
		t.Errorf("rollback: %+v", got)
	}
	if got := s.servedBy("sandbox", "still"); got != "sandbox@1.1.0" {
		t.Errorf("served by %s", got)
	}
}

func equalRows(a, b []row) bool {
	one, _ := json.Marshal(a)
	other, _ := json.Marshal(b)
	return string(one) == string(other)
}
