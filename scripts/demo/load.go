package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

const (
	callers     = 8
	callTimeout = 10 * time.Second
)

// outcome is what one caller was told about one payment.
type outcome struct {
	reference    string
	began, ended time.Time
	servedBy     string // name@version, if an instance was found
	paymentID    string
	status       paymentsv1.PaymentStatus
	err          error
}

// paid says whether the caller was told that the payment is made. An unknown
// outcome is none.
func (o outcome) paid() bool {
	return o.err == nil && o.status == paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
}

// never says whether the caller was told that surely nothing happened.
func (o outcome) never() bool {
	return o.err != nil && wire.ParseFailure(status.Convert(o.err)).Sent == wire.SentNever
}

// String is what the caller was told, in few words.
func (o outcome) String() string {
	if o.err == nil {
		return o.status.String()
	}
	f := wire.ParseFailure(status.Convert(o.err))
	return fmt.Sprintf("%s %s (sent: %s)", f.Code, f.Reason, f.Sent)
}

// load is callers that make payments, one after the other, until they are stopped.
type load struct {
	client paymentsv1.PaymentServiceClient
	name   string
	count  atomic.Int64
	done   sync.WaitGroup
	halt   chan struct{}

	mu       sync.Mutex
	outcomes []outcome
	more     chan struct{} // closed when there is another outcome
}

// startLoad starts the callers. Each has the PSP take a while of its own for a
// payment, up to the delay.
func startLoad(ctx context.Context, conn *grpc.ClientConn, name string, delay time.Duration) *load {
	l := &load{client: paymentsv1.NewPaymentServiceClient(conn), name: name, halt: make(chan struct{}), more: make(chan struct{})}
	for i := range callers { // different delays keep them out of step
		l.done.Go(func() { l.caller(ctx, delay*time.Duration(i+1)/callers) })
	}
	return l
}

// stop lets the callers finish the calls that they are in, and returns what they
// all were told.
func (l *load) stop() []outcome {
	close(l.halt)
	l.done.Wait()
	return l.outcomes
}

func (l *load) caller(ctx context.Context, delay time.Duration) {
	for {
		select {
		case <-l.halt:
			return
		default:
			l.record(l.pay(ctx, delay))
		}
	}
}

func (l *load) pay(ctx context.Context, delay time.Duration) outcome {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	o := outcome{reference: fmt.Sprintf("%s-%d", l.name, l.count.Add(1)), began: time.Now()}
	var header metadata.MD
	options, err := structpb.NewStruct(map[string]any{"simulate": map[string]any{"delay_ms": delay.Milliseconds()}})
	if err != nil {
		o.err = err
		return o
	}
	answer, err := l.client.Authorize(metadata.AppendToOutgoingContext(ctx, wire.ConnectorHeader, "sandbox"), &paymentsv1.AuthorizeRequest{
		Reference:        o.reference,
		Amount:           &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1050},
		PaymentMethod:    &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_CardToken{CardToken: &paymentsv1.CardToken{Token: "tok_approve"}}},
		ConnectorOptions: options,
	}, grpc.Header(&header))
	o.ended, o.err = time.Now(), err
	o.status, o.paymentID = answer.GetPayment().GetStatus(), answer.GetPayment().GetId()
	if by := header.Get(wire.ConnectorHeader); len(by) == 1 {
		o.servedBy = by[0]
	}
	return o
}

func (l *load) record(o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes = append(l.outcomes, o)
	close(l.more)
	l.more = make(chan struct{})
}

// until waits for enough further outcomes that are wanted.
func (l *load) until(ctx context.Context, wanted func(outcome) bool) error {
	l.mu.Lock()
	seen := len(l.outcomes)
	l.mu.Unlock()
	for found := 0; ; {
		l.mu.Lock()
		outcomes, more := l.outcomes[seen:], l.more
		l.mu.Unlock()
		for _, o := range outcomes {
			if wanted(o) {
				found++
			}
		}
		if found >= enough {
			return nil
		}
		seen += len(outcomes)
		select {
		case <-more:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tally counts what callers were told.
func tally(outcomes []outcome) map[string]int {
	counts := map[string]int{}
	for _, o := range outcomes {
		counts[o.String()]++
	}
	return counts
}

// failures are the outcomes that are no payment.
func failures(outcomes []outcome) (failed []outcome) {
	for _, o := range outcomes {
		if !o.paid() {
			failed = append(failed, o)
		}
	}
	return failed
}
