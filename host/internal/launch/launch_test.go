package launch

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
	"github.com/patchbay/patchbay/host/internal/logtest"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

func TestMain(m *testing.M) { launchtest.Main(m) }

type fixture struct {
	launcher Launcher
	spec     Spec
	log      *logtest.Log
}

// newFixture launches this test binary with a behaviour.
func newFixture(t *testing.T, behaviour string) *fixture {
	t.Helper()
	store := NewStore(t.TempDir())
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := store.Put(self, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(binary.Close)
	runtimeDir, err := os.MkdirTemp("", "pb") // t.TempDir has long names
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, _ := os.ReadDir(runtimeDir); len(left) > 0 {
			t.Errorf("left in the runtime directory: %v", left)
		}
		_ = os.RemoveAll(runtimeDir)
	})
	l := &logtest.Log{}
	return &fixture{
		launcher: Launcher{RuntimeDir: runtimeDir, MaxMessage: 4 << 20},
		spec: Spec{
			Name: "testplugin", Binary: binary, Timeout: 20 * time.Second,
			Env: map[string]string{launchtest.BehaviourEnv: behaviour},
			Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: l}),
		},
		log: l,
	}
}

func (f *fixture) start(t *testing.T) *Process {
	t.Helper()
	p, err := f.launcher.Launch(t.Context(), f.spec)
	if err != nil {
		t.Fatalf("launch: %v\n%s", err, f.log)
	}
	t.Cleanup(func() { p.Stop(0) })
	return p
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestLaunchServesAndStops(t *testing.T) {
	t.Setenv("SECRET_OF_THE_HOST", "x")
	p := newFixture(t, "").start(t)
	client := connectorv1.NewConnectorServiceClient(p.Conn)
	if _, err := client.Probe(t.Context(), &connectorv1.ProbeRequest{}); err != nil {
		t.Fatalf("probe: %v", err)
	}
	environ, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID) + "/environ")
	if err == nil && strings.Contains(string(environ), "SECRET_OF_THE_HOST") {
		t.Error("the host's environment reached the plugin")
	}
	if sid, err := getsid(p.PID); err != nil || sid != p.PID {
		t.Errorf("session %d, %v: want one of its own", sid, err)
	}
	p.Stop(time.Second)
	if alive(p.PID) {
		t.Error("the process lives after Stop")
	}
}

func TestOnlyTheHostCanCall(t *testing.T) {
	p := newFixture(t, "").start(t)
	paths, err := filepath.Glob(filepath.Join(p.process.socketDir, "*"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("sockets: %v, %v", paths, err)
	}
	conn, err := grpc.NewClient("unix://"+paths[0], grpc.WithTransportCredentials(
		credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}))) //nolint:gosec // an intruder does not verify
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = connectorv1.NewConnectorServiceClient(conn).Probe(t.Context(), &connectorv1.ProbeRequest{})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("a caller without the host's certificate got %v", err)
	}
}

func TestLaunchFailures(t *testing.T) {
	for behaviour, want := range map[string]string{
		"exits":           `wrote no handshake.*exit status 3.*there is nothing to do`,
		"garbage":         `wrote "hello, world" on stdout where the handshake`,
		"flood":           `wrote "x+…" on stdout`,
		"dials elsewhere": `asks the host to dial tcp "127.0.0.1:1"`,
		"speaks net/rpc":  `speaks "netrpc", not grpc`,
		"next version":    `[Ii]ncompatible API version`,
		"silent":          `did not answer within`,
	} {
		t.Run(behaviour, func(t *testing.T) {
			f := newFixture(t, behaviour)
			if behaviour == "silent" {
				f.spec.Timeout = 300 * time.Millisecond
			}
			p, err := f.launcher.Launch(t.Context(), f.spec)
			if err == nil {
				p.Stop(0)
				t.Fatal("it was launched")
			}
			if !regexp.MustCompile(want).MatchString(err.Error()) {
				t.Errorf("got %q, want a match of %q", err, want)
			}
			if self := os.Getpid(); children(t, self) > 0 {
				t.Errorf("%d children are left", children(t, self))
			}
		})
	}
}

