package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// FormatDecimal says an amount as PSPs do that take decimal text: all decimal
// places of the currency, such as "10.50" USD and "1050" JPY. An amount that is
// negative, or that the PSP's places can't say exactly, is an InvalidRequest.
func (e Exponents) FormatDecimal(m *paymentsv1.Money) (string, error) {
	if m.GetMinorUnits() < 0 {
		return "", &Error{
			Kind:    InvalidRequest,
			Message: "the amount is negative",
			Fields:  []FieldViolation{{Field: "amount.minor_units", Description: "must not be negative"}},
		}
	}
	units, err := e.FromMinor(m)
	if err != nil {
		return "", err
	}
	places := e.exponent(m.GetCurrencyCode())
	digits := fmt.Sprintf("%0*d", places+1, units)
	whole, fraction := digits[:len(digits)-places], digits[len(digits)-places:]
	if places == 0 {
		return whole, nil
	}
	return whole + "." + fraction, nil
}

// FormatNumber is FormatDecimal for PSPs that take amounts as JSON numbers; it
// marshals as 10.50, not as "10.50", and is never a floating-point number.
func (e Exponents) FormatNumber(m *paymentsv1.Money) (json.Number, error) {
	text, err := e.FormatDecimal(m)
	return json.Number(text), err
}

// ParseDecimal reads an amount that the PSP says as decimal text: digits, and at
// most the currency's decimal places after a point. Anything else is an
// OutcomeUnknown, trailing zeros beyond the places too: nobody knows whether
// "1.000" USD is one or a thousand.
func (e Exponents) ParseDecimal(currency, text string) (*paymentsv1.Money, error) {
	units, err := decimalUnits(text, e.exponent(currency))
	if err != nil {
		return nil, Errorf(OutcomeUnknown, "", "the PSP's amount %q %s %w", text, currency, err)
	}
	return e.ToMinor(currency, units)
}

// ParseNumber is ParseDecimal for an amount in a JSON document, decoded into a
// json.Number. There trailing zeros mean nothing, and 1050.0 JPY is 1050.
func (e Exponents) ParseNumber(currency string, number json.Number) (*paymentsv1.Money, error) {
	text, places := number.String(), e.exponent(currency)
	if whole, fraction, ok := strings.Cut(text, "."); ok && len(fraction) > places {
		fraction = fraction[:places] + strings.TrimRight(fraction[places:], "0")
		text = strings.TrimSuffix(whole+"."+fraction, ".")
	}
	return e.ParseDecimal(currency, text)
}

// decimalUnits reads a decimal number as a whole number of its last place.
func decimalUnits(text string, places int) (int64, error) {
	whole, fraction, point := strings.Cut(text, ".")
	rest := strings.TrimLeft(text, "0123456789.")
	switch {
	case text == "":
		return 0, errors.New("is empty")
	case text[0] == '-', text[0] == '+':
		return 0, errors.New("has a sign")
	case len(rest) < len(text) && rest != "" && (rest[0] == 'e' || rest[0] == 'E'):
		return 0, errors.New("is in exponent notation")
	case rest != "", whole == "", point && fraction == "", strings.Contains(fraction, "."):
		return 0, errors.New("is not a decimal number")
	case len(whole) > 1 && whole[0] == '0':
		return 0, errors.New("has leading zeros")
	case len(fraction) > places:
		return 0, fmt.Errorf("has %d decimal places, and %d are possible", len(fraction), places)
	}
	units, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	if err != nil {
		return 0, errors.New("is too large")
	}
	return units, nil
}
