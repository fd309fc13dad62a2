package launch

import (
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/patchbay/patchbay/sdk/wire"
)

// wayOut takes connections and reports when its listener is closed.
func wayOut(f *fixture) (closed <-chan struct{}) {
	done := make(chan struct{})
	f.spec.Egress = func(l net.Listener) {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}
	return done
}

// A plugin is told where its way out is, and the way out goes with its process,
// however that ends.
func TestEgressLivesAsLongAsTheProcess(t *testing.T) {
	for name, end := range map[string]func(*Process){
		"stopped": func(p *Process) { p.Stop(time.Second) },
		"killed":  func(p *Process) { _ = syscall.Kill(p.PID, syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, "")
			closed := wayOut(f)
			p := f.start(t)
			socket := p.process.egress.Addr().String()
			environ, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID) + "/environ")
			if err == nil && !strings.Contains(string(environ), wire.EgressEnv+"=unix:"+socket) {
				t.Errorf("the plugin is not told: %q", environ)
			}
			conn, err := net.Dial("unix", socket)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.Close()
			end(p)
			select {
			case <-closed:
			case <-time.After(10 * time.Second):
				t.Fatal("the way out is still open")
			}
			if _, err := net.Dial("unix", socket); err == nil {
				t.Error("somebody still listens")
			}
		})
	}
}

// A plugin that does not start leaves no way out.
func TestEgressOfAFailedStart(t *testing.T) {
	for _, behaviour := range []string{"exits", "garbage"} {
		f := newFixture(t, behaviour)
		closed := wayOut(f)
		if p, err := f.launcher.Launch(t.Context(), f.spec); err == nil {
			p.Stop(0)
			t.Fatal("it was launched")
		}
		select {
		case <-closed:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the way out is still open", behaviour)
		}
	}
}
