package wire

import (
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// arrive turns a call's outgoing metadata into the far side's incoming.
func arrive(t *testing.T, call *connectorv1.CallContext) (*connectorv1.CallContext, metadata.MD) {
	t.Helper()
	ctx, err := OutgoingContext(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer caller", "x-forged", "1"), call)
	if err != nil {
		t.Fatal(err)
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	got, err := IncomingCallContext(metadata.NewIncomingContext(t.Context(), md))
	if err != nil {
		t.Fatal(err)
	}
	return got, md
}

func TestCallContext_roundTrip(t *testing.T) {
	for _, call := range []*connectorv1.CallContext{
		{},
		{RequestId: "req-1", IdempotencyKey: strings.Repeat("k", 43), Account: "acme-eu", Config: []byte("{\"a\":\"\x00\xff\"}"), Traceparent: "00-1-2-01", Tracestate: "a=b"},
	} {
		got, md := arrive(t, call)
		if !proto.Equal(got, call) {
			t.Errorf("got %v, want %v", got, call)
		}
		if len(md) != 1 || len(md["patchbay-context-bin"]) != 1 {
			t.Errorf("it travels as %v, want one header and nothing of the caller's", md)
		}
	}
}

func TestCallContext_errors(t *testing.T) {
	if _, err := OutgoingContext(t.Context(), &connectorv1.CallContext{RequestId: "\xff"}); err == nil {
		t.Error("text that is not UTF-8 is sent")
	}
	got, err := IncomingCallContext(t.Context())
	if err != nil || got == nil || !proto.Equal(got, &connectorv1.CallContext{}) {
		t.Errorf("without a header: got %v %v", got, err)
	}
	broken := metadata.NewIncomingContext(t.Context(), metadata.MD{CallContextHeader: {"\xff"}})
	if got, err := IncomingCallContext(broken); err == nil || got != nil || !strings.Contains(err.Error(), CallContextHeader) {
		t.Errorf("with a broken header: got %v %v", got, err)
	}
}
