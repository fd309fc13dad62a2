package supervise

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/registry"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestMain(m *testing.M) { launchtest.Main(m) }

type fixture struct {
	t          *testing.T
	registry   *registry.Registry
	supervisor *Supervisor
	stop       context.CancelFunc
	self       *launch.Binary

	descriptions string // where they are kept

	mu      sync.Mutex
	changed chan struct{}
	moved   []Transition
	missed  int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store := launch.NewStore(t.TempDir())
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := store.Put(self, "")
	if err != nil {
		t.Fatal(err)
	}
	runtimeDir, err := os.MkdirTemp("", "pb")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, registry: registry.New(), self: binary, changed: make(chan struct{}), descriptions: filepath.Join(t.TempDir(), "descriptions")}
	ctx, stop := context.WithCancel(t.Context())
	f.stop = stop
	f.supervisor = New(ctx, Config{
		Launcher:     launch.Launcher{RuntimeDir: runtimeDir, MaxMessage: 4 << 20},
		Registry:     f.registry,
		Log:          hclog.NewNullLogger(),
		Generation:   NewGenerations(),
		Changed:      f.announce,
		Observer:     f,
		LongestCall:  time.Minute,
		Descriptions: NewDescriptions(f.descriptions),
	})
	t.Cleanup(func() {
		stop()
		<-f.supervisor.Ended()
		binary.Close()
		if left, _ := os.ReadDir(runtimeDir); len(left) > 0 {
			t.Errorf("left in the runtime directory: %v", left)
		}
		_ = os.RemoveAll(runtimeDir)
	})
	return f
}

func (f *fixture) announce() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed != nil {
		close(f.changed)
	}
	f.changed = make(chan struct{})
}

// want has the test plugin run with a version and a behaviour.
func (f *fixture) want(version, behaviour string, edits ...func(*manifest.Manifest)) <-chan struct{} {
	m := manifest.Manifest{
		Name: "testplugin", Version: version, Command: "t",
		Env:          map[string]string{launchtest.BehaviourEnv: behaviour},
		StartTimeout: manifest.Duration(20 * time.Second),
		DrainTimeout: manifest.Duration(20 * time.Second),
	}
	for _, edit := range edits {
		edit(&m)
	}
	return f.supervisor.Want(Target{
		Declaration: reconcile.Declaration{File: "t.yaml", Digest: f.self.Digest, Manifest: m},
		Binary:      f.self.Hold(),
	})
}

// Moved implements Observer.
func (f *fixture) Moved(t Transition) {
	f.mu.Lock()
	f.moved = append(f.moved, t)
	f.mu.Unlock()
	f.announce()
}

// ProbeMissed implements Observer.
func (f *fixture) ProbeMissed(string, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.missed++
}

// Drained implements Observer.
func (f *fixture) Drained(string, string, time.Duration, int) {}

// path is the states that a version went through.
func (f *fixture) path(version string) (states []State) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.moved {
		if t.Manifest.Version == version {
			states = append(states, t.To)
		}
	}
	return states
}

// call makes the plugin do something.
func (f *fixture) call(what string) error {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	inst, err := f.registry.AcquireWait(ctx, "testplugin", "")
	if err != nil {
		return err
	}
	defer inst.Release()
	_, err = paymentsv1.NewPaymentServiceClient(inst.Conn).GetPayment(ctx, &paymentsv1.GetPaymentRequest{PaymentId: what})
	return err
}

// until waits for a status.
func (f *fixture) until(what string, ok func(Status) bool) Status {
	f.t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		s := f.supervisor.Status()
		if ok(s) {
			return s
		}
		select {
		case <-changed:
		case <-timeout:
			f.t.Fatalf("waiting until %s: %+v", what, s)
		}
	}
}

func (f *fixture) serving(version string) Status {
	f.t.Helper()
	return f.until("serving "+version, func(s Status) bool {
		return s.State == Serving && s.Serving.Manifest.Version == version
	})
}

func TestServesWhatIsWanted(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	s := f.serving("1.0.0")
	if s.Generation != 1 || s.PID == 0 || s.Description == nil || s.Problem != nil {
		t.Errorf("status: %+v", s)
	}
	inst, err := f.registry.Acquire("testplugin", "1.0.0")
	if err != nil || inst.Generation != 1 {
		t.Fatalf("acquire: %v, %v", inst, err)
	}
	inst.Release()
}

// TestReplaces holds the order of a replacement: new first, swap, drain, stop.
func TestReplaces(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	first := f.serving("1.0.0")
	held, err := f.registry.Acquire("testplugin", "")
	if err != nil {
		t.Fatal(err)
	}
	<-f.want("1.1.0", "")
	second := f.serving("1.1.0")
	if second.Generation != 2 || second.PID == first.PID {
		t.Errorf("status: %+v", second)
	}
	next, err := f.registry.Acquire("testplugin", "")
	if err != nil || next.Version != "1.1.0" {
		t.Errorf("new calls go to %v, %v", next, err)
	}
	if syscall.Kill(first.PID, 0) != nil {
		t.Error("the old process ended while it had a call")
	}
	if _, err := f.registry.Acquire("testplugin", "1.0.0"); !errors.Is(err, registry.ErrUnknown) {
		t.Errorf("the old version can still be pinned: %v", err)
	}
	held.Release()
	gone(t, first.PID)
	next.Release()
}

