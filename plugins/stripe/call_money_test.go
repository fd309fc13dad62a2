package stripe

import (
	"errors"
	"testing"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		currency string
		minor    int64
		want     int64
		refused  bool
	}{
		{currency: "USD", minor: 1050, want: 1050},
		{currency: "JPY", minor: 500, want: 500},
		{currency: "HUF", minor: 1045, want: 1045}, // an exception for payouts only
		{currency: "TWD", minor: 80045, want: 80045},
		{currency: "ISK", minor: 5, want: 500},
		{currency: "UGX", minor: 5, want: 500},
		{currency: "MGA", minor: 500, want: 5},
		{currency: "MGA", minor: 501, refused: true},
		{currency: "KWD", minor: 5120, want: 5120},
		{currency: "KWD", minor: 5124, refused: true},
		{currency: "BHD", minor: 1, refused: true},
		{currency: "JOD", minor: 11, refused: true},
		{currency: "OMR", minor: 1001, refused: true},
		{currency: "TND", minor: 1009, refused: true},
	} {
		given := &paymentsv1.Money{CurrencyCode: tt.currency, MinorUnits: tt.minor}
		stripe := &call{Client: &api.Client{}}
		got, err := stripe.units(given), stripe.Fault
		var refused *sdk.Error
		switch {
		case tt.refused:
			if !errors.As(err, &refused) || refused.Kind != sdk.InvalidRequest || refused.Fields[0].Field != "amount.minor_units" {
				t.Errorf("%v: error is %v", given, err)
			}
			continue
		case err != nil:
			t.Fatal(err)
		case got != tt.want:
			t.Errorf("%v is %d at Stripe, want %d", given, got, tt.want)
		}
		back, err := money(currency(given), got)
		if err != nil || back.GetMinorUnits() != tt.minor || back.GetCurrencyCode() != tt.currency {
			t.Errorf("%v comes back as %v, %v", given, back, err)
		}
	}
}

// TestMoneyIsExact: an amount that can't be said in minor units is no amount.
func TestMoneyIsExact(t *testing.T) {
	if got, err := money("isk", 550); err == nil {
		t.Errorf("550 hundredths of a króna are %v", got)
	}
}
