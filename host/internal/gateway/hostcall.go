package gateway

import (
	"context"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/sdk/wire"
)

// HostCall is a unary call that the host itself makes of a connector, for an
// account that it holds.
type HostCall struct {
	As                 auth.Host // the caller in log and audit record
	Peer               string    // who gave rise to it, as an address
	Method             string    // "/package.Service/Method"
	Connector, Account string
	RequestID          string
	Traceparent        string // W3C trace context; empty: the call begins a trace
}

// Call carries a call of the host's the way of every other: limits, validation,
// deadline, hand-over, metrics, trace and audit record. It fills in the answer and
// says which version of the connector gave it. Its error is what a caller would be
// told.
func (g *Gateway) Call(ctx context.Context, h HostCall, request, answer proto.Message) (version string, f wire.Failure) {
	md := metadata.Pairs(wire.ConnectorHeader, h.Connector, wire.AccountHeader, h.Account, wire.RequestIDHeader, h.RequestID, wire.TraceParentHeader, h.Traceparent)
	c, err := g.newCallBy(ctx, h.As, h.Method, md)
	c.peer = h.Peer
	var response *frame
	if err == nil {
		response, err = g.carryOne(ctx, c, request)
	}
	g.account(c, err)
	if err != nil {
		return c.version, wire.ParseFailure(status.Convert(err))
	}
	defer response.free()
	if err := proto.Unmarshal(response.data.Materialize(), answer); err != nil {
		return c.version, outcomeUnknown("the connector's answer can't be understood")
	}
	return c.version, wire.Failure{}
}
