package sdk

import (
	"testing"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// A capture that is under way has no amount of its own yet; one that the PSP tells
// must be the one that was asked for.
func TestCaptureThatIsPending(t *testing.T) {
	money := func(units int64) *paymentsv1.Money {
		return &paymentsv1.Money{CurrencyCode: "EUR", MinorUnits: units}
	}
	for _, tt := range []struct {
		told *paymentsv1.Money
		want string
	}{{nil, ""}, {money(400), ""}, {money(401), "amount"}} {
		got := captureDiffers(&paymentsv1.CaptureRequest{PaymentId: "psp_1", Amount: money(400)}, &paymentsv1.CaptureResponse{
			Amount:  tt.told,
			Payment: &paymentsv1.Payment{Id: "psp_1", Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING},
		})
		if got != tt.want {
			t.Errorf("told %v: %q differs, want %q", tt.told, got, tt.want)
		}
	}
}
