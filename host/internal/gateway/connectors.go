package gateway

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// connectorService tells callers which connectors there are.
type connectorService struct{ connectors Connectors }

// ListConnectors implements gatewayv1.ConnectorServiceServer.
// A caller sees the connectors that it may use.
func (s connectorService) ListConnectors(ctx context.Context, _ *gatewayv1.ListConnectorsRequest) (*gatewayv1.ListConnectorsResponse, error) {
	return &gatewayv1.ListConnectorsResponse{Connectors: s.visible(ctx, "")}, nil
}

// visible are the connectors that the caller may use, one of them in full.
func (s connectorService) visible(ctx context.Context, full string) []*gatewayv1.Connector {
	caller := callerOf(ctx)
	return slices.DeleteFunc(slices.Clone(s.connectors.Connectors(full)), func(c *gatewayv1.Connector) bool { return caller.MayUse(c.GetName()) != nil })
}

// GetConnector implements gatewayv1.ConnectorServiceServer.
func (s connectorService) GetConnector(ctx context.Context, req *gatewayv1.GetConnectorRequest) (*gatewayv1.GetConnectorResponse, error) {
	if req.GetName() == "" {
		return nil, refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "name is missing").Err()
	}
	if err := callerOf(ctx).MayUse(req.GetName()); err != nil {
		return nil, notAllowed(err).Err()
	}
	all := s.visible(ctx, req.GetName())
	i := slices.IndexFunc(all, func(c *gatewayv1.Connector) bool { return c.GetName() == req.GetName() })
	if i >= 0 {
		return &gatewayv1.GetConnectorResponse{Connector: all[i]}, nil
	}
	var names []string
	for _, c := range all {
		names = append(names, c.GetName())
	}
	f := refusal(codes.NotFound, wire.ReasonConnectorUnknown, "no connector %q; there are: %s", req.GetName(), strings.Join(names, ", "))
	f.Metadata = map[string]string{wire.AvailableKey: strings.Join(names, ",")}
	return nil, f.Err()
}
