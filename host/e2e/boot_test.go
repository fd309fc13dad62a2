package e2e

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// TestFirstCall calls a gateway from before it listens: the first thing that it
// ever hears is a call for a connector whose manifest it has not read yet.
func TestFirstCall(t *testing.T) {
	s := prepareStack(t)
	s.address, s.ops = freeAddress(t), freeAddress(t)
	client := paymentsv1.NewPaymentServiceClient(s.dial(grpc.WithDisableRetry(), grpc.WithConnectParams(grpc.ConnectParams{
		Backoff: backoff.Config{BaseDelay: time.Millisecond, Multiplier: 1, MaxDelay: time.Millisecond}, MinConnectTimeout: patience,
	})))
	type told struct {
		answer *paymentsv1.AuthorizeResponse
		err    error
	}
	first := make(chan told, 1)
	go func() {
		ctx, cancel := context.WithTimeout(s.to("sandbox"), patience)
		defer cancel()
		answer, err := client.Authorize(ctx, payment("first"), grpc.WaitForReady(true))
		first <- told{answer, err}
	}()
	s.startGateway()
	if got := <-first; got.err != nil || got.answer.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
		t.Errorf("the first call was told %v, %v", got.answer.GetPayment().GetStatus(), got.err)
	}
}
