package connectortest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func handshakeScenarios() []Scenario {
	scenario := func(name, summary string, run func(*Case)) Scenario {
		return Scenario{
			ID: "handshake/" + name, Summary: summary, run: run,
			Needs: Needs{Process: true}, Proves: []Cell{{Aspect: Lifecycle}},
		}
	}
	return []Scenario{
		scenario("line", "The first line of stdout is 1|1|unix|SOCKET|grpc|CERTIFICATE, the socket where it has to be", handshakeLine),
		scenario("by-hand", "Started by hand it explains itself and exits with 1", handshakeByHand),
		scenario("foreign", "A caller without the host's certificate is refused", handshakeForeign),
		scenario("environment", "It starts with nothing but go-plugin's own variables", handshakeEnvironment),
		scenario("twice", "Two instances run side by side", handshakeTwice),
		scenario("gone", "After it is stopped nothing listens on its socket", handshakeGone),
	}
}

var handshakePattern = regexp.MustCompile(`^1\|1\|unix\|(/[^|]+)\|grpc\|[A-Za-z0-9+/=]+(\|.*)?\n$`)

// raw is a connector that is started without go-plugin's client.
type raw struct {
	cmd    *exec.Cmd
	line   string // the first of stdout
	socket string
	dir    string
	stop   func()
}

// startRaw starts the connector with go-plugin's variables and waits for its first
// line.
func (c *Case) startRaw() *raw {
	dir, err := os.MkdirTemp("", "ct")
	if err != nil {
		c.Fatalf("%v", err)
	}
	c.Cleanup(func() { _ = os.RemoveAll(dir) })
	certificate, err := throwawayCertificate()
	if err != nil {
		c.Fatalf("%v", err)
	}
	cmd := c.target.process().exec([]string{
		wire.CookieKey + "=" + wire.CookieValue, "PLUGIN_PROTOCOL_VERSIONS=1", "PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000",
		"PLUGIN_UNIX_SOCKET_DIR=" + dir, "PLUGIN_CLIENT_CERT=" + certificate,
	})
	first := &firstLine{found: make(chan string, 1)}
	cmd.Stdout = first
	cmd.WaitDelay = startTime
	over, err := c.turn(c.ctx)
	if err != nil {
		c.Fatalf("start the connector: %v", err)
	}
	defer over()
	if err := cmd.Start(); err != nil {
		c.Fatalf("start the connector: %v", err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	r := &raw{cmd: cmd, dir: dir, stop: sync.OnceFunc(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-exited
	})}
	c.Cleanup(r.stop)
	limit := time.NewTimer(startTime)
	defer limit.Stop()
	select {
	case r.line = <-first.found:
	case <-exited:
		c.Fatalf("expected a handshake on stdout, got the connector's end: %s", cmd.ProcessState)
	case <-limit.C:
		c.Fatalf("expected a handshake on stdout within %s, got none", startTime)
	}
	found := handshakePattern.FindStringSubmatch(r.line)
	if found == nil {
		c.Fatalf("the first line of stdout: expected 1|1|unix|SOCKET|grpc|CERTIFICATE, got %q", r.line)
	}
	r.socket = found[1]
	return r
}

func handshakeLine(c *Case) {
	r := c.startRaw()
	if !strings.HasPrefix(r.socket, r.dir+"/") {
		c.Fatalf("the socket: expected it in the directory that PLUGIN_UNIX_SOCKET_DIR names, got %s", r.socket)
	}
}

func handshakeByHand(c *Case) {
	cmd := c.target.process().exec(nil)
	var told bytes.Buffer
	cmd.Stdout, cmd.Stderr = &told, &told
	cmd.WaitDelay = startTime
	over, err := c.turn(c.ctx)
	if err != nil {
		c.Fatalf("start the connector: %v", err)
	}
	defer over()
	if err := cmd.Start(); err != nil {
		c.Fatalf("start the connector: %v", err)
	}
	timer := time.AfterFunc(startTime, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer timer.Stop()
	_ = cmd.Wait()
	equal(c, "exit code of a connector that is started by hand", 1, cmd.ProcessState.ExitCode())
	if strings.TrimSpace(told.String()) == "" {
		c.Fatalf("a connector that is started by hand: expected that it explains itself, got no word")
	}
}

// handshakeForeign calls a connector without a certificate, and with TLS left out.
func handshakeForeign(c *Case) {
	r := c.startRaw()
	conn, err := grpc.NewClient("unix://"+r.socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		c.Fatalf("%v", err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(c.ctx, startTime)
	defer cancel()
	_, err = connectorv1.NewConnectorServiceClient(conn).Describe(ctx, &connectorv1.DescribeRequest{})
	if status.Code(err) != codes.Unavailable {
		c.Fatalf("Describe without a certificate: expected that the connection is refused, got %s", failureText(err))
	}
}

func handshakeEnvironment(c *Case) {
	for name := range c.target.process().env {
		c.Skipf("env in test.yaml gives the connector %s", name)
	}
	c.ok("Probe", c.probe(c.another()))
}

func handshakeTwice(c *Case) {
	first, second := c.another(), c.another()
	c.ok("Probe of the first", c.probe(first))
	c.ok("Probe of the second", c.probe(second))
	first.stop()
	c.ok("Probe of the second, the first gone", c.probe(second))
}

func handshakeGone(c *Case) {
	i := c.another()
	i.stop()
	ctx, cancel := context.WithTimeout(c.ctx, startTime)
	defer cancel()
	if _, err := describeOnce(ctx, i); err == nil {
		c.Fatalf("Describe after the end: expected an error, got an answer")
	}
}

// firstLine gives the first line that is written.
type firstLine struct {
	text  bytes.Buffer
	found chan string
	done  bool
}

// Write implements io.Writer.
func (f *firstLine) Write(p []byte) (int, error) {
	if !f.done {
		f.text.Write(p)
		if i := bytes.IndexByte(f.text.Bytes(), '\n'); i >= 0 {
			f.done = true
			f.found <- string(f.text.Bytes()[:i+1])
		}
	}
	return len(p), nil
}
