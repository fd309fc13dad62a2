package hostile

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/patchbay/patchbay/host/internal/sandbox"
)

// nobody runs the attacks where the tests are root's.
const nobody = 65534

func TestMain(m *testing.M) {
	if os.Getenv(pluginVariable) != "" {
		os.Exit(m.Run())
	}
	os.Exit(again())
}

// pluginVariable names the hostile plugin.
const pluginVariable = "HOSTILE_PLUGIN"

// again builds the plugin, as it is shipped, and runs the tests again with it: if
// they are root's as an unprivileged user, with mounts of its own.
func again() int {
	dir, err := os.MkdirTemp("", "pb")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	plugin := filepath.Join(dir, "connector-hostile")
	build := exec.Command("go", "build", "-o", plugin, "./cmd/connector-hostile")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	args := slices.DeleteFunc(slices.Clone(os.Args[1:]), func(arg string) bool { // whoever runs the tests may write there
		return strings.HasPrefix(arg, "-test.testlogfile=") || strings.HasPrefix(arg, "-test.coverprofile=")
	})
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = os.Stdout, os.Stderr, dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir, pluginVariable+"="+plugin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
		if err := os.Chown(dir, nobody, nobody); err != nil {
			panic(err)
		}
	}
	if err := cmd.Run(); err != nil {
		return 1
	}
	return 0
}

// shortDir is a directory for sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "h")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestAttacks(t *testing.T) {
	machine := sandbox.Inspect(t.Context(), shortDir(t), nil)
	if name := os.Getenv("PATCHBAY_EXPECT_TIER"); name != "" {
		if want, err := sandbox.ParseTier(name); err != nil || machine.Tier < want {
			t.Errorf("PATCHBAY_EXPECT_TIER is %s, and this machine has %s: %+v %v", name, machine.Tier, machine.Mechanisms, err)
		}
	}
	for _, tier := range []sandbox.Tier{sandbox.T1, sandbox.T2, sandbox.T3} {
		t.Run(tier.String(), func(t *testing.T) {
			if tier > machine.Tier {
				t.Skipf("skipped: this machine can't enforce %s: %+v", tier, machine.Mechanisms)
			}
			results, err := Run(t.Context(), Config{Plugin: os.Getenv(pluginVariable), Dir: shortDir(t), Tier: tier, Only: os.Getenv("HOSTILE_ONLY")})
			if err != nil {
				t.Error(err)
			}
			for _, r := range results {
				switch {
				case !r.Stopped && !r.Known:
					t.Errorf("%s comes through: %s", r.Attack, r.What)
				case r.Stopped && r.Known && r.Unproven == "": // in T1: the attack proves nothing
					t.Errorf("%s is stopped, and is said to come through", r.Attack)
				}
			}
			t.Logf("%d attacks in %s", len(results), tier)
		})
	}
}
