package launchtest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// payments answers with what it was sent, and behaves as the reference or
// payment id says: "crash" has the process killed, "exit" ends it, "hang" waits
// for the call's end, "confess" writes its account on stderr, "stick" has probes
// tell of a call that hangs, "huge" answers 8 MiB.
type payments struct {
	paymentsv1.UnimplementedPaymentServiceServer
}

// Authorize implements paymentsv1.PaymentServiceServer.
func (payments) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	if err := act(ctx, req.GetReference()); err != nil {
		return nil, err
	}
	p := &paymentsv1.Payment{
		Id: "pay_1", Reference: req.GetReference(), Amount: req.GetAmount(),
		Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, ConnectorData: received(ctx),
	}
	if req.GetReference() == "huge" {
		p.Id = strings.Repeat("x", 8<<20)
	}
	return &paymentsv1.AuthorizeResponse{Payment: p}, nil
}

// GetPayment implements paymentsv1.PaymentServiceServer.
func (payments) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	if err := act(ctx, req.GetPaymentId()); err != nil {
		return nil, err
	}
	return &paymentsv1.GetPaymentResponse{Payment: &paymentsv1.Payment{Id: req.GetPaymentId(), ConnectorData: received(ctx)}}, nil
}

// stuck is whether probes tell of a call that hangs.
var stuck atomic.Bool

func act(ctx context.Context, what string) error {
	switch what {
	case "crash":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		os.Exit(137) // the first process of a namespace can't be killed from inside
	case "exit":
		_, _ = syscall.Write(2, []byte("asked to exit\n")) // as a panic does; what goes to os.Stderr comes by gRPC, too late
		os.Exit(7)
	case "hang":
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err() // a success might still be in time
	case "confess":
		call, _ := wire.IncomingCallContext(ctx)
		_, _ = fmt.Fprintf(os.Stderr, "my account is %s, and that is all\n", call.GetConfig())
	case "stick":
		stuck.Store(true)
	}
	return nil
}

// received is all that reached the connector beside the message: each header, the
// call context's fields, the environment, and the process's id.
func received(ctx context.Context) *structpb.Struct {
	fields := map[string]any{"pid": strconv.Itoa(os.Getpid())}
	md, _ := metadata.FromIncomingContext(ctx)
	for key, values := range md {
		if key != wire.CallContextHeader {
			fields["header "+key] = values[0]
		}
	}
	call, err := wire.IncomingCallContext(ctx)
	if err != nil {
		call = &connectorv1.CallContext{}
	}
	fields["idempotency_key"] = call.GetIdempotencyKey()
	fields["request_id"] = call.GetRequestId()
	fields["account"] = call.GetAccount()
	fields["config"] = string(call.GetConfig())
	fields["traceparent"] = call.GetTraceparent()
	for _, variable := range os.Environ() {
		fields["env "+variable] = ""
	}
	s, err := structpb.NewStruct(fields)
	if err != nil {
		s, _ = structpb.NewStruct(map[string]any{"error": err.Error()})
	}
	return s
}
