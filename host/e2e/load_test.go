package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// load is a number of callers that pay without ever trying again.
type load struct {
	stack   *stack
	ask     func(reference string) *paymentsv1.AuthorizeRequest
	stop    context.CancelFunc
	callers sync.WaitGroup
	calls   atomic.Int64

	mu      sync.Mutex
	told    map[string]outcome // by reference
	latency []time.Duration
}

// outcome is what a caller was told.
type outcome struct {
	status paymentsv1.PaymentStatus
	err    error
}

// failed says whether a caller without retries would call it a failure; an
// unknown outcome is one.
func (o outcome) failed() bool {
	return o.err != nil || o.status != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
}

// startLoad has callers make calls at a total rate of perSecond, or as fast as
// the machine goes if it can't.
func startLoad(s *stack, callers int, perSecond float64) *load {
	return startLoadOf(s, payment, callers, perSecond)
}

// startLoadOf is startLoad for requests of another kind.
func startLoadOf(s *stack, ask func(reference string) *paymentsv1.AuthorizeRequest, callers int, perSecond float64) *load {
	ctx, stop := context.WithCancel(s.t.Context())
	l := &load{stack: s, ask: ask, stop: stop, told: map[string]outcome{}}
	pause := time.Duration(float64(time.Second) * float64(callers) / perSecond)
	for caller := range callers {
		l.callers.Go(func() {
			next := time.NewTicker(pause)
			defer next.Stop()
			for n := 0; ; n++ {
				select {
				case <-ctx.Done():
					return
				case <-next.C:
					l.pay(fmt.Sprintf("load-%d-%d", caller, n))
				}
			}
		})
	}
	return l
}

func (l *load) pay(reference string) {
	ctx, cancel := context.WithTimeout(l.stack.to("sandbox", "idempotency-key", reference), 5*time.Second)
	defer cancel()
	began := time.Now()
	answer, err := l.stack.payments.Authorize(ctx, l.ask(reference))
	took := time.Since(began)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told[reference] = outcome{answer.GetPayment().GetStatus(), err}
	l.latency = append(l.latency, took)
	l.calls.Add(1)
}

// end stops the callers and returns what each was told.
func (l *load) end() map[string]outcome {
	l.stop()
	l.callers.Wait()
	return l.told
}

// quantile is the latency that a share of the calls kept below.
func (l *load) quantile(q float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return quantile(l.latency, q)
}

// reconcile holds what callers were told against the PSP's books: nothing that
// was answered is missing, nothing is there twice, and what failed for sure is
// not there at all. It counts the charges that are missing or there twice.
func reconcile(t *testing.T, told map[string]outcome, books map[string][]charge) (wrong int) {
	t.Helper()
	for reference, o := range told {
		charges := books[reference]
		f := wire.ParseFailure(status.Convert(o.err))
		switch {
		case len(charges) > 1:
			wrong++
			t.Errorf("%s is charged %d times", reference, len(charges))
		case !o.failed() && len(charges) == 0:
			wrong++
			t.Errorf("%s was answered as captured and is not in the books", reference)
		case o.err != nil && f.Sent == wire.SentNever && len(charges) > 0:
			t.Errorf("%s was said to be never sent, and is in the books", reference)
		case o.status == paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
			t.Errorf("%s was told as declined", reference)
		}
	}
	for reference := range books {
		if _, ok := told[reference]; !ok && strings.HasPrefix(reference, "load-") {
			t.Errorf("%s is in the books and nobody was told", reference)
		}
	}
	return wrong
}

// failures describes the calls that failed, a line for each kind.
func failures(told map[string]outcome) (count int, kinds map[string]int) {
	kinds = map[string]int{}
	for _, o := range told {
		if o.failed() {
			count++
			kinds[fmt.Sprintf("%s %s: %v", o.status, status.Code(o.err), o.err)]++
		}
	}
	return count, kinds
}

// lostOrRepeated are the codes that calls in flight may end with when a process
// dies under them.
func ambiguous(err error) bool { return status.Code(err) == codes.Unknown }
