package sandbox

import (
	"cmp"
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
	units, errAmount := unitsOf(req.GetAmount())
	to, errTo := destination(req.GetDestination())
	psp := c.client(ctx, req.GetConnectorOptions(), errAmount, errTo)
	p, err := api.Post[api.Payout](ctx, psp, api.NewPayout{
		Reference: req.GetReference(), Amount: units, Currency: req.GetAmount().GetCurrencyCode(),
		SourceCurrency: req.GetSourceCurrencyCode(), Destination: to, RecipientID: req.GetRecipientId(),
		Instant: req.GetSpeed() == paymentsv1.PayoutSpeed_PAYOUT_SPEED_INSTANT, Stage: stage,
		Purpose: req.GetPurpose(), StatementDescriptor: req.GetStatementDescriptor(), Metadata: req.GetMetadata(),
	}, "payouts")
	return told(ctx, p, err, payoutOf)
}

// TransferPayout implements sdk.PayoutTransferrer.
func (c *Connector) TransferPayout(ctx context.Context, req *paymentsv1.TransferPayoutRequest) (*paymentsv1.TransferPayoutResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	p, err := api.Post[api.Payout](ctx, psp, api.None{}, "payouts", req.GetPayoutId(), "transfer")
	payout, err := told(ctx, p, err, payoutOf)
	return &paymentsv1.TransferPayoutResponse{Payout: payout}, err
}

// GetPayout implements sdk.PayoutGetter.
func (c *Connector) GetPayout(ctx context.Context, req *paymentsv1.GetPayoutRequest) (*paymentsv1.GetPayoutResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	p, err := api.Get[api.Payout](ctx, psp, nil, "payouts", req.GetPayoutId())
	payout, err := told(ctx, p, err, payoutOf)
	return &paymentsv1.GetPayoutResponse{Payout: payout}, err
}

// VoidPayout implements sdk.PayoutVoider.
func (c *Connector) VoidPayout(ctx context.Context, req *paymentsv1.VoidPayoutRequest) (*paymentsv1.VoidPayoutResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	p, err := api.Post[api.Payout](ctx, psp, api.Why{Reason: req.GetReason()}, "payouts", req.GetPayoutId(), "void")
	payout, err := told(ctx, p, err, payoutOf)
	return &paymentsv1.VoidPayoutResponse{Payout: payout}, err
}

// CreatePayoutLink implements sdk.PayoutLinkCreator.
func (c *Connector) CreatePayoutLink(ctx context.Context, req *paymentsv1.CreatePayoutLinkRequest) (*paymentsv1.CreatePayoutLinkResponse, error) {
	units, errAmount := unitsOf(req.GetAmount())
	who, errWho := documentOf(req.GetRecipient())
	psp := c.client(ctx, req.GetConnectorOptions(), errAmount, errWho)
	link, err := api.Post[api.PayoutLink](ctx, psp, api.NewPayoutLink{
		Reference: req.GetReference(), Amount: units, Currency: req.GetAmount().GetCurrencyCode(),
		Details: who, ReturnURL: req.GetReturnUrl(), Metadata: req.GetMetadata(),
	}, "payout_links")
	payout, err := told(ctx, link.Payout, err, payoutOf)
	return &paymentsv1.CreatePayoutLinkResponse{
		LinkId: link.ID, Url: link.URL, Payout: payout, ExpireTime: timestamppb.New(link.Expires),
	}, err
}

// CreatePayoutRecipient implements sdk.PayoutRecipientCreator.
func (c *Connector) CreatePayoutRecipient(ctx context.Context, req *paymentsv1.CreatePayoutRecipientRequest) (*paymentsv1.CreatePayoutRecipientResponse, error) {
	who, errWho := documentOf(req.GetRecipient())
	address, errAddress := documentOf(req.GetAddress())
	psp := c.client(ctx, req.GetConnectorOptions(), errWho, errAddress)
	r, err := api.Post[api.Recipient](ctx, psp, api.NewRecipient{
		Reference: req.GetReference(), Details: who, Address: address, Metadata: req.GetMetadata(),
	}, "recipients")
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.CreatePayoutRecipientResponse{Recipient: &paymentsv1.PayoutRecipient{
		Id: r.ID, Reference: r.Reference, Status: recipientStatus.Meaning(ctx, r.Status),
	}}, nil
}

// EnrollPayoutAccount implements sdk.PayoutAccountEnroller.
func (c *Connector) EnrollPayoutAccount(ctx context.Context, req *paymentsv1.EnrollPayoutAccountRequest) (*paymentsv1.EnrollPayoutAccountResponse, error) {
	to, err := destination(req.GetDestination())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	ask := api.NewPayee{Destination: to}
	payee, err := api.Post[api.Payee](ctx, psp, ask, "recipients", req.GetRecipientId(), "accounts")
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.EnrollPayoutAccountResponse{
		PayoutAccountId: payee.ID, Status: recipientStatus.Meaning(ctx, payee.Status),
	}, nil
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
		if user := cmp.Or(d.Wallet.GetEmail(), d.Wallet.GetPhone()); user != "" {
			return api.Destination{Wallet: user}, nil
		}
	}
	return api.Destination{}, sdk.Errorf(sdk.Unsupported, "", "the sandbox can't pay out to this destination")
}

// payoutOf says a payout of the PSP's in the contract's words.
func payoutOf(ctx context.Context, p api.Payout) (*paymentsv1.Payout, error) {
	payout := &paymentsv1.Payout{
		Id: p.ID, Reference: p.Reference, Status: payoutStatus.Meaning(ctx, p.Status), RecipientId: p.RecipientID,
		Decline: declineOf(ctx, p.Decline), CreateTime: timestamppb.New(p.Created), ArrivalTime: timestamppb.New(p.Arrival),
	}
	if p.Destination.MethodType != "" {
		payout.Destination = payeeDetails(p.Destination)
	}
	if p.ChallengeURL != "" {
		payout.NextAction = sdk.RedirectTo(p.ChallengeURL)
	}
	return payout, setMoney(p.Currency, map[**paymentsv1.Money]int64{
		&payout.Amount: p.Amount, &payout.SourceAmount: p.SourceAmount, &payout.FeeAmount: p.Fee,
	})
}

// payeeDetails says what may be shown of a destination.
func payeeDetails(s api.Shown) *paymentsv1.PaymentMethodDetails {
	details := detailsOf(s, "")
	if details.GetCard() == nil && s.Last4 != "" {
		details.BankAccount = &paymentsv1.BankAccountDetails{Last4: s.Last4}
	}
	return details
}
