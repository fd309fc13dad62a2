package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/consul/sdk/freeport"

	"github.com/patchbay/patchbay/scripts/internal/local"
)

const (
	connector    = "sandbox"
	binaryName   = "connector-sandbox"
	manifestName = "sandbox.yaml"

	// The gateway's deadlines, short so that hangs are found within a run.
	callTime    = 2 * time.Second
	maxDeadline = 3 * time.Second

	stopTime = 20 * time.Second // of the gateway, with its connectors
)

// stage is a gateway, its directories, and a PSP that stands apart.
type stage struct {
	bin, dir  string
	afterlife time.Duration // see options
	config    local.Config
	binary    []byte // the good connector
	psp       *local.PSP
	log       *local.Log
	client    *client
	report    *report

	mu      sync.Mutex
	gateway *local.Process
	wanted  bool // the gateway is not meant to end
	version int  // declared last
}

// newStage starts the PSP and the gateway, and returns when calls are welcome.
func newStage(ctx context.Context, o options, r *report) (s *stage, err error) {
	dir, err := os.MkdirTemp("", "pbchaos") // sockets need short paths
	if err != nil {
		return nil, err
	}
	s = &stage{bin: o.bin, dir: dir, afterlife: o.afterlife, report: r}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.clear())
		}
	}()
	if s.binary, err = os.ReadFile(filepath.Join(o.bin, binaryName)); err != nil {
		return s, err
	}
	if err := os.Mkdir(s.path(""), 0o700); err != nil {
		return s, err
	}
	if s.psp, err = local.StartPSP(ctx, o.bin, "127.0.0.1:0"); err != nil {
		return s, err
	}
	if err := errors.Join(s.putBinary(nil), s.declareNext("")); err != nil {
		return s, err
	}
	if s.log, err = local.NewLog(filepath.Join(dir, "gateway.log")); err != nil {
		return s, err
	}
	ports, err := freeport.Take(2) // that nobody has while the gateway is restarted either
	if err != nil {
		return s, err
	}
	s.config = local.Config{
		Listen: loopback(ports[0]), Ops: loopback(ports[1]), LogJSON: true,
		Plugins: s.path(""), StateDir: filepath.Join(dir, "state"), RuntimeDir: filepath.Join(dir, "run"),
		DefaultDeadline: callTime.String(), MaxDeadline: maxDeadline.String(),
		Accounts: []local.Account{local.SandboxAccount(s.psp)},
	}
	if s.client, err = newClient(s.config.Listen); err != nil {
		return s, err
	}
	if err := s.startGateway(); err != nil {
		return s, err
	}
	return s, s.ready(ctx)
}

