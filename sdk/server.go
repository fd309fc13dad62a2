package sdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// maxRequest is above what any host carries, so that the host's limit, which
// callers can read, is the one that counts.
const maxRequest = 64 << 20

// Server serves one connector. Serve is the usual way to one; tests use it
// in process.
type Server struct {
	log         hclog.Logger
	bound       []boundOperation
	extra       []extraService
	descriptors []*descriptorpb.FileDescriptorProto // of extra services, with comments
	account     AccountChecker
	uploader    EvidenceUploader
	validator   wire.Validator
	unmapped    *unmappedWords
	description *connectorv1.Description
	errs        []error // of options
	running     running
}

type boundOperation struct {
	operation
	handle handler
}

type extraService struct {
	desc *grpc.ServiceDesc
	impl any
}

// WithService serves a service of the author's own beside the connector's
// operations. Callers list, describe and call it through the gateway. desc is
// the generated description, such as acmev1.LoyaltyService_ServiceDesc, and impl
// its implementation.
func WithService(desc *grpc.ServiceDesc, impl any) Option {
	return func(s *Server) { s.extra = append(s.extra, extraService{desc, impl}) }
}

// WithDescriptors gives the comments of the author's own .proto files, which
// generated Go does not have: a serialized FileDescriptorSet with source info,
// as "buf build -o" and "protoc --include_source_info" write it.
func WithDescriptors(set []byte) Option {
	return func(s *Server) {
		var files descriptorpb.FileDescriptorSet
		if err := proto.Unmarshal(set, &files); err != nil {
			s.errs = append(s.errs, fmt.Errorf("WithDescriptors: %w", err))
		}
		s.descriptors = append(s.descriptors, files.GetFile()...)
	}
}

// WithLogger sets where the connector logs; Serve logs to the host.
func WithLogger(log hclog.Logger) Option {
	return func(s *Server) { s.log = log }
}

// NewServer looks what the connector implements and prepares to serve it.
func NewServer(c Connector, opts ...Option) (*Server, error) {
	s := &Server{log: hclog.NewNullLogger(), unmapped: newUnmappedWords()}
	for _, opt := range opts {
		opt(s)
	}
	if err := errors.Join(s.errs...); err != nil {
		return nil, err
	}
	for _, op := range operations() {
		if handle := op.bind(c); handle != nil {
			s.bound = append(s.bound, boundOperation{op, handle})
		}
	}
	s.account, _ = c.(AccountChecker)
	if s.uploader, _ = c.(EvidenceUploader); s.uploader != nil {
		s.bound = append(s.bound, boundOperation{operation{service: disputeService, method: uploadEvidence}, nil})
	}
	var err error
	s.description, err = s.describe(c.Describe())
	return s, err
}

// Register adds the services to a gRPC server that was made with
// InterceptorOptions.
func (s *Server) Register(r grpc.ServiceRegistrar) {
	connectorv1.RegisterConnectorServiceServer(r, connectorService{s})
	services := map[string]*grpc.ServiceDesc{}
	for _, b := range s.bound {
		if services[b.service] == nil {
			services[b.service] = &grpc.ServiceDesc{ServiceName: b.service, HandlerType: (*any)(nil)}
		}
		if b.handle == nil {
			services[b.service].Streams = append(services[b.service].Streams, s.uploadDesc())
			continue
		}
		services[b.service].Methods = append(services[b.service].Methods, s.methodDesc(b))
	}
	for _, desc := range services {
		r.RegisterService(desc, s)
	}
	for _, extra := range s.extra {
		r.RegisterService(extra.desc, extra.impl)
	}
}

// InterceptorOptions are the options that a gRPC server needs to serve a
// connector: every call passes the same dispatcher.
func (s *Server) InterceptorOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.UnaryInterceptor(s.dispatchUnary), grpc.StreamInterceptor(s.dispatchStream)}
}

func (s *Server) serverOptions(opts []grpc.ServerOption) []grpc.ServerOption {
	return append(append(opts, s.InterceptorOptions()...), grpc.MaxRecvMsgSize(maxRequest))
}

// methodDesc is one operation as gRPC wants it.
func (s *Server) methodDesc(b boundOperation) grpc.MethodDesc {
	serve := func(ctx context.Context, req any) (any, error) { return s.serve(ctx, b, req.(proto.Message)) }
	info := &grpc.UnaryServerInfo{Server: s, FullMethod: "/" + b.service + "/" + b.method}
	return grpc.MethodDesc{
		MethodName: b.method,
		Handler: func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
			req := b.request()
			if err := decode(req); err != nil {
				return nil, err
			}
			if intercept == nil {
				return serve(ctx, req)
			}
			return intercept(ctx, req, info, serve)
		},
	}
}

