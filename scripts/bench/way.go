package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// way is one way to the connector.
type way struct {
	conn    *grpc.ClientConn
	client  paymentsv1.PaymentServiceClient
	servers []int // the processes behind it
}

func newWay(address string, servers []int) (*way, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry())
	if err != nil {
		return nil, err
	}
	return &way{conn: conn, client: paymentsv1.NewPaymentServiceClient(conn), servers: servers}, nil
}

// key makes every call a repeat of the first: the PSP answers it from its memory,
// which therefore does not grow while it is measured.
const key = "0123456789012345678901234567890123456789012"

// outgoing is the context of a call that both ways understand: the gateway makes
// of the first part what the connector takes from the second.
func outgoing(ctx context.Context) (context.Context, error) {
	ctx, err := wire.OutgoingContext(ctx, &connectorv1.CallContext{RequestId: "bench", IdempotencyKey: key})
	return metadata.AppendToOutgoingContext(ctx, wire.ConnectorHeader, "sandbox", wire.IdempotencyKeyHeader, key), err
}

// request is a payment with about as much in it as payments have: 600 bytes.
func request() *paymentsv1.AuthorizeRequest {
	r := &paymentsv1.AuthorizeRequest{
		Reference: "order-1001",
		Amount:    &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1050},
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
			Number: "4242424242424242", ExpiryMonth: 12, ExpiryYear: 2030, SecurityCode: "123", HolderName: "Test Card",
		}}},
		ReturnUrl:           "https://shop.example/return?order=1001",
		StatementDescriptor: "TICKETS",
		Email:               "jo@example.com",
		Metadata:            map[string]string{"basket": "b-7731", "channel": "web"},
	}
	r.Description = strings.Repeat("x", 600-proto.Size(r)-3) // tag and length take 3
	return r
}

// sample is what one or several slices came to.
type sample struct {
	calls           int64
	took            time.Duration
	servers, client time.Duration // CPU time
}

func (s *sample) add(other sample) {
	s.calls += other.calls
	s.took += other.took
	s.servers += other.servers
	s.client += other.client
}

// measure calls for one slice.
func (w *way) measure(ctx context.Context, callers int) (sample, error) {
	ctx, err := outgoing(ctx)
	if err != nil {
		return sample{}, err
	}
	servers, client, err := w.cpu()
	if err != nil {
		return sample{}, err
	}
	var calls atomic.Int64
	var failed error
	var once sync.Once
	var done sync.WaitGroup
	began := time.Now()
	for range callers {
		done.Go(func() {
			req := request()
			for time.Since(began) < slice {
				answer, err := w.client.Authorize(ctx, req)
				if err == nil && answer.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
					err = fmt.Errorf("the payment is %s", answer.GetPayment().GetStatus())
				}
				if err != nil {
					once.Do(func() { failed = err })
					return
				}
				calls.Add(1)
			}
		})
	}
	done.Wait()
	took := time.Since(began)
	serversAfter, clientAfter, err := w.cpu()
	if failed != nil {
		err = failed
	}
	return sample{calls.Load(), took, serversAfter - servers, clientAfter - client}, err
}

// cpu is the CPU time so far of the processes behind the way, and of this one.
func (w *way) cpu() (servers, client time.Duration, err error) {
	for _, pid := range w.servers {
		t, err := cpuTime(pid)
		if err != nil {
			return 0, 0, err
		}
		servers += t
	}
	client, err = ownCPUTime()
	return servers, client, err
}
