package api

import (
	"reflect"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
)

// TestFieldsAreStripes holds every field that the connector reads against
// Stripe's own description, so that none is invented. What is read in several
// forms may have a field in any of them.
func TestFieldsAreStripes(t *testing.T) {
	const action = "payment_intent_next_action_"
	for schemas, object := range map[string]any{
		"account file token":                  Named{},
		"address":                             Address{},
		"api_errors":                          Failure{},
		"charge":                              Charge{},
		"customer deleted_customer":           Customer{},
		"dispute":                             Dispute{},
		"dispute_evidence_details":            Dispute{}.EvidenceDetails,
		"dispute_payment_method_details":      Dispute{}.PaymentMethodDetails,
		"dispute_payment_method_details_card": Dispute{}.PaymentMethodDetails.Card,
		"event":                               Event{},
		"mandate":                             Mandate{},
		"payment_intent":                      PaymentIntent{},
		"payment_method":                      PaymentMethod{},
		"payment_method_details":              PaymentMethodDetails{},
		"payment_method_details_card":         CardDetails{},
		"payment_method_details_card_checks":  CardDetails{}.Checks,
		"payment_method_details_card_wallet":  CardDetails{}.Wallet,
		"payment_method_details_us_bank_account payment_method_details_sepa_debit": BankDetails{},
		"payout":                        Payout{},
		"refund":                        Refund{},
		"setup_intent":                  SetupIntent{},
		"shipping":                      Shipping{},
		"three_d_secure_details_charge": ThreeDSecureResult{},
		action + "alipay_handle_redirect " + action + "boleto " + action + "display_multibanco_details " + action + "display_oxxo_details " +
			action + "pix_display_qr_code " + action + "cashapp_handle_redirect_or_display_qr_code " + action + "verify_with_microdeposits": ActionDetails{},
		action + "cashapp_qr_code " + action + "swish_qr_code": ActionDetails{}.QRCode,
	} {
		members := map[string]any{}
		for schema := range strings.FieldsSeq(schemas) {
			more, err := stripemock.Members(t.Context(), schema)
			if err != nil {
				t.Fatal(err)
			}
			for name := range more {
				members[name] = true
			}
		}
		for _, field := range reflect.VisibleFields(reflect.TypeOf(object)) {
			if name := field.Tag.Get("json"); members[name] == nil && !field.Anonymous {
				t.Errorf("%s has no member %q", schemas, name)
			}
		}
	}
}
