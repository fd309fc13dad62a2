package gateway

import (
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/host/internal/registry"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// TestRestingConnectorIsWokenByGoodCallsOnly holds that what can be refused by a
// description alone starts no process.
func TestRestingConnectorIsWokenByGoodCallsOnly(t *testing.T) {
	h := newHarness(t)
	first := h.registry.Live()["acme"]
	var woken atomic.Int32
	h.registry.Stand("acme", "1.0.0", registry.Standing{Description: first.Description, Wake: func() {
		if woken.Add(1) == 1 {
			go h.replacement(nil)
		}
	}})
	h.registry.Swap(nil, first)

	_, err := h.refunds.CreateRefund(h.ctx("x-connector", "acme"), &paymentsv1.CreateRefundRequest{})
	expect(t, err, codes.Unimplemented, wire.ReasonOperationUnsupported, wire.SentNever)
	_, err = h.payments.Authorize(h.ctx("x-connector", "acme", "x-connector-config", `{"api_key": 7}`), valid())
	expect(t, err, codes.FailedPrecondition, wire.ReasonConfigInvalid, wire.SentNever)
	_, err = h.payments.Authorize(h.ctx("x-connector", "acme"), &paymentsv1.AuthorizeRequest{})
	expect(t, err, codes.InvalidArgument, wire.ReasonInvalidRequest, wire.SentNever)
	if woken.Load() != 0 {
		t.Errorf("refused calls woke it %d times", woken.Load())
	}
	if _, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid()); err != nil {
		t.Error(err)
	}
	if woken.Load() == 0 {
		t.Error("a call did not wake it")
	}
}

func TestOutOfServiceIsRefusedAtOnce(t *testing.T) {
	h := newHarness(t)
	h.registry.Stand("acme", "1.0.0", registry.Standing{Out: "drained by an operator"})
	h.registry.Swap(nil, h.registry.Live()["acme"])
	began := time.Now()
	_, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid())
	f := expect(t, err, codes.Unavailable, wire.ReasonUnavailable, wire.SentNever)
	if f.RetryAfter <= 0 {
		t.Error("no RetryInfo")
	}
	if took := time.Since(began); took > 5*time.Second { // the call's deadline is 10 s
		t.Errorf("told after %s", took)
	}
}
