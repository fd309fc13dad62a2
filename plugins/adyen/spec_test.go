package adyen

import (
	"net/http/httptest"
	"testing"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// TestRequestsAreAdyens holds one request of each kind, those of the recordings and of
// every payment method, to Adyen's own descriptions, and makes sure that the same
// requests with one mistake each would not pass.
func TestRequestsAreAdyens(t *testing.T) {
	psp := newStandIn(t)
	server := httptest.NewServer(psp)
	t.Cleanup(server.Close)
	h := start(t, server.URL)
	for kind, method := range everyMethod() {
		req := authorizeRequest()
		req.Email, req.CustomerId, req.PaymentMethod = "jo@example.com", storedShopper, method
		resp, err := h.Payments.Authorize(h.Context("key-of-"+kind), req)
		if status := resp.GetPayment().GetStatus(); err != nil || status == paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN {
			t.Errorf("%s: %s, %v", kind, status, err)
		}
	}
	for _, send := range recorded() {
		_ = send(h) // the stand-in may refuse it; the description must not
	}
	psp.Wait()
	psp.checkout.Prove(t, 40)
	psp.disputes.Prove(t, 3)
	seeded := psp.checkout.MustReject(t, "metadata", "additionalData", "details") + psp.disputes.MustReject(t)
	t.Logf("figure: %d seeded mistakes are rejected", seeded)
}
