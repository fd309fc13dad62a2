package stripe

import (
	"fmt"
	"testing"

	"github.com/patchbay/patchbay/sdk"
)

// TestFirstFaultAnswersEveryRequest: with a fault nothing is sent, by no step of the
// call either.
func TestFirstFaultAnswersEveryRequest(t *testing.T) {
	p := startPSP(t, nil)
	ctx := sdk.WithCall(t.Context(), sdk.Call{Config: fmt.Appendf(nil, `{"api_key":"sk_test_1","base_url":%q}`, p.URL)})
	stripe := newCall(ctx)
	stripe.note(nil)
	stripe.refuse("reference", "is the first")
	stripe.refuse("amount", "is the second")
	_, err := read(ctx, stripe, "/v1/payment_intents/pi_1", nil, payment)
	wantField(t, err, "reference")
	_, err = write(ctx, stripe, "/v1/payment_intents", nil, payment)
	wantField(t, err, "reference")
	_, err = write(ctx, stripe.step("refund"), "/v1/refunds", nil, refund)
	wantField(t, err, "reference")
	if sent := p.requests(); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
}
