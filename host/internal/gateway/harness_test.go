package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/host/internal/account"
	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/logtest"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/host/internal/telemetry"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// harness is a gateway between a caller and a connector's server, each behind a
// listener of its own.
type harness struct {
	t        testing.TB
	network  network
	gateway  *Gateway
	registry *registry.Registry
	plugin   *plugin
	conn     *grpc.ClientConn
	payments paymentsv1.PaymentServiceClient
	refunds  paymentsv1.RefundServiceClient
	log      *logtest.Log
}

// plugin is a connector's server; a test says what it answers.
type plugin struct {
	paymentsv1.UnimplementedPaymentServiceServer
	server *grpc.Server
	conn   *grpc.ClientConn

	mu        sync.Mutex
	calls     atomic.Int64
	trailer   func(*connectorv1.CallContext) metadata.MD // if set, that of each answer
	headers   metadata.MD
	context   *connectorv1.CallContext
	authorize func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error)
	get       func(context.Context, *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error)
}

func newHarness(t testing.TB, edit ...func(*Config)) *harness {
	t.Helper()
	return newHarnessOn(loopback, t, edit...)
}

func newHarnessOn(network network, t testing.TB, edit ...func(*Config)) *harness {
	t.Helper()
	accounts, err := account.NewBook([]account.Spec{
		{Name: "acme-eu", Connector: "acme", Config: map[string]any{"api_key": "sk_eu"}},
		{Name: "other", Connector: "other", Config: map[string]any{"api_key": "sk_other"}},
		{Name: "acme-default", Connector: "acme", Default: true, Config: map[string]any{"api_key": "sk_default"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{t: t, network: network, registry: registry.New(), log: &logtest.Log{}}
	config := Config{
		Registry: h.registry, Connectors: told{}, Accounts: accounts, Auth: auth.Anybody{}, Metrics: telemetry.NewMetrics(),
		Log:       hclog.New(&hclog.LoggerOptions{Output: h.log, Level: hclog.Trace}),
		KeySecret: []byte("secret of the replicas"), InlineConfig: true, InlineBaseURL: true,
		DefaultDeadline: 10 * time.Second, MaxDeadline: 20 * time.Second, MaxMessage: 1 << 20,
	}
	for _, e := range edit {
		e(&config)
	}
	h.gateway = New(config)
	h.conn = network.serve(t, h.gateway.server, h.gateway.Serve, grpc.WithDisableRetry())
	h.payments, h.refunds = paymentsv1.NewPaymentServiceClient(h.conn), paymentsv1.NewRefundServiceClient(h.conn)
	h.registry.Declare("acme", "1.0.0")
	h.plugin = newPluginOn(network, t, config.MaxMessage)
	h.registry.Swap(h.instance(h.plugin, 1), nil)
	return h
}

// network opens a listener, and says how it is dialled.
type network func(testing.TB) (net.Listener, string, grpc.DialOption)

// loopback is the network of sockets.
func loopback(t testing.TB) (net.Listener, string, grpc.DialOption) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener, listener.Addr().String(), grpc.EmptyDialOption{}
}

// inBubble gives a test a clock of its own, which moves on when all that runs in the
// test waits for it: to sleep is to let time pass, exactly so much and at no cost. A
// harness is on the network inMemory then: who waits for a socket holds up the clock.
func inBubble(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) { synctest.Test(t, test) }
}

// inMemory is the network of tests with a clock of their own.
func inMemory(testing.TB) (net.Listener, string, grpc.DialOption) {
	listener := bufconn.Listen(64 << 10)
	return listener, "passthrough:memory", grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		return listener.DialContext(ctx)
	})
}

// serve opens a server on loopback and returns a connection to it.
func serve(t testing.TB, server *grpc.Server, run func(net.Listener) error, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	return network(loopback).serve(t, server, run, opts...)
}

// serve opens a server and returns a connection to it.
func (n network) serve(t testing.TB, server *grpc.Server, run func(net.Listener) error, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	listener, target, dial := n(t)
	go func() { _ = run(listener) }()
	conn, err := grpc.NewClient(target, append(opts, dial, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
	})
	return conn
}

func newPlugin(t testing.TB, maxMessage int) *plugin {
	t.Helper()
	return newPluginOn(loopback, t, maxMessage)
}

func newPluginOn(network network, t testing.TB, maxMessage int) *plugin {
	t.Helper()
	p := &plugin{
		authorize: func(_ context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
			return &paymentsv1.AuthorizeResponse{Payment: &paymentsv1.Payment{Id: "pay_1", Reference: req.GetReference()}}, nil
		},
		get: func(_ context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
			return &paymentsv1.GetPaymentResponse{Payment: &paymentsv1.Payment{Id: req.GetPaymentId()}}, nil
		},
	}
	p.server = grpc.NewServer(grpc.ForceServerCodecV2(newCodec()), grpc.UnknownServiceHandler(p.echo),
		grpc.UnaryInterceptor(p.record))
	paymentsv1.RegisterPaymentServiceServer(p.server, p)
	p.conn = network.serve(t, p.server, p.server.Serve, grpc.WithDisableRetry(), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	return p
}

func (p *plugin) record(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	p.calls.Add(1)
	md, _ := metadata.FromIncomingContext(ctx)
	call, err := wire.IncomingCallContext(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.headers, p.context = md, call
	p.mu.Unlock()
	if p.trailer != nil {
		_ = grpc.SetTrailer(ctx, p.trailer(call))
	}
	return next(ctx, req)
}

// seen is what the last unary call brought.
func (p *plugin) seen() (metadata.MD, *connectorv1.CallContext) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.headers, p.context
}

func (p *plugin) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	return p.authorize(ctx, req)
}

