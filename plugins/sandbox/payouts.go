package sandbox

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// CreatePayout implements sdk.PayoutCreator.
func (c *Connector) CreatePayout(ctx context.Context, req *paymentsv1.CreatePayoutRequest) (*paymentsv1.CreatePayoutResponse, error) {
	payout, err := c.payOut(ctx, req, false)
	return &paymentsv1.CreatePayoutResponse{Payout: payout}, err
}

// StagePayout implements sdk.PayoutStager.
func (c *Connector) StagePayout(ctx context.Context, req *paymentsv1.StagePayoutRequest) (*paymentsv1.StagePayoutResponse, error) {
	payout, err := c.payOut(ctx, req.GetPayout(), true)
	return &paymentsv1.StagePayoutResponse{Payout: payout}, err
}

// payOut asks for a payout, which is only prepared if it is to be staged.
func (c *Connector) payOut(ctx context.Context, req *paymentsv1.CreatePayoutRequest, stage bool) (*paymentsv1.Payout, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	to, err := destination(req.GetDestination())
	if err != nil {
		return nil, err
	}
	p, err := psp.CreatePayout(ctx, api.NewPayout{
		Reference:           req.GetReference(),
		Amount:              units,
		Currency:            req.GetAmount().GetCurrencyCode(),
		SourceCurrency:      req.GetSourceCurrencyCode(),
		Destination:         to,
		RecipientID:         req.GetRecipientId(),
		Instant:             req.GetSpeed() == paymentsv1.PayoutSpeed_PAYOUT_SPEED_INSTANT,
		Stage:               stage,
		Purpose:             req.GetPurpose(),
		StatementDescriptor: req.GetStatementDescriptor(),
		Metadata:            req.GetMetadata(),
	})
	return told(ctx, p, err, payoutOf)
}

// TransferPayout implements sdk.PayoutTransferrer.
func (c *Connector) TransferPayout(ctx context.Context, req *paymentsv1.TransferPayoutRequest) (*paymentsv1.TransferPayoutResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	p, err := psp.TransferPayout(ctx, req.GetPayoutId())
	payout, err := told(ctx, p, err, payoutOf)
	return &paymentsv1.TransferPayoutResponse{Payout: payout}, err
}

// GetPayout implements sdk.PayoutGetter.
func (c *Connector) GetPayout(ctx context.Context, req *paymentsv1.GetPayoutRequest) (*paymentsv1.GetPayoutResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	p, err := psp.Payout(ctx, req.GetPayoutId())
	payout, err := told(ctx, p, err, payoutOf)
	return &paymentsv1.GetPayoutResponse{Payout: payout}, err
}

// VoidPayout implements sdk.PayoutVoider.
func (c *Connector) VoidPayout(ctx context.Context, req *paymentsv1.VoidPayoutRequest) (*paymentsv1.VoidPayoutResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	p, err := psp.VoidPayout(ctx, req.GetPayoutId(), api.Why{Reason: req.GetReason()})
	payout, err := told(ctx, p, err, payoutOf)
	return &paymentsv1.VoidPayoutResponse{Payout: payout}, err
}

// destination says where a payout goes in the PSP's words.
func destination(d *paymentsv1.PayoutDestination) (api.Destination, error) {
	switch d := d.GetDestination().(type) {
	case *paymentsv1.PayoutDestination_Card:
		return api.Destination{Card: cardOf(d.Card)}, nil
	case *paymentsv1.PayoutDestination_CardToken:
		return api.Destination{Token: d.CardToken.GetToken()}, nil
	case *paymentsv1.PayoutDestination_BankAccount:
		return api.Destination{Account: accountOf(d.BankAccount)}, nil
	case *paymentsv1.PayoutDestination_PayoutAccountId:
		return api.Destination{Payee: d.PayoutAccountId}, nil
	case *paymentsv1.PayoutDestination_Wallet:
		user := d.Wallet.GetEmail()
		if user == "" {
			user = d.Wallet.GetPhone()
		}
		if user != "" {
			return api.Destination{Wallet: user}, nil
		}
	}
	return api.Destination{}, sdk.Errorf(sdk.Unsupported, "", "the sandbox can't pay out to this destination")
}

// payoutOf says a payout of the PSP's in the contract's words.
func payoutOf(ctx context.Context, p api.Payout) (*paymentsv1.Payout, error) {
	payout := &paymentsv1.Payout{
		Id:          p.ID,
		Reference:   p.Reference,
		Status:      payoutStatus(ctx, p.Status),
		RecipientId: p.RecipientID,
		Decline:     declineOf(ctx, p.Decline),
		CreateTime:  timestamppb.New(p.Created),
		ArrivalTime: timestamppb.New(p.Arrival),
	}
	if p.Destination.MethodType != "" {
		payout.Destination = payeeDetails(p.Destination)
	}
	if p.ChallengeURL != "" {
		payout.NextAction = redirect(p.ChallengeURL)
	}
	for _, amount := range []struct {
		units int64
		set   **paymentsv1.Money
	}{
		{p.Amount, &payout.Amount}, {p.SourceAmount, &payout.SourceAmount}, {p.Fee, &payout.FeeAmount},
	} {
		money, err := moneyOf(p.Currency, amount.units)
		if err != nil {
			return nil, err
		}
		*amount.set = money
	}
	return payout, nil
}

// payeeDetails says what may be shown of a destination.
func payeeDetails(s api.Shown) *paymentsv1.PaymentMethodDetails {
	details := detailsOf(s, "")
	if details.GetCard() == nil && s.Last4 != "" {
		details.BankAccount = &paymentsv1.BankAccountDetails{Last4: s.Last4}
	}
	return details
}
