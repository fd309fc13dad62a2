package gateway

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// attempts is how often a call is handed over at most, the repeat included.
const attempts = 2

// carry is the way of every call to a connector.
func (g *Gateway) carry(_ any, stream grpc.ServerStream) (err error) {
	method, _ := grpc.MethodFromServerStream(stream)
	md, _ := metadata.FromIncomingContext(stream.Context())
	c, err := g.newCall(stream.Context(), method, md)
	defer func() {
		g.account(c, err)
		heard(stream.Context(), c.stranger || c.envelope == nil && stream.Context().Err() != nil)
	}()
	defer g.guard(c, &err)
	_ = stream.SetHeader(c.header())
	if err != nil {
		return err
	}
	place, err := g.admit(c)
	if err != nil {
		return err
	}
	defer place.leave()

	own, plugin := g.deadline(stream.Context(), c.started)
	_, m, err := g.look(stream.Context(), c, plugin)
	if err != nil {
		return err
	}
	if !m.Unary() {
		return g.carryStream(stream, c, m, plugin)
	}
	request, err := g.receive(stream, c, place)
	if err != nil {
		return err
	}
	defer request.free()
	response, err := g.perform(stream.Context(), c, request, plugin, func(inst *registry.Instance) error {
		_ = stream.SetHeader(metadata.Pairs(wire.ConnectorHeader, inst.Name+"@"+inst.Version))
		return stream.SendHeader(nil)
	})
	if err != nil {
		return err
	}
	defer response.free()
	if stream.Context().Err() != nil || time.Now().After(own) {
		g.config.Log.Warn("the caller is gone; its call was carried out", "connector", c.pick.connector, "method", c.method, "request_id", c.requestID)
	}
	g.record(c, nil)
	return stream.SendMsg(response)
}

// admit counts a call in, or refuses it.
func (g *Gateway) admit(c *call) (p *place, err error) {
	done, refused := g.callers.admit(c.caller)
	if refused.Code != codes.OK {
		return nil, c.with(refused)
	}
	defer func() {
		if err != nil {
			done()
		}
	}()
	if !g.config.Registry.Has(c.pick.connector) {
		return nil, c.with(g.unknownConnector(c))
	}
	if err := g.config.Audit.Ready(); err != nil {
		c.detail = err.Error()
		return nil, c.with(unrecorded())
	}
	p, refused = g.limits.admit(c.pick.connector)
	if refused.Code != codes.OK {
		return nil, c.with(refused)
	}
	p.done = done
	return p, nil
}

// receive reads the message of a unary call. A caller may be slow to send it, but
// not for ever, and the connector's place is free for others meanwhile.
func (g *Gateway) receive(stream grpc.ServerStream, c *call, place *place) (*frame, error) {
	place.stepOut()
	type arrival struct {
		request *frame
		err     error
	}
	arrived := make(chan arrival, 1)
	go func() { // it ends with the call, be it answered or given up
		request := &frame{}
		err := stream.RecvMsg(request)
		arrived <- arrival{request, err}
	}()
	var late <-chan time.Time
	if g.config.Limits.Receive > 0 {
		timer := time.NewTimer(g.config.Limits.Receive)
		defer timer.Stop()
		late = timer.C
	}
	var a arrival
	select {
	case a = <-arrived:
	case <-late:
		return nil, c.with(refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "the message did not arrive within %s", g.config.Limits.Receive))
	}
	if a.err != nil {
		return nil, c.with(refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "the message did not arrive: %v", status.Convert(a.err).Message()))
	}
	if refused := place.enter(); refused.Code != codes.OK {
		a.request.free()
		return nil, c.with(refused)
	}
	return a.request, nil
}

// look tells what is known of the connector that a call is for, and holds the
// call against it. A connector that rests is not woken for that.
func (g *Gateway) look(ctx context.Context, c *call, until time.Time) (registry.Known, description.Method, error) {
	known, ok := g.config.Registry.Describe(c.pick.connector, c.pick.version)
	if !ok {
		inst, err := g.acquire(ctx, c, until)
		if err != nil {
			return known, description.Method{}, err
		}
		defer inst.Release()
		known = registry.Known{Description: inst.Description, Version: inst.Version, Generation: inst.Generation}
	}
	c.generation, c.version = known.Generation, known.Version
	m, err := c.fits(known.Description)
	return known, m, err
}

