package gateway

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/patchbay/patchbay/host/internal/registry"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// The limits of one stream. Nothing further is read while they are reached.
const (
	bulkInFlight             = 64
	bulkInFlightPerConnector = 16
)

// bulkService carries many operations over one stream.
type bulkService struct{ gateway *Gateway }

// Process implements gatewayv1.BulkServiceServer.
func (s bulkService) Process(stream grpc.BidiStreamingServer[gatewayv1.ProcessRequest, gatewayv1.ProcessResponse]) error {
	limit := s.gateway.config.Limits.StreamIdle
	b := &bulk{
		gateway: s.gateway, stream: stream, silence: newSilence(limit), slots: make(chan struct{}, bulkInFlight),
		seen: map[string]bool{}, connectors: map[string]chan struct{}{},
	}
	defer b.silence.stop()
	ended := make(chan error, 1)
	go func() { ended <- b.read() }()
	select {
	case err := <-ended:
		return err
	case <-b.silence.over: // a caller that does not read is silent too; returning frees what waits for it
		return b.wentSilent(limit).Err()
	}
}

// bulk is one stream.
type bulk struct {
	gateway *Gateway
	stream  grpc.BidiStreamingServer[gatewayv1.ProcessRequest, gatewayv1.ProcessResponse]
	silence *silence
	slots   chan struct{} // one is taken by each operation that is not answered
	work    sync.WaitGroup

	unanswered atomic.Int64 // operations that were begun and whose answer is not written

	seen       map[string]bool          // correlation ids; of the reader alone
	connectors map[string]chan struct{} // slots of each connector; of the reader alone

	sending sync.Mutex
	broken  error // of Send
}

// read begins what the caller sends. What was read is answered when it returns.
func (b *bulk) read() error {
	defer b.work.Wait()
	for {
		b.slots <- struct{}{}
		request, err := b.stream.Recv()
		if errors.Is(err, io.EOF) {
			return b.end()
		}
		if err != nil {
			return err
		}
		if !b.begin(request) {
			return nil // the stream was given up meanwhile
		}
	}
}

// end waits for the last answers.
func (b *bulk) end() error {
	b.work.Wait()
	b.sending.Lock()
	defer b.sending.Unlock()
	return b.broken
}

// wentSilent says where the stream stood when it was given up. All that was read
// is carried out then; answers may wait for a caller that does not read them.
func (b *bulk) wentSilent(limit time.Duration) wire.Failure {
	if waiting := b.unanswered.Load(); waiting > 0 {
		f := refusal(codes.Unknown, wire.ReasonOutcomeUnknown, "the caller read nothing for %s; answers that wait for it: %d", limit, waiting)
		f.Sent = wire.SentMaybe
		return f
	}
	return refusal(codes.DeadlineExceeded, wire.ReasonStreamIdle, "neither side sent a message for %s; every operation that was taken is answered", limit)
}

// begin starts an operation; false if the stream was given up. It waits while the
// connector has as many of this stream's operations as it may, so that a slow PSP
// slows the caller down.
func (b *bulk) begin(request *gatewayv1.ProcessRequest) bool {
	target := request.GetConnector() + "/" + request.GetAccount()
	slots := b.connectors[target]
	if slots == nil {
		slots = make(chan struct{}, bulkInFlightPerConnector)
		b.connectors[target] = slots
	}
	twice := b.seen[request.GetCorrelationId()]
	b.seen[request.GetCorrelationId()] = true
	slots <- struct{}{}
	if !b.silence.begin() {
		return false
	}
	b.unanswered.Add(1)
	b.work.Go(func() {
		answer := b.process(request, twice)
		b.silence.done()
		b.send(answer)
		<-slots
		<-b.slots
	})
	return true
}

// send writes one answer. While the caller does not read, it waits, and so does
// everything behind it.
func (b *bulk) send(answer *gatewayv1.ProcessResponse) {
	b.sending.Lock()
	defer b.sending.Unlock()
	if b.broken != nil {
		return
	}
	if b.broken = b.stream.Send(answer); b.broken == nil {
		b.unanswered.Add(-1)
		b.silence.broken()
	}
}

// process carries one operation as its own RPC would be carried.
func (b *bulk) process(request *gatewayv1.ProcessRequest, twice bool) *gatewayv1.ProcessResponse {
	answer := &gatewayv1.ProcessResponse{CorrelationId: request.GetCorrelationId()}
	field, method := operationOf(request)
	if refused := b.check(request, field, twice); refused.Code != codes.OK {
		answer.Outcome = &gatewayv1.ProcessResponse_Error{Error: bulkError(refused)}
		return answer
	}
	ctx := b.stream.Context()
	if request.GetTimeout() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, request.GetTimeout().AsDuration())
		defer cancel()
	}
	c, err := b.gateway.newCall(ctx, method, b.envelope(request))
	answer.IdempotencyKey, answer.RequestId = c.callerKey, c.requestID
	var response *frame
	if err == nil {
		response, err = b.gateway.carryOne(ctx, c, request.ProtoReflect().Get(field).Message().Interface())
	}
	b.gateway.account(c, err)
	if c.version != "" {
		answer.Connector = c.pick.connector + "@" + c.version
	}
	if err != nil {
		answer.Outcome = &gatewayv1.ProcessResponse_Error{Error: bulkError(wire.ParseFailure(status.Convert(err)))}
		return answer
	}
	defer response.free()
	out := answer.ProtoReflect()
	target := out.Mutable(out.Descriptor().Fields().ByName(field.Name())).Message().Interface()
	if err := proto.Unmarshal(response.data.Materialize(), target); err != nil {
		answer.Outcome = &gatewayv1.ProcessResponse_Error{Error: bulkError(outcomeUnknown("the connector's answer can't be understood"))}
	}
	return answer
}

