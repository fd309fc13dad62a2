package gateway

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/account"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// broken is a part of the host with a mistake in it.
type broken struct{ Accounts }

func (b broken) Find(name, connector string) (account.Account, bool) {
	if name == "broken" {
		panic("card 4242424242424242")
	}
	return b.Accounts.Find(name, connector)
}

func (broken) Connectors(string) []*gatewayv1.Connector { panic("no") }

// TestOwnPanics has the gateway's own code panic at calls of every kind: each is
// told, nothing of it reaches the connector, and the gateway goes on.
func TestOwnPanics(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.Accounts, c.Connectors = broken{c.Accounts}, broken{} })
	many := func() error {
		stream, err := gatewayv1.NewBulkServiceClient(h.conn).Process(t.Context())
		if err != nil {
			return err
		}
		one := line("1")
		one.Account = "broken"
		if err := stream.Send(one); err != nil {
			return err
		}
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		e, sent := answer.GetError(), wire.SentMaybe
		if e.GetSent() == gatewayv1.Sent_SENT_NEVER {
			sent = wire.SentNever
		}
		return wire.Failure{Code: codes.Code(e.GetCode()), Reason: e.GetReason(), Sent: sent}.Err()
	}
	for kind, call := range map[string]func() error{
		"a carried call": func() error {
			_, err := h.payments.Authorize(h.ctx("x-connector", "acme", "x-account", "broken"), valid())
			return err
		},
		"the gateway's own": func() error {
			_, err := gatewayv1.NewConnectorServiceClient(h.conn).ListConnectors(t.Context(), &gatewayv1.ListConnectorsRequest{})
			return err
		},
		"one of many": many,
	} {
		if f := wire.ParseFailure(status.Convert(call())); f.Code != codes.Internal || f.Reason != wire.ReasonInternal || f.Sent != wire.SentNever {
			t.Errorf("%s: got %+v", kind, f)
		}
	}
	if h.plugin.calls.Load() != 0 {
		t.Error("the connector was called")
	}
	if _, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid()); err != nil {
		t.Errorf("the next call: %v", err)
	}
	if log := h.log.String(); strings.Count(log, "has panicked") != 3 || !strings.Contains(log, "guard_test.go") || strings.Contains(log, "4242424242424242") {
		t.Errorf("the log has %s", log)
	}
}

// A panic while a message may be on its way does not claim that nothing was sent.
func TestOwnPanicOnTheWay(t *testing.T) {
	h := newHarness(t)
	err := func() (err error) {
		defer h.gateway.guard(&call{envelope: &connectorv1.CallContext{}}, &err)
		panic("no")
	}()
	if f := wire.ParseFailure(status.Convert(err)); f.Code != codes.Internal || f.Sent != wire.SentMaybe {
		t.Errorf("got %+v", f)
	}
}
