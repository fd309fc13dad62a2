package sandbox

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// SetupMandate implements sdk.MandateStarter.
func (c *Connector) SetupMandate(ctx context.Context, req *paymentsv1.SetupMandateRequest) (*paymentsv1.SetupMandateResponse, error) {
	method, errMethod := instrument(req.GetPaymentMethod())
	agreed, errTerms := termsWords(req.GetTerms())
	psp := c.client(ctx, req.GetConnectorOptions(), errMethod, errTerms)
	m, err := api.Post[api.Mandate](ctx, psp, api.NewMandate{
		Reference: req.GetReference(), PaymentMethod: method, CustomerID: req.GetCustomerId(), Terms: agreed,
		ReturnURL: req.GetReturnUrl(), Metadata: req.GetMetadata(),
	}, "mandates")
	mandate, err := told(ctx, m, err, mandateOf)
	return &paymentsv1.SetupMandateResponse{Mandate: mandate}, err
}

// ChargeMandate implements sdk.MandateCharger.
func (c *Connector) ChargeMandate(ctx context.Context, req *paymentsv1.ChargeMandateRequest) (*paymentsv1.ChargeMandateResponse, error) {
	units, err := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	p, err := api.Post[api.Payment](ctx, psp, api.NewPayment{
		Reference: req.GetReference(), Amount: units, Currency: req.GetAmount().GetCurrencyCode(),
		Capture: captureWord(req.GetCaptureMethod()), PaymentMethod: api.Instrument{Mandate: req.GetMandateId()},
		Initiator: merchant, CustomerID: req.GetCustomerId(), Description: req.GetDescription(),
		StatementDescriptor: req.GetStatementDescriptor(), Metadata: req.GetMetadata(),
	}, "payments")
	payment, err := told(ctx, p, err, paymentOf)
	return &paymentsv1.ChargeMandateResponse{Payment: payment}, err
}

// GetMandate implements sdk.MandateGetter.
func (c *Connector) GetMandate(ctx context.Context, req *paymentsv1.GetMandateRequest) (*paymentsv1.GetMandateResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	m, err := api.Get[api.Mandate](ctx, psp, nil, "mandates", req.GetMandateId())
	mandate, err := told(ctx, m, err, mandateOf)
	return &paymentsv1.GetMandateResponse{Mandate: mandate}, err
}

// RevokeMandate implements sdk.MandateRevoker.
func (c *Connector) RevokeMandate(ctx context.Context, req *paymentsv1.RevokeMandateRequest) (*paymentsv1.RevokeMandateResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	m, err := api.Post[api.Mandate](ctx, psp, api.Why{Reason: req.GetReason()}, "mandates", req.GetMandateId(), "revoke")
	mandate, err := told(ctx, m, err, mandateOf)
	return &paymentsv1.RevokeMandateResponse{Mandate: mandate}, err
}

// mandateOf says a mandate of the PSP's in the contract's words.
func mandateOf(ctx context.Context, m api.Mandate) (*paymentsv1.Mandate, error) {
	agreed, err := termsOf(ctx, m.Terms)
	mandate := &paymentsv1.Mandate{
		Id: m.ID, Reference: m.Reference, Status: mandateStatus.Meaning(ctx, m.Status), PaymentMethod: detailsOf(m.Shown, ""),
		CustomerId: m.CustomerID, NetworkTransactionId: m.NetworkTransactionID, Terms: agreed,
		Decline: declineOf(ctx, m.Decline), CreateTime: timestamppb.New(m.Created), ConnectorData: connectorData(m.Shown),
	}
	if m.ChallengeURL != "" {
		mandate.NextAction = sdk.RedirectTo(m.ChallengeURL)
	}
	return mandate, err
}

// termsWords says what the payer agrees to in the PSP's words.
func termsWords(t *paymentsv1.MandateTerms) (*api.Terms, error) {
	if t == nil {
		return nil, nil
	}
	units, err := unitsOf(t.GetAmount())
	return &api.Terms{
		AmountKind: amountKind.Word(t.GetAmountKind()), Amount: units, Currency: t.GetAmount().GetCurrencyCode(),
		IntervalUnit: intervalUnit.Word(t.GetIntervalUnit()), IntervalCount: t.GetIntervalCount(),
		StartDate: t.GetStartDate(), EndDate: t.GetEndDate(),
		PaymentCount: t.GetPaymentCount(), Description: t.GetDescription(),
	}, err
}

func termsOf(ctx context.Context, t *api.Terms) (*paymentsv1.MandateTerms, error) {
	if t == nil {
		return nil, nil
	}
	agreed := &paymentsv1.MandateTerms{
		AmountKind:   amountKind.Meaning(ctx, t.AmountKind),
		IntervalUnit: intervalUnit.Meaning(ctx, t.IntervalUnit), IntervalCount: t.IntervalCount,
		StartDate: t.StartDate, EndDate: t.EndDate, PaymentCount: t.PaymentCount, Description: t.Description,
	}
	var err error
	if t.Currency != "" {
		agreed.Amount, err = moneyOf(t.Currency, t.Amount)
	}
	return agreed, err
}
