package sandbox

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// SetupMandate implements sdk.MandateStarter.
func (c *Connector) SetupMandate(ctx context.Context, req *paymentsv1.SetupMandateRequest) (*paymentsv1.SetupMandateResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	method, err := instrument(req.GetPaymentMethod())
	if err != nil {
		return nil, err
	}
	agreed, err := termsWords(req.GetTerms())
	if err != nil {
		return nil, err
	}
	m, err := psp.CreateMandate(ctx, api.NewMandate{
		Reference:     req.GetReference(),
		PaymentMethod: method,
		CustomerID:    req.GetCustomerId(),
		Terms:         agreed,
		ReturnURL:     req.GetReturnUrl(),
		Metadata:      req.GetMetadata(),
	})
	mandate, err := told(ctx, m, err, mandateOf)
	return &paymentsv1.SetupMandateResponse{Mandate: mandate}, err
}

// ChargeMandate implements sdk.MandateCharger.
func (c *Connector) ChargeMandate(ctx context.Context, req *paymentsv1.ChargeMandateRequest) (*paymentsv1.ChargeMandateResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	p, err := psp.CreatePayment(ctx, api.NewPayment{
		Reference:           req.GetReference(),
		Amount:              units,
		Currency:            req.GetAmount().GetCurrencyCode(),
		Capture:             captureWord(req.GetCaptureMethod()),
		PaymentMethod:       api.Instrument{Mandate: req.GetMandateId()},
		Initiator:           merchant,
		CustomerID:          req.GetCustomerId(),
		Description:         req.GetDescription(),
		StatementDescriptor: req.GetStatementDescriptor(),
		Metadata:            req.GetMetadata(),
	})
	payment, err := told(ctx, p, err, paymentOf)
	return &paymentsv1.ChargeMandateResponse{Payment: payment}, err
}

// GetMandate implements sdk.MandateGetter.
func (c *Connector) GetMandate(ctx context.Context, req *paymentsv1.GetMandateRequest) (*paymentsv1.GetMandateResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	m, err := psp.Mandate(ctx, req.GetMandateId())
	mandate, err := told(ctx, m, err, mandateOf)
	return &paymentsv1.GetMandateResponse{Mandate: mandate}, err
}

// RevokeMandate implements sdk.MandateRevoker.
func (c *Connector) RevokeMandate(ctx context.Context, req *paymentsv1.RevokeMandateRequest) (*paymentsv1.RevokeMandateResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	m, err := psp.RevokeMandate(ctx, req.GetMandateId(), api.Why{Reason: req.GetReason()})
	mandate, err := told(ctx, m, err, mandateOf)
	return &paymentsv1.RevokeMandateResponse{Mandate: mandate}, err
}

// mandateOf says a mandate of the PSP's in the contract's words.
func mandateOf(ctx context.Context, m api.Mandate) (*paymentsv1.Mandate, error) {
	agreed, err := termsOf(m.Terms)
	if err != nil {
		return nil, err
	}
	mandate := &paymentsv1.Mandate{
		Id:                   m.ID,
		Reference:            m.Reference,
		Status:               mandateStatus(ctx, m.Status),
		PaymentMethod:        detailsOf(m.Shown, ""),
		CustomerId:           m.CustomerID,
		NetworkTransactionId: m.NetworkTransactionID,
		Terms:                agreed,
		Decline:              declineOf(ctx, m.Decline),
		CreateTime:           timestamppb.New(m.Created),
		ConnectorData:        connectorData(m.Shown),
	}
	if m.ChallengeURL != "" {
		mandate.NextAction = redirect(m.ChallengeURL)
	}
	return mandate, nil
}

// termsWords says what the payer agrees to in the PSP's words, which are the
// contract's enum values without their prefix.
func termsWords(t *paymentsv1.MandateTerms) (*api.Terms, error) {
	if t == nil {
		return nil, nil
	}
	units, err := unitsOf(t.GetAmount())
	if err != nil {
		return nil, err
	}
	agreed := &api.Terms{
		Amount:        units,
		Currency:      t.GetAmount().GetCurrencyCode(),
		IntervalCount: t.GetIntervalCount(),
		StartDate:     t.GetStartDate(),
		EndDate:       t.GetEndDate(),
		PaymentCount:  t.GetPaymentCount(),
		Description:   t.GetDescription(),
	}
	if t.GetAmountKind() != 0 {
		agreed.AmountKind = wordOf(t.GetAmountKind().String(), "MANDATE_AMOUNT_KIND_")
	}
	if t.GetIntervalUnit() != 0 {
		agreed.IntervalUnit = wordOf(t.GetIntervalUnit().String(), "MANDATE_INTERVAL_UNIT_")
	}
	return agreed, nil
}

func termsOf(t *api.Terms) (*paymentsv1.MandateTerms, error) {
	if t == nil {
		return nil, nil
	}
	agreed := &paymentsv1.MandateTerms{
		AmountKind:    paymentsv1.MandateAmountKind(valueOf(paymentsv1.MandateAmountKind_value, "MANDATE_AMOUNT_KIND_", t.AmountKind)),
		IntervalUnit:  paymentsv1.MandateIntervalUnit(valueOf(paymentsv1.MandateIntervalUnit_value, "MANDATE_INTERVAL_UNIT_", t.IntervalUnit)),
		IntervalCount: t.IntervalCount,
		StartDate:     t.StartDate,
		EndDate:       t.EndDate,
		PaymentCount:  t.PaymentCount,
		Description:   t.Description,
	}
	var err error
	if t.Currency != "" {
		agreed.Amount, err = moneyOf(t.Currency, t.Amount)
	}
	return agreed, err
}

// wordOf is the PSP's word for an enum value of the contract's.
func wordOf(value, prefix string) string {
	return strings.ToLower(strings.TrimPrefix(value, prefix))
}

// valueOf is the enum value for one of the PSP's words; 0 if it has none.
func valueOf(values map[string]int32, prefix, word string) int32 {
	return values[prefix+strings.ToUpper(word)]
}