func TestLaunchCancelled(t *testing.T) {
	f := newFixture(t, "silent")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for children(t, os.Getpid()) == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := f.launcher.Launch(ctx, f.spec); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNotABinary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	write(t, path, "hello", 0o755)
	f := newFixture(t, "")
	binary, err := f.spec.Binary.store.Put(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	f.spec.Binary = binary
	if _, err := f.launcher.Launch(t.Context(), f.spec); err == nil || !strings.Contains(err.Error(), "can't be executed") {
		t.Errorf("got %v", err)
	}
}

func TestHostileOutputIsOnlyText(t *testing.T) {
	f := newFixture(t, "hostile stderr")
	p := f.start(t)
	p.Stop(time.Second)
	<-p.Exited()
	got := f.log.String()
	if strings.Contains(got, "4242424242424242") {
		t.Error("a card number is in the log")
	}
	if !strings.Contains(got, "[redacted]") || !strings.Contains(got, "[WARN]") {
		t.Errorf("the plugin's own line is missing: %.300q", got)
	}
	if strings.ContainsAny(got, "\x00\x1b") {
		t.Error("control characters are in the log")
	}
	if len(got) > 100<<10 {
		t.Errorf("the log has %d bytes of a line that should be cut", len(got))
	}
}

// A plugin that writes its account's secrets is not quoted, in the log or elsewhere.
func TestKnownSecretsAreMasked(t *testing.T) {
	f := newFixture(t, "hostile stderr")
	f.spec.Secrets = func() []string { return []string{"yyyyyyyyyyyyyyyy"} }
	var lines strings.Builder
	f.spec.Line = func(_ hclog.Level, text string) { lines.WriteString(text) }
	p := f.start(t)
	p.Stop(time.Second)
	<-p.Exited()
	for where, text := range map[string]string{"the log": f.log.String(), "lines": lines.String(), "its end": p.End().String()} {
		if strings.Contains(text, "yyyyyyyy") {
			t.Errorf("a known secret is in %s: %.300q", where, text)
		}
	}
	if !strings.Contains(lines.String(), "[redacted]") {
		t.Errorf("nothing was masked: %.300q", lines.String())
	}
}

func TestCrashIsToldWithLastWords(t *testing.T) {
	p := newFixture(t, "hostile stderr").start(t)
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit := p.End().String(); !strings.Contains(exit, "signal: killed") || !strings.Contains(exit, "last words") {
		t.Errorf("got %q", exit)
	}
}

// TestGrandchildDoesNotHoldTheHost starts a plugin whose child, in a session of
// its own, keeps the plugin's streams open.
func TestGrandchildDoesNotHoldTheHost(t *testing.T) {
	f := newFixture(t, "leaves a child")
	p := f.start(t)
	found := regexp.MustCompile(`child (\d+)`).FindStringSubmatch(waitFor(t, f.log, "child "))
	pid, _ := strconv.Atoi(found[1])
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	began := time.Now()
	p.Stop(time.Second)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Stop took %s", took)
	}
}

func TestStoppedProcessIsKilledAfterItsGrace(t *testing.T) {
	p := newFixture(t, "").start(t)
	if err := syscall.Kill(p.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	p.Stop(50 * time.Millisecond)
	if took := time.Since(began); took > 5*time.Second || alive(p.PID) {
		t.Errorf("Stop took %s; alive: %v", took, alive(p.PID))
	}
}

func TestCheckRuntimeDir(t *testing.T) {
	if err := CheckRuntimeDir("/tmp/patchbay-1"); err != nil {
		t.Error(err)
	}
	if err := CheckRuntimeDir("/" + strings.Repeat("d", 80)); err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("got %v", err)
	}
}

func waitFor(t *testing.T, l *logtest.Log, text string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if got := l.String(); strings.Contains(got, text) {
			return got
		}
	}
	t.Fatalf("%q did not come: %s", text, l)
	return ""
}

// children counts the processes that a process has, zombies aside.
func children(t *testing.T, pid int) int {
	t.Helper()
	out, err := exec.Command("ps", "-o", "stat=,comm=", "--ppid", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0 // ps says so where there are none
	}
	count := 0
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "Z") && !strings.Contains(line, "ps") {
			count++
		}
	}
	return count
}

// TestBundleWithARuntime runs a bundle's file by an interpreter: this test binary
// is both, and says on stderr what it was asked to run.
func TestBundleWithARuntime(t *testing.T) {
	f := newFixture(t, "tells its arguments")
	source := bundle(t)
	b, err := f.spec.Binary.store.Put(source, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f.spec.Binary, f.spec.Command, f.spec.Runtime, f.spec.Args = b, "main.sh", self, []string{"--flag"}
	f.start(t)
	waitFor(t, f.log, filepath.Join(b.path(), "main.sh")+" --flag")
}

// TestBundleWithItsOwnBinary runs a bundle's executable by itself.
func TestBundleWithItsOwnBinary(t *testing.T) {
	f := newFixture(t, "")
	source := bundle(t)
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Skipf("needs /proc: %v", err)
	}
	write(t, filepath.Join(source, "plugin"), string(self), 0o755)
	b, err := f.spec.Binary.store.Put(source, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	f.spec.Binary, f.spec.Command = b, "plugin"
	f.start(t)
}
