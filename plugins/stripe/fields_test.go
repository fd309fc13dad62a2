package stripe

import (
	"testing"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
)

func TestFieldOf(t *testing.T) {
	for param, want := range map[string]string{
		"amount": "amount", "amount_to_capture": "amount", "cancellation_reason": "reason", "currency": "amount.currency_code",
		"cvc": "payment_method.card.security_code", "exp_month": "payment_method.card.expiry_month", "exp_year": "payment_method.card.expiry_year",
		"final_capture": "more_to_come", "metadata[seat]": "metadata.seat", "number": "payment_method.card.number",
		"on_behalf_of":   "connector_options.on_behalf_of",
		"payment_method": "payment_method.card_token.token", "payment_method_data[card]": "payment_method.card",
		"payment_method_data[card][number]": "payment_method.card.number", "payment_method_options[card][network]": "payment_method.card.network",
		"payment_method_options[card][request_multicapture]":    "connector_options.request_multicapture",
		"payment_method_data[billing_details][name]":            "payment_method.card.holder_name",
		"payment_method_data[billing_details][email]":           "email",
		"payment_method_data[billing_details][address][city]":   "billing_address",
		"payment_method_data[ideal][bank]":                      "payment_method.bank_redirect.bank",
		"payment_method_data[sepa_debit][iban]":                 "payment_method.bank_debit.account.iban",
		"payment_method_data[us_bank_account][routing_number]":  "payment_method.bank_debit.account",
		"payment_method_data[boleto][tax_id]":                   "customer.document",
		"payment_method_options[blik][code]":                    "payment_method.bank_redirect.one_time_code",
		"payment_method_options[card][three_d_secure][version]": "three_ds.external",
		"mandate_data[customer_acceptance]":                     "payment_method.bank_debit.acceptance",
		"evidence[receipt]":                                     "evidence",
		"shipping[name]":                                        "shipping", "receipt_email": "email", "return_url": "return_url", "statement_descriptor_suffix": "statement_descriptor",
		"customer": "customer_id", "destination": "destination", "something_new": "", "": "", "id": "",
	} {
		if got := fieldOf(&api.Error{Path: "/v1/payment_intents", Failure: api.Failure{Param: param}}); got != want {
			t.Errorf("%q is our %q, want %q", param, got, want)
		}
	}
	if got := fieldOf(&api.Error{Failure: api.Failure{Code: "amount_too_small"}}); got != "amount" {
		t.Errorf("amount_too_small is our %q", got)
	}
}

func TestFieldOfAnID(t *testing.T) {
	for at, want := range map[[2]string]string{
		{"/v1/payment_intents/pi_1", "intent"}: "payment_id", {"/v1/payment_intents/pi_1/capture", "intent"}: "payment_id",
		{"/v1/setup_intents/seti_1", "intent"}: "mandate_id", {"/v1/refunds/re_1", "id"}: "refund_id", {"/v1/customers/cus_1", "id"}: "customer_id",
		{"/v1/customers/cus_1", "customer"}: "customer_id", {"/v1/disputes/du_1/close", "dispute"}: "dispute_id", {"/v1/payouts/po_1", "payout"}: "payout_id",
		{"/v1/payment_methods/pm_1/detach", "payment_method"}: "token", {"/v1/plans/p_1", "id"}: "",
		{"/v1/refunds", "payment_intent"}: "payment_id", {"/v1/payment_intents", "customer"}: "customer_id",
	} {
		if got := fieldOf(&api.Error{Path: at[0], Failure: api.Failure{Param: at[1]}}); got != want {
			t.Errorf("%v is our %q, want %q", at, got, want)
		}
	}
}
