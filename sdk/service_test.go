package sdk

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// loyalty is an author's own service, with streams of all kinds. Each method
// answers with the idempotency key of the call and then ends with end.
type loyalty struct {
	grpc_testing.UnimplementedTestServiceServer
	end func() error
}

func (l loyalty) UnaryCall(ctx context.Context, _ *grpc_testing.SimpleRequest) (*grpc_testing.SimpleResponse, error) {
	return &grpc_testing.SimpleResponse{Username: IdempotencyKey(ctx)}, l.end()
}

func (l loyalty) StreamingOutputCall(_ *grpc_testing.StreamingOutputCallRequest, stream grpc.ServerStreamingServer[grpc_testing.StreamingOutputCallResponse]) error {
	if err := stream.Send(withKey(stream.Context())); err != nil {
		return err
	}
	return l.end()
}

func (l loyalty) StreamingInputCall(stream grpc.ClientStreamingServer[grpc_testing.StreamingInputCallRequest, grpc_testing.StreamingInputCallResponse]) error {
	for {
		_, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := l.end(); err != nil {
		return err
	}
	return stream.SendAndClose(&grpc_testing.StreamingInputCallResponse{AggregatedPayloadSize: int32(len(IdempotencyKey(stream.Context())))})
}

func (l loyalty) FullDuplexCall(stream grpc.BidiStreamingServer[grpc_testing.StreamingOutputCallRequest, grpc_testing.StreamingOutputCallResponse]) error {
	for {
		_, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return l.end()
		}
		if err != nil {
			return err
		}
		if err := stream.Send(withKey(stream.Context())); err != nil {
			return err
		}
	}
}

func withKey(ctx context.Context) *grpc_testing.StreamingOutputCallResponse {
	return &grpc_testing.StreamingOutputCallResponse{Payload: &grpc_testing.Payload{Body: []byte(IdempotencyKey(ctx))}}
}

func serveLoyalty(t *testing.T, end func() error, opts ...Option) *grpc.ClientConn {
	t.Helper()
	opts = append(opts, WithService(&grpc_testing.TestService_ServiceDesc, loyalty{end: end}))
	return serve(t, newConnector(nothing), opts...)
}

// keys calls each kind of method and returns the keys that they saw.
func keys(ctx context.Context, conn *grpc.ClientConn) (map[string]string, map[string]error) {
	client := grpc_testing.NewTestServiceClient(conn)
	seen, ended := map[string]string{}, map[string]error{}
	unary, err := client.UnaryCall(ctx, &grpc_testing.SimpleRequest{})
	seen["unary"], ended["unary"] = unary.GetUsername(), err

	down, _ := client.StreamingOutputCall(ctx, &grpc_testing.StreamingOutputCallRequest{})
	first, _ := down.Recv()
	_, err = down.Recv()
	seen["server stream"], ended["server stream"] = string(first.GetPayload().GetBody()), err

	up, _ := client.StreamingInputCall(ctx)
	_ = up.Send(&grpc_testing.StreamingInputCallRequest{})
	summary, err := up.CloseAndRecv()
	seen["client stream"], ended["client stream"] = strings.Repeat("k", int(summary.GetAggregatedPayloadSize())), err

	both, _ := client.FullDuplexCall(ctx)
	_ = both.Send(&grpc_testing.StreamingOutputCallRequest{})
	echo, _ := both.Recv()
	_ = both.CloseSend()
	_, err = both.Recv()
	seen["both ways"], ended["both ways"] = string(echo.GetPayload().GetBody()), err
	return seen, ended
}

func withIdempotencyKey(t *testing.T, key string) context.Context {
	t.Helper()
	ctx, err := wire.OutgoingContext(t.Context(), &connectorv1.CallContext{IdempotencyKey: key})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

func TestWithService_seesTheCall(t *testing.T) {
	conn := serveLoyalty(t, func() error { return nil })
	seen, ended := keys(withIdempotencyKey(t, "kkkk"), conn)
	for kind, key := range seen {
		if err := ended[kind]; key != "kkkk" || err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("%s: saw the key %q and ended with %v", kind, key, err)
		}
	}
	if _, err := paymentsv1.NewPaymentServiceClient(conn).Authorize(t.Context(), authorizeRequest()); err != nil {
		t.Errorf("beside it Authorize fails: %v", err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), wire.CallContextHeader, "\xff")
	broken, err := grpc_testing.NewTestServiceClient(conn).FullDuplexCall(ctx)
	if err == nil {
		_, err = broken.Recv()
	}
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("a stream with a broken call context ends with %v", err)
	}
}

