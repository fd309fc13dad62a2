package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
)

// TestLazyConnectors installs many connectors that rest until they are called.
func TestLazyConnectors(t *testing.T) {
	installed := times(100, 10)
	s := newStack(t)
	s.addRecorder()
	name := func(n int) string { return fmt.Sprintf("lazy-%d", n) }
	for n := range installed {
		s.put(name(n)+".yaml", fmt.Appendf(nil, "name: %s\nversion: 1.0.0\ncommand: recorder\nstart: lazy\nenv: {%s: %s}\n", name(n), launchtest.IDEnv, name(n)), 0o644)
	}
	for n := range installed { // each runs once, to say what it is
		s.wait(name(n)+" is known", func() bool { return s.describes(name(n)) })
	}
	s.restart()

	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	list, err := s.gatewayC.ListConnectors(ctx, &gatewayv1.ListConnectorsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(list.GetConnectors()); n != installed+2 {
		t.Errorf("%d connectors are listed, want %d", n, installed+2)
	}
	for n := range installed {
		if !s.describes(name(n)) {
			t.Errorf("%s does not tell what it is", name(n))
		}
		if pids := s.plugin(name(n)); len(pids) > 0 {
			t.Errorf("%s runs, and nobody has called it", name(n))
		}
	}
	resting := s.memory("VmRSS")

	var took []time.Duration
	for n := range installed {
		began := time.Now()
		if _, err := s.payments.Authorize(s.to(name(n)), payment("cold")); err != nil {
			t.Fatalf("the first call to %s: %v", name(n), err)
		}
		took = append(took, time.Since(began))
	}
	first := quantile(took, 0.95)
	figure(t, fmt.Sprintf("%d installed lazy connectors", installed), "host under 150 MB resident", "%.0f MB while they rest, %.0f MB with all awake",
		float64(resting)/megabyte, float64(s.memory("VmRSS"))/megabyte)
	figure(t, "first call to a connector that rests", "150 ms at p95", "p50 %s, p95 %s", quantile(took, 0.5).Round(time.Millisecond), first.Round(time.Millisecond))
	if resting > 150*megabyte && !raceEnabled {
		t.Errorf("%d bytes resident", resting)
	}
	if first > within(150*time.Millisecond) {
		t.Errorf("first calls took %s at p95", first)
	}
}

// TestColdConnector lets a connector that is built with the SDK fall asleep and
// wakes it by a call, again and again.
func TestColdConnector(t *testing.T) {
	s := newStack(t)
	s.put("sandbox.yaml", fmt.Appendf(nil, "name: sandbox\nversion: 1.0.1\ncommand: connector-sandbox\negress: [%q]\nstart: lazy\nidle_stop: 100ms\n", s.pspHost()), 0o644)
	s.wait("it is followed", func() bool {
		versions := s.connector("sandbox").GetVersions()
		return len(versions) == 1 && versions[0].GetVersion() == "1.0.1" && s.describes("sandbox")
	})
	var took []time.Duration
	for n := range times(50, 5) {
		s.wait("it rests", func() bool { return len(s.plugin("sandbox")) == 0 })
		began := time.Now()
		if _, err := s.payments.Authorize(s.to("sandbox"), payment(fmt.Sprintf("cold-%d", n))); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	p95 := quantile(took, 0.95)
	figure(t, "first call to a connector that rests and is built with the SDK, its PSP's answer included", "150 ms at p95", "p50 %s, p95 %s",
		quantile(took, 0.5).Round(time.Millisecond), p95.Round(time.Millisecond))
	if p95 > within(150*time.Millisecond) {
		t.Errorf("first calls took %s at p95", p95)
	}
}

// describes says whether the gateway tells what a connector is.
func (s *stack) describes(name string) bool {
	versions := s.connector(name).GetVersions()
	return len(versions) > 0 && len(versions[0].GetDescription().GetServices()) > 0
}
