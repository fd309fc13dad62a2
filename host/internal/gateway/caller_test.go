package gateway

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/host/internal/auth"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func limited(name string, inFlight int, perSecond float64) auth.CallerSpec {
	spec := auth.CallerSpec{Name: name, KeySHA256: []string{sum(name)}, PolicySpec: auth.PolicySpec{Connectors: []string{"*"}, Accounts: []string{"*"}, Methods: []string{"*"}}}
	spec.Limits.InFlight, spec.Limits.PerSecond = inFlight, perSecond
	return spec
}

// One caller's limits are no other's.
func TestCallersInFlight(t *testing.T) {
	h := newHarness(t, declared(t, limited("one", 1, 0), limited("two", 1, 0)))
	entered, proceed := make(chan struct{}), make(chan struct{})
	h.plugin.authorize = func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
		entered <- struct{}{}
		<-proceed
		return &paymentsv1.AuthorizeResponse{}, nil
	}
	pay := func(key string) error {
		_, err := h.payments.Authorize(h.ctx("x-api-key", key, "x-connector", "acme"), valid())
		return err
	}
	ended := make(chan error, 2)
	go func() { ended <- pay("one") }()
	<-entered
	if f := expect(t, pay("one"), codes.ResourceExhausted, wire.ReasonOverloaded, wire.SentNever); f.RetryAfter == 0 {
		t.Error("no RetryInfo")
	}
	go func() { ended <- pay("two") }()
	<-entered
	close(proceed)
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	go func() { <-entered }()
	if err := pay("one"); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
}

func TestCallersRate(t *testing.T) {
	h := newHarness(t, declared(t, limited("slow", 0, 0.001), limited("free", 0, 0)))
	list := func(key string) error {
		_, err := gatewayv1.NewConnectorServiceClient(h.conn).ListConnectors(h.ctx("x-api-key", key), &gatewayv1.ListConnectorsRequest{})
		return err
	}
	if err := list("slow"); err != nil {
		t.Fatal(err)
	}
	if f := expect(t, list("slow"), codes.ResourceExhausted, wire.ReasonRateLimited, wire.SentNever); f.RetryAfter == 0 {
		t.Error("no RetryInfo")
	}
	_, err := h.payments.Authorize(h.ctx("x-api-key", "slow", "x-connector", "acme"), valid())
	expect(t, err, codes.ResourceExhausted, wire.ReasonRateLimited, wire.SentNever)
	for range 5 {
		if err := list("free"); err != nil {
			t.Fatal(err)
		}
	}
}

// What a stream of operations carries obeys the policy of who opened it, one by
// one.
func TestBulkObeysThePolicy(t *testing.T) {
	shop := limited("shop", 0, 0)
	shop.Methods = []string{"patchbay.gateway.v1.BulkService/Process", "patchbay.payments.v1.PaymentService/GetPayment"}
	shop.Accounts = []string{"acme-eu"}
	h := newHarness(t, declared(t, shop))
	stream, err := gatewayv1.NewBulkServiceClient(h.conn).Process(h.ctx("x-api-key", "shop"))
	if err != nil {
		t.Fatal(err)
	}
	get := &gatewayv1.ProcessRequest_GetPayment{GetPayment: &paymentsv1.GetPaymentRequest{PaymentId: "p"}}
	for id, request := range map[string]*gatewayv1.ProcessRequest{
		"allowed":          {Account: "acme-eu", Operation: get},
		"another account":  {Connector: "acme", Operation: get},
		"another method":   {Account: "acme-eu", Operation: &gatewayv1.ProcessRequest_Authorize{Authorize: valid()}},
		"no such account":  {Account: "nope", Operation: get},
		"another's by far": {Account: "other", Operation: get},
	} {
		request.CorrelationId = id
		if err := stream.Send(request); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	answers := 0
	for answer, err := stream.Recv(); err == nil; answer, err = stream.Recv() {
		answers++
		code := codes.Code(answer.GetError().GetCode())
		if answer.GetCorrelationId() == "allowed" {
			if answer.GetError() != nil {
				t.Errorf("allowed: %v", answer.GetError())
			}
		} else if code != codes.PermissionDenied || answer.GetError().GetSent() != gatewayv1.Sent_SENT_NEVER {
			t.Errorf("%s: %v", answer.GetCorrelationId(), answer)
		}
	}
	if answers != 5 || h.plugin.calls.Load() != 1 {
		t.Errorf("%d answers and %d calls at the connector, want 5 and 1", answers, h.plugin.calls.Load())
	}
}
