package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/patchbay/patchbay/host/internal/cgroup"
)

// leftLimit is how long anything of a killed gateway may be there.
const leftLimit = 2 * time.Second

// TestSIGTERMFinishesCalls ends the gateway while calls are under way.
func TestSIGTERMFinishesCalls(t *testing.T) {
	s := newStack(t)
	plugins := s.plugin("sandbox")
	answered := make(chan error, 4)
	for n := range cap(answered) {
		go func() {
			_, err := s.payments.Authorize(s.to("sandbox"), simulate(payment(fmt.Sprintf("slow-%d", n)), map[string]any{"delay_ms": 3000}))
			answered <- err
		}()
	}
	s.wait("the calls are under way", func() bool { return s.inFlight() == cap(answered) })
	if err := s.gateway.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.wait("readiness is off", func() bool { return !s.ready() })
	if n := len(answered); n > 0 {
		t.Errorf("readiness went off only after %d calls were answered", n)
	}
	for range cap(answered) {
		if err := <-answered; err != nil {
			t.Errorf("a call in flight: %v", err)
		}
	}
	<-s.ended
	if code := s.gateway.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, pid := range plugins {
		if alive(pid) {
			t.Errorf("plugin %d outlived the gateway", pid)
		}
	}
	if left := s.left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if n := len(s.ledger()); n != cap(answered) {
		t.Errorf("%d payments in the books", n)
	}
}

// ready says whether the gateway welcomes calls.
func (s *stack) ready() bool {
	resp, err := http.Get("http://" + s.ops + "/readyz")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// TestSecondSIGTERMEndsAtOnce ends the gateway while a call hangs that would hold
// it for seconds.
func TestSecondSIGTERMEndsAtOnce(t *testing.T) {
	s := newStack(t)
	processes := s.processes()
	go func() {
		_, _ = s.payments.Authorize(s.to("sandbox"), simulate(payment("hangs"), map[string]any{"outcome": "hang"}))
	}()
	s.wait("the call is under way", func() bool { return s.inFlight() == 1 })
	if err := s.gateway.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.wait("readiness is off", func() bool { return !s.ready() })
	began := time.Now()
	if err := s.gateway.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	if took := time.Since(began); took > within(200*time.Millisecond) {
		t.Errorf("the gateway ended %s after the second SIGTERM", took)
	}
	s.nothingIsLeft(began, processes)
}

// TestKilledGatewayLeavesNothing kills the gateway under load: its processes,
// sockets and copies of plugins go with it, and the next one serves.
func TestKilledGatewayLeavesNothing(t *testing.T) {
	s := newStack(t)
	load := startLoad(s, 8, 200)
	s.wait("calls are made", func() bool { return load.calls.Load() > 50 })
	processes := s.processes()
	if err := s.gateway.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	<-s.ended
	took := s.nothingIsLeft(began, processes)
	figure(t, "`kill -9` of the gateway: process, socket or file of it left", "2 s", "at most %s; %d processes", took.Round(time.Millisecond), len(processes))
	load.end()
	s.startGateway()
	if _, err := s.payments.Authorize(s.to("sandbox"), payment("again")); err != nil {
		t.Error(err)
	}
}

// killUnswept kills the gateway and what would clear up after it.
func (s *stack) killUnswept() {
	s.t.Helper()
	processes := s.processes() // the sweeper among them
	for _, pid := range processes {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			s.t.Fatal(err)
		}
		s.wait("it has stopped", func() bool { return stopped(pid) })
	}
	if err := s.gateway.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.ended
	for _, pid := range processes {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// TestNextStartSweeps kills the gateway and what would clear up after it; the
// next gateway does.
func TestNextStartSweeps(t *testing.T) {
	s := newStack(t)
	s.killUnswept()
	old := s.left()
	if len(old) == 0 {
		t.Fatal("nothing was left, so nothing is shown")
	}
	s.startGateway()
	for _, path := range old {
		if filepath.Base(path) == "admin.sock" {
			continue // the next one's
		}
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	ctx, cancel := context.WithTimeout(s.to("sandbox"), patience)
	defer cancel()
	if _, err := s.payments.Authorize(ctx, payment("again")); err != nil {
		t.Error(err)
	}
}

// processes are those that the gateway has started.
func (s *stack) processes() []int { return childrenOf(s.gateway.Process.Pid, "") }

// runs says whether a process is more than an entry that its new parent has yet to
// collect.
func runs(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := bytes.Cut(raw, []byte(") "))
	return err == nil && !bytes.HasPrefix(state, []byte("Z"))
}

// left is what a gateway makes for itself and for nobody after it.
func (s *stack) left() []string {
	var left []string
	patterns := []string{s.runtime + "/*", s.state() + "/store/*", s.state() + "/*.sock"}
	if own, err := cgroup.Own(); err == nil { // the gateway's too
		patterns = append(patterns, fmt.Sprintf("%s/patchbay-%d-*", own, s.gateway.Process.Pid))
	}
	for _, pattern := range patterns {
		found, _ := filepath.Glob(pattern)
		left = append(left, found...)
	}
	return left
}

// nothingIsLeft waits until nothing of a gateway is left, and says how long that
// took.
func (s *stack) nothingIsLeft(began time.Time, processes []int) time.Duration {
	s.t.Helper()
	if len(processes) == 0 {
		s.t.Fatal("the gateway had no processes, so nothing is shown")
	}
	s.wait("nothing is left", func() bool {
		return !slices.ContainsFunc(processes, runs) && len(s.left()) == 0
	})
	took := time.Since(began)
	if took > 5*leftLimit {
		s.t.Errorf("something was left for %s", took)
	}
	return took
}