// fits holds a call's method and configuration against what a connector declares.
func (c *call) fits(d *description.Description) (description.Method, error) {
	m, ok := d.Methods[c.method]
	if !ok {
		return m, c.with(unsupported(c, d))
	}
	if violations := d.CheckConfig(c.config); len(violations) > 0 && m.Payments {
		f := refusal(codes.FailedPrecondition, wire.ReasonConfigInvalid, "the configuration for connector %q is not right: %s %s",
			c.pick.connector, violations[0].GetField(), violations[0].GetDescription())
		f.Fields = violations
		return m, c.with(f)
	}
	return m, nil
}

// acquire gets the instance for a call, waiting for one that is to come.
func (g *Gateway) acquire(ctx context.Context, c *call, until time.Time) (*registry.Instance, error) {
	inst, err := g.config.Registry.Acquire(c.pick.connector, c.pick.version)
	if errors.Is(err, registry.ErrNotServing) {
		wait, cancel := context.WithDeadline(ctx, until)
		wait, stop := g.untilEnd(wait)
		inst, err = g.config.Registry.AcquireWait(wait, c.pick.connector, c.pick.version)
		stop()
		cancel()
	}
	switch {
	case errors.Is(err, registry.ErrUnknown):
		return nil, c.with(g.unknownConnector(c))
	case err != nil:
		return nil, c.with(unavailable(c.pick, err))
	}
	c.taken(inst)
	return inst, nil
}

// unsupported is the answer to a method that the connector does not declare.
func unsupported(c *call, d *description.Description) wire.Failure {
	var near []string
	service, _, _ := strings.Cut(c.method[1:], "/")
	for path := range d.Methods {
		if strings.HasPrefix(path, "/"+service+"/") {
			near = append(near, path[1:])
		}
	}
	if len(near) == 0 {
		near = slices.Clone(d.Services)
	}
	slices.Sort(near)
	f := refusal(codes.Unimplemented, wire.ReasonOperationUnsupported, "connector %q does not offer %s; it offers: %s",
		c.pick.connector, c.method[1:], strings.Join(near, ", "))
	f.Metadata = map[string]string{wire.AvailableKey: strings.Join(near, ",")}
	return f
}

// perform carries one message there and one back. commit is called just before
// the message is handed over: the answer's headers leave then, which commits the
// call at the caller, so that no retry policy on the way repeats a payment behind
// its back.
func (g *Gateway) perform(ctx context.Context, c *call, request *frame, plugin time.Time, commit func(*registry.Instance) error) (*frame, error) {
	c.request = request
	known, m, err := g.look(ctx, c, plugin)
	if err != nil {
		return nil, err
	}
	if refused := g.validate(request, known.Description, m); refused.Code != codes.OK {
		return nil, c.with(refused)
	}
	inst, err := g.acquire(ctx, c, plugin)
	if err != nil {
		return nil, err
	}
	if inst.Description != known.Description { // another took over in between
		if m, err = g.again(request, c, inst); err != nil {
			inst.Release()
			return nil, err
		}
	}
	if err := commit(inst); err != nil {
		inst.Release()
		return nil, c.with(refusal(codes.Unavailable, wire.ReasonUnavailable, "the caller is gone; nothing was sent"))
	}
	// From here on a caller that goes away changes nothing: a request that may
	// have begun to leave is seen to its end, and its result recorded.
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), plugin)
	defer cancel()
	ctx, stop := g.untilEnd(ctx)
	defer stop()
	c.envelope = c.context(g.config.KeySecret)
	ctx, err = wire.OutgoingContext(ctx, c.envelope)
	if err != nil {
		inst.Release()
		return nil, c.with(refusal(codes.Internal, wire.ReasonInternal, "%v", err))
	}
	return g.invoke(ctx, c, inst, m, request)
}

// again holds a request against an instance that describes itself by another
// description than the one it was held against.
func (g *Gateway) again(request *frame, c *call, inst *registry.Instance) (description.Method, error) {
	m, err := c.fits(inst.Description)
	if err != nil {
		return m, err
	}
	if refused := g.validate(request, inst.Description, m); refused.Code != codes.OK {
		return m, c.with(refused)
	}
	return m, nil
}

func (g *Gateway) tooLarge() wire.Failure {
	return refusal(codes.InvalidArgument, wire.ReasonMessageTooLarge, "the message is larger than %d bytes", g.config.MaxMessage)
}

