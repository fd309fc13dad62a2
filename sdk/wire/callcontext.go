package wire

import (
	"context"
	"fmt"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// CallContextHeader carries the call context from host to connector, as one
// binary header because each further header costs both sides time.
const CallContextHeader = "patchbay-context-bin"

// OutgoingContext returns ctx with the call context as its only outgoing
// metadata: whatever a caller sent stays behind.
func OutgoingContext(ctx context.Context, call *connectorv1.CallContext) (context.Context, error) {
	raw, err := proto.Marshal(call)
	if err != nil {
		return nil, fmt.Errorf("encode the call context: %w", err)
	}
	return metadata.NewOutgoingContext(ctx, metadata.MD{CallContextHeader: {string(raw)}}), nil
}

// IncomingCallContext reads the call context of a call that the host carried;
// it is empty, not nil, where there is none.
func IncomingCallContext(ctx context.Context) (*connectorv1.CallContext, error) {
	call := &connectorv1.CallContext{}
	values := metadata.ValueFromIncomingContext(ctx, CallContextHeader)
	if len(values) == 0 {
		return call, nil
	}
	if err := proto.Unmarshal([]byte(values[0]), call); err != nil {
		return nil, fmt.Errorf("decode the header %s: %w", CallContextHeader, err)
	}
	return call, nil
}