// serve validates what the host has not, calls the connector and holds its answer
// against the request.
func (s *Server) serve(ctx context.Context, b boundOperation, req proto.Message) (proto.Message, error) {
	if !callOf(ctx).checked {
		if err := s.validate(req); err != nil {
			return nil, err
		}
	}
	resp, err := b.handle(ctx, req)
	if err == nil {
		what := b.differs(req, resp)
		if what == "" {
			return resp, nil
		}
		err = Errorf(OutcomeUnknown, wire.ReasonIntegrityMismatch,
			"the PSP's answer contradicts the request in %s; look at the payment before anything else", what)
		Logger(ctx).Error("integrity mismatch", "method", b.method, "field", what)
		return nil, err
	}
	failed := asError(err)
	if failed.Kind == OutcomeUnknown && b.unknown != nil {
		Logger(ctx).Warn("outcome unknown", "method", b.method, "error", fit(failed.Message), "cause", fit(fmt.Sprint(failed.Cause)))
		return b.unknown(req), nil
	}
	return nil, failed
}

// validate holds a message against the contract's rules.
func (s *Server) validate(message proto.Message) error {
	violations, err := s.validator.Check(message)
	switch {
	case err != nil:
		return Errorf(InvalidRequest, "", "the request can't be validated: %w", err)
	case len(violations) > 0:
		return invalid(violations)
	}
	return nil
}

func invalid(violations []*errdetails.BadRequest_FieldViolation) *Error {
	e := Errorf(InvalidRequest, "", "the request is invalid: %s: %s", violations[0].GetField(), violations[0].GetDescription())
	for _, v := range violations {
		e.Fields = append(e.Fields, FieldViolation{v.GetField(), v.GetDescription()})
	}
	return e
}

// dispatchUnary is the way of every unary call, probes among them.
func (s *Server) dispatchUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	ctx, err = s.incoming(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	defer s.running.begin()()
	defer func() {
		err = s.outgoing(ctx, info.FullMethod, recover(), err)
		if spans := callOf(ctx).spans; spans != nil {
			_ = grpc.SetTrailer(ctx, spans.trailer(err))
		}
	}()
	return next(ctx, req)
}

// dispatchStream is the way of every streaming call.
func (s *Server) dispatchStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	ctx, err := s.incoming(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	defer func() {
		err = s.outgoing(ctx, info.FullMethod, recover(), err)
		if spans := callOf(ctx).spans; spans != nil {
			stream.SetTrailer(spans.trailer(err))
		}
	}()
	return next(srv, streamWithContext{stream, ctx})
}

func (s *Server) incoming(ctx context.Context, method string) (context.Context, error) {
	wired, err := wire.IncomingCallContext(ctx)
	if err != nil {
		return nil, Errorf(InvalidRequest, "", "%w", err).failure().Err()
	}
	call := callFrom(wired)
	return withCall(ctx, callValue{
		Call: call, log: s.log, unmapped: s.unmapped,
		spans:   startSpans(wired.GetSpans(), call, method),
		checked: bytes.Equal(wired.GetCheckedContract(), wire.Contract()),
	}), nil
}

// outgoing turns what a handler ended with into the error that travels.
func (s *Server) outgoing(ctx context.Context, method string, panicked any, err error) error {
	if panicked != nil {
		Logger(ctx).Error("panic", "method", method, "panic", wire.RedactText(fmt.Sprint(panicked)), "stack", string(debug.Stack()))
		return (&Error{Kind: Internal, Message: "the connector panicked"}).failure().Err()
	}
	if err == nil {
		return nil
	}
	var failed *Error
	if st, isStatus := status.FromError(err); isStatus && !errors.As(err, &failed) {
		return st.Err() // a service of the author's own may speak gRPC
	}
	failed = asError(err)
	if failed.Kind == Internal || failed.Kind == OutcomeUnknown {
		Logger(ctx).Error("call failed", "method", method, "error", fit(failed.Message), "cause", fit(fmt.Sprint(failed.Cause)))
	}
	return failed.failure().Err()
}

type streamWithContext struct {
	grpc.ServerStream
	ctx context.Context
}

func (s streamWithContext) Context() context.Context { return s.ctx }

// connectorService serves patchbay.connector.v1.
type connectorService struct{ *Server }

// Describe implements connectorv1.ConnectorServiceServer.
func (c connectorService) Describe(_ context.Context, req *connectorv1.DescribeRequest) (*connectorv1.DescribeResponse, error) {
	if bytes.Equal(req.GetContract(), wire.Contract()) {
		return &connectorv1.DescribeResponse{Description: c.description}, nil
	}
	whole := proto.CloneOf(c.description)
	var err error
	whole.Descriptors, err = c.descriptorSet(false)
	return &connectorv1.DescribeResponse{Description: whole}, err
}

// Probe implements connectorv1.ConnectorServiceServer.
func (c connectorService) Probe(context.Context, *connectorv1.ProbeRequest) (*connectorv1.ProbeResponse, error) {
	return &connectorv1.ProbeResponse{OldestCall: durationpb.New(c.running.oldest())}, nil
}

// CheckAccount implements connectorv1.ConnectorServiceServer.
func (c connectorService) CheckAccount(ctx context.Context, req *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error) {
	if c.account == nil {
		return nil, Errorf(Unsupported, "", "this connector can't check an account")
	}
	resp, err := c.account.CheckAccount(ctx, req)
	if err != nil {
		return nil, asError(err)
	}
	return resp, nil
}
