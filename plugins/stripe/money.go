package stripe

import (
	"strings"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// exponents are Stripe's exceptions from ISO 4217. ISK and UGX have no decimal
// places but are counted in hundredths; MGA has two and is counted without.
// Source: https://docs.stripe.com/currencies#minor-units and #special-cases.
func exponents() sdk.Exponents { return sdk.Exponents{"ISK": 2, "UGX": 2, "MGA": 0} }

// units says an amount as Stripe counts it.
func (c *call) units(m *paymentsv1.Money) int64 {
	switch m.GetCurrencyCode() {
	case "BHD", "JOD", "KWD", "OMR", "TND":
		// Source: https://docs.stripe.com/currencies#three-decimal.
		if m.GetMinorUnits()%10 != 0 {
			c.refuse("amount.minor_units", "must end in 0: Stripe takes two decimal places of "+m.GetCurrencyCode())
		}
	}
	amount, err := exponents().FromMinor(m)
	c.note(err)
	return amount
}

// payoutUnits is units for payouts: those in HUF, TWD and UGX are of whole units.
// Source: https://docs.stripe.com/currencies#special-cases.
func (c *call) payoutUnits(m *paymentsv1.Money) int64 {
	amount := c.units(m)
	switch m.GetCurrencyCode() {
	case "HUF", "TWD", "ISK", "UGX":
		if amount%100 != 0 {
			c.refuse("amount.minor_units", "Stripe pays out whole units of "+m.GetCurrencyCode())
		}
	}
	return amount
}

// money reads an amount of Stripe's.
func money(currency string, amount int64) (*paymentsv1.Money, error) {
	return exponents().ToMinor(strings.ToUpper(currency), amount)
}

// currency is how Stripe writes a currency.
func currency(m *paymentsv1.Money) string { return strings.ToLower(m.GetCurrencyCode()) }
