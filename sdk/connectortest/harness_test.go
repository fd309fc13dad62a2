package connectortest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// connector answers with what it sees of the call.
type connector struct{ id string }

type config struct {
	APIKey string `json:"api_key"`
}

func (c connector) Describe() sdk.Description { return sdk.Description{ID: c.id} }

func (connector) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	conf, err := sdk.Config[config](ctx)
	sdk.Logger(ctx).Info("reading a payment")
	return &paymentsv1.GetPaymentResponse{Payment: &paymentsv1.Payment{
		Id: req.GetPaymentId(), Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED,
		Reference: strings.Join([]string{conf.APIKey, sdk.IdempotencyKey(ctx), sdk.RequestID(ctx)}, " "),
	}}, err
}

func (connector) GetRefund(_ context.Context, req *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error) {
	return &paymentsv1.GetRefundResponse{Refund: &paymentsv1.Refund{
		Id: req.GetRefundId(), Status: paymentsv1.RefundStatus_REFUND_STATUS_PENDING,
	}}, nil
}

type own struct {
	grpc_testing.UnimplementedTestServiceServer
}

func (own) EmptyCall(context.Context, *grpc_testing.Empty) (*grpc_testing.Empty, error) {
	return &grpc_testing.Empty{}, nil
}

func TestStart(t *testing.T) {
	h := Start(t, connector{"acme"}, config{"sk_1"}, sdk.WithService(&grpc_testing.TestService_ServiceDesc, own{}))
	read, err := h.Payments.GetPayment(h.Context("key-1"), &paymentsv1.GetPaymentRequest{PaymentId: "pay_1"})
	if want := "sk_1 key-1 TestStart"; err != nil || read.GetPayment().GetReference() != want {
		t.Errorf("the connector sees %v %v, want %s", read, err, want)
	}
	if _, err := h.Refunds.GetRefund(h.Context("key-1"), &paymentsv1.GetRefundRequest{RefundId: "re_1"}); err != nil {
		t.Error(err)
	}
	if _, err := h.Refunds.GetRefund(h.Context("key-1"), &paymentsv1.GetRefundRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("an invalid request: got %v, want the SDK's dispatcher", err)
	}
	described, err := h.Connector.Describe(h.Context(""), &connectorv1.DescribeRequest{})
	if err != nil || described.GetDescription().GetId() != "acme" {
		t.Errorf("got %v %v", described, err)
	}
	if _, err := grpc_testing.NewTestServiceClient(h.Conn).EmptyCall(h.Context(""), &grpc_testing.Empty{}); err != nil {
		t.Errorf("the author's own service: %v", err)
	}
}

func TestStart_withoutConfiguration(t *testing.T) {
	h := Start(t, connector{"acme"}, nil)
	read, err := h.Payments.GetPayment(h.Context("key-1"), &paymentsv1.GetPaymentRequest{PaymentId: "pay_1"})
	if want := " key-1 TestStart_withoutConfiguration"; err != nil || read.GetPayment().GetReference() != want {
		t.Errorf("the connector sees %v %v, want %s", read, err, want)
	}
}

// What the connector logs is shown with the test, and nothing once that is over.
func TestStart_log(t *testing.T) {
	shown := &recorder{TB: t}
	ctx, cancel := context.WithCancel(t.Context())
	shown.ctx = ctx
	if n, err := (testLog{shown}).Write([]byte("during")); n != len("during") || err != nil {
		t.Errorf("got %d %v", n, err)
	}
	cancel()
	_, _ = testLog{shown}.Write([]byte("after"))
	if shown.logged != "during" {
		t.Errorf("logged %q", shown.logged)
	}
}

func TestStart_failsTheTest(t *testing.T) {
	for want, start := range map[string]func(testing.TB){
		"serve the connector: Description.ID is empty": func(tb testing.TB) { Start(tb, connector{}, nil) },
		"encode the configuration: json":               func(tb testing.TB) { Start(tb, connector{"acme"}, make(chan int)) },
	} {
		r := &recorder{TB: t, ctx: t.Context()}
		done := make(chan struct{})
		go func() {
			defer close(done)
			start(r)
		}()
		<-done
		if !strings.Contains(r.fatal, want) {
			t.Errorf("ends with %q, want %s", r.fatal, want)
		}
	}
}

// recorder is a test that keeps how it ended.
type recorder struct {
	testing.TB
	ctx           context.Context
	logged, fatal string
}

func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Logf(format string, args ...any) { r.logged += fmt.Sprintf(format, args...) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
