package sdk

import (
	"math"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Exponents are a PSP's exceptions from ISO 4217, by currency code: how many
// decimal places its amounts count in. An empty or nil map means no exceptions.
type Exponents map[string]int

// Exponent returns how many decimal places a currency's minor unit has
// (ISO 4217, list one). Currencies that are not listed have two.
func Exponent(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	default:
		return 2
	}
}

func (e Exponents) exponent(currency string) int {
	if n, ok := e[currency]; ok {
		return n
	}
	return Exponent(currency)
}

// FromMinor says an amount in the PSP's units. An amount that those units can't
// say exactly is an InvalidRequest.
func (e Exponents) FromMinor(m *paymentsv1.Money) (int64, error) {
	units, ok := rescale(m.GetMinorUnits(), Exponent(m.GetCurrencyCode()), e.exponent(m.GetCurrencyCode()))
	if !ok {
		return 0, &Error{
			Kind:    InvalidRequest,
			Message: "the PSP can't take this amount exactly",
			Fields:  []FieldViolation{{Field: "amount.minor_units", Description: "is not a whole number of the PSP's units of " + m.GetCurrencyCode()}},
		}
	}
	return units, nil
}

// ToMinor reads an amount that the PSP says in its units.
func (e Exponents) ToMinor(currency string, units int64) (*paymentsv1.Money, error) {
	minor, ok := rescale(units, e.exponent(currency), Exponent(currency))
	if !ok {
		return nil, Errorf(OutcomeUnknown, "", "the PSP's amount %d %s is not a whole number of minor units", units, currency)
	}
	return &paymentsv1.Money{CurrencyCode: currency, MinorUnits: minor}, nil
}

// rescale moves the decimal point, if that is possible without a rest and
// without overflow.
func rescale(value int64, from, to int) (int64, bool) {
	for ; from < to; from++ {
		if value > math.MaxInt64/10 || value < math.MinInt64/10 {
			return 0, false
		}
		value *= 10
	}
	for ; from > to; from-- {
		if value%10 != 0 {
			return 0, false
		}
		value /= 10
	}
	return value, true
}
