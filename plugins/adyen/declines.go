package adyen

import (
	"context"
	"regexp"
	"strings"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// excessiveRetries is Adyen's own refusal of a further attempt, for which the
// network would take a fee.
const excessiveRetries = "46"

// declineTable is how Adyen declines.
func declineTable() sdk.DeclineTable {
	unified := words.Texts("decline.code")
	return sdk.DeclineTable{Unified: unified, Overrides: map[string]sdk.DeclineRow{excessiveRetries: {
		Code:     unified[excessiveRetries],
		Hardness: paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD,
		Retry:    paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT,
		Actor:    paymentsv1.DeclineActor_DECLINE_ACTOR_MERCHANT,
	}}}
}

// decline says why a payment was refused.
func decline(ctx context.Context, p *api.Payment) *paymentsv1.Decline {
	code := p.RefusalReasonCode
	if code == "" && p.ResultCode == "Cancelled" {
		code = "15"
	}
	advice, _, _ := strings.Cut(p.AdditionalData["merchantAdviceCode"], ":") // "01: New account information available"
	return declineTable().Decline(ctx, sdk.Declined{
		Code: code, Message: p.RefusalReason, Network: networkOf(brandOf(p)),
		NetworkCode: networkCode(p.AdditionalData["refusalReasonRaw"]), AdviceCode: strings.TrimSpace(advice),
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
	if found == nil {
		return ""
	}
	return strings.Repeat("0", 2-len(found[1])) + found[1]
}
