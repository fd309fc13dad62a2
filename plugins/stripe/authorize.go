package stripe

import (
	"cmp"
	"context"
	"strings"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// referenceKey is the metadata key that keeps the caller's reference at Stripe.
const referenceKey = "patchbay_reference"

// Authorize implements sdk.Authorizer. The payment is created and confirmed in one
// request. What that needs is made or read before: a customer to store an
// instrument for, Apple Pay's token, the instrument of a mandate.
func (*Connector) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	params, err := createParams(req)
	if err != nil {
		return nil, err
	}
	stripe, err := client(ctx)
	if err != nil {
		return nil, err
	}
	secret, err := setInstrument(ctx, stripe, &params, req)
	if err != nil {
		return nil, err
	}
	if params.SetupFutureUsage != "" && params.Customer == "" && req.GetStoredCredential() != nil {
		if params.Customer, err = customerFor(ctx, stripe, payerOf(req)); err != nil {
			return nil, err
		}
	}
	payment, err := pay(ctx, stripe, params, asked{req.GetReference(), req.GetAmount()}, secret)
	return &paymentsv1.AuthorizeResponse{Payment: payment}, err
}

// asked is what a payment that Stripe made none of was to be.
type asked struct {
	reference string
	amount    *paymentsv1.Money
}

// pay creates a payment. The secret is kept out of errors.
func pay(ctx context.Context, stripe *api.Client, params api.CreatePaymentIntentParams, was asked, secret string) (*paymentsv1.Payment, error) {
	intent, err := stripe.CreatePaymentIntent(ctx, params)
	if refused, ok := refusal(err); ok {
		return refusedPayment(ctx, was, refused)
	}
	if err != nil {
		return nil, withoutSecret(failure(err), secret)
	}
	return payment(ctx, intent)
}

func payerOf(req *paymentsv1.AuthorizeRequest) payer {
	return payer{method: req.GetPaymentMethod(), customer: req.GetCustomer(), billing: req.GetBillingAddress(), email: req.GetEmail()}
}

// createParams are the parameters but for the instrument.
func createParams(req *paymentsv1.AuthorizeRequest) (api.CreatePaymentIntentParams, error) {
	var params api.CreatePaymentIntentParams
	amount, err := units(req.GetAmount())
	if err != nil {
		return params, err
	}
	options, err := parseAuthorizeOptions(req.GetConnectorOptions())
	if err != nil {
		return params, err
	}
	if err := options.expect(req.GetExpectedCaptures()); err != nil {
		return params, err
	}
	metadata, err := metadataOf(req.GetMetadata(), req.GetReference())
	if err != nil {
		return params, err
	}
	params = api.CreatePaymentIntentParams{
		Amount:        amount,
		Currency:      currency(req.GetAmount()),
		Confirm:       true,
		CaptureMethod: captureMethod(req.GetCaptureMethod()),
		PaymentMethodOptions: api.PaymentMethodOptions{Card: api.CardOptions{
			Network:                         req.GetPaymentMethod().GetCard().GetNetwork(),
			RequestMulticapture:             options.requestMulticapture,
			RequestIncrementalAuthorization: options.requestIncremental,
			RequestExtendedAuthorization:    options.requestExtended,
		}},
		Customer:                  req.GetCustomerId(),
		Shipping:                  shippingWords(req.GetShipping()),
		ReturnURL:                 req.GetReturnUrl(),
		Description:               req.GetDescription(),
		StatementDescriptorSuffix: req.GetStatementDescriptor(),
		ReceiptEmail:              cmp.Or(req.GetEmail(), req.GetCustomer().GetEmail()),
		Metadata:                  metadata,
		SetupFutureUsage:          options.setupFutureUsage,
		OnBehalfOf:                options.onBehalfOf,
		TransferGroup:             options.transferGroup,
		Expand:                    []string{latestCharge},
	}
	setStoredCredential(&params, req.GetStoredCredential())
	err = setThreeDS(&params.PaymentMethodOptions.Card, req.GetThreeDs())
	return params, err
}

func captureMethod(m paymentsv1.CaptureMethod) string {
	if m == paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL {
		return "manual"
	}
	return "automatic"
}

