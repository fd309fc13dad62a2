package sdk

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// One function type for each operation: a struct that embeds some of them
// implements exactly those.
type (
	authorizes     func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error)
	captures       func(context.Context, *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error)
	voids          func(context.Context, *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error)
	getsPayments   func(context.Context, *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error)
	createsRefunds func(context.Context, *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error)
	getsRefunds    func(context.Context, *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error)
	checksAccounts func(context.Context, *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error)
)

func (f authorizes) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	return f(ctx, req)
}

func (f captures) Capture(ctx context.Context, req *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	return f(ctx, req)
}

func (f voids) Void(ctx context.Context, req *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	return f(ctx, req)
}

func (f getsPayments) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	return f(ctx, req)
}

func (f createsRefunds) CreateRefund(ctx context.Context, req *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error) {
	return f(ctx, req)
}

func (f getsRefunds) GetRefund(ctx context.Context, req *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error) {
	return f(ctx, req)
}

func (f checksAccounts) CheckAccount(ctx context.Context, req *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error) {
	return f(ctx, req)
}

// described is a connector that offers nothing.
type described Description

func (d described) Describe() Description { return Description(d) }

var minimal = described{ID: "acme"}

// complete is a connector that offers everything.
type complete struct {
	described
	authorizes
	captures
	voids
	getsPayments
	createsRefunds
	getsRefunds
	checksAccounts
}

// newConnector returns a connector whose PSP does all that it is asked, after
// before has been called and only if that returns nil.
func newConnector(before func(context.Context) error) complete {
	payment := func(id string, status paymentsv1.PaymentStatus) *paymentsv1.Payment {
		return &paymentsv1.Payment{Id: id, Reference: "order-1", Status: status, Amount: usd(1050)}
	}
	return complete{
		minimal,
		func(ctx context.Context, _ *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
			return &paymentsv1.AuthorizeResponse{Payment: payment("pay_1", paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED)}, before(ctx)
		},
		func(ctx context.Context, _ *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
			return &paymentsv1.CaptureResponse{Payment: payment("pay_1", paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED), Amount: usd(1050)}, before(ctx)
		},
		func(ctx context.Context, _ *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
			return &paymentsv1.VoidResponse{Payment: payment("pay_1", paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED)}, before(ctx)
		},
		func(ctx context.Context, _ *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
			return &paymentsv1.GetPaymentResponse{Payment: payment("pay_1", paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED)}, before(ctx)
		},
		func(ctx context.Context, _ *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error) {
			return &paymentsv1.CreateRefundResponse{Refund: refund()}, before(ctx)
		},
		func(ctx context.Context, _ *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error) {
			return &paymentsv1.GetRefundResponse{Refund: refund()}, before(ctx)
		},
		func(ctx context.Context, _ *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error) {
			return &connectorv1.CheckAccountResponse{AccountId: "acct_1"}, before(ctx)
		},
	}
}

// ending returns a connector whose every operation ends with err.
func ending(err error) complete { return newConnector(func(context.Context) error { return err }) }

func usd(minor int64) *paymentsv1.Money {
	return &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: minor}
}

func refund() *paymentsv1.Refund {
	return &paymentsv1.Refund{
		Id: "re_1", PaymentId: "pay_1", Reference: "refund-1",
		Status: paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED, Amount: usd(500),
	}
}

func authorizeRequest() *paymentsv1.AuthorizeRequest {
	return &paymentsv1.AuthorizeRequest{
		Reference: "order-1", Amount: usd(1050),
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
			Number: "4242424242424242", ExpiryMonth: 12, ExpiryYear: 2030,
		}}},
	}
}

// operationCall calls one operation with a request that newConnector's PSP
// answers well.
type operationCall struct {
	service, method string
	writes          bool
	request         proto.Message
	response        proto.Message // an empty one
}

const accountMethod = "CheckAccount"

func operationCalls() []operationCall {
	payments, refunds := "patchbay.payments.v1.PaymentService", "patchbay.payments.v1.RefundService"
	return []operationCall{
		{payments, "Authorize", true, authorizeRequest(), &paymentsv1.AuthorizeResponse{}},
		{payments, "Capture", true, &paymentsv1.CaptureRequest{PaymentId: "pay_1", Amount: usd(1050)}, &paymentsv1.CaptureResponse{}},
		{payments, "Void", true, &paymentsv1.VoidRequest{PaymentId: "pay_1"}, &paymentsv1.VoidResponse{}},
		{payments, "GetPayment", false, &paymentsv1.GetPaymentRequest{PaymentId: "pay_1"}, &paymentsv1.GetPaymentResponse{}},
		{refunds, "CreateRefund", true, &paymentsv1.CreateRefundRequest{PaymentId: "pay_1", Reference: "refund-1", Amount: usd(500)}, &paymentsv1.CreateRefundResponse{}},
		{refunds, "GetRefund", false, &paymentsv1.GetRefundRequest{RefundId: "re_1"}, &paymentsv1.GetRefundResponse{}},
		{"patchbay.connector.v1.ConnectorService", accountMethod, false, &connectorv1.CheckAccountRequest{}, &connectorv1.CheckAccountResponse{}},
	}
}

// invoke does the call and returns the answer.
func (c operationCall) invoke(ctx context.Context, conn *grpc.ClientConn) (proto.Message, error) {
	resp := c.response.ProtoReflect().New().Interface()
	return resp, conn.Invoke(ctx, "/"+c.service+"/"+c.method, c.request, resp)
}

// serve serves the connector on the loopback interface until the test ends.
func serve(t *testing.T, c Connector, opts ...Option) *grpc.ClientConn {
	t.Helper()
	server, err := NewServer(c, opts...)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := grpc.NewServer(server.serverOptions(nil)...)
	server.Register(served)
	go func() { _ = served.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		served.Stop()
	})
	return conn
}

// failureOf reads the error of a call.
func failureOf(err error) wire.Failure { return wire.ParseFailure(status.Convert(err)) }

// logBuffer keeps what a connector logs.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) logger() hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Output: b, Level: hclog.Trace, JSONFormat: true})
}
