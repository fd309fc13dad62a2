package stripe

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// A mandate of ours is an instrument that Stripe keeps for a customer. Its id is
// that of the SetupIntent that set it up, or, where a payment stored it, of the
// PaymentMethod.
const setupPrefix = "seti_"

// SetupMandate implements sdk.MandateStarter. Without a customer it makes one:
// Stripe keeps instruments for customers alone.
// Source: https://docs.stripe.com/payments/save-and-reuse.
func (*Connector) SetupMandate(ctx context.Context, req *paymentsv1.SetupMandateRequest) (*paymentsv1.SetupMandateResponse, error) {
	stripe := callWithoutOptions(ctx, req)
	params := api.Params{
		Confirm: true, Customer: req.GetCustomerId(), Usage: "off_session",
		ReturnURL: req.GetReturnUrl(), Description: req.GetTerms().GetDescription(),
		Metadata: stripe.metadata(req.GetMetadata(), req.GetReference()), Expand: []string{"payment_method", "mandate"},
	}
	if req.GetVerificationAmount().GetMinorUnits() != 0 {
		stripe.refuse("verification_amount", "must be zero: Stripe asks the issuer without an amount")
	}
	params.Card.Network = req.GetPaymentMethod().GetCard().GetNetwork()
	setThreeDS(stripe, &params.Card, req.GetThreeDs())
	from := payer{method: req.GetPaymentMethod(), customer: req.GetCustomer(), billing: req.GetBillingAddress()}
	with := from.instrument(ctx, stripe)
	if !slices.Contains(capabilities["SetupMandate"][0].GetPaymentMethodTypes(), with.name) {
		stripe.note(notTaken(with.name + " for later payments"))
	}
	params.PaymentMethodTypes = []string{with.stripe}
	params.PaymentMethod, params.PaymentMethodData = with.id, with.data
	agreed := cmp.Or(req.GetAcceptance(), req.GetPaymentMethod().GetBankDebit().GetAcceptance())
	params.MandateData = acceptance(stripe, with, agreed, req.GetBrowserInfo())
	if params.Customer == "" {
		params.Customer = customerFor(ctx, stripe, from)
	}
	mandate, err := attempt(ctx, stripe, "/v1/setup_intents", params, mandate,
		func(ctx context.Context, refused *api.Error) (*paymentsv1.Mandate, error) {
			m := &paymentsv1.Mandate{Reference: req.GetReference()} // a refusal may come before there is a setup
			if refused.SetupIntent != nil {
				m, _ = mandate(ctx, refused.SetupIntent)
			}
			m.Status, m.NextAction = paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED, nil
			m.Decline = decline(ctx, &refused.Failure)
			return m, nil
		})
	return &paymentsv1.SetupMandateResponse{Mandate: mandate}, err
}

// ChargeMandate implements sdk.MandateCharger. It reads the mandate first: Stripe
// wants the instrument, its type and its customer named.
func (*Connector) ChargeMandate(ctx context.Context, req *paymentsv1.ChargeMandateRequest) (*paymentsv1.ChargeMandateResponse, error) {
	stripe := callOn(ctx, req, "mandate_id", req.GetMandateId())
	params := api.Params{
		Amount: stripe.units(req.GetAmount()), Currency: currency(req.GetAmount()), Confirm: true,
		CaptureMethod: captureMethod(req.GetCaptureMethod()), OffSession: offSession(req.GetReason()),
		Description: req.GetDescription(), StatementDescriptorSuffix: req.GetStatementDescriptor(),
		Metadata: stripe.metadata(req.GetMetadata(), req.GetReference()), Expand: []string{latestCharge},
	}
	if req.GetChargeDate() != "" {
		stripe.refuse("charge_date", "is not taken: Stripe draws at once")
	}
	kept, err := stripe.mandate(ctx, "mandate_id", req.GetMandateId())
	if err != nil {
		return nil, err
	}
	payWith(stripe, &params, kept)
	if id := req.GetCustomerId(); id != "" && id != params.Customer {
		stripe.refuse("customer_id", "is not the mandate's customer")
	}
	payment, err := pay(ctx, stripe, params, &paymentsv1.Payment{Reference: req.GetReference(), Amount: req.GetAmount()})
	return &paymentsv1.ChargeMandateResponse{Payment: payment}, err
}

