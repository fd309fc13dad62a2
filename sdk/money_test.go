package sdk

import (
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"testing/quick"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// currencies reads the codes that the contract admits from its own rule.
func currencies(t *testing.T) []string {
	t.Helper()
	rule, ok := proto.GetExtension(paymentsv1.E_IsoCurrency.TypeDescriptor().Options(), validate.E_Predefined).(*validate.PredefinedRules)
	if !ok || len(rule.GetCel()) != 1 {
		t.Fatal("iso_currency has no rule")
	}
	var codes []string
	for _, match := range regexp.MustCompile(`'([A-Z]{3})'`).FindAllStringSubmatch(rule.GetCel()[0].GetExpression(), -1) {
		codes = append(codes, match[1])
	}
	if len(codes) < 150 {
		t.Fatalf("found only %d currencies", len(codes))
	}
	return codes
}

// ISO 4217, list one: all minor units that are not two, of the codes that the
// contract admits.
func TestExponent(t *testing.T) {
	want := map[string]int{
		"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0,
		"PYG": 0, "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
		"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
		"CLF": 4, "UYW": 4,
	}
	for _, code := range currencies(t) {
		exponent, listed := want[code]
		if !listed {
			exponent = 2
		}
		if got := Exponent(code); got != exponent {
			t.Errorf("%s has %d, want %d", code, got, exponent)
		}
		delete(want, code)
	}
	if len(want) > 0 {
		t.Errorf("the contract does not admit %v", want)
	}
}

// exceptions are like those that PSPs document, in both directions.
var exceptions = Exponents{"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2, "UGX": 2, "HUF": 0, "KWD": 2, "TND": 4, "CLF": 0}

// exactly is what rescale should do, with numbers that can't overflow.
func exactly(value int64, from, to int) (int64, bool) {
	power := func(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	quotient, rest := new(big.Int).QuoRem(new(big.Int).Mul(big.NewInt(value), power(to)), power(from), new(big.Int))
	return quotient.Int64(), rest.Sign() == 0 && quotient.IsInt64()
}

func TestExponents_convertExactlyOrNotAtAll(t *testing.T) {
	edges := []int64{0, 1, -1, 9, 10, 99, 100, 1050, 123400, math.MaxInt64, math.MinInt64, math.MaxInt64 / 10, math.MaxInt64/10 + 1, math.MinInt64/10 - 1, math.MaxInt64 / 100 * 100}
	for _, exponents := range []Exponents{nil, {}, exceptions} {
		for _, code := range currencies(t) {
			check := func(value int64) bool {
				return checkFromMinor(t, exponents, code, value) && checkToMinor(t, exponents, code, value)
			}
			for _, value := range edges {
				check(value)
			}
			if err := quick.Check(check, &quick.Config{MaxCount: 50}); err != nil {
				t.Errorf("%s with %v: %v", code, exponents, err)
			}
			if err := quick.Check(func(value int32) bool { return check(int64(value) * 100) }, &quick.Config{MaxCount: 50}); err != nil {
				t.Errorf("%s with %v: %v", code, exponents, err)
			}
		}
	}
}

func checkFromMinor(t *testing.T, exponents Exponents, code string, minor int64) bool {
	t.Helper()
	want, possible := exactly(minor, Exponent(code), exponents.exponent(code))
	units, err := exponents.FromMinor(&paymentsv1.Money{CurrencyCode: code, MinorUnits: minor})
	var e *Error
	switch {
	case possible && (err != nil || units != want):
		t.Errorf("%d %s is %d units (%v), want %d", minor, code, units, err, want)
	case possible:
		back, err := exponents.ToMinor(code, units)
		if err != nil || back.GetMinorUnits() != minor || back.GetCurrencyCode() != code {
			t.Errorf("%d %s comes back as %v %v", minor, code, back, err)
		}
	case !errors.As(err, &e) || e.Kind != InvalidRequest || len(e.Fields) != 1 || e.Fields[0].Field != "amount.minor_units" || !strings.Contains(e.Fields[0].Description, code):
		t.Errorf("%d %s is %d units, %v; want an InvalidRequest", minor, code, units, err)
	}
	return !t.Failed()
}

func checkToMinor(t *testing.T, exponents Exponents, code string, units int64) bool {
	t.Helper()
	want, possible := exactly(units, exponents.exponent(code), Exponent(code))
	money, err := exponents.ToMinor(code, units)
	var e *Error
	switch {
	case possible && (err != nil || money.GetMinorUnits() != want || money.GetCurrencyCode() != code):
		t.Errorf("%d units of %s are %v (%v), want %d", units, code, money, err, want)
	case !possible && (!errors.As(err, &e) || e.Kind != OutcomeUnknown || money != nil):
		t.Errorf("%d units of %s are %v, %v; want an OutcomeUnknown", units, code, money, err)
	}
	return !t.Failed()
}

func TestExponents_examples(t *testing.T) {
	for _, test := range []struct {
		code         string
		minor, units int64
	}{{"USD", 1050, 1050}, {"JPY", 1050, 1050}, {"CLP", 1050, 105000}, {"CVE", 1000, 10}, {"KWD", 1050, 105}, {"TND", 1, 10}} {
		if units, err := exceptions.FromMinor(&paymentsv1.Money{CurrencyCode: test.code, MinorUnits: test.minor}); err != nil || units != test.units {
			t.Errorf("%d %s is %d units (%v), want %d", test.minor, test.code, units, err, test.units)
		}
	}
}