// validate decodes a message that the host knows, once, and holds it against the
// contract's rules and what the connector declares. The bytes travel on as they
// are: fields that this host does not know survive.
func (g *Gateway) validate(request *frame, d *description.Description, m description.Method) wire.Failure {
	if request.data.Len() > g.config.MaxMessage {
		return g.tooLarge()
	}
	if !m.Payments || m.Request == nil {
		return wire.Failure{}
	}
	message := m.Request.New().Interface()
	if err := proto.Unmarshal(request.data.Materialize(), message); err != nil {
		return refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "the message is not a %s: %v", message.ProtoReflect().Descriptor().FullName(), err)
	}
	request.message = message
	violations, err := g.validator.CheckAcrossVersions(message)
	switch {
	case err != nil:
		return refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "the message can't be validated: %v", err)
	case len(violations) > 0:
		f := refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "the request is invalid: %s: %s", violations[0].GetField(), violations[0].GetDescription())
		f.Fields = violations
		return f
	}
	request.checked = !wire.Newer(message)
	if refused := d.Judge(m, message); refused != nil {
		return undeclared(d.Wired.GetId(), refused)
	}
	return wire.Failure{}
}

// undeclared is the answer to a request that the connector's description does not
// cover.
func undeclared(connector string, r *description.Refusal) wire.Failure {
	code, reason := codes.Unimplemented, wire.ReasonOperationUnsupported
	if r.Invalid {
		code, reason = codes.InvalidArgument, wire.ReasonInvalidRequest
	}
	f := refusal(code, reason, "connector %q: %s: %s", connector, r.Field, r.What)
	f.Fields = []*errdetails.BadRequest_FieldViolation{{Field: r.Field, Description: r.What}}
	f.Metadata = map[string]string{wire.AvailableKey: strings.Join(r.Available, ",")}
	return f
}

// invoke hands a request over, and over again where that is provably harmless:
// where it never reached an instance, or where the connector recognises a repeat
// by its key. It releases the instance.
func (g *Gateway) invoke(ctx context.Context, c *call, inst *registry.Instance, m description.Method, request *frame) (*frame, error) {
	c.description, c.request, c.requestType = inst.Description, request, m.Request
	for handed := 0; ; {
		c.taken(inst)
		response, over, err := g.handOver(ctx, c, inst, m, request)
		inst.Release()
		if err == nil {
			c.response = response
			return response, nil
		}
		if over {
			handed++
		}
		st := status.Convert(err)
		switch {
		case handed > 0 && !lost(st):
			return nil, c.answer(st)
		case handed > 0 && (handed == attempts || !m.Repeatable || ctx.Err() != nil):
			return nil, c.with(afterLoss(m, explainLoss(ctx, st, inst)))
		case ctx.Err() != nil:
			return nil, c.with(unavailable(c.pick, ctx.Err()))
		}
		g.config.Log.Warn("handing a call over again", "connector", inst.Name, "generation", inst.Generation,
			"method", c.method, "request_id", c.requestID, "handed_over", handed, "error", st.Message())
		next, err := g.config.Registry.AcquireWait(ctx, c.pick.connector, c.pick.version)
		switch {
		case err == nil:
			inst = next
		case handed > 0:
			return nil, c.with(afterLoss(m, explainLoss(ctx, st, inst)))
		default:
			return nil, c.with(unavailable(c.pick, err))
		}
	}
}

var unary = &grpc.StreamDesc{}

// handOver gives a request to one instance and takes its answer. over says
// whether the instance may have got it.
func (g *Gateway) handOver(ctx context.Context, c *call, inst *registry.Instance, m description.Method, request *frame) (response *frame, over bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(inst.Done(), func() { cancel(context.Cause(inst.Done())) })
	defer stop()

	ctx, span := g.traceHandOver(ctx, c, inst)
	var ended grpc.ClientStream
	defer func() { span.end(ended, err) }()

	// WaitForReady: a connection that hiccups comes back or ends with its process.
	stream, err := inst.Conn.NewStream(ctx, unary, m.Path, grpc.ForceCodecV2(g.codec), grpc.WaitForReady(true))
	if err != nil {
		return nil, false, err
	}
	if err := stream.SendMsg(request); err != nil && !errors.Is(err, io.EOF) {
		return nil, true, err
	}
	if err := stream.CloseSend(); err != nil {
		return nil, true, err
	}
	response, ended = &frame{}, stream
	if err := stream.RecvMsg(response); err != nil {
		return nil, true, err
	}
	if m.Response == nil {
		return response, true, nil
	}
	response.message = m.Response.New().Interface()
	if proto.Unmarshal(response.data.Materialize(), response.message) != nil {
		response.free()
		return nil, true, status.Error(codes.DataLoss, "the answer does not decode")
	}
	return response, true, nil
}
