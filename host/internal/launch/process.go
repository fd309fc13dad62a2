package launch

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/patchbay/patchbay/host/internal/sandbox"
	"github.com/patchbay/patchbay/sdk/wire"
)

const (
	maxHandshake = 8 << 10                // a certificate is about 1 KB of it
	afterglow    = 200 * time.Millisecond // for what comes from an ended process still
)

// process runs one plugin's executable. It is go-plugin's Runner: go-plugin
// makes the handshake of what process lets through, and process keeps everything
// else to itself, since what a plugin writes must not reach go-plugin's parsers.
type process struct {
	spec      Spec
	certs     certificates
	out       *output
	socketDir string
	cell      *sandbox.Cell // nil if there is no sandbox
	egress    net.Listener  // where it finds its way out; nil if the sandbox has that, or it has none

	handshake *io.PipeReader // the first line of stdout, if it is a handshake
	firstLine error          // why it is none; read after exited
	exited    chan struct{}  // closed when the process has ended and its streams are read
	err       error          // of Wait; read after exited

	outOfMemory bool // it has come to its cgroup's limit; read after exited

	mu     sync.Mutex // held to start and to kill
	cmd    *exec.Cmd  // nil until prepared
	began  bool
	killed bool
	byHost bool // it was killed before its end was seen
}

func newProcess(spec Spec, certs certificates) *process {
	return &process{spec: spec, certs: certs, out: newOutput(spec), exited: make(chan struct{})}
}

// prepare takes go-plugin's variables and the directory for sockets. Nothing of
// the host's environment or open files reaches the plugin: its environment is
// what is written here, its stdin is empty, and file 3 holds its certificates.
func (p *process) prepare(handshakeEnv []string, socketDir string) {
	p.socketDir = socketDir
	p.cmd = exec.Command("") // the path is known when it starts
	p.cmd.Args = append([]string{p.spec.Name}, p.spec.Args...)
	p.cmd.Env = slices.Concat(handshakeEnv, []string{"PLUGIN_CLIENT_CERT=" + string(p.certs.hostPEM), wire.TLSFileEnv + "=3"})
	for name, value := range p.spec.Env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Dir = socketDir
	p.cmd.SysProcAttr = isolated()
}

// give gives the plugin its files, and lets the sandbox have its way with the
// command.
func (p *process) give(pipes pipes) error {
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = pipes.stdout.w, pipes.stderr.w, []*os.File{pipes.certs.r}
	if err := p.openEgress(); err != nil {
		return err
	}
	return p.confine()
}

// Start implements runner.Runner.
func (p *process) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return errors.New("it was stopped before it began")
	}
	done, err := p.locate()
	if err != nil {
		return err
	}
	defer done()

	var pipes pipes
	defer pipes.closeChild()
	if err := pipes.open(p.certs.forPlugin); err != nil {
		pipes.closeHost()
		return err
	}
	if err := p.give(pipes); err != nil {
		pipes.closeHost()
		p.abandon()
		return err
	}
	started := make(chan error, 1)
	go p.run(started, pipes.stdout.r, pipes.stderr.r)
	err = <-started
	p.began = err == nil
	return err
}

// locate finds what is executed: the open, verified copy, or a file of a verified
// bundle, run by itself or by its interpreter.
func (p *process) locate() (done func(), err error) {
	p.cmd.Err = nil // nobody looks the name up
	if !p.spec.Binary.bundle {
		p.cmd.Path, done, err = executablePath(p.spec.Binary)
		return done, err
	}
	p.cmd.Path = filepath.Join(p.spec.Binary.path(), p.spec.Command)
	if p.spec.Runtime != "" {
		p.cmd.Args = slices.Insert(p.cmd.Args, 1, p.cmd.Path)
		p.cmd.Path = p.spec.Runtime
	}
	return func() {}, nil
}

// run starts the process and waits for it, on one thread: the kernel's
// parent-death signal follows the thread that made the process, not the host.
func (p *process) run(started chan<- error, stdout, stderr *os.File) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer stdout.Close()
	defer stderr.Close()
	if err := p.cmd.Start(); err != nil {
		p.abandon()
		started <- explainStart(err)
		return
	}
	if p.cell != nil {
		p.cell.Started()
	}
	go p.serveEgress()
	handshake, first := io.Pipe()
	p.handshake = handshake
	streams := make(chan struct{}, 2)
	go func() { p.readStdout(&stream{File: stdout}, first); streams <- struct{}{} }()
	go func() { p.out.drain(&stream{File: stderr}); streams <- struct{}{} }()
	started <- nil

	p.err = reap(p.cmd)
	p.killLeft()
	p.closeEgress()
	limit := time.Now().Add(afterglow)
	_ = stdout.SetReadDeadline(limit) // a grandchild in a session of its own may
	_ = stderr.SetReadDeadline(limit) // hold the streams for ever
	<-streams
	<-streams
	close(p.exited)
}