func (p *plugin) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	return p.get(ctx, req)
}

// echo serves acme.v1.EchoService, whatever its kind: each message comes back,
// "fail" ends the stream with an error, "die" ends the server.
func (p *plugin) echo(_ any, stream grpc.ServerStream) error {
	p.calls.Add(1)
	if call, err := wire.IncomingCallContext(stream.Context()); err == nil && p.trailer != nil {
		stream.SetTrailer(p.trailer(call))
	}
	method, _ := grpc.MethodFromServerStream(stream)
	if !strings.HasPrefix(method, "/acme.v1.EchoService/") {
		return status.Error(codes.Unimplemented, "the guest was reached at "+method)
	}
	for {
		message := &frame{}
		err := stream.RecvMsg(message)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case strings.Contains(string(message.data.Materialize()), "fail"):
			return wire.Failure{Code: codes.FailedPrecondition, Reason: "ACME", Sent: wire.SentNever, Message: "as asked"}.Err()
		case strings.Contains(string(message.data.Materialize()), "die"):
			go p.server.Stop()
			<-stream.Context().Done()
			return stream.Context().Err()
		}
		if err := stream.SendMsg(message); err != nil {
			return err
		}
		if method == "/acme.v1.EchoService/Unary" || method == "/acme.v1.EchoService/Collect" {
			return nil
		}
	}
}

// instance describes the plugin as a generation of connector acme.
func (h *harness) instance(p *plugin, generation uint64) *registry.Instance {
	h.t.Helper()
	return h.instanceOf("acme", p, generation)
}

// instanceOf describes the plugin as a generation of another connector.
func (h *harness) instanceOf(name string, p *plugin, generation uint64) *registry.Instance {
	h.t.Helper()
	schema, err := structpb.NewStruct(map[string]any{
		"type": "object", "additionalProperties": false, "required": []any{"api_key"},
		"properties": map[string]any{"api_key": map[string]any{"type": "string"}, "base_url": map[string]any{"type": "string"}},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	d, err := description.Parse(name, "1.0.0", &connectorv1.Description{
		Id: name,
		Services: []*connectorv1.Service{
			{Name: "patchbay.payments.v1.PaymentService", Operations: []*connectorv1.Operation{
				{Name: "Authorize", Idempotency: &connectorv1.Idempotency{Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NONE}},
				{Name: "GetPayment", Idempotency: &connectorv1.Idempotency{Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY}},
			}},
			{Name: "acme.v1.EchoService"},
		},
		ConfigSchema: schema,
		Descriptors:  &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{echoFile()}},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return registry.NewInstance(name, "1.0.0", generation, d, p.conn)
}

// echoFile describes a third party's service with every kind of method.
func echoFile() *descriptorpb.FileDescriptorProto {
	method := func(name string, client, server bool) *descriptorpb.MethodDescriptorProto {
		return &descriptorpb.MethodDescriptorProto{
			Name: proto.String(name), InputType: proto.String(".google.protobuf.StringValue"), OutputType: proto.String(".google.protobuf.StringValue"),
			ClientStreaming: proto.Bool(client), ServerStreaming: proto.Bool(server),
		}
	}
	return &descriptorpb.FileDescriptorProto{
		Name: proto.String("acme/v1/echo.proto"), Package: proto.String("acme.v1"), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/wrappers.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("EchoService"), Method: []*descriptorpb.MethodDescriptorProto{
			method("Unary", false, false), method("Repeat", false, true), method("Collect", true, false), method("Chat", true, true),
		}}},
	}
}

// told is a fixed answer of GetConnector.
type told struct{}

func (told) Connectors(string) []*gatewayv1.Connector { return []*gatewayv1.Connector{{Name: "acme"}} }

// ctx is a caller's context with headers, "key", "value" and so on.
func (h *harness) ctx(headers ...string) context.Context {
	return metadata.AppendToOutgoingContext(h.t.Context(), headers...)
}

func valid() *paymentsv1.AuthorizeRequest {
	return &paymentsv1.AuthorizeRequest{
		Reference: "order-1", Amount: &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1050},
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
			Number: "4242424242424242", ExpiryMonth: 12, ExpiryYear: 2030,
		}}},
	}
}

// expect holds an error against what the contract promises.
func expect(t *testing.T, err error, code codes.Code, reason string, sent wire.Sent) wire.Failure {
	t.Helper()
	f := wire.ParseFailure(status.Convert(err))
	if f.Code != code || f.Reason != reason || f.Sent != sent {
		t.Errorf("got %s %s sent %s (%s), want %s %s sent %s", f.Code, f.Reason, f.Sent, f.Message, code, reason, sent)
	}
	return f
}

func durationOf(d time.Duration) *durationpb.Duration { return durationpb.New(d) }

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