func TestOldServesOnWhenTheNewFails(t *testing.T) {
	for _, behaviour := range []string{"exits", "garbage", "another name", "offers the host's services", "serves no description"} {
		t.Run(behaviour, func(t *testing.T) {
			f := newFixture(t)
			<-f.want("1.0.0", "")
			first := f.serving("1.0.0")
			<-f.want("1.1.0", behaviour)
			s := f.until("there is a problem", func(s Status) bool { return s.Problem != nil })
			if s.State != Serving || s.PID != first.PID || s.Target.Manifest.Version != "1.1.0" {
				t.Errorf("status: %+v", s)
			}
			if inst, err := f.registry.Acquire("testplugin", ""); err != nil || inst.Version != "1.0.0" {
				t.Errorf("calls go to %v, %v", inst, err)
			} else {
				inst.Release()
			}
			<-f.want("1.2.0", "") // and a good one gets through
			if s := f.serving("1.2.0"); s.Problem != nil {
				t.Errorf("the problem stays: %v", s.Problem)
			}
		})
	}
}

func TestProbeThatHangsIsNoService(t *testing.T) {
	f := newFixture(t)
	target := Target{Declaration: reconcile.Declaration{File: "t.yaml", Manifest: manifest.Manifest{
		Name: "testplugin", Version: "1.0.0", Env: map[string]string{launchtest.BehaviourEnv: "hangs on probes"},
		StartTimeout: manifest.Duration(3 * time.Second),
	}}, Binary: f.self.Hold()}
	<-f.supervisor.Want(target)
	s := f.until("the probe is a problem", func(s Status) bool { // it is started anew until it comes as far as that
		return s.Problem != nil && strings.Contains(s.Problem.Err.Error(), "probe")
	})
	if s.State == Serving || s.Starts > 0 {
		t.Errorf("status: %+v", s)
	}
}

func TestRestartsAfterACrash(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	first := f.serving("1.0.0")
	inst, err := f.registry.Acquire("testplugin", "")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-inst.Done().Done()
	if cause := context.Cause(inst.Done()); !errors.Is(cause, registry.ErrGone) {
		t.Errorf("cause: %v", cause)
	}
	inst.Release()
	s := f.until("generation 2 serves", func(s Status) bool { return s.State == Serving && s.Generation == 2 })
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("back after %s", took)
	}
	if s.PID == first.PID {
		t.Error("the same process")
	}
}

func TestReplacesAHangingProcess(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	first := f.serving("1.0.0")
	if err := syscall.Kill(first.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	f.until("generation 2 serves", func(s Status) bool { return s.State == Serving && s.Generation == 2 })
	t.Logf("figure: a stopped process is replaced after %s", time.Since(began).Round(time.Millisecond))
	gone(t, first.PID)
}

func TestEndDrainsAndStops(t *testing.T) {
	f := newFixture(t)
	<-f.want("1.0.0", "")
	s := f.serving("1.0.0")
	inst, err := f.registry.Acquire("testplugin", "")
	if err != nil {
		t.Fatal(err)
	}
	f.stop()
	f.until("draining", func(s Status) bool { return s.State == Draining })
	if syscall.Kill(s.PID, 0) != nil {
		t.Error("the process ended while it had a call")
	}
	inst.Release()
	<-f.supervisor.Ended()
	gone(t, s.PID)
	if names := f.registry.Names(); len(names) != 0 {
		t.Errorf("still known: %v", names)
	}
	select {
	case <-f.want("2.0.0", ""):
	case <-time.After(10 * time.Second):
		t.Error("Want hangs after the end")
	}
}

func TestNewTargetOvertakesAStartUnderWay(t *testing.T) {
	f := newFixture(t)
	first := f.want("1.0.0", "silent")
	f.until("starting", func(s Status) bool { return s.State == Starting })
	<-f.want("1.1.0", "")
	f.serving("1.1.0")
	select {
	case <-first:
	default:
		t.Error("whoever waits for the overtaken start waits for ever")
	}
}

func TestEndDuringAStart(t *testing.T) {
	f := newFixture(t)
	f.want("1.0.0", "silent")
	f.until("starting", func(s Status) bool { return s.State == Starting })
	f.stop()
	<-f.supervisor.Ended()
}

func TestPause(t *testing.T) {
	if first := pause(1); first != 0 {
		t.Errorf("first pause: %s", first)
	}
	for i, most := range []time.Duration{100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000} {
		most *= time.Millisecond
		if got := pause(i + 2); got > most || got < most*3/4 {
			t.Errorf("pause %s, want %s less up to a quarter", got, most)
		}
	}
}

// gone waits until a process is reaped.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); syscall.Kill(pid, 0) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives", pid)
		}
	}
}
