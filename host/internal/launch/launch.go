// Package launch starts one plugin once: from its verified copy, in a session of
// its own, with nothing of the host's, over mutual TLS. It is the host's only
// importer of go-plugin.
package launch

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/patchbay/patchbay/host/internal/cgroup"
	"github.com/patchbay/patchbay/host/internal/sandbox"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Launcher starts plugins.
type Launcher struct {
	// RuntimeDir holds the plugins' sockets. Its path must be short: see
	// CheckRuntimeDir.
	RuntimeDir string
	// MaxMessage bounds an answer's size in bytes.
	MaxMessage int
}

// Spec says what to start.
type Spec struct {
	Name    string // for people
	Binary  *Binary
	Command string // of a bundle: the file in it that is run
	Runtime string // of a bundle: the interpreter that runs it, if it needs one
	Args    []string
	Env     map[string]string
	Timeout time.Duration
	// Tier is the sandbox's. None starts the plugin without one, and is for hosts
	// that have not looked what the machine can enforce.
	Tier   sandbox.Tier
	Limits sandbox.Limits
	// Groups is where the plugin gets a cgroup, unless its tier is None; nil if it
	// gets none.
	Groups *cgroup.Tree
	// Egress serves the plugin's way out to the network, until the listener is
	// closed. It runs in a goroutine of its own. Nil: the plugin has the host's
	// network.
	Egress func(net.Listener)
	Log    hclog.Logger // gets what the plugin writes
	// Line gets each line that the plugin writes, also those that come too fast
	// for the log; nil if nobody wants them.
	Line func(level hclog.Level, text string)
	// Secrets are texts that must not be seen in what the plugin writes, as of
	// now; nil if none are known.
	Secrets func() []string
}

// Process is a plugin that runs and has made its handshake.
type Process struct {
	Conn    *grpc.ClientConn
	PID     int
	Sandbox sandbox.Report

	process *process
	client  *plugin.Client
}

// Launch starts a plugin and returns when it can be called. If it fails, nothing
// is left of it, and the error says why, with the plugin's last words.
func (l Launcher) Launch(ctx context.Context, spec Spec) (*Process, error) {
	ctx, cancel := context.WithTimeout(ctx, spec.Timeout)
	defer cancel()
	certs, err := newCertificates()
	if err != nil {
		return nil, err
	}
	proc := newProcess(spec, certs)
	client := plugin.NewClient(l.config(spec, certs, proc))
	conn, err := connect(ctx, client, proc)
	if err != nil {
		proc.kill()
		client.Kill()
		proc.cleanUp()
		return nil, proc.explain(ctx, err, spec.Timeout)
	}
	report, _ := proc.confined() // it has answered, so it was executed
	return &Process{Conn: conn, PID: proc.cmd.Process.Pid, Sandbox: report, process: proc, client: client}, nil
}

// config is what go-plugin is left to do: the handshake's words, and gRPC.
func (l Launcher) config(spec Spec, certs certificates, proc *process) *plugin.ClientConfig {
	return &plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  wire.ProtocolVersion,
			MagicCookieKey:   wire.CookieKey,
			MagicCookieValue: wire.CookieValue,
		},
		Plugins:          plugin.PluginSet{wire.PluginName: &plugin.NetRPCUnsupportedPlugin{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:      true,
		StartTimeout:     spec.Timeout + time.Second, // the context comes first
		TLSConfig:        certs.client,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: l.RuntimeDir},
		Logger:           hclog.NewNullLogger(),
		SyncStdout:       proc.out,
		SyncStderr:       proc.out,
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(l.MaxMessage)),
			grpc.WithDisableRetry(),            // the host alone decides what is sent twice
			grpc.FailOnNonTempDialError(false), //nolint:staticcheck // SA1019: go-plugin dials the old way; calls that wait for the connection end with the process
		},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, socketDir string) (runner.Runner, error) {
			proc.prepare(cmd.Env, socketDir)
			return proc, nil
		},
	}
}

// connect makes the handshake and the connection. go-plugin has no context of
// its own: ending the process is what ends its waiting.
func connect(ctx context.Context, client *plugin.Client, proc *process) (*grpc.ClientConn, error) {
	stop := context.AfterFunc(ctx, proc.kill)
	defer stop()
	if _, err := client.Start(); err != nil {
		return nil, err
	}
	protocol, err := client.Client()
	if err != nil {
		return nil, err
	}
	return protocol.(*plugin.GRPCClient).Conn, ctx.Err()
}

// Exited is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.process.exited }

// End says how the process ended. It waits for the end.
func (p *Process) End() End { return p.process.end() }

// Kill ends the process at once. Stop still has to be called.
func (p *Process) Kill() { p.process.kill() }

// Stop ends the process: it is asked, and after the grace it is killed, with all
// that it started. Nothing of it is left when Stop returns. The calls that it had
// are lost, so drain first.
func (p *Process) Stop(grace time.Duration) {
	p.process.ask()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.process.exited:
	case <-timer.C:
		p.process.kill()
		<-p.process.exited
	}
	p.client.Kill() // frees what go-plugin holds; the process is gone
	p.process.cleanUp()
}

// MaxSocketPath is the longest path that a Unix socket may have on Linux and,
// less four, elsewhere.
const MaxSocketPath = 104

// CheckRuntimeDir says if sockets in a directory would have paths that are too
// long for the system.
func CheckRuntimeDir(dir string) error {
	socket := filepath.Join(dir, "plugin-dir4294967295", "plugin4294967295")
	if len(socket) >= MaxSocketPath {
		return fmt.Errorf("runtime directory %s: a socket in it would have a path of %d characters, and %d are possible; choose a shorter one (runtime_dir)", dir, len(socket), MaxSocketPath-1)
	}
	return nil
}
