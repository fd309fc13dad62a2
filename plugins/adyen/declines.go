package adyen

import (
	"context"
	"regexp"
	"strings"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// refusalReasons are Adyen's refusalReasonCodes and what they mean.
//
// Source: https://docs.adyen.com/development-resources/refusal-reasons;
// testdata/refusal_reasons.txt has their names.
func refusalReasons() map[string]string {
	return map[string]string{
		"2": sdk.GenericDecline, "3": "refer_to_issuer", "4": "processor_unavailable", "5": "blocked_account", "6": "expired_card",
		"7": "invalid_amount", "8": "invalid_account", "9": "issuer_unavailable", "10": "transaction_not_permitted_card",
		"11": "authentication_failed", "12": "insufficient_funds", "14": "risk_rejected_processor", "15": "buyer_canceled",
		"16": "buyer_canceled", "17": "incorrect_pin", "18": "pin_tries_exceeded", "19": "pin_required", "20": "risk_rejected_processor",
		"21": "invalid_transaction", "22": "risk_rejected_processor", "23": "transaction_not_permitted_card", "24": "incorrect_cvv",
		"25": "restricted_card", "26": "stop_all_recurring", "27": sdk.GenericDecline, "28": "exceeds_amount_limit",
		"29": "exceeds_frequency_limit", "31": "suspected_fraud_issuer", "32": "avs_mismatch", "33": "pin_required",
		"34": "transaction_not_permitted_card", "35": "transaction_not_permitted_card", "36": "pin_required",
		"37": "transaction_not_permitted_terminal", "38": "authentication_required", "39": "authentication_failed",
		"40": "processor_unavailable", "41": "transaction_not_permitted_terminal", "42": "authentication_failed", "43": "pin_required",
		"44": "transaction_not_permitted_terminal", "45": "transaction_not_permitted_terminal", excessiveRetries: "exceeds_frequency_limit",
	}
}

// excessiveRetries is Adyen's own refusal of a further attempt, for which the
// network would take a fee.
const excessiveRetries = "46"

// declineTable is how Adyen declines.
func declineTable() sdk.DeclineTable {
	return sdk.DeclineTable{
		Unified: refusalReasons(),
		Overrides: map[string]sdk.DeclineRow{excessiveRetries: {
			Code:     refusalReasons()[excessiveRetries],
			Hardness: paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD,
			Retry:    paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT,
			Actor:    paymentsv1.DeclineActor_DECLINE_ACTOR_MERCHANT,
		}},
	}
}

// decline says why a payment was refused.
func decline(ctx context.Context, p *api.Payment) *paymentsv1.Decline {
	code := p.RefusalReasonCode
	if code == "" && p.ResultCode == "Cancelled" {
		code = "15"
	}
	return declineTable().Decline(ctx, sdk.Declined{
		Code:        code,
		Message:     p.RefusalReason,
		Network:     networkOf(brandOf(p)),
		NetworkCode: networkCode(p.AdditionalData["refusalReasonRaw"]),
		AdviceCode:  adviceCode(p.AdditionalData["merchantAdviceCode"]),
	})
}

// rawCode finds the network's code at the head of "51 : Insufficient funds", and of
// "05: Do not honor".
// Source: https://docs.adyen.com/development-resources/raw-acquirer-responses.
var rawCode = regexp.MustCompile(`^([0-9A-Z]{1,2}) *(:|$)`)

// networkCode is the network's response code in refusalReasonRaw. It comes with or
// without a leading zero.
func networkCode(raw string) string {
	found := rawCode.FindStringSubmatch(raw)
	switch {
	case found == nil:
		return ""
	case len(found[1]) == 1:
		return "0" + found[1]
	}
	return found[1]
}

// adviceCode is the code at the head of merchantAdviceCode: "01: New account
// information available".
func adviceCode(raw string) string {
	code, _, _ := strings.Cut(raw, ":")
	return strings.TrimSpace(code)
}
