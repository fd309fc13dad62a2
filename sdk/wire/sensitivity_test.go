package wire

import (
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// looksSecret finds the words that fields with something to hide are called by;
// describes those that speak of such a thing without holding it.
var (
	looksSecret = regexp.MustCompile(`(^|_)(number|pan|track|security_code|cvc|cvv|csc|pin|otp|token|cryptogram|cavv|key|secret|password|passphrase|credentials?|iban|bban|routing|sort_code|account|holder|email|phone|address|ip|birth\w*|tax_id|ssn|config)(_|$)`)
	describes   = regexp.MustCompile(`(^|_)(type|kind|check|hint|schema|time|account_id)$`)
)

// shown has the fields that look so and yet may be shown, with the reason.
var shown = map[protoreflect.FullName]string{
	"patchbay.connector.v1.CallContext.idempotency_key":       "made of a hash; worthless without the PSP's credentials; operators search for it",
	"patchbay.connector.v1.CallContext.account":               "the name of a set of credentials, not a bank account",
	"patchbay.gateway.v1.ProcessRequest.account":              "the name of a set of credentials, not a bank account",
	"patchbay.gateway.v1.ProcessRequest.idempotency_key":      "the caller's own label of a call, which every answer gives back",
	"patchbay.gateway.v1.ProcessResponse.idempotency_key":     "the caller's own label of a call, which every answer gives back",
	"patchbay.payments.v1.OrderDetails.purchase_order_number": "the buyer's label of an order; nothing can be paid with it",
	"patchbay.payments.v1.Refund.acquirer_reference_number":   "what a payer's bank traces a refund by; nothing can be paid with it",
}

func TestSensitivity_noFieldIsForgotten(t *testing.T) {
	seen, marked := map[protoreflect.FullName]bool{}, 0
	allMessages(func(m protoreflect.MessageDescriptor) {
		fields(m, func(fd protoreflect.FieldDescriptor) {
			seen[fd.FullName()] = true
			ownMessage := fd.Message() != nil && strings.HasPrefix(string(fd.Message().FullName()), "patchbay.")
			name := string(fd.Name())
			suspicious := looksSecret.MatchString(name) && !describes.MatchString(name) && !ownMessage // whose fields are looked at by themselves
			switch reason, excused := shown[fd.FullName()]; {
			case Sensitive(fd):
				marked++
				if excused {
					t.Errorf("%s is marked and need not be excused: %s", fd.FullName(), reason)
				}
			case suspicious && !excused:
				t.Errorf("%s looks secret: mark it with (patchbay.payments.v1.sensitivity), or say here why it may be shown", fd.FullName())
			case excused && !suspicious:
				t.Errorf("%s does not look secret and need not be excused", fd.FullName())
			}
		})
	})
	for name := range shown {
		if !seen[name] {
			t.Errorf("%s does not exist", name)
		}
	}
	if marked == 0 {
		t.Error("no field is marked: the option is not read")
	}
}

// What must be hidden whatever its name.
func TestSensitive(t *testing.T) {
	for name, want := range map[protoreflect.FullName]bool{
		"patchbay.payments.v1.Card.number":             true,
		"patchbay.payments.v1.Card.security_code":      true,
		"patchbay.payments.v1.Card.holder_name":        true,
		"patchbay.payments.v1.CardToken.token":         true,
		"patchbay.payments.v1.AuthorizeRequest.email":  true,
		"patchbay.connector.v1.CallContext.config":     true,
		"patchbay.payments.v1.Card.expiry_year":        false,
		"patchbay.payments.v1.Card.network":            false,
		"patchbay.payments.v1.Money.minor_units":       false,
		"patchbay.connector.v1.CallContext.request_id": false,
		"patchbay.payments.v1.Payment.connector_data":  false, // hidden as a Struct
		"patchbay.payments.v1.AuthorizeRequest.amount": false,
	} {
		d, err := Files().FindDescriptorByName(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := Sensitive(d.(protoreflect.FieldDescriptor)); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}
