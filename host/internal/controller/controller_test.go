package controller

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/host/internal/supervise"
	"github.com/patchbay/patchbay/host/internal/trust"
	"github.com/patchbay/patchbay/host/internal/watch"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
)

func TestMain(m *testing.M) { launchtest.Main(m) }

// patience bounds every wait; what is waited for comes in a fraction of it.
const patience = 30 * time.Second

type fixture struct {
	*Controller
	t        *testing.T
	dir      string
	registry *registry.Registry
	stop     func()
}

// newFixture runs a controller over a directory whose connectors are this test
// binary, linked beside the manifests.
func newFixture(t *testing.T, manifests map[string]string, edit ...func(*Config)) *fixture {
	t.Helper()
	root := t.TempDir()
	runtimeDir, err := os.MkdirTemp("", "pb")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, dir: filepath.Join(root, "plugins"), registry: registry.New()}
	if err := os.Mkdir(f.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f.copySelf("connector")
	for name, content := range manifests {
		f.write(name, content)
	}
	storeDir := t.TempDir()
	store := launch.NewStore(storeDir)
	config := Config{
		Dir: f.dir, Store: store, Log: hclog.NewNullLogger(),
		Supervise: supervise.Config{
			Launcher: launch.Launcher{RuntimeDir: runtimeDir, MaxMessage: 4 << 20},
			Registry: f.registry, Log: hclog.NewNullLogger(), Generation: supervise.NewGenerations(),
			Descriptions: supervise.NewDescriptions(filepath.Join(root, "descriptions")), Observer: nobody{},
		},
	}
	for _, e := range edit {
		e(&config)
	}
	f.Controller = New(config)
	ctx, cancel := context.WithCancel(t.Context())
	w := watch.New(f.dir, hclog.NewNullLogger())
	ended := make(chan struct{})
	go func() { _ = w.Run(ctx) }()
	go func() {
		defer close(ended)
		_ = f.Run(ctx, w)
	}()
	f.stop = func() { cancel(); <-ended }
	t.Cleanup(func() {
		f.stop()
		if left, _ := os.ReadDir(storeDir); len(left) > 0 {
			t.Errorf("left in the store: %v", left)
		}
		_ = os.RemoveAll(runtimeDir)
	})
	<-f.Ready()
	return f
}

// nobody wants to know what happens.
type nobody struct{}

func (nobody) Moved(supervise.Transition)                 {}
func (nobody) ProbeMissed(string, string)                 {}
func (nobody) Drained(string, string, time.Duration, int) {}

// copySelf puts this test binary into the directory, atomically.
func (f *fixture) copySelf(name string) {
	f.t.Helper()
	self, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	raw, err := os.ReadFile(self)
	if err != nil {
		f.t.Fatal(err)
	}
	f.put(name, raw, 0o755)
}

func (f *fixture) write(name, content string) { f.put(name, []byte(content), 0o644) }

func (f *fixture) put(name string, content []byte, mode os.FileMode) {
	f.t.Helper()
	tmp := filepath.Join(f.dir, "."+name)
	if err := os.WriteFile(tmp, content, mode); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(tmp, filepath.Join(f.dir, name)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) remove(name string) {
	f.t.Helper()
	if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
		f.t.Fatal(err)
	}
}

// until waits until what is told of a connector is as wanted.
func (f *fixture) until(name, what string, ok func(*gatewayv1.Connector) bool) *gatewayv1.Connector {
	f.t.Helper()
	timeout := time.After(patience)
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		found := &gatewayv1.Connector{}
		for _, c := range f.Connectors(name) {
			if c.GetName() == name {
				found = c
			}
		}
		if ok(found) {
			return found
		}
		select {
		case <-changed:
		case <-timeout:
			f.t.Fatalf("waiting until %s is %s: %v", name, what, found)
		}
	}
}

func (f *fixture) serving(name, version string) *gatewayv1.Connector {
	f.t.Helper()
	return f.until(name, "serving "+version, func(c *gatewayv1.Connector) bool {
		return len(c.GetVersions()) > 0 && c.GetVersions()[0].GetVersion() == version &&
			c.GetVersions()[0].GetState() == gatewayv1.ConnectorState_CONNECTOR_STATE_SERVING
	})
}

