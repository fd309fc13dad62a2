package launch

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
	"github.com/patchbay/patchbay/host/internal/sandbox"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// bestTier is what this machine can enforce.
func bestTier(t *testing.T) sandbox.Tier {
	t.Helper()
	return sandbox.Inspect(t.Context(), t.TempDir(), nil).Tier
}

// refuse is a way out that leads nowhere.
func refuse(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_ = conn.Close()
	}
}

func TestLaunchInEachTier(t *testing.T) {
	for tier := sandbox.T1; tier <= bestTier(t); tier++ {
		t.Run(tier.String(), func(t *testing.T) {
			f := newFixture(t, "")
			f.spec.Tier, f.spec.Egress, f.spec.Limits = tier, refuse, launchtest.Limits()
			p := f.start(t)
			if p.Sandbox.Tier != tier {
				t.Errorf("it is confined in %s", p.Sandbox)
			}
			if _, err := connectorv1.NewConnectorServiceClient(p.Conn).Probe(t.Context(), &connectorv1.ProbeRequest{}); err != nil {
				t.Errorf("probe: %v", err)
			}
			if got := processStatus(t, p.PID, "NoNewPrivs"); got != "1" {
				t.Errorf("no_new_privs is %s", got)
			}
			if got := processStatus(t, p.PID, "Seccomp"); tier >= sandbox.T2 && got != "2" {
				t.Errorf("seccomp is in mode %s, not 2, a filter", got)
			}
			if got := processStatus(t, p.PID, "CapBnd"); tier >= sandbox.T3 && strings.Trim(got, "0") != "" {
				t.Errorf("it could have the capabilities %s", got)
			}
			p.Stop(time.Second)
			if alive(p.PID) {
				t.Error("the process lives after Stop")
			}
		})
	}
}

// processStatus is a line of a process's status in /proc.
func processStatus(t *testing.T, pid int, name string) string {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, found := strings.Cut(string(raw), "\n"+name+":")
	if err != nil || !found {
		t.Skipf("skipped: the system does not tell %s of a process: %v", name, err)
	}
	return strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0])
}

// TestFigureLaunchSandboxed compares a start in the best tier with one outside of
// it, in pairs of one run.
func TestFigureLaunchSandboxed(t *testing.T) {
	tier := bestTier(t)
	took := map[bool][]time.Duration{}
	f := newFixture(t, "")
	for round := range 10 {
		for _, sandboxed := range []bool{round%2 == 0, round%2 != 0, round%2 != 0, round%2 == 0} {
			f.spec.Tier, f.spec.Egress = sandbox.None, nil
			if sandboxed {
				f.spec.Tier, f.spec.Egress, f.spec.Limits = tier, refuse, launchtest.Limits()
			}
			began := time.Now()
			p := f.start(t)
			took[sandboxed] = append(took[sandboxed], time.Since(began))
			p.Stop(time.Second)
		}
	}
	median := func(sandboxed bool) time.Duration {
		slices.Sort(took[sandboxed])
		return took[sandboxed][len(took[sandboxed])/2]
	}
	plain, confined := median(false), median(true)
	t.Logf("figure: a start takes %s, and %s in tier %s (medians of %d)", plain, confined, tier, len(took[true]))
	if most := 5 * 15 * time.Millisecond; confined-plain > most {
		t.Errorf("the sandbox costs %s of a start; at most %s", confined-plain, most)
	}
}

// TestFigureCallSandboxed compares a call to a plugin in the best tier with one to
// a plugin outside of it, in pairs of one run.
func TestFigureCallSandboxed(t *testing.T) {
	plain, confined := newFixture(t, ""), newFixture(t, "")
	confined.spec.Tier, confined.spec.Egress, confined.spec.Limits = bestTier(t), refuse, launchtest.Limits()
	clients := map[bool]connectorv1.ConnectorServiceClient{
		false: connectorv1.NewConnectorServiceClient(plain.start(t).Conn),
		true:  connectorv1.NewConnectorServiceClient(confined.start(t).Conn),
	}
	var ratios []float64
	for range 7 {
		var took [2]time.Duration // A B B A
		for slice, sandboxed := range []bool{false, true, true, false} {
			began := time.Now()
			for range 500 {
				if _, err := clients[sandboxed].Probe(t.Context(), &connectorv1.ProbeRequest{}); err != nil {
					t.Fatal(err)
				}
			}
			took[min(slice, 3-slice)] += time.Since(began)
		}
		ratios = append(ratios, float64(took[1])/float64(took[0]))
	}
	slices.Sort(ratios)
	t.Logf("figure: a call to a sandboxed plugin takes %.2f of one to a plain one (median of %.2f)", ratios[len(ratios)/2], ratios)
	if ratios[len(ratios)/2] > 3 {
		t.Errorf("a call takes %.2f times as long in the sandbox", ratios[len(ratios)/2])
	}
}
