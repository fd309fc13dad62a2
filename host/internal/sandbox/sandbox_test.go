package sandbox

import (
	"runtime"
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	m := Inspect(t.Context(), t.TempDir(), nil)
	if m.Tier < T1 || len(m.Mechanisms) == 0 {
		t.Fatalf("got %+v", m)
	}
	if better := m.Tier < T3 && runtime.GOOS == "linux"; better && (m.Mechanisms[0].Enforced || m.Mechanisms[0].Detail == "") {
		t.Errorf("it is not said why the tier is %s: %+v", m.Tier, m.Mechanisms)
	}
}

// A directory that is none keeps every tier from being reached, and is told.
func TestInspectInVain(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: nothing is tried on this system")
	}
	m := Inspect(t.Context(), "/nonexistent", nil)
	if m.Tier != None || !strings.Contains(m.Mechanisms[0].Detail, "no such file") {
		t.Errorf("got %+v", m)
	}
}

func TestResolve(t *testing.T) {
	for _, test := range []struct {
		machine Tier
		mode    Mode
		want    Tier
		fails   bool
	}{
		{T3, Prefer, T3, false}, {T2, Prefer, T2, false}, {T1, Prefer, T1, false},
		{T3, Require, T3, false}, {T2, Require, T2, false}, {T1, Require, None, true}, {None, Require, None, true},
		{T3, Off, T1, false}, {T1, Off, T1, false}, {None, Off, None, false},
	} {
		got, err := Machine{Tier: test.machine}.Resolve(test.mode)
		if got != test.want || (err != nil) != test.fails {
			t.Errorf("%s on a machine of %s: got %s, %v", test.mode, test.machine, got, err)
		}
	}
}

func TestReport(t *testing.T) {
	for want, r := range map[string]Report{
		"T3":                    {Tier: T3},
		"T2 without a":          {Tier: T2, Missing: []string{"a"}},
		"T1 without a, b and c": {Tier: T1, Missing: []string{"a", "b", "c"}},
	} {
		if got := r.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestParseTier(t *testing.T) {
	for _, tier := range []Tier{None, T1, T2, T3} {
		if got, err := ParseTier(tier.String()); got != tier || err != nil {
			t.Errorf("%s is read as %s, %v", tier, got, err)
		}
	}
	if _, err := ParseTier("T4"); err == nil {
		t.Error("T4 is read")
	}
}
