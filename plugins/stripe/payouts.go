package stripe

import (
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// CreatePayout implements sdk.PayoutCreator. Stripe pays out to the accounts and
// debit cards of the merchant, or of the connected account, and to nobody else: the
// destination is one that Stripe knows by its id (ba_…, card_…).
// Source: https://docs.stripe.com/api/payouts/create.
func (*Connector) CreatePayout(ctx context.Context, req *paymentsv1.CreatePayoutRequest) (*paymentsv1.CreatePayoutResponse, error) {
	params, err := payoutParams(req)
	if err != nil {
		return nil, err
	}
	stripe, err := client(ctx)
	if err != nil {
		return nil, err
	}
	made, err := stripe.CreatePayout(ctx, params)
	payout, err := tell(ctx, made, err, payout)
	return &paymentsv1.CreatePayoutResponse{Payout: payout}, err
}

func payoutParams(req *paymentsv1.CreatePayoutRequest) (api.CreatePayoutParams, error) {
	params := api.CreatePayoutParams{
		Currency: currency(req.GetAmount()), StatementDescriptor: req.GetStatementDescriptor(), Method: "standard",
	}
	if err := noOptions(req.GetConnectorOptions()); err != nil {
		return params, err
	}
	switch to := req.GetDestination().GetDestination().(type) {
	case *paymentsv1.PayoutDestination_PayoutAccountId:
		params.Destination = to.PayoutAccountId
	case *paymentsv1.PayoutDestination_CardToken:
		params.Destination = to.CardToken.GetToken()
	default:
		return params, invalid("destination", "must be payout_account_id or card_token: Stripe pays out to what it knows already")
	}
	switch {
	case req.GetRecipientId() != "":
		return params, invalid("recipient_id", "is not taken: Stripe pays out to the merchant alone")
	case req.GetSourceCurrencyCode() != "" && req.GetSourceCurrencyCode() != req.GetAmount().GetCurrencyCode():
		return params, invalid("source_currency_code", "must be the amount's currency")
	case req.GetSpeed() == paymentsv1.PayoutSpeed_PAYOUT_SPEED_INSTANT:
		params.Method = "instant"
	}
	var err error
	if params.Metadata, err = metadataOf(req.GetMetadata(), req.GetReference()); err != nil {
		return params, err
	}
	params.Amount, err = payoutUnits(req.GetAmount())
	return params, err
}

// GetPayout implements sdk.PayoutGetter.
func (*Connector) GetPayout(ctx context.Context, req *paymentsv1.GetPayoutRequest) (*paymentsv1.GetPayoutResponse, error) {
	stripe, err := clientFor(ctx, "payout_id", req.GetPayoutId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	found, err := stripe.GetPayout(ctx, req.GetPayoutId())
	payout, err := tellRead(ctx, found, err, payout)
	return &paymentsv1.GetPayoutResponse{Payout: payout}, err
}

// VoidPayout implements sdk.PayoutVoider.
// Source: https://docs.stripe.com/api/payouts/cancel.
func (*Connector) VoidPayout(ctx context.Context, req *paymentsv1.VoidPayoutRequest) (*paymentsv1.VoidPayoutResponse, error) {
	stripe, err := clientFor(ctx, "payout_id", req.GetPayoutId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	canceled, err := stripe.CancelPayout(ctx, req.GetPayoutId())
	payout, err := tell(ctx, canceled, err, payout)
	return &paymentsv1.VoidPayoutResponse{Payout: payout}, err
}

// payout says what Stripe said of a payout.
func payout(ctx context.Context, p *api.Payout) (*paymentsv1.Payout, error) {
	amount, err := money(p.Currency, p.Amount)
	if err != nil {
		return nil, err
	}
	told := &paymentsv1.Payout{
		Id:          p.ID,
		Reference:   p.Metadata[referenceKey],
		Status:      payoutStatuses.Meaning(ctx, p.Status),
		Amount:      amount,
		CreateTime:  timestamp(p.Created),
		ArrivalTime: timestamp(p.ArrivalDate),
	}
	if told.GetStatus() == paymentsv1.PayoutStatus_PAYOUT_STATUS_RETURNED {
		table := sdk.DeclineTable{Unified: words.Texts("payout.failure_code")}
		told.Decline = table.Decline(ctx, sdk.Declined{Code: p.FailureCode, Message: p.FailureMessage})
	}
	told.ConnectorData, err = structpb.NewStruct(map[string]any{
		"status": p.Status, "destination": string(p.Destination), "method": p.Method, "type": p.Type,
	})
	return told, err
}
