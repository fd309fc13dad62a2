package stripe

import (
	"context"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// CreatePayout implements sdk.PayoutCreator. Stripe pays out to the accounts and
// debit cards of the merchant, or of the connected account, and to nobody else: the
// destination is one that Stripe knows by its id (ba_…, card_…).
// Source: https://docs.stripe.com/api/payouts/create.
func (*Connector) CreatePayout(ctx context.Context, req *paymentsv1.CreatePayoutRequest) (*paymentsv1.CreatePayoutResponse, error) {
	stripe := callWithoutOptions(ctx, req)
	params := api.Params{
		Amount: stripe.payoutUnits(req.GetAmount()), Currency: currency(req.GetAmount()), Method: "standard",
		StatementDescriptor: req.GetStatementDescriptor(), Metadata: stripe.metadata(req.GetMetadata(), req.GetReference()),
	}
	switch to := req.GetDestination().GetDestination().(type) {
	case *paymentsv1.PayoutDestination_PayoutAccountId:
		params.Destination = to.PayoutAccountId
	case *paymentsv1.PayoutDestination_CardToken:
		params.Destination = to.CardToken.GetToken()
	default:
		stripe.refuse("destination", "must be payout_account_id or card_token: Stripe pays out to what it knows already")
	}
	if req.GetRecipientId() != "" {
		stripe.refuse("recipient_id", "is not taken: Stripe pays out to the merchant alone")
	}
	if from := req.GetSourceCurrencyCode(); from != "" && from != req.GetAmount().GetCurrencyCode() {
		stripe.refuse("source_currency_code", "must be the amount's currency")
	}
	if req.GetSpeed() == paymentsv1.PayoutSpeed_PAYOUT_SPEED_INSTANT {
		params.Method = "instant"
	}
	payout, err := write(ctx, stripe, "/v1/payouts", params, payout)
	return &paymentsv1.CreatePayoutResponse{Payout: payout}, err
}

// GetPayout implements sdk.PayoutGetter.
func (*Connector) GetPayout(ctx context.Context, req *paymentsv1.GetPayoutRequest) (*paymentsv1.GetPayoutResponse, error) {
	stripe := callOn(ctx, req, "payout_id", req.GetPayoutId())
	payout, err := read(ctx, stripe, api.Path("payouts", req.GetPayoutId()), nil, payout)
	return &paymentsv1.GetPayoutResponse{Payout: payout}, err
}

// VoidPayout implements sdk.PayoutVoider.
// Source: https://docs.stripe.com/api/payouts/cancel.
func (*Connector) VoidPayout(ctx context.Context, req *paymentsv1.VoidPayoutRequest) (*paymentsv1.VoidPayoutResponse, error) {
	stripe := callOn(ctx, req, "payout_id", req.GetPayoutId())
	payout, err := write(ctx, stripe, api.Path("payouts", req.GetPayoutId(), "cancel"), nil, payout)
	return &paymentsv1.VoidPayoutResponse{Payout: payout}, err
}

// payout says what Stripe said of a payout.
func payout(ctx context.Context, p *api.Payout) (*paymentsv1.Payout, error) {
	amount, err := money(p.Currency, p.Amount)
	told := &paymentsv1.Payout{
		Id: p.ID, Reference: p.Metadata[referenceKey], Status: payoutStatuses.Meaning(ctx, p.Status), Amount: amount,
		CreateTime: sdk.UnixTime(p.Created), ArrivalTime: sdk.UnixTime(p.ArrivalDate),
		ConnectorData: sdk.ConnectorData(map[string]any{
			"status": p.Status, "destination": string(p.Destination), "method": p.Method, "type": p.Type,
		}),
	}
	if told.GetStatus() == paymentsv1.PayoutStatus_PAYOUT_STATUS_RETURNED {
		table := sdk.DeclineTable{Unified: words.Texts("payout.failure_code")}
		told.Decline = table.Decline(ctx, sdk.Declined{Code: p.FailureCode, Message: p.FailureMessage})
	}
	return told, err
}
