package stripe

import (
	"cmp"
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// A mandate of ours is an instrument that Stripe keeps for a customer. Its id is
// that of the SetupIntent that set it up, or, where a payment stored it, of the
// PaymentMethod.
const setupPrefix = "seti_"

// setupExpansion is expanded in every setup.
func setupExpansion() []string { return []string{"payment_method", "mandate"} }

// SetupMandate implements sdk.MandateStarter. Without a customer it makes one:
// Stripe keeps instruments for customers alone.
// Source: https://docs.stripe.com/payments/save-and-reuse.
func (*Connector) SetupMandate(ctx context.Context, req *paymentsv1.SetupMandateRequest) (*paymentsv1.SetupMandateResponse, error) {
	params, err := setupParams(req)
	if err != nil {
		return nil, err
	}
	stripe, err := client(ctx)
	if err != nil {
		return nil, err
	}
	from := payer{method: req.GetPaymentMethod(), customer: req.GetCustomer(), billing: req.GetBillingAddress()}
	with, err := from.instrument(ctx, stripe)
	if err != nil {
		return nil, readFailure(err)
	}
	if !with.stored {
		return nil, notTaken(with.name + " for later payments")
	}
	params.PaymentMethodTypes = []string{with.stripe}
	params.PaymentMethod, params.PaymentMethodData = with.id, with.data
	params.MandateData, err = mandateData(with.method, firstAcceptance(req.GetAcceptance(), req.GetPaymentMethod().GetBankDebit().GetAcceptance()), req.GetBrowserInfo())
	if err != nil {
		return nil, err
	}
	if params.Customer == "" {
		if params.Customer, err = customerFor(ctx, stripe, from); err != nil {
			return nil, err
		}
	}
	setup, err := stripe.CreateSetupIntent(ctx, params)
	if refused, ok := refusal(err); ok {
		return &paymentsv1.SetupMandateResponse{Mandate: refusedMandate(ctx, req.GetReference(), refused)}, nil
	}
	if err != nil {
		return nil, withoutSecret(failure(err), with.secret)
	}
	return &paymentsv1.SetupMandateResponse{Mandate: mandate(ctx, setup)}, nil
}

// setupParams are the parameters but for the instrument and the customer.
func setupParams(req *paymentsv1.SetupMandateRequest) (api.CreateSetupIntentParams, error) {
	params := api.CreateSetupIntentParams{
		Confirm:     true,
		Customer:    req.GetCustomerId(),
		Usage:       "off_session",
		ReturnURL:   req.GetReturnUrl(),
		Description: req.GetTerms().GetDescription(),
		Expand:      setupExpansion(),
	}
	if err := noOptions(req.GetConnectorOptions()); err != nil {
		return params, err
	}
	if req.GetVerificationAmount().GetMinorUnits() != 0 {
		return params, invalid("verification_amount", "must be zero: Stripe asks the issuer without an amount")
	}
	var err error
	if params.Metadata, err = metadataOf(req.GetMetadata(), req.GetReference()); err != nil {
		return params, err
	}
	options := &params.PaymentMethodOptions.Card
	if options.Network = req.GetPaymentMethod().GetCard().GetNetwork(); req.GetThreeDs() != nil {
		err = setThreeDS(options, req.GetThreeDs())
	}
	return params, err
}

// refusedMandate is the answer to a refusal, which may come before there is a
// setup.
func refusedMandate(ctx context.Context, reference string, refused *api.Error) *paymentsv1.Mandate {
	m := &paymentsv1.Mandate{Reference: reference}
	if refused.SetupIntent != nil {
		m = mandate(ctx, refused.SetupIntent)
		m.NextAction = nil
	}
	m.Status = paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED
	m.Decline = decline(ctx, &refused.Failure)
	return m
}

// ChargeMandate implements sdk.MandateCharger. It reads the mandate first: Stripe
// wants the instrument, its type and its customer named.
func (*Connector) ChargeMandate(ctx context.Context, req *paymentsv1.ChargeMandateRequest) (*paymentsv1.ChargeMandateResponse, error) {
	stripe, err := clientFor(ctx, "mandate_id", req.GetMandateId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	amount, err := units(req.GetAmount())
	if err != nil {
		return nil, err
	}
	metadata, err := metadataOf(req.GetMetadata(), req.GetReference())
	if err != nil {
		return nil, err
	}
	if req.GetChargeDate() != "" {
		return nil, invalid("charge_date", "is not taken: Stripe draws at once")
	}
	kept, err := findMandate(ctx, stripe, "mandate_id", req.GetMandateId())
	if err != nil {
		return nil, err
	}
	if id := req.GetCustomerId(); id != "" && id != kept.customer() {
		return nil, invalid("customer_id", "is not the mandate's customer")
	}
	params := api.CreatePaymentIntentParams{
		Amount:        amount,
		Currency:      currency(req.GetAmount()),
		Confirm:       true,
		CaptureMethod: captureMethod(req.GetCaptureMethod()),
		OffSession:    offSession(req.GetReason()),
		Description:   req.GetDescription(),
		Metadata:      metadata,
		Expand:        []string{latestCharge},

		StatementDescriptorSuffix: req.GetStatementDescriptor(),
	}
	if err := kept.payWith(&params); err != nil {
		return nil, err
	}
	payment, err := pay(ctx, stripe, params, asked{req.GetReference(), req.GetAmount()}, "")
	return &paymentsv1.ChargeMandateResponse{Payment: payment}, err
}

// GetMandate implements sdk.MandateGetter.
func (*Connector) GetMandate(ctx context.Context, req *paymentsv1.GetMandateRequest) (*paymentsv1.GetMandateResponse, error) {
	stripe, err := clientFor(ctx, "mandate_id", req.GetMandateId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	kept, err := findMandate(ctx, stripe, "mandate_id", req.GetMandateId())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.GetMandateResponse{Mandate: kept.mandate(ctx)}, nil
}

// RevokeMandate implements sdk.MandateRevoker. Stripe has no way back from it.
func (*Connector) RevokeMandate(ctx context.Context, req *paymentsv1.RevokeMandateRequest) (*paymentsv1.RevokeMandateResponse, error) {
	stripe, err := clientFor(ctx, "mandate_id", req.GetMandateId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	kept, err := findMandate(ctx, stripe, "mandate_id", req.GetMandateId())
	if err != nil {
		return nil, err
	}
	if kept.method == nil {
		return nil, sdk.Errorf(sdk.Precondition, "", "there is nothing set up that could be revoked")
	}
	detached, err := stripe.DetachPaymentMethod(ctx, kept.method.ID)
	if err != nil {
		return nil, failure(err)
	}
	kept.method = detached
	return &paymentsv1.RevokeMandateResponse{Mandate: kept.mandate(ctx)}, nil
}

// keptMandate is a mandate as Stripe keeps it.
type keptMandate struct {
	setup  *api.SetupIntent   // nil where a payment stored the instrument
	method *api.PaymentMethod // nil while there is none
}

// findMandate reads a mandate, which changes nothing.
func findMandate(ctx context.Context, stripe *api.Client, field, id string) (*keptMandate, error) {
	if strings.TrimLeft(id, idCharacters) != "" {
		return nil, invalid(field, "is not an id of Stripe's")
	}
	if !strings.HasPrefix(id, setupPrefix) {
		method, err := stripe.GetPaymentMethod(ctx, id)
		if err != nil {
			return nil, aboutField(readFailure(err), field)
		}
		return &keptMandate{method: method}, nil
	}
	setup, err := stripe.GetSetupIntent(ctx, id, setupExpansion()...)
	if err != nil {
		return nil, aboutField(readFailure(err), field)
	}
	return &keptMandate{setup, setup.PaymentMethod}, nil
}

// aboutField names the field that led to a fault, where there is one.
func aboutField(e *sdk.Error, field string) *sdk.Error {
	for i := range e.Fields {
		e.Fields[i].Field = field
	}
	return e
}

// customer is whose mandate it is; nobody's once it is revoked.
func (k *keptMandate) customer() string {
	if k.method == nil {
		return ""
	}
	return string(k.method.Customer)
}

// payWith pays with the mandate.
func (k *keptMandate) payWith(params *api.CreatePaymentIntentParams) error {
	if k.customer() == "" || k.setup != nil && k.setup.Status != "succeeded" {
		return sdk.Errorf(sdk.Precondition, "", "the mandate is not active")
	}
	params.PaymentMethod = k.method.ID
	params.PaymentMethodTypes = []string{k.method.Type}
	params.Customer = k.customer()
	if k.setup != nil && k.setup.Mandate != nil {
		params.Mandate = k.setup.Mandate.ID
	}
	return nil
}

func (k *keptMandate) mandate(ctx context.Context) *paymentsv1.Mandate {
	if k.setup != nil {
		k.setup.PaymentMethod = k.method
		return mandate(ctx, k.setup)
	}
	m := &paymentsv1.Mandate{
		Id: k.method.ID, Status: paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE, PaymentMethod: methodDetails(ctx, k.method),
		CustomerId: k.customer(), CreateTime: timestamp(k.method.Created),
	}
	if m.GetCustomerId() == "" {
		m.Status = paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED
	}
	return m
}

// mandate says what Stripe said of a setup.
func mandate(ctx context.Context, s *api.SetupIntent) *paymentsv1.Mandate {
	m := &paymentsv1.Mandate{
		Id:         s.ID,
		Reference:  s.Metadata[referenceKey],
		Status:     mandateStatus(ctx, s),
		CustomerId: string(s.Customer),
		CreateTime: timestamp(s.Created),
		ConnectorData: &structpb.Struct{Fields: map[string]*structpb.Value{
			"status": structpb.NewStringValue(s.Status),
		}},
	}
	if s.Mandate != nil {
		m.ConnectorData.Fields["mandate"] = structpb.NewStringValue(s.Mandate.ID)
	}
	if s.PaymentMethod != nil && s.PaymentMethod.Type != "" {
		m.PaymentMethod = methodDetails(ctx, s.PaymentMethod)
	}
	switch m.GetStatus() {
	case paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED:
		m.Decline = decline(ctx, s.LastSetupError)
	case paymentsv1.MandateStatus_MANDATE_STATUS_REQUIRES_ACTION:
		m.NextAction = nextAction(s.NextAction, s.ClientSecret)
	}
	return m
}

// firstAcceptance returns the first acceptance that there is.
func firstAcceptance(all ...*paymentsv1.MandateAcceptance) *paymentsv1.MandateAcceptance {
	return cmp.Or(all...)
}

// mandateData says how the payer agreed, which Stripe wants for debits alone.
// Source: mandate_data in https://docs.stripe.com/api/payment_intents/create.
func mandateData(m method, acceptance *paymentsv1.MandateAcceptance, browser *paymentsv1.BrowserInfo) (*api.MandateData, error) {
	if !strings.HasSuffix(m.name, "_debit") {
		return nil, nil
	}
	agreed := api.CustomerAcceptance{Type: "offline"}
	if acceptance.GetAcceptTime() != nil {
		agreed.AcceptedAt = acceptance.GetAcceptTime().GetSeconds()
	}
	switch acceptance.GetKind() {
	case paymentsv1.MandateAcceptanceKind_MANDATE_ACCEPTANCE_KIND_PAPER, paymentsv1.MandateAcceptanceKind_MANDATE_ACCEPTANCE_KIND_TELEPHONE:
	default:
		agreed.Type = "online"
		agreed.Online = &api.OnlineAcceptance{
			IPAddress: cmp.Or(acceptance.GetIpAddress(), browser.GetIpAddress()),
			UserAgent: cmp.Or(acceptance.GetUserAgent(), browser.GetUserAgent()),
		}
		if agreed.Online.IPAddress == "" || agreed.Online.UserAgent == "" {
			return nil, invalid("payment_method.bank_debit.acceptance", "Stripe needs the IP address and the User-Agent with which the payer agreed")
		}
	}
	return &api.MandateData{CustomerAcceptance: agreed}, nil
}
