package adyen

import (
	"context"
	"regexp"
	"strings"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// unifiedDecline translates Adyen's refusalReasonCodes.
//
// Source: https://docs.adyen.com/development-resources/refusal-reasons;
// testdata/refusal_reasons.txt lists them.
func unifiedDecline(code string) (unified string, ok bool) {
	switch code {
	case "2", "27": // Refused; Declined Non Generic
		return sdk.GenericDecline, true
	case "3": // Referral
		return "refer_to_issuer", true
	case "4": // Acquirer Error
		return "processor_unavailable", true
	case "5": // Blocked Card
		return "blocked_account", true
	case "6": // Expired Card
		return "expired_card", true
	case "7": // Invalid Amount
		return "invalid_amount", true
	case "8": // Invalid Card Number
		return "invalid_account", true
	case "9": // Issuer Unavailable
		return "issuer_unavailable", true
	case "10", "23", "34", "35": // Not supported; Transaction Not Permitted; no checking, no savings account on the card
		return "transaction_not_permitted_card", true
	case "11", "42": // 3D Not Authenticated; 3DS Authentication Error
		return "authentication_failed", true
	case "12": // Not enough balance
		return "insufficient_funds", true
	case "14", "20", "22": // Acquirer Fraud; FRAUD; FRAUD-CANCELLED
		return "risk_rejected_processor", true
	case "15", "16": // Cancelled; Shopper Cancelled
		return "buyer_canceled", true
	case "17": // Invalid Pin
		return "incorrect_pin", true
	case "18": // Pin tries exceeded
		return "pin_tries_exceeded", true
	case "19", "33", "36", "43": // Pin validation not possible; online, mobile, online PIN required
		return "pin_required", true
	case "21": // Not Submitted
		return "invalid_transaction", true
	case "24": // CVC Declined
		return "incorrect_cvv", true
	case "25": // Restricted Card
		return "restricted_card", true
	case "26": // Revocation Of Auth
		return "stop_all_recurring", true
	case "28": // Withdrawal amount exceeded
		return "exceeds_amount_limit", true
	case "29": // Withdrawal count exceeded
		return "exceeds_frequency_limit", true
	case "31": // Issuer Suspected Fraud
		return "suspected_fraud_issuer", true
	case "32": // AVS Declined
		return "avs_mismatch", true
	case "37", "41", "44", "45": // Contactless fallback; CVM Required Restart Payment; try another interface; chip downgrade
		return "transaction_not_permitted_terminal", true
	case "38": // Authentication required
		return "authentication_required", true
	case "39": // RReq not received from DS
		return "authentication_failed", true
	case "40": // Current AID is in Penalty Box
		return "processor_unavailable", true
	case excessiveRetries:
		return "exceeds_frequency_limit", true
	default:
		return "", false
	}
}

// excessiveRetries is Adyen's own refusal of a further attempt, for which the
// network would take a fee.
const excessiveRetries = "46"

// declineTable is how Adyen declines.
func declineTable() sdk.DeclineTable {
	return sdk.DeclineTable{
		Unified: unifiedDecline,
		Overrides: map[string]sdk.DeclineRow{excessiveRetries: {
			Code:     "exceeds_frequency_limit",
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
