package gateway

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// account counts a call that has ended, ends its span, and logs it if it failed. Of what callers
// send, only words that the host knows become labels.
func (g *Gateway) account(c *call, err error) {
	st := status.Convert(err)
	ended := telemetry.Call{Code: st.Code().String(), Fault: c.fault(st.Code()), Took: time.Since(c.started)}
	if st.Code() != codes.OK {
		ended.Sent = string(wire.ParseFailure(st).Sent)
	}
	if c.version != "" { // it came as far as an instance
		ended.Connector, ended.Version, ended.Method = c.pick.connector, c.version, c.method
		if c.reason == wire.ReasonOperationUnsupported {
			ended.Method = "undeclared"
		}
	}
	g.config.Metrics.Observe(ended)
	c.endSpan(st, ended)
	log := g.config.Log.Debug
	switch st.Code() {
	case codes.OK:
		return
	case codes.Unknown, codes.Internal:
		log = g.config.Log.Error
	case codes.Unavailable, codes.ResourceExhausted:
		log = g.config.Log.Warn
	}
	log("call failed", "connector", c.pick.connector, "version", c.version, "generation", c.generation, "method", c.method,
		"caller", c.caller.Name, "request_id", c.requestID, "code", st.Code(), "reason", c.reason, "error", st.Message())
}

// admitOwnUnary lets only known callers use the gateway's own services.
func (g *Gateway) admitOwnUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := g.admitOwn(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (g *Gateway) admitOwnStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if info == nil || g.reflect.own[service(info.FullMethod)].Methods == nil { // carried calls see to it themselves
		return next(srv, stream)
	}
	if err := g.admitOwn(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return next(srv, stream)
}

func (g *Gateway) admitOwn(ctx context.Context, method string) error {
	if service(method) == "grpc.health.v1.Health" {
		return nil // load balancers have no credentials
	}
	md, _ := metadata.FromIncomingContext(ctx)
	if _, err := g.config.Auth.Authenticate(ctx, md); err != nil {
		return refusal(codes.Unauthenticated, wire.ReasonUnauthenticated, "%v", err).Err()
	}
	return nil
}
