package sdk

import (
	"errors"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/sdk/wire"
)

func TestCheckID(t *testing.T) {
	for id, good := range map[string]bool{"pi_3Nx-4": true, "": false, "a/b": false, "..": false, "a?b": false, "a%2fb": false, "é": false} {
		err := CheckID("payment_id", id)
		var refused *Error
		if (err == nil) != good || err != nil && (!errors.As(err, &refused) || refused.Fields[0].Field != "payment_id") {
			t.Errorf("%q: got %v", id, err)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.psp.example": "https://api.psp.example", "http://127.0.0.1:1/v1//": "http://127.0.0.1:1/v1",
		"": "", "api.psp.example": "", "ftp://api.psp.example": "", "https://": "", ":": "",
	} {
		got, err := Endpoint("base_url", address)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v", address, got, err)
		}
		var refused *Error
		if err != nil && (!errors.As(err, &refused) || refused.Kind != Misconfigured || refused.Code != wire.ReasonConfigInvalid || !strings.Contains(refused.Message, "base_url")) {
			t.Errorf("%q: got %v", address, err)
		}
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
