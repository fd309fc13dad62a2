package stripe

import (
	"cmp"
	"context"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// adviceNoRetry is Stripe's advice, and the decline code that it replaced, that
// the issuer wants no further attempt.
// Source: https://docs.stripe.com/declines/card#retrying-issuer-declines.
const adviceNoRetry = "do_not_try_again"

// declineTable is how Stripe declines.
var declineTable = sdk.DeclineTable{
	Unified: words.Texts("decline.code"),
	Overrides: map[string]sdk.DeclineRow{adviceNoRetry: {
		Code:     "do_not_honor",
		Hardness: paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD,
		Retry:    paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT,
	}},
}

// decline says why a payment was refused.
func decline(ctx context.Context, f *api.Failure) *paymentsv1.Decline {
	d := declineTable.Decline(ctx, sdk.Declined{
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
