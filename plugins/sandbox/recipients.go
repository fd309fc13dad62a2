package sandbox

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// CreatePayoutLink implements sdk.PayoutLinkCreator.
func (c *Connector) CreatePayoutLink(ctx context.Context, req *paymentsv1.CreatePayoutLinkRequest) (*paymentsv1.CreatePayoutLinkResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	who, err := profile(req.GetRecipient(), nil, nil, nil)
	if err != nil {
		return nil, err
	}
	link, err := psp.CreatePayoutLink(ctx, api.NewPayoutLink{
		Reference: req.GetReference(),
		Amount:    units,
		Currency:  req.GetAmount().GetCurrencyCode(),
		Details:   who.Details,
		ReturnURL: req.GetReturnUrl(),
		Metadata:  req.GetMetadata(),
	})
	if err != nil {
		return nil, translate(err)
	}
	payout, err := payoutOf(ctx, link.Payout)
	return &paymentsv1.CreatePayoutLinkResponse{
		LinkId: link.ID, Url: link.URL, Payout: payout, ExpireTime: timestamppb.New(link.Expires),
	}, err
}

// CreatePayoutRecipient implements sdk.PayoutRecipientCreator.
func (c *Connector) CreatePayoutRecipient(ctx context.Context, req *paymentsv1.CreatePayoutRecipientRequest) (*paymentsv1.CreatePayoutRecipientResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	who, err := profile(req.GetRecipient(), req.GetAddress(), nil, nil)
	if err != nil {
		return nil, err
	}
	r, err := psp.CreateRecipient(ctx, api.NewRecipient{
		Reference: req.GetReference(), Details: who.Details, Address: who.Billing, Metadata: req.GetMetadata(),
	})
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.CreatePayoutRecipientResponse{Recipient: &paymentsv1.PayoutRecipient{
		Id: r.ID, Reference: r.Reference, Status: recipientStatus(ctx, r.Status),
	}}, nil
}

// EnrollPayoutAccount implements sdk.PayoutAccountEnroller.
func (c *Connector) EnrollPayoutAccount(ctx context.Context, req *paymentsv1.EnrollPayoutAccountRequest) (*paymentsv1.EnrollPayoutAccountResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	to, err := destination(req.GetDestination())
	if err != nil {
		return nil, err
	}
	payee, err := psp.CreatePayee(ctx, req.GetRecipientId(), to)
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.EnrollPayoutAccountResponse{PayoutAccountId: payee.ID, Status: recipientStatus(ctx, payee.Status)}, nil
}
