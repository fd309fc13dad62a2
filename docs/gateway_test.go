package docs_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
)

// TestWithGateway holds the reference tables against what a gateway with all
// first-party connectors says and does.
func TestWithGateway(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: builds and runs the programs")
	}
	r := newWorkspace(t).run(t)
	conn, err := grpc.NewClient(r.gateway, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Run("types that connectors declare", func(t *testing.T) { declaredTypes(t, conn) })
	t.Run("statuses of payments", func(t *testing.T) { toldOfPayments(t, conn) })
	t.Run("other statuses", func(t *testing.T) { toldOfOthers(t, conn) })
}

// declaredTypes looks up every type of payment method that a connector declares.
func declaredTypes(t *testing.T, conn *grpc.ClientConn) {
	known := knownTypes(t)
	for _, connector := range serving(t, conn) {
		var declared []string
		for _, version := range connector.GetVersions() {
			d := version.GetDescription()
			declared = append(declared, d.GetPaymentMethodTypes()...)
			for _, service := range d.GetServices() {
				for _, operation := range service.GetOperations() {
					for _, capability := range operation.GetCapabilities() {
						declared = append(declared, capability.GetPaymentMethodTypes()...)
					}
				}
			}
		}
		if len(declared) == 0 {
			t.Errorf("%s declares no types", connector.GetName())
		}
		slices.Sort(declared)
		for _, kind := range slices.Compact(declared) {
			if known[kind] == "" {
				t.Errorf("%s takes %q, which payment-methods.md does not have", connector.GetName(), kind)
			}
		}
	}
}

// serving waits until all connectors are.
func serving(t *testing.T, conn *grpc.ClientConn) []*gatewayv1.Connector {
	t.Helper()
	idle := func(c *gatewayv1.Connector) bool {
		return len(c.GetVersions()) == 0 || c.GetVersions()[0].GetState() != gatewayv1.ConnectorState_CONNECTOR_STATE_SERVING
	}
	for until := time.Now().Add(patience); ; <-time.After(50 * time.Millisecond) {
		answer, err := gatewayv1.NewConnectorServiceClient(conn).ListConnectors(t.Context(), &gatewayv1.ListConnectorsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.GetConnectors()) > 0 && !slices.ContainsFunc(answer.GetConnectors(), idle) {
			return answer.GetConnectors()
		}
		if time.Now().After(until) {
			t.Fatalf("not all connectors serve: %v", answer)
		}
	}
}
