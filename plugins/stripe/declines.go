package stripe

import (
	"cmp"
	"context"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// unifiedDecline translates Stripe's decline codes, and the error codes that
// stand in their place where there is no decline code.
//
// Sources: https://docs.stripe.com/declines/codes, https://docs.stripe.com/error-codes
// and the codes of last_setup_error in Stripe's SDKs; testdata/decline_codes.txt
// lists them.
func unifiedDecline(code string) (unified string, ok bool) {
	switch code {
	case "authentication_required", "authentication_not_handled", "mobile_device_authentication_required":
		return "authentication_required", true
	case "payment_intent_authentication_failure", "setup_intent_authentication_failure", "authentication_failure":
		return "authentication_failed", true
	case "approve_with_id", "call_issuer":
		return "refer_to_issuer", true
	case "do_not_honor", adviceNoRetry, "no_action_taken":
		return "do_not_honor", true
	case "card_not_supported", "invalid_card_type", "not_permitted", "service_not_allowed", "transaction_not_allowed":
		return "transaction_not_permitted_card", true
	case "card_velocity_exceeded", "charge_exceeds_source_limit", "charge_exceeds_transaction_limit", "payment_limit_exceeded":
		return "exceeds_amount_limit", true
	case "card_decline_rate_limit_exceeded", "withdrawal_count_limit_exceeded":
		return "exceeds_frequency_limit", true
	case "fraudulent", "partner_high_risk_customer":
		return "risk_rejected_processor", true
	case "merchant_blacklist":
		return "risk_rejected_merchant", true
	case "incorrect_address", "incorrect_postal_code", "incorrect_zip":
		return "avs_mismatch", true
	case "incorrect_cvc", "invalid_cvc":
		return "incorrect_cvv", true
	case "incorrect_number", "invalid_number", "invalid_account", "invalid_customer_account",
		"invalid_payment_information", "testmode_decline", "bank_account_unusable", "no_account", "sepa_unsupported_account":
		return "invalid_account", true
	case "account_closed":
		return "closed_account", true
	case "bank_account_restricted", "payment_method_bank_account_blocked":
		return "blocked_account", true
	case "bank_account_unverified", "bank_account_verification_failed", "payment_method_microdeposit_failed",
		"payment_method_microdeposit_verification_attempts_exceeded", "payment_method_microdeposit_verification_timeout":
		return "verification_required", true
	case "expired_card", "expired_payment_information", "expired_payment_method", "invalid_expiry_month", "invalid_expiry_year":
		return "expired_card", true
	case "incorrect_pin", "invalid_pin":
		return "incorrect_pin", true
	case "offline_pin_required", "online_or_offline_pin_required":
		return "pin_required", true
	case "pin_try_exceeded":
		return "pin_tries_exceeded", true
	case "issuer_not_available":
		return "issuer_unavailable", true
	case "reenter_transaction":
		return "issuer_system_error", true
	case "processing_error", "payment_method_not_available", "payment_method_provider_timeout", "payment_method_microdeposit_processing_error":
		return "processor_unavailable", true
	case "pickup_card":
		return "pick_up_card", true
	case "new_account_information_available":
		return "new_account_info_available", true
	case "refer_to_customer", "stop_payment_order":
		return "stop_this_payment", true
	case "revocation_of_authorization", "revocation_of_all_authorizations":
		return "stop_all_recurring", true
	case "billing_invalid_mandate", "debit_not_authorized", "india_recurring_payment_mandate_canceled", "invalid_authorization",
		"invalid_billing_agreement", "payment_intent_mandate_invalid", "setup_intent_mandate_invalid":
		return "mandate_missing_or_invalid", true
	case "invalid_business_account":
		return "invalid_merchant", true
	case "payment_method_customer_decline":
		return "buyer_canceled", true
	case "payment_intent_payment_attempt_expired", "setup_intent_setup_attempt_expired":
		return "session_expired", true
	case "compliance_violation", "currency_not_supported", "duplicate_transaction", "insufficient_funds",
		"invalid_amount", "lost_card", "restricted_card", "security_violation", "stolen_card":
		return code, true
	case "generic_decline", "try_again_later", "card_declined", "partner_generic_decline", "partner_payment_not_found",
		"payment_disputed", "payment_intent_payment_attempt_failed", "payment_method_provider_decline",
		"bank_account_declined", "payment_method_restricted", "setup_attempt_failed":
		return sdk.GenericDecline, true
	default:
		return "", false
	}
}

// adviceNoRetry is Stripe's advice, and the decline code that it replaced, that
// the issuer wants no further attempt.
// Source: https://docs.stripe.com/declines/card#retrying-issuer-declines.
const adviceNoRetry = "do_not_try_again"

// declineTable is how Stripe declines.
func declineTable() sdk.DeclineTable {
	return sdk.DeclineTable{
		Unified: unifiedDecline,
		Overrides: map[string]sdk.DeclineRow{
			adviceNoRetry: {
				Code:     "do_not_honor",
				Hardness: paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD,
				Retry:    paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT,
			},
		},
	}
}

// decline says why a payment was refused.
func decline(ctx context.Context, f *api.Failure) *paymentsv1.Decline {
	d := declineTable().Decline(ctx, sdk.Declined{
		Code: cmp.Or(f.DeclineCode, f.Code), Message: f.Message,
		Network: f.PaymentMethod.Card.Brand, NetworkCode: f.NetworkDeclineCode, AdviceCode: f.NetworkAdviceCode,
	})
	if f.AdviceCode == adviceNoRetry && d.GetHardness() != paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD {
		d.Hardness = paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD
		d.Retry = paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT
		d.RetryAfter = nil
	}
	return d
}
