package stripe

import (
	"strings"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
)

// fieldOf names the field of our request that Stripe finds fault with, or
// nothing where there is none.
func fieldOf(e *api.Error) string {
	switch e.Code {
	case "amount_too_large", "amount_too_small", "invalid_charge_amount":
		return "amount"
	}
	if field := idField(e); field != "" {
		return field
	}
	for _, p := range prefixes() {
		if rest, ok := strings.CutPrefix(e.Param, p.stripe); ok {
			if !p.whole {
				return p.ours
			}
			return p.ours + strings.TrimSuffix(rest, "]")
		}
	}
	return params()[e.Param]
}

// idField is the field of the id in a request's path. Stripe calls it by names of its
// own, and "intent" is the name for payments and setups.
func idField(e *api.Error) string {
	switch e.Param {
	case "payment_intent":
		return "payment_id"
	case "id", "intent", "refund", "payment_method", "customer", "dispute", "payout":
	default:
		return ""
	}
	collection, id, _ := strings.Cut(strings.TrimPrefix(e.Path, "/v1/"), "/")
	if id == "" {
		return ""
	}
	return map[string]string{
		"payment_intents": "payment_id", "refunds": "refund_id", "setup_intents": "mandate_id", "payment_methods": "token",
		"customers": "customer_id", "disputes": "dispute_id", "payouts": "payout_id",
	}[collection]
}

// prefixes are parameters with members of their own. Of some the member's name is
// ours too.
func prefixes() []struct {
	stripe, ours string
	whole        bool
} {
	return []struct {
		stripe, ours string
		whole        bool
	}{
		{"metadata[", "metadata.", true},
		{"evidence[", "evidence", false},
		{"mandate_data", "payment_method.bank_debit.acceptance", false},
		{"payment_method_data[billing_details][name]", "payment_method.card.holder_name", false},
		{"payment_method_data[billing_details][email]", "email", false},
		{"payment_method_data[billing_details]", "billing_address", false},
		{"payment_method_data[boleto]", "customer.document", false},
		{"payment_method_data[us_bank_account]", "payment_method.bank_debit.account", false},
		{"payment_method_data[sepa_debit]", "payment_method.bank_debit.account.iban", false},
		{"payment_method_data[bacs_debit]", "payment_method.bank_debit.account", false},
		{"payment_method_data[au_becs_debit]", "payment_method.bank_debit.account", false},
		{"payment_method_data[eps]", "payment_method.bank_redirect.bank", false},
		{"payment_method_data[fpx]", "payment_method.bank_redirect.bank", false},
		{"payment_method_data[ideal]", "payment_method.bank_redirect.bank", false},
		{"payment_method_data[p24]", "payment_method.bank_redirect.bank", false},
		{"payment_method_options[card][three_d_secure]", "three_ds.external", false},
		{"payment_method_options[card][mit_exemption]", "stored_credential.network_transaction_id", false},
		{"shipping", "shipping", false},
		{"address", "billing_address", false},
	}
}

// params are the fields of ours for Stripe's parameters.
func params() map[string]string {
	return map[string]string{
		"amount": "amount", "amount_to_capture": "amount", "currency": "amount.currency_code",
		"capture_method": "capture_method", "description": "description", "metadata": "metadata", "reason": "reason", "return_url": "return_url",
		"cancellation_reason": "reason", "final_capture": "more_to_come", "receipt_email": "email", "statement_descriptor_suffix": "statement_descriptor",
		"statement_descriptor": "statement_descriptor", "setup_future_usage": optionField("setup_future_usage"),
		"on_behalf_of": optionField("on_behalf_of"), "transfer_group": optionField("transfer_group"),
		"off_session": "stored_credential", "customer": "customer_id", "mandate": "mandate_id", "destination": "destination", "method": "speed",
		"email": "details.email", "phone": "details.phone", "name": "details.given_name", "business_name": "details.company",
		"starting_after": "page_token", "limit": "page_size",

		"payment_method":       "payment_method.card_token.token",
		"payment_method_types": "payment_method", "payment_method_types[0]": "payment_method",
		"payment_method_data": "payment_method.card", "payment_method_data[card]": "payment_method.card", "payment_method_data[type]": "payment_method.card",
		"payment_method_data[card][number]": "payment_method.card.number", "number": "payment_method.card.number", "card[number]": "payment_method.card.number",
		"payment_method_data[card][exp_month]": "payment_method.card.expiry_month", "exp_month": "payment_method.card.expiry_month",
		"payment_method_data[card][exp_year]": "payment_method.card.expiry_year", "exp_year": "payment_method.card.expiry_year",
		"payment_method_data[card][cvc]": "payment_method.card.security_code", "cvc": "payment_method.card.security_code",
		"payment_method_data[card][token]": "payment_method.card_token.token", "pk_token": "payment_method.wallet.encrypted.payload",
		"payment_method_options[card][network]":                           "payment_method.card.network",
		"payment_method_options[blik][code]":                              "payment_method.bank_redirect.one_time_code",
		"payment_method_options[card][request_multicapture]":              optionField("request_multicapture"),
		"payment_method_options[card][request_incremental_authorization]": optionField("request_incremental_authorization"),
		"payment_method_options[card][request_extended_authorization]":    optionField("request_extended_authorization"),
		"payment_method_options[card][request_three_d_secure]":            "three_ds.challenge_preference",
	}
}
