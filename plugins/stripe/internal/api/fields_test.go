package api

import (
	"reflect"
	"testing"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
)

// TestFieldsAreStripes holds every field that the connector reads against
// Stripe's own description, so that none is invented.
func TestFieldsAreStripes(t *testing.T) {
	for schema, object := range map[string]any{
		"account":                     Account{},
		"api_errors":                  Failure{},
		"charge":                      Charge{},
		"payment_intent":              PaymentIntent{},
		"payment_method_details_card": ChargeCard{},
		"payment_method":              PaymentMethod{},
		"payment_method_card":         PaymentMethodCard{},
		"refund":                      Refund{},
		"payment_intent_next_action_redirect_to_url": RedirectToURL{},
	} {
		members, err := stripemock.Members(t.Context(), schema)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range reflect.VisibleFields(reflect.TypeOf(object)) {
			if name := field.Tag.Get("json"); members[name] == nil {
				t.Errorf("%s has no member %q", schema, name)
			}
		}
	}
}
