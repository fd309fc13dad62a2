package controller

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/trust"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
)

// guarded is a controller with a gate, and a publisher whose key it trusts.
type guarded struct {
	*fixture
	key  minisign.PrivateKey
	gate *trust.Gate
}

func newGuarded(t *testing.T, spec trust.Spec) *guarded {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spec.Keys = []trust.KeySpec{{Name: "acme inc", Public: public.String(), Connectors: []string{"a"}}}
	g := &guarded{key: private}
	if g.gate, err = trust.NewGate(spec, true, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	g.fixture = newFixture(t, nil, func(c *Config) { c.Trust = g.gate })
	return g
}

// binary puts this test binary with a tail into the directory.
func (g *guarded) binary(name, tail string) (digest string) {
	g.t.Helper()
	raw, err := os.ReadFile(filepath.Join(g.dir, "connector"))
	if err != nil {
		g.t.Fatal(err)
	}
	g.put(name, append(raw, tail...), 0o755)
	if digest, err = launch.Digest(filepath.Join(g.dir, name), ""); err != nil {
		g.t.Fatal(err)
	}
	return digest
}

func (g *guarded) sign(version, digest string) string {
	g.t.Helper()
	raw, err := trust.Sign(trust.Statement{Name: "a", Version: version, OS: runtime.GOOS, Arch: runtime.GOARCH, Digest: digest}, g.key)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(raw)
}

func (g *guarded) manifest(version, command string) {
	g.t.Helper()
	g.write("a.yaml", strings.Replace(manifestOf("a", version), "command: connector", "command: "+command, 1))
}

// refused waits until the one problem is a field's, with a reason.
func (g *guarded) refused(field, reason string) {
	g.t.Helper()
	g.until("a", "refused for "+field+": "+reason, func(c *gatewayv1.Connector) bool {
		p := c.GetProblems()
		return len(p) == 1 && p[0].GetField() == field && strings.Contains(p[0].GetReason(), reason) && p[0].GetFile() == "a.yaml"
	})
}

// TestUntrustedBytesChangeNothing replaces what is signed by what is not, in every
// way, and what ran before serves on.
func TestUntrustedBytesChangeNothing(t *testing.T) {
	g := newGuarded(t, trust.Spec{})
	one := g.binary("one", "")
	g.manifest("1.1.0", "one")
	g.refused("signature", "a.sig: is missing")
	g.write("a.sig", g.sign("1.1.0", one))
	served := g.serving("a", "1.1.0").GetVersions()[0].GetGeneration()

	two := g.binary("two", "tail")
	for _, step := range []struct {
		do            func()
		field, reason string
	}{
		{func() { g.manifest("1.1.0", "two") }, "signature", "these have " + two},
		{func() { g.manifest("1.2.0", "one") }, "signature", "is for version 1.1.0"},
		{func() { g.write("a.sig", "garbage") }, "signature", "has no statement"},
		{func() { g.write("a.sig", "") }, "signature", "is empty"},
		{func() { g.remove("a.sig") }, "signature", "is missing"},
		{func() { g.write("a.sig", g.sign("1.0.0", two)); g.manifest("1.0.0", "two") }, "version", "1.0.0 is below 1.1.0"},
		{func() {
			g.write("a.yaml", "name: b\nversion: 1.1.0\ncommand: one\n")
			g.write("a.sig", g.sign("1.1.0", one))
		}, "signature", "the manifest declares \"b\""},
	} {
		step.do()
		if step.field == "signature" && strings.Contains(step.reason, `"b"`) {
			g.until("b", "refused", func(c *gatewayv1.Connector) bool { return len(c.GetProblems()) == 1 })
		} else {
			g.refused(step.field, step.reason)
		}
		if v := g.serving("a", "1.1.0").GetVersions()[0]; v.GetGeneration() != served || v.GetSha256() != one {
			t.Fatalf("%s: now generation %d with %s serves", step.reason, v.GetGeneration(), v.GetSha256())
		}
	}
}

func TestOperatorGoesBackOnPurpose(t *testing.T) {
	g := newGuarded(t, trust.Spec{})
	one, two := g.binary("one", ""), g.binary("two", "tail")
	g.write("a.sig", g.sign("1.0.0", one))
	g.manifest("1.0.0", "one")
	g.serving("a", "1.0.0")
	g.write("a.sig", g.sign("1.1.0", two))
	g.manifest("1.1.0", "two")
	g.until("a", "at 1.1.0 alone", func(c *gatewayv1.Connector) bool {
		v := c.GetVersions()
		return len(v) == 1 && v[0].GetVersion() == "1.1.0" && v[0].GetState() == gatewayv1.ConnectorState_CONNECTOR_STATE_SERVING
	})
	g.write("a.sig", g.sign("1.0.0", one))
	g.manifest("1.0.0", "one")
	g.refused("version", "plugins approve a@1.0.0 --allow-older")
	if err := trust.Approve(g.gate.LockFile(), trust.Approval{Name: "a", Version: "1.0.0", SHA256: one, Older: true, By: "op", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	g.serving("a", "1.0.0") // the change of the lock is seen
}

func TestLockThatCannotBeReadRefuses(t *testing.T) {
	g := newGuarded(t, trust.Spec{Signature: trust.Off, Lock: trust.Require})
	digest := g.binary("one", "")
	g.manifest("1.0.0", "one")
	g.refused("lock", "plugins approve a@1.0.0")
	if err := os.WriteFile(g.gate.LockFile(), []byte("approved: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g.refused("lock", trust.LockName)
	if err := os.Remove(g.gate.LockFile()); err != nil {
		t.Fatal(err)
	}
	if err := trust.Approve(g.gate.LockFile(), trust.Approval{Name: "a", Version: "1.0.0", SHA256: digest, By: "op", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	g.serving("a", "1.0.0")
}
