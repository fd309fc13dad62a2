package connectortest

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
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

// Between is what a test of the suite itself puts between the suite and a connector
// in this process, to see that the suite finds what is wrong there.
type Between struct {
	// Server is further interceptors of the server: within the SDK's dispatcher, and
	// outside its checks, so that they can change an answer unchecked.
	Server []grpc.ServerOption
	// Caller is interceptors on the caller's side of the socket.
	Caller []grpc.DialOption
}

// InProcess is InProcess with all calls going through what is between.
func (b Between) InProcess(make func() sdk.Connector, opts ...sdk.Option) Target {
	return inProcess{make: make, opts: opts, between: b}
}

type inProcess struct {
	make    func() sdk.Connector
	opts    []sdk.Option
	between Between
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
	served := grpc.NewServer(slices.Concat(server.InterceptorOptions(), p.between.Server)...)
	server.Register(served)
	go func() { _ = served.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), slices.Concat(p.between.Caller, []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
	})...)
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
func (l *logBuffer) tail() string {
	const most = 500
	s := l.String()
	if len(s) > most {
		s = "…" + s[len(s)-most:]
	}
	return strings.TrimSpace(s)
}