func manifestOf(id, version string, more ...string) string {
	return fmt.Sprintf("name: %s\nversion: %s\ncommand: connector\nenv: {%s: %s}\n%s", id, version, launchtest.IDEnv, id, strings.Join(more, "\n"))
}

func TestBootIsAReloadFromNothing(t *testing.T) {
	f := newFixture(t, map[string]string{"a.yaml": manifestOf("a", "1.0.0"), "b.yml": manifestOf("b", "2.0.0"), "notes.txt": "x", ".hidden.yaml": "x"})
	a := f.serving("a", "1.0.0")
	f.serving("b", "2.0.0")
	v := a.GetVersions()[0]
	if v.GetGeneration() != 1 || len(v.GetSha256()) != 64 || v.GetDescription().GetId() != "a" || v.GetStartTime() == nil {
		t.Errorf("told: %v", v)
	}
	if got := f.registry.Names(); strings.Join(got, " ") != "a b" {
		t.Errorf("registry: %v", got)
	}
}

func TestAddChangeRemove(t *testing.T) {
	f := newFixture(t, map[string]string{"a.yaml": manifestOf("a", "1.0.0")})
	f.write("b.yaml", manifestOf("b", "1.0.0"))
	f.serving("b", "1.0.0")
	f.write("b.yaml", manifestOf("b", "1.1.0"))
	if c := f.serving("b", "1.1.0"); c.GetVersions()[0].GetGeneration() != 2 {
		t.Errorf("told: %v", c)
	}
	f.remove("b.yaml")
	f.until("b", "gone", func(c *gatewayv1.Connector) bool { return c.GetName() == "" })
	if c := f.serving("a", "1.0.0"); c.GetVersions()[0].GetGeneration() != 1 {
		t.Errorf("a was touched: %v", c)
	}
}

func TestReplacedBinaryOfTheSameManifest(t *testing.T) {
	f := newFixture(t, map[string]string{"a.yaml": manifestOf("a", "1.0.0")})
	before := f.serving("a", "1.0.0").GetVersions()[0]
	raw, err := os.ReadFile(filepath.Join(f.dir, "connector"))
	if err != nil {
		t.Fatal(err)
	}
	f.put("connector", append(raw, "appended"...), 0o755) // an ELF file may have a tail
	f.until("a", "replaced", func(c *gatewayv1.Connector) bool {
		return len(c.GetVersions()) == 1 && c.GetVersions()[0].GetGeneration() == 2
	})
	if after := f.serving("a", "1.0.0").GetVersions()[0]; after.GetSha256() == before.GetSha256() {
		t.Error("the digest did not change")
	}
}

