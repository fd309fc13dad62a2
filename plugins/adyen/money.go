package adyen

import (
	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// exponents are Adyen's exceptions from ISO 4217.
// Source: https://docs.adyen.com/development-resources/currency-codes.
func exponents() sdk.Exponents { return sdk.Exponents{"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2} }

// amount says an amount as Adyen counts it.
func amount(m *paymentsv1.Money) (api.Amount, error) {
	units, err := exponents().FromMinor(m)
	return api.Amount{Currency: m.GetCurrencyCode(), Value: units}, err
}

// requiredAmount is amount for changes that Adyen wants one for; it can't be asked
// what is left of a payment.
func requiredAmount(m *paymentsv1.Money) (*api.Amount, error) {
	if m == nil {
		return nil, sdk.InvalidField("amount", "is required: Adyen does not tell what is left of a payment")
	}
	a, err := amount(m)
	return &a, err
}

// money reads an amount of Adyen's; nil where it tells none.
func money(a *api.Amount) (*paymentsv1.Money, error) {
	if a == nil {
		return nil, nil
	}
	return exponents().ToMinor(a.Currency, a.Value)
}
