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

func TestUnixTime(t *testing.T) {
	if got := UnixTime(0); got != nil {
		t.Errorf("no time is %v", got)
	}
	if got := UnixTime(1893456000); got.GetSeconds() != 1893456000 || got.GetNanos() != 0 {
		t.Errorf("got %v", got)
	}
}

func TestError_Without(t *testing.T) {
	whole := InvalidField("token", "No such token: tok_1; tok_1 is none.")
	masked := whole.Without("tok_1")
	if masked.Message != "token: No such token: [redacted]; [redacted] is none." || masked.Fields[0].Description != "No such token: [redacted]; [redacted] is none." {
		t.Errorf("got %+v", masked)
	}
	if whole.Fields[0].Description != "No such token: tok_1; tok_1 is none." || whole.Without("") != whole {
		t.Errorf("the error itself has changed: %+v", whole)
	}
}