func TestEachBrokenOneIsToldAndTheRestServes(t *testing.T) {
	f := newFixture(t, map[string]string{"good.yaml": manifestOf("good", "1.0.0")})
	f.serving("good", "1.0.0")
	f.put("text", []byte("hello"), 0o755)
	bad := map[string]struct{ manifest, name, field, reason string }{
		"syntax.yaml":    {"name: [\n", "syntax", "name", "not found"},
		"field.yaml":     {manifestOf("field", "1.0.0", "comand: x"), "field", "comand", "not a field"},
		"missing.yaml":   {"name: missing\nversion: 1.0.0\ncommand: nothing-here\n", "missing", "command", "no such file"},
		"outside.yaml":   {"name: outside\nversion: 1.0.0\ncommand: ../connector\n", "outside", "command", "beneath the directory"},
		"absolute.yaml":  {"name: absolute\nversion: 1.0.0\ncommand: /bin/true\n", "absolute", "command", "beneath the directory"},
		"digest.yaml":    {manifestOf("digest", "1.0.0", "sha256: "+strings.Repeat("0a", 32)), "digest", "command", "the manifest says 0a0a"},
		"noplugin.yaml":  {"name: noplugin\nversion: 1.0.0\ncommand: text\n", "noplugin", "command", "can't be executed"},
		"garbage.yaml":   {"name: garbage\nversion: 1.0.0\ncommand: connector\nenv: {" + launchtest.BehaviourEnv + ": garbage}\n", "garbage", "command", "hello, world"},
		"exits.yaml":     {"name: exits\nversion: 1.0.0\ncommand: connector\nenv: {" + launchtest.BehaviourEnv + ": exits}\n", "exits", "command", "there is nothing to do"},
		"other.yaml":     {"name: other\nversion: 1.0.0\ncommand: connector\n", "other", "command", `says that it is "testplugin"`},
		"z-the-twin.yml": {manifestOf("good", "1.0.0"), "good", "version", "declared by good.yaml already"},
	}
	for file, test := range bad {
		f.write(file, test.manifest)
	}
	for file, test := range bad {
		c := f.until(test.name, "told", func(c *gatewayv1.Connector) bool { return len(c.GetProblems()) > 0 })
		p := c.GetProblems()[0]
		if p.GetFile() != file || p.GetField() != test.field || !strings.Contains(p.GetReason(), test.reason) || p.GetSince() == nil {
			t.Errorf("%s: told %v", file, p)
		}
	}
	if c := f.serving("good", "1.0.0"); c.GetVersions()[0].GetGeneration() != 1 {
		t.Errorf("good was touched: %v", c)
	}
	f.remove("z-the-twin.yml")
	f.until("good", "without a problem", func(c *gatewayv1.Connector) bool { return len(c.GetProblems()) == 0 })
}

func TestBrokenManifestKeepsWhatItDeclared(t *testing.T) {
	f := newFixture(t, map[string]string{"a.yaml": manifestOf("a", "1.0.0")})
	f.serving("a", "1.0.0")
	f.write("a.yaml", "name: a\nversion: 1.1.0\ncomand: connector\n")
	c := f.until("a", "told", func(c *gatewayv1.Connector) bool { return len(c.GetProblems()) == 1 })
	if c.GetVersions()[0].GetVersion() != "1.0.0" || c.GetProblems()[0].GetLine() != 3 {
		t.Errorf("told: %v", c)
	}
	f.write("a.yaml", manifestOf("a", "1.1.0"))
	if c := f.serving("a", "1.1.0"); len(c.GetProblems()) != 0 {
		t.Errorf("the problem stays: %v", c.GetProblems())
	}
}

func TestAllVanishedAtOnceChangesNothing(t *testing.T) {
	f := newFixture(t, map[string]string{"a.yaml": manifestOf("a", "1.0.0"), "b.yaml": manifestOf("b", "1.0.0")})
	f.serving("a", "1.0.0")
	f.serving("b", "1.0.0")
	away := f.dir + ".away"
	if err := os.Rename(f.dir, away); err != nil {
		t.Fatal(err)
	}
	f.until(f.dir, "", func(*gatewayv1.Connector) bool {
		for _, c := range f.Connectors("") {
			for _, p := range c.GetProblems() {
				if strings.Contains(p.GetReason(), "what runs goes on") {
					return true
				}
			}
		}
		return false
	})
	for name, inst := range f.registry.Live() {
		if inst.Generation != 1 || inst.Done().Err() != nil {
			t.Errorf("%s was touched", name)
		}
	}
	if err := os.Rename(away, f.dir); err != nil { // and the directory is watched again
		t.Fatal(err)
	}
	f.write("c.yaml", manifestOf("c", "1.0.0"))
	f.serving("c", "1.0.0")
}

func TestRenamedManifestIsNoGap(t *testing.T) {
	f := newFixture(t, map[string]string{"a.yaml": manifestOf("a", "1.0.0"), "keep.yaml": manifestOf("keep", "1.0.0")})
	f.serving("a", "1.0.0")
	if err := os.Rename(filepath.Join(f.dir, "a.yaml"), filepath.Join(f.dir, "renamed.yaml")); err != nil {
		t.Fatal(err)
	}
	for {
		inst, err := f.registry.Acquire("a", "1.0.0")
		if err != nil {
			t.Fatalf("a gap: %v", err)
		}
		generation := inst.Generation
		inst.Release()
		if generation == 2 {
			break
		}
	}
	f.until("a", "one version", func(c *gatewayv1.Connector) bool { return len(c.GetVersions()) == 1 })
}