// explainStart says what the kernel's words mean here.
func explainStart(err error) error {
	if errors.Is(err, os.ErrNotExist) { // the binary is there: its interpreter is not, or is a script's
		return errors.New("it can't be executed: a script, or built for another system")
	}
	var at *os.PathError
	if errors.As(err, &at) {
		err = at.Err // the path is the host's own affair
	}
	return fmt.Errorf("it can't be executed: %w", err)
}

// readStdout lets the handshake through to go-plugin and takes the rest as log.
func (p *process) readStdout(stdout io.Reader, first *io.PipeWriter) {
	in := bufio.NewReaderSize(stdout, maxHandshake)
	line, err := in.ReadSlice('\n')
	if p.firstLine = p.checkHandshake(line, err); p.firstLine == nil {
		_, _ = first.Write(line)
	}
	first.Close()
	p.out.drain(in)
}

// checkHandshake refuses what is no handshake of a plugin that this host could
// serve: CORE|APP|unix|SOCKET|grpc|CERTIFICATE.
func (p *process) checkHandshake(line []byte, err error) error {
	text := strings.TrimSpace(string(line))
	shown := clean(text)
	if len(shown) > 80 {
		shown = shown[:80] + "…"
	}
	switch parts := strings.Split(text, "|"); {
	case len(line) == 0:
		return errors.New("it wrote no handshake on stdout")
	case errors.Is(err, bufio.ErrBufferFull), len(parts) < 5:
		return fmt.Errorf("it wrote %q on stdout where the handshake of a plugin has to be; is it built with the SDK?", shown)
	case parts[4] != "grpc":
		return fmt.Errorf("it speaks %q, not grpc", clean(parts[4]))
	}
	return nil
}

// PluginToHost implements runner.Runner. A plugin must not make the host dial
// anything but a socket in the directory that was made for it.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	path, err := p.hostPath(network, address)
	return network, path, err
}

// HostToPlugin implements runner.Runner.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// Wait implements runner.Runner.
func (p *process) Wait(context.Context) error {
	<-p.exited
	return p.err
}

// Kill implements runner.Runner.
func (p *process) Kill(context.Context) error {
	p.kill()
	return nil
}

// kill ends the process with all that it started, or keeps it from starting. What
// an ended one has left is ended by run.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if !p.began || ended(p.cmd.Process.Pid) {
		return
	}
	p.byHost = true
	killGroup(p.cmd.Process.Pid)
	if p.cell != nil {
		p.cell.Kill()
	}
}

// abandon lets go of what a process was to have that did not start.
func (p *process) abandon() {
	if p.cell != nil {
		p.cell.Abandon()
	}
	p.closeEgress()
}

// cleanUp removes the sockets, which a killed plugin leaves behind, and its cgroup.
func (p *process) cleanUp() {
	if p.cell != nil {
		_ = p.cell.Clear() // what can't be removed goes with the host's tree
	}
	if p.socketDir != "" {
		_ = os.RemoveAll(p.socketDir)
	}
}

// explain says why a launch failed.
func (p *process) explain(ctx context.Context, err error, timeout time.Duration) error {
	p.mu.Lock()
	began := p.began
	p.mu.Unlock()
	late := errors.Is(ctx.Err(), context.DeadlineExceeded)
	switch {
	case !began && late:
		return fmt.Errorf("it did not answer within %s: %w", timeout, err)
	case !began:
		return cmp.Or(ctx.Err(), err)
	}
	end := p.end()
	if _, unconfined := p.confined(); unconfined != nil {
		return unconfined
	}
	switch {
	case late:
		return fmt.Errorf("it did not answer within %s%s", timeout, end.words())
	case ctx.Err() != nil:
		return ctx.Err()
	case p.firstLine != nil && !end.ByHost:
		return &EndedError{end, fmt.Errorf("%w and ended with %s", p.firstLine, end)}
	case p.firstLine != nil:
		return fmt.Errorf("%w%s", p.firstLine, end.words())
	case !end.ByHost:
		return &EndedError{end, fmt.Errorf("%s: it ended with %s", clean(err.Error()), end)}
	default:
		return fmt.Errorf("%s%s", clean(err.Error()), end.words())
	}
}

// Stdout implements runner.Runner: the handshake and nothing else.
func (p *process) Stdout() io.ReadCloser { return p.handshake }

// Stderr implements runner.Runner. go-plugin panics on some lines, so it gets
// none.
func (p *process) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name implements runner.Runner.
func (p *process) Name() string { return p.spec.Name }

// ID implements runner.Runner.
func (p *process) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.began {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Diagnose implements runner.Runner.
func (p *process) Diagnose(context.Context) string { return "" }
