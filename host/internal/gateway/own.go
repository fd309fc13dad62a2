package gateway

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/sdk/wire"
)

// admitOwnUnary lets callers use the gateway's own services as far as their
// policies allow it, and records it.
func (g *Gateway) admitOwnUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
	if open(info.FullMethod) {
		return next(ctx, req)
	}
	c, err := g.ownCall(ctx, info.FullMethod)
	defer func() { g.endOwn(ctx, c, err) }()
	defer g.guard(c, &err)
	if err != nil {
		return nil, err
	}
	return next(withCaller(ctx, c.caller), req)
}

func (g *Gateway) admitOwnStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	if info == nil || g.reflect.own[service(info.FullMethod)].Methods == nil || open(info.FullMethod) { // carried calls see to it themselves
		return next(srv, stream)
	}
	c, err := g.ownCall(stream.Context(), info.FullMethod)
	defer func() { g.endOwn(stream.Context(), c, err) }()
	defer g.guard(c, &err)
	if err != nil {
		return err
	}
	return next(srv, calledBy{stream, withCaller(stream.Context(), c.caller)})
}

// open says whether a method is for everybody: load balancers have no
// credentials.
func open(method string) bool { return service(method) == "grpc.health.v1.Health" }

// ownCall reads who makes a call of the gateway's own services, and holds it
// against that caller's policy and rate. Its streams do not count as calls in
// flight: each operation that they carry does.
func (g *Gateway) ownCall(ctx context.Context, method string) (c *call, err error) {
	md, _ := metadata.FromIncomingContext(ctx)
	c = &call{method: method, started: time.Now(), peer: peerOf(ctx), requestID: one(md, wire.RequestIDHeader)}
	defer g.guard(c, &err)
	if !printable(c.requestID, maxRequestID) {
		c.requestID = ""
	}
	if c.requestID == "" {
		c.requestID = random()
	}
	if c.caller, err = g.config.Auth.Authenticate(ctx, md); err != nil {
		return c, c.with(c.denied(err))
	}
	introduced(ctx)
	if err := c.caller.MayCall(method); err != nil {
		return c, c.with(notAllowed(err))
	}
	if name := connectorOf(md); name != "" { // what reflection is to show
		c.pick.connector = name
		if err := c.caller.MayUse(name); err != nil {
			return c, c.with(notAllowed(err))
		}
	}
	if refused := g.callers.pace(c.caller); refused.Code != codes.OK {
		return c, c.with(refused)
	}
	return c, nil
}

// endOwn records a call of the gateway's own services.
func (g *Gateway) endOwn(ctx context.Context, c *call, err error) {
	heard(ctx, c.stranger)
	if c.reason == "" && err != nil {
		c.reason = wire.ParseFailure(status.Convert(err)).Reason
	}
	g.record(c, err)
	if c.detail != "" {
		g.config.Log.Debug("call refused", "method", c.method, "caller", c.caller.Name, "request_id", c.requestID, "detail", c.detail)
	}
}

// callerKey is the key of the caller in the context of the gateway's own services.
type callerKey struct{}

func withCaller(ctx context.Context, caller auth.Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// callerOf is who calls one of the gateway's own services; nobody, if that is not
// known.
func callerOf(ctx context.Context) auth.Caller {
	caller, _ := ctx.Value(callerKey{}).(auth.Caller)
	return caller
}

// calledBy is a stream that knows its caller.
type calledBy struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements grpc.ServerStream.
func (s calledBy) Context() context.Context { return s.ctx }
