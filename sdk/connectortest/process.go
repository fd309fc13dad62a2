package connectortest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/patchbay/patchbay/sdk/wire"
)

// startTime is how long a connector may take until it answers, once it is its turn to
// start (world.turn); a host's default is the same.
const startTime = 10 * time.Second

// Command is a connector in an executable, in whatever language, started as the
// host starts it: with go-plugin's handshake and AutoMTLS, in an environment that
// holds nothing but env.
func Command(argv []string, env map[string]string) Target {
	return &command{argv: argv, env: env}
}

type command struct {
	argv []string
	env  map[string]string
	dir  string // it starts there; the suite's own if empty
}

func (c *command) process() *command { return c }

func (c *command) start(context.Context) (*instance, error) {
	p := &pluginProcess{command: c, log: &logBuffer{}, exited: make(chan struct{})}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  wire.ProtocolVersion,
			MagicCookieKey:   wire.CookieKey,
			MagicCookieValue: wire.CookieValue,
		},
		Plugins:          plugin.PluginSet{wire.PluginName: &plugin.NetRPCUnsupportedPlugin{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:      true,
		AutoMTLS:         true,
		StartTimeout:     startTime,
		Logger:           hclog.NewNullLogger(),
		SyncStdout:       p.log,
		SyncStderr:       p.log,
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)), grpc.WithDisableRetry(),
		},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, socketDir string) (runner.Runner, error) {
			p.socketDir, p.handshakeEnv = socketDir, cmd.Env
			return p, nil
		},
	})
	stop := sync.OnceFunc(func() {
		_ = p.Kill(context.Background())
		if p.cmd != nil {
			<-p.exited
		}
		client.Kill()
		_ = os.RemoveAll(p.socketDir)
	})
	if _, err := client.Start(); err != nil {
		stop()
		return nil, p.explain(err)
	}
	protocol, err := client.Client()
	if err != nil {
		stop()
		return nil, fmt.Errorf("connect to %s: %w; it wrote: %s", c.argv[0], err, p.log.tail())
	}
	return &instance{conn: protocol.(*plugin.GRPCClient).Conn, log: p.log, stop: stop, terminate: p.terminate}, nil
}

// exec is the process to be, in its own group and with nothing of ours.
func (c *command) exec(env []string) *exec.Cmd {
	cmd := exec.Command(c.argv[0], c.argv[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append([]string{}, env...)
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// pluginProcess is go-plugin's Runner. It keeps the connector's stderr from
// go-plugin, which panics on some lines.
type pluginProcess struct {
	*command
	log          *logBuffer
	handshakeEnv []string
	socketDir    string

	cmd    *exec.Cmd
	stdout *io.PipeReader
	exited chan struct{}
	first  string // line of stdout; read after exited
	err    error  // of Wait; read after exited
}

// Start implements runner.Runner.
func (p *pluginProcess) Start(context.Context) error {
	cmd := p.exec(p.handshakeEnv)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = p.log
	cmd.WaitDelay = startTime
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd = cmd
	handshake, first := io.Pipe()
	p.stdout = handshake
	go func() {
		in := bufio.NewReader(stdout)
		p.first, _ = in.ReadString('\n')
		_, _ = first.Write([]byte(p.first))
		_ = first.Close()
		_, _ = io.Copy(p.log, in)
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return nil
}

// explain says why a connector that is gone could not be started.
func (p *pluginProcess) explain(err error) error {
	command := strings.Join(p.argv, " ")
	switch {
	case p.cmd == nil:
		return fmt.Errorf("start %s: %w", command, err)
	case !handshakePattern.MatchString(p.first):
		return fmt.Errorf("start %s: expected the handshake of a plugin on stdout, got %q; on stderr: %q", command, p.first, p.log.tail())
	default:
		return fmt.Errorf("start %s: %s; on stderr: %q", command, strings.TrimSpace(err.Error()), p.log.tail())
	}
}

// terminate asks the process to end, and fails if it has not within the time.
func (p *pluginProcess) terminate(within time.Duration) error {
	if err := syscall.Kill(p.cmd.Process.Pid, syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.exited:
		return nil
	case <-timer.C:
		return fmt.Errorf("the process did not end within %s of SIGTERM", within)
	}
}

// Kill implements runner.Runner: the process with all that it started.
func (p *pluginProcess) Kill(context.Context) error {
	if p.cmd == nil {
		return nil
	}
	select {
	case <-p.exited:
		return nil
	default:
		return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
}

// Wait implements runner.Runner.
func (p *pluginProcess) Wait(context.Context) error {
	<-p.exited
	return p.err
}

// Stdout implements runner.Runner: the handshake and nothing else.
func (p *pluginProcess) Stdout() io.ReadCloser { return p.stdout }

// Stderr implements runner.Runner: nothing.
func (p *pluginProcess) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name implements runner.Runner.
func (p *pluginProcess) Name() string { return p.argv[0] }

// ID implements runner.Runner.
func (p *pluginProcess) ID() string {
	if p.cmd == nil {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Diagnose implements runner.Runner.
func (p *pluginProcess) Diagnose(context.Context) string { return "" }

// PluginToHost implements runner.Runner. Only a Unix socket is a plugin's.
func (p *pluginProcess) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" {
		return "", "", errors.New("the connector must listen on a Unix socket, in the directory that PLUGIN_UNIX_SOCKET_DIR names")
	}
	return network, address, nil
}

// HostToPlugin implements runner.Runner.
func (p *pluginProcess) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