// GetMandate implements sdk.MandateGetter.
func (*Connector) GetMandate(ctx context.Context, req *paymentsv1.GetMandateRequest) (*paymentsv1.GetMandateResponse, error) {
	stripe := callOn(ctx, req, "mandate_id", req.GetMandateId())
	kept, err := stripe.mandate(ctx, "mandate_id", req.GetMandateId())
	if err != nil {
		return nil, err
	}
	mandate, err := mandate(ctx, kept)
	return &paymentsv1.GetMandateResponse{Mandate: mandate}, err
}

// RevokeMandate implements sdk.MandateRevoker. Stripe has no way back from it.
func (*Connector) RevokeMandate(ctx context.Context, req *paymentsv1.RevokeMandateRequest) (*paymentsv1.RevokeMandateResponse, error) {
	stripe := callOn(ctx, req, "mandate_id", req.GetMandateId())
	kept, err := stripe.mandate(ctx, "mandate_id", req.GetMandateId())
	if err != nil {
		return nil, err
	}
	if kept.PaymentMethod == nil {
		return nil, sdk.Errorf(sdk.Precondition, "", "there is nothing set up that could be revoked")
	}
	detached, err := detach(ctx, stripe, kept.PaymentMethod.ID)
	if err != nil {
		return nil, err
	}
	if kept.PaymentMethod = detached; kept.Object == "" {
		kept, _ = setupBy(ctx, detached)
	}
	mandate, err := mandate(ctx, kept)
	return &paymentsv1.RevokeMandateResponse{Mandate: mandate}, err
}

// detach ends the keeping of an instrument for a customer. It can't be used again.
// Source: https://docs.stripe.com/api/payment_methods/detach.
func detach(ctx context.Context, stripe *call, id string) (*api.PaymentMethod, error) {
	return write[api.PaymentMethod](ctx, stripe, api.Path("payment_methods", id, "detach"), nil, itself)
}

// mandate reads a mandate. What Stripe finds wrong with its id is wrong with the field.
func (c *call) mandate(ctx context.Context, field, id string) (kept *api.SetupIntent, err error) {
	if c.note(sdk.CheckID(field, id)); c.Fault != nil {
		return nil, c.Fault
	}
	if strings.HasPrefix(id, setupPrefix) {
		kept, err = read[api.SetupIntent](ctx, c, api.Path("setup_intents", id), api.Expand("payment_method", "mandate"), itself)
	} else {
		kept, err = read(ctx, c, api.Path("payment_methods", id), nil, setupBy)
	}
	var failed *sdk.Error
	if errors.As(err, &failed) {
		for i := range failed.Fields {
			failed.Fields[i].Field = field
		}
	}
	return kept, err
}

// setupBy stands for the setup of an instrument that a payment stored; Stripe has none.
func setupBy(_ context.Context, method *api.PaymentMethod) (*api.SetupIntent, error) {
	return &api.SetupIntent{
		ID: method.ID, Created: method.Created, Customer: method.Customer, PaymentMethod: method, Status: "succeeded",
	}, nil
}

// payWith pays with a mandate. One that is revoked is nobody's.
func payWith(stripe *call, params *api.Params, kept *api.SetupIntent) {
	method := kept.PaymentMethod
	if method == nil || method.Customer == "" || kept.Status != "succeeded" {
		stripe.note(sdk.Errorf(sdk.Precondition, "", "the mandate is not active"))
		return
	}
	params.PaymentMethod, params.PaymentMethodTypes = method.ID, []string{method.Type}
	params.Customer = string(method.Customer)
	if kept.Mandate != nil {
		params.Mandate = kept.Mandate.ID
	}
}

// mandate says what Stripe said of a setup.
func mandate(ctx context.Context, s *api.SetupIntent) (*paymentsv1.Mandate, error) {
	m := &paymentsv1.Mandate{
		Id: s.ID, Reference: s.Metadata[referenceKey], Status: mandateStatus(ctx, s), CustomerId: string(s.Customer),
		CreateTime: sdk.UnixTime(s.Created),
	}
	data := map[string]any{}
	if s.Object != "" {
		data["status"] = s.Status
	}
	if s.Mandate != nil {
		data["mandate"] = s.Mandate.ID
	}
	m.ConnectorData = sdk.ConnectorData(data)
	if s.PaymentMethod != nil && s.PaymentMethod.Type != "" {
		m.PaymentMethod = methodDetails(ctx, s.PaymentMethod)
	}
	switch m.GetStatus() {
	case paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED:
		m.Decline = decline(ctx, s.LastSetupError)
	case paymentsv1.MandateStatus_MANDATE_STATUS_REQUIRES_ACTION:
		m.NextAction = nextAction(s.NextAction, s.ClientSecret)
	}
	return m, nil
}
