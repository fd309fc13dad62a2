// Package connectortest proves connectors.
package connectortest

import (
	"context"
	"encoding/json"
	"net"
	"testing"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Harness is a connector that is served in this process, over a real socket and
// through the SDK's dispatcher, so that tests see what a host sees.
type Harness struct {
	Connector connectorv1.ConnectorServiceClient
	Payments  paymentsv1.PaymentServiceClient
	Refunds   paymentsv1.RefundServiceClient
	Conn      *grpc.ClientConn // for services of the author's own

	t      testing.TB
	config []byte
}

// Start serves the connector until the test ends. config is the account's
// configuration, anything that encoding/json makes an object of; nil for none.
func Start(t testing.TB, c sdk.Connector, config any, opts ...sdk.Option) *Harness {
	t.Helper()
	log := hclog.New(&hclog.LoggerOptions{Output: testLog{t}, Level: hclog.Debug})
	server, err := sdk.NewServer(c, append([]sdk.Option{sdk.WithLogger(log)}, opts...)...)
	if err != nil {
		t.Fatalf("serve the connector: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	served := grpc.NewServer(server.InterceptorOptions()...)
	server.Register(served)
	go func() { _ = served.Serve(listener) }()

	conn, err := grpc.NewClient(listener.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry())
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		served.Stop()
	})

	h := &Harness{
		Connector: connectorv1.NewConnectorServiceClient(conn),
		Payments:  paymentsv1.NewPaymentServiceClient(conn),
		Refunds:   paymentsv1.NewRefundServiceClient(conn),
		Conn:      conn,
		t:         t,
	}
	if config != nil {
		if h.config, err = json.Marshal(config); err != nil {
			t.Fatalf("encode the configuration: %v", err)
		}
	}
	return h
}

// Context returns the context of a call with the given idempotency key and the
// harness's configuration, as a host would make it.
func (h *Harness) Context(idempotencyKey string) context.Context {
	h.t.Helper()
	ctx, err := wire.OutgoingContext(h.t.Context(), &connectorv1.CallContext{
		RequestId:      h.t.Name(),
		IdempotencyKey: idempotencyKey,
		Config:         h.config,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return ctx
}

// testLog shows a connector's log with the test that made it.
type testLog struct{ t testing.TB }

func (l testLog) Write(line []byte) (int, error) {
	if l.t.Context().Err() == nil { // a test that is over can't log
		l.t.Logf("%s", line)
	}
	return len(line), nil
}