// setInstrument says what is paid with. It returns what no error may quote.
func setInstrument(ctx context.Context, stripe *api.Client, params *api.CreatePaymentIntentParams, req *paymentsv1.AuthorizeRequest) (secret string, err error) {
	if id := req.GetPaymentMethod().GetMandate().GetMandateId(); id != "" {
		kept, err := findMandate(ctx, stripe, "payment_method.mandate.mandate_id", id)
		if err != nil {
			return "", err
		}
		return "", kept.payWith(params)
	}
	with, err := payerOf(req).instrument(ctx, stripe)
	if err != nil {
		return "", readFailure(err)
	}
	params.PaymentMethodTypes = []string{with.stripe}
	params.PaymentMethod, params.PaymentMethodData = with.id, with.data
	params.PaymentMethodOptions.Others = with.options
	params.MandateData, err = mandateData(with.method, firstAcceptance(
		req.GetPaymentMethod().GetBankDebit().GetAcceptance(), req.GetStoredCredential().GetMandateAcceptance(),
	), req.GetBrowserInfo())
	return with.secret, err
}

// setStoredCredential says how a stored instrument is used, or one is stored.
// Source: https://docs.stripe.com/payments/save-and-reuse and off_session in
// https://docs.stripe.com/api/payment_intents/create.
func setStoredCredential(params *api.CreatePaymentIntentParams, s *paymentsv1.StoredCredential) {
	params.SetupFutureUsage = cmp.Or(setupUsages.Word(s.GetSetupFutureUsage()), params.SetupFutureUsage)
	switch {
	case s.GetInitiator() == paymentsv1.Initiator_INITIATOR_MERCHANT:
		params.OffSession = offSession(s.GetReason())
	case s.GetOffSession():
		params.OffSession = "true"
	}
	params.PaymentMethodOptions.Card.MITExemption.NetworkTransactionID = s.GetNetworkTransactionId()
}

func offSession(reason paymentsv1.MerchantInitiatedReason) string {
	switch reason {
	case paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_RECURRING,
		paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_INSTALLMENT:
		return "recurring"
	default:
		return "one_off"
	}
}

// metadataOf joins the caller's labels and reference.
// Source: https://docs.stripe.com/api/metadata.
func metadataOf(labels map[string]string, reference string) (map[string]string, error) {
	metadata := map[string]string{referenceKey: reference}
	for name, value := range labels {
		if name == referenceKey {
			return nil, invalid("metadata."+name, "is reserved for the reference")
		}
		if strings.ContainsAny(name, "[]") {
			return nil, invalid("metadata."+name, "must not contain square brackets")
		}
		metadata[name] = value
	}
	return metadata, nil
}

// refusedPayment is the answer to a refusal. Stripe refuses some card data
// before it makes a PaymentIntent; then there is no id, and what was refused is
// the request itself.
func refusedPayment(ctx context.Context, was asked, refused *api.Error) (*paymentsv1.Payment, error) {
	if refused.PaymentIntent == nil {
		return &paymentsv1.Payment{
			Reference: was.reference,
			Amount:    was.amount,
			Status:    paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED,
			Decline:   decline(ctx, &refused.Failure),
		}, nil
	}
	p, err := payment(ctx, refused.PaymentIntent)
	if err != nil {
		return nil, err
	}
	switch refused.PaymentIntent.Status {
	case "requires_payment_method", "canceled":
		p.Status = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
		p.Decline = decline(ctx, &refused.Failure)
		p.NextAction = nil
	default: // its state speaks of money that is reserved or taken, and counts
	}
	return p, nil
}

// withoutSecret takes a token out of an error: Stripe quotes ids that it does not
// know.
func withoutSecret(e *sdk.Error, secret string) *sdk.Error {
	if secret == "" {
		return e
	}
	e.Message = strings.ReplaceAll(e.Message, secret, "[redacted]")
	for i := range e.Fields {
		e.Fields[i].Description = strings.ReplaceAll(e.Fields[i].Description, secret, "[redacted]")
	}
	return e
}