// clear ends what still runs and removes what is left.
func (s *stage) clear() error {
	var errs []error
	if s.client != nil {
		errs = append(errs, s.client.conn.Close())
	}
	if s.gateway != nil {
		s.killGateway()
	}
	if s.psp != nil {
		errs = append(errs, s.psp.Stop(stopTime))
	}
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// keepLog saves the gateway's log from being removed, for whoever looks into a
// failure, and adds when which fault began.
func (s *stage) keepLog(to string, out io.Writer) error {
	raw, err := os.ReadFile(filepath.Join(s.dir, "gateway.log"))
	if err != nil {
		return err
	}
	if to == "" {
		to = filepath.Join(os.TempDir(), filepath.Base(s.dir)+".log")
	}
	fmt.Fprintf(out, "the gateway's log is in %s\n", to)
	return os.WriteFile(to, append(raw, "\nFaults began:\n"+strings.Join(s.report.timeline, "\n")+"\n"...), 0o600)
}

// findPanics looks in the gateway's log for panics of its own code. Each ends no
// more than a call, so that nothing else would tell of it.
func (s *stage) findPanics() {
	raw, err := os.ReadFile(filepath.Join(s.dir, "gateway.log"))
	if err != nil {
		s.report.violate("the gateway's log can't be read: %v", err)
	} else if n := bytes.Count(raw, []byte("has panicked; please report it")); n > 0 {
		s.report.violate("the gateway's own code has panicked %d times", n)
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// startGateway starts the gateway, which must not end before killGateway or
// terminate.
func (s *stage) startGateway() error {
	p, err := local.StartGateway(s.bin, s.dir, s.config, s.log)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.gateway, s.wanted = p, true
	s.mu.Unlock()
	go func() {
		<-p.Exited()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.gateway == p && s.wanted {
			s.report.violate("the gateway ended by itself: %v", p.Ended())
		}
	}()
	return nil
}

// killGateway kills the gateway and returns when it is gone.
func (s *stage) killGateway() {
	s.letGo().Kill()
}

// dump has the gateway write into its log what it is doing, which ends it.
func (s *stage) dump() {
	gateway := s.letGo()
	if syscall.Kill(gateway.PID(), syscall.SIGQUIT) == nil {
		_ = gateway.Stop(stopTime) // how it ends is no matter any more
	}
}

// letGo says that the gateway may end from now on.
func (s *stage) letGo() *local.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = false
	return s.gateway
}

// ready waits until calls are welcome.
func (s *stage) ready(ctx context.Context) error {
	s.mu.Lock()
	gateway := s.gateway
	s.mu.Unlock()
	return local.Ready(ctx, gateway, s.config.Ops)
}

func (s *stage) gatewayPID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gateway.PID()
}

// path is a file in the directory of manifests.
func (s *stage) path(name string) string { return filepath.Join(s.dir, "plugins", name) }

// put writes a file as one should: the whole of it at once.
func (s *stage) put(name string, content []byte, mode os.FileMode) error {
	incoming := s.path("." + name + ".incoming")
	if err := os.WriteFile(incoming, content, mode); err != nil {
		return err
	}
	return os.Rename(incoming, s.path(name))
}

// putBinary puts the good connector in place, with a tail that changes its digest
// and nothing else.
func (s *stage) putBinary(tail []byte) error {
	return s.put(binaryName, slices.Concat(s.binary, tail), 0o700)
}

// declareNext declares the connector in place as the next version, in the bytes
// that the digest says, or any.
func (s *stage) declareNext(digest string) error {
	rest := "command: " + binaryName + "\n"
	if digest != "" {
		rest += "sha256: " + digest + "\n"
	}
	return s.declare(rest)
}

func (s *stage) declare(rest string) error {
	s.mu.Lock()
	s.version++
	s.mu.Unlock()
	return s.put(manifestName, fmt.Appendf(nil, "name: %s\nversion: %s\negress: [%q]\n%s", connector, s.declared(), strings.TrimPrefix(s.psp.URL, "http://"), rest), 0o600)
}

// declared is the version that was declared last.
func (s *stage) declared() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("1.0.%d", s.version)
}

func digestOf(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }

// operator runs one of the operators' commands. It may fail, for there may be
// nothing to do that with; it must not hang.
func (s *stage) operator(ctx context.Context, command ...string) error {
	const patience = 20 * time.Second
	admin := "unix:" + filepath.Join(s.config.StateDir, "admin.sock")
	p, err := local.Start(nil, nil, filepath.Join(s.bin, "patchbay"), append([]string{"plugins", "--admin", admin, "--timeout", "5s"}, command...)...)
	if err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.Exited():
		return nil
	case <-ctx.Done():
		p.Kill()
		return nil
	case <-timer.C:
		p.Kill()
		return fmt.Errorf("%q hangs, though its timeout is 5 s", command)
	}
}

// knock opens connections to the gateway, and closes them.
func (s *stage) knock(ctx context.Context, times int) error {
	for range times {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.config.Listen)
		if err != nil {
			return nil //nolint:nilerr // the other lane has just killed it
		}
		if err := conn.Close(); err != nil {
			return err
		}
	}
	return nil
}