func TestWithService_errors(t *testing.T) {
	for name, test := range map[string]struct {
		end    func() error
		code   codes.Code
		reason string
		text   string
	}{
		"an *Error":    {func() error { return Errorf(Precondition, "", "no points left") }, codes.FailedPrecondition, "STATE_FORBIDS", "no points left"},
		"a status":     {func() error { return status.Error(codes.Aborted, "try again") }, codes.Aborted, "", "try again"},
		"another":      {func() error { return errors.New("dial db.internal") }, codes.Internal, "INTERNAL", "the connector failed"},
		"a panic":      {func() error { panic("dial db.internal") }, codes.Internal, "INTERNAL", "the connector panicked"},
		"out of time":  {func() error { return context.DeadlineExceeded }, codes.Unknown, "OUTCOME_UNKNOWN", "the connector ran out of time"},
		"not finished": {func() error { return io.ErrUnexpectedEOF }, codes.Internal, "INTERNAL", "the connector failed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, ended := keys(t.Context(), serveLoyalty(t, test.end))
			for kind, err := range ended {
				if f := failureOf(err); f.Code != test.code || f.Reason != test.reason || f.Message != test.text {
					t.Errorf("%s: got %+v", kind, f)
				}
			}
		})
	}
}

func TestWithService_isDescribed(t *testing.T) {
	const name = "grpc.testing.TestService"
	d := describe(t, serveLoyalty(t, func() error { return nil }))
	last := d.GetServices()[len(d.GetServices())-1]
	if last.GetName() != name || len(last.GetOperations()) != 0 {
		t.Errorf("got %v", last)
	}
	if got := comment(findIn(t, d, name)); got != "" {
		t.Errorf("without WithDescriptors it has the comment %q", got)
	}
	set, err := proto.Marshal(commentedSet(t, name, " Points for payers.\n"))
	if err != nil {
		t.Fatal(err)
	}
	d = describe(t, serveLoyalty(t, func() error { return nil }, WithDescriptors(set)))
	if got := comment(findIn(t, d, name)); got != " Points for payers.\n" {
		t.Errorf("with WithDescriptors it has the comment %q", got)
	}
	if got := comment(findIn(t, d, "patchbay.payments.v1.PaymentService")); !strings.Contains(got, "takes payments") {
		t.Errorf("beside it PaymentService has the comment %q", got)
	}
}

// findIn looks a service up in the descriptors of a description.
func findIn(t *testing.T, d *connectorv1.Description, name protoreflect.FullName) protoreflect.Descriptor {
	t.Helper()
	files, err := wire.NewFiles(d.GetDescriptors().GetFile(), &protoregistry.Files{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := files.FindDescriptorByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// commentedSet is the file of a service with a comment on it, as
// protoc --include_source_info writes it.
func commentedSet(t *testing.T, service protoreflect.FullName, text string) *descriptorpb.FileDescriptorSet {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(service)
	if err != nil {
		t.Fatal(err)
	}
	file := protodesc.ToFileDescriptorProto(d.ParentFile())
	const serviceField = 6 // of FileDescriptorProto
	file.SourceCodeInfo = &descriptorpb.SourceCodeInfo{Location: []*descriptorpb.SourceCodeInfo_Location{{
		Path: []int32{serviceField, int32(d.Index())}, Span: []int32{1, 0, 1}, LeadingComments: &text,
	}}}
	return &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{file}}
}

func TestNewServer_refusesOptionsThatAreWrong(t *testing.T) {
	for want, opt := range map[string]Option{
		"WithDescriptors: ": WithDescriptors([]byte("no descriptors")),
		"service acme.v1.Loyalty: its generated code is not linked in": WithService(&grpc.ServiceDesc{ServiceName: "acme.v1.Loyalty"}, nil),
	} {
		if _, err := NewServer(minimal, opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A gRPC server that was made without InterceptorOptions serves all the same;
// only the call context is missing.
func TestRegister_withoutInterceptors(t *testing.T) {
	server, err := NewServer(newConnector(nothing))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := grpc.NewServer()
	defer served.Stop()
	server.Register(served)
	go func() { _ = served.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	resp, err := paymentsv1.NewPaymentServiceClient(conn).Authorize(t.Context(), authorizeRequest())
	if err != nil || resp.GetPayment().GetId() != "pay_1" {
		t.Errorf("got %v %v", resp, err)
	}
}
