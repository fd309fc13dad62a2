package rules

import (
	"math"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestLuhn(t *testing.T) {
	for s, want := range map[string]bool{
		"4242424242424242":      true,
		"4242 4242 4242 4242":   true,
		"4242-4242-4242-4242":   true,
		"378282246310005":       true, // American Express, 15 digits
		"6011000990139424":      true,
		"5555555555554444":      true,
		"4222222222222":         true, // 13 digits
		"6304000000000000000":   true, // 19 digits
		"18":                    true,
		"0":                     true,
		"4242424242424243":      false,
		"4242424242424224":      false, // two digits changed places
		"2442424242424242":      false,
		"424242424242425":       false,
		"":                      false,
		" ":                     false,
		"-":                     false,
		"4242.4242.4242.4242":   false,
		"4242 4242 4242 424x":   false,
		"\u0664242424242424242": false,
	} {
		if got := Luhn(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}

// Amounts that don't fit are no sum, and never one by accident.
func TestSum(t *testing.T) {
	for _, test := range []struct {
		amounts []int64
		total   int64
		fits    bool
	}{
		{nil, 0, true},
		{[]int64{math.MaxInt64}, math.MaxInt64, true},
		{[]int64{math.MaxInt64, 1}, 0, false},
		{[]int64{math.MaxInt64, math.MaxInt64, math.MaxInt64}, 0, false},
	} {
		var amounts []*paymentsv1.Money
		for _, minor := range test.amounts {
			amounts = append(amounts, &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: minor})
		}
		if total, fits := sum(amounts); total != test.total || fits != test.fits {
			t.Errorf("%v: got %d %v", test.amounts, total, fits)
		}
	}
}

// What is looked for by type is what has a rule, in every message there is.
func TestUnsaid(t *testing.T) {
	found := map[protoreflect.FullName]int{}
	for _, d := range contract(t) {
		m := (values{}).message(d, 0).Interface()
		_, isCard := m.(*paymentsv1.Card)
		_, isOrdered := m.(ordered)
		if found[d.FullName()] = len(unsaid(d)); (found[d.FullName()] > 0) != (isCard || isOrdered) {
			t.Errorf("%s has %d rules", d.FullName(), found[d.FullName()])
		}
	}
	for _, name := range []protoreflect.FullName{"patchbay.payments.v1.Card", "patchbay.payments.v1.AuthorizeRequest", "patchbay.payments.v1.ChargeMandateRequest", "patchbay.payments.v1.CreateOrderRequest"} {
		if found[name] != 1 {
			t.Errorf("%s has %d rules", name, found[name])
		}
	}
}