func TestLinksStayInside(t *testing.T) {
	f := newFixture(t, map[string]string{"keep.yaml": manifestOf("keep", "1.0.0")})
	secret := filepath.Join(filepath.Dir(f.dir), "outside.yaml")
	if err := os.WriteFile(secret, []byte(manifestOf("stolen", "1.0.0")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(f.dir, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	f.until("link", "refused", func(c *gatewayv1.Connector) bool {
		return len(c.GetProblems()) == 1 && strings.Contains(c.GetProblems()[0].GetReason(), "can't be read")
	})
	if err := os.Symlink("/bin/true", filepath.Join(f.dir, "way-out")); err != nil {
		t.Fatal(err)
	}
	f.write("command.yaml", "name: command\nversion: 1.0.0\ncommand: way-out\n")
	f.until("command", "refused", func(c *gatewayv1.Connector) bool {
		return len(c.GetProblems()) == 1 && strings.Contains(c.GetProblems()[0].GetReason(), "leads out")
	})
}

func TestValidate(t *testing.T) {
	f := newFixture(t, map[string]string{"a.yaml": manifestOf("a", "1.0.0")})
	if found, _, err := Validate(Config{Dir: f.dir}); len(found) != 1 || err != nil || found[0].File != "a.yaml" || len(found[0].Digest) != 64 {
		t.Errorf("got %v, %v", found, err)
	}
	f.write("bad.yaml", "name: bad\nversion: 1\ncommand: connector\n")
	f.write("none.yaml", "name: none\nversion: 1.0.0\ncommand: nothing\n")
	found, _, err := Validate(Config{Dir: f.dir})
	if len(found) != 3 || err == nil || !strings.Contains(err.Error(), "bad.yaml:2: version") || !strings.Contains(err.Error(), "none.yaml:3: command") {
		t.Errorf("got %v, %v", found, err)
	}
	gate, err := trust.NewGate(trust.Spec{}, false, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Validate(Config{Dir: f.dir, Trust: gate}); err == nil || !strings.Contains(err.Error(), "a.yaml:1: sha256: is required") {
		t.Errorf("without a digest: %v", err)
	}
	f.write("a.yaml", manifestOf("a", "1.0.0")+"sandbox: off\n")
	if _, _, err := Validate(Config{Dir: f.dir}); err == nil || !strings.Contains(err.Error(), "a.yaml:5: sandbox: can't be off") {
		t.Errorf("with its sandbox off: %v", err)
	}
	if _, _, err := Validate(Config{Dir: filepath.Join(f.dir, "absent")}); err == nil {
		t.Error("an absent directory is valid")
	}
}

func TestStopLeavesNothing(t *testing.T) {
	f := newFixture(t, map[string]string{"a.yaml": manifestOf("a", "1.0.0")})
	f.serving("a", "1.0.0")
	pid := f.slots["a.yaml"].supervisor.Status().PID
	f.stop()
	if syscall.Kill(pid, 0) == nil {
		t.Error("the connector outlived the controller")
	}
}

// TestKubernetesMount replaces a mounted directory as a kubelet does: the
// manifests are links to ..data/, which is a link that is swapped.
func TestKubernetesMount(t *testing.T) {
	f := newFixture(t, nil)
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(f.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	mount := func(name, version string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(f.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.dir, name, "a.yaml"), []byte(manifestOf("a", version)), 0o600); err != nil {
			t.Fatal(err)
		}
		link(name, "..tmp")
		if err := os.Rename(filepath.Join(f.dir, "..tmp"), filepath.Join(f.dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	mount("..1", "1.0.0")
	link("..data/a.yaml", "a.yaml")
	f.serving("a", "1.0.0")
	mount("..2", "1.1.0")
	f.serving("a", "1.1.0")
}
