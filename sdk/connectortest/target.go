package connectortest

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/patchbay/patchbay/sdk"
)

// maxAnswer bounds an answer of the connector, as a host does.
const maxAnswer = 16 << 20

// Target is a connector to test.
type Target interface {
	// start serves a new instance of the connector.
	start(ctx context.Context) (*instance, error)
	// process is the command that is started, or nil where the connector is served
	// in this process.
	process() *command
}

// instance is one running connector.
type instance struct {
	conn *grpc.ClientConn
	log  *logBuffer
	// stop ends the instance at once, with calls under way or without, and returns
	// when it is gone.
	stop func()
	// terminate asks the process to end as an operator would (SIGTERM), and says
	// whether it did within the time; nil in process.
	terminate func(within time.Duration) error
}

// InProcess is a connector that is served in this process, over a real socket and
// through the SDK's dispatcher.
func InProcess(make func() sdk.Connector, opts ...sdk.Option) Target {
	return inProcess{make: make, opts: opts}
}

type inProcess struct {
	make func() sdk.Connector
	opts []sdk.Option
}

func (inProcess) process() *command { return nil }

func (p inProcess) start(ctx context.Context) (*instance, error) {
	logged := &logBuffer{}
	log := hclog.New(&hclog.LoggerOptions{Output: logged, Level: hclog.Debug, JSONFormat: true})
	server, err := sdk.NewServer(p.make(), append([]sdk.Option{sdk.WithLogger(log)}, p.opts...)...)
	if err != nil {
		return nil, fmt.Errorf("serve the connector: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	served := grpc.NewServer(server.InterceptorOptions()...)
	server.Register(served)
	go func() { _ = served.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)))
	if err != nil {
		served.Stop()
		return nil, err
	}
	return &instance{conn: conn, log: logged, stop: sync.OnceFunc(func() {
		served.Stop()
		_ = conn.Close()
	})}, nil
}

// logBuffer keeps all that a connector logs.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

var _ io.Writer = (*logBuffer)(nil)

// Write implements io.Writer.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns what was logged so far.
func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// tail is the end of the log.
func (l *logBuffer) tail(n int) string {
	s := l.String()
	if len(s) > n {
		s = "…" + s[len(s)-n:]
	}
	return strings.TrimSpace(s)
}
