package sdk

import (
	"testing"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestNames(t *testing.T) {
	for whole, parts := range map[string][2]string{
		"Ann Mary Doe": {"Ann Mary", "Doe"}, "Ann": {"Ann", ""}, "": {"", ""},
	} {
		given, family := SplitName(whole)
		if [2]string{given, family} != parts {
			t.Errorf("%q is %q %q", whole, given, family)
		}
		if got := FullName(&paymentsv1.Address{GivenName: given, FamilyName: family}); got != whole {
			t.Errorf("%q became %q", whole, got)
		}
	}
	if got := FullName(&paymentsv1.CustomerDetails{FamilyName: "Doe"}); got != "Doe" {
		t.Errorf("got %q", got)
	}
}