// carryOne is the way of a call that has its message already.
func (g *Gateway) carryOne(ctx context.Context, c *call, message proto.Message) (response *frame, err error) {
	defer g.guard(c, &err)
	place, err := g.admit(c)
	if err != nil {
		return nil, err
	}
	defer place.leave()
	raw, err := proto.Marshal(message)
	if err != nil {
		return nil, c.with(refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "the operation can't be encoded: %v", err))
	}
	_, plugin := g.deadline(ctx, c.started)
	request := &frame{data: mem.BufferSlice{mem.SliceBuffer(raw)}}
	return g.perform(ctx, c, request, plugin, func(*registry.Instance) error { return ctx.Err() })
}

// check holds the envelope of an operation against its rules; the operation
// itself is validated on its way, like every other.
func (b *bulk) check(request *gatewayv1.ProcessRequest, field protoreflect.FieldDescriptor, twice bool) wire.Failure {
	if twice {
		return refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "correlation_id %q was used in this stream before", request.GetCorrelationId())
	}
	violations, err := b.gateway.validator.CheckAcrossVersions(request)
	if err != nil {
		return refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "the request can't be validated: %v", err)
	}
	if len(violations) == 0 && field != nil {
		return wire.Failure{}
	}
	if field == nil && len(violations) == 0 {
		return refusal(codes.Unimplemented, wire.ReasonOperationUnsupported, "this gateway does not know the operation")
	}
	if field != nil {
		for _, v := range violations { // as the operation's own RPC would name them
			v.Field = strings.TrimPrefix(v.GetField(), string(field.Name())+".")
		}
	}
	f := refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "the request is invalid: %s: %s", violations[0].GetField(), violations[0].GetDescription())
	f.Fields = violations
	return f
}

// envelope says the operation's target in the headers of its own RPC. Who calls
// is who opened the stream.
func (b *bulk) envelope(request *gatewayv1.ProcessRequest) metadata.MD {
	opened, _ := metadata.FromIncomingContext(b.stream.Context())
	md := metadata.MD{}
	for _, key := range []string{"authorization", "x-api-key", wire.TraceParentHeader, wire.TraceStateHeader} {
		md.Append(key, opened.Get(key)...)
	}
	set := func(key, value string) {
		if value != "" {
			md.Set(key, value)
		}
	}
	set(wire.ConnectorHeader, request.GetConnector())
	set(wire.AccountHeader, request.GetAccount())
	set(wire.IdempotencyKeyHeader, request.GetIdempotencyKey())
	if request.GetConfig() != nil {
		if raw, err := request.GetConfig().MarshalJSON(); err == nil {
			set(wire.ConfigHeader, string(raw))
		}
	}
	return md
}

// operationOf finds the operation of a request and the path of its own RPC.
func operationOf(request *gatewayv1.ProcessRequest) (protoreflect.FieldDescriptor, string) {
	m := request.ProtoReflect()
	field := m.WhichOneof(m.Descriptor().Oneofs().ByName("operation"))
	if field == nil {
		return nil, ""
	}
	return field, bulkMethods()[field.Message().FullName()]
}

// bulkMethods is the path of each unary payments method by its request's name.
var bulkMethods = sync.OnceValue(func() map[protoreflect.FullName]string {
	paths := map[protoreflect.FullName]string{}
	wire.Files().RangeFilesByPackage(wire.PaymentsPackage, func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				paths[method.Input().FullName()] = "/" + string(service.FullName()) + "/" + string(method.Name())
			}
		}
		return true
	})
	return paths
})

// bulkError says what the status of the operation's own RPC would say.
func bulkError(f wire.Failure) *gatewayv1.BulkError {
	e := &gatewayv1.BulkError{Code: int32(f.Code), Reason: f.Reason, Message: f.Message, Sent: gatewayv1.Sent_SENT_MAYBE, Metadata: f.Metadata}
	if f.Sent == wire.SentNever {
		e.Sent = gatewayv1.Sent_SENT_NEVER
	}
	for _, v := range f.Fields {
		e.FieldViolations = append(e.FieldViolations, &gatewayv1.FieldViolation{Field: v.GetField(), Description: v.GetDescription(), Reason: v.GetReason()})
	}
	if f.RetryAfter > 0 {
		e.RetryDelay = durationpb.New(f.RetryAfter)
	}
	return e
}
