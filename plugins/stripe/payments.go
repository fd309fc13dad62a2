package stripe

import (
	"context"
	"slices"
	"strings"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// referenceKey is the metadata key that keeps the caller's reference at Stripe.
const referenceKey = "patchbay_reference"

// latestCharge is expanded in every payment: it holds what was refunded and
// what the network said.
const latestCharge = "latest_charge"

// Authorize implements sdk.Authorizer.
func (*Connector) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	params, err := createParams(req)
	if err != nil {
		return nil, err
	}
	stripe, err := client(ctx)
	if err != nil {
		return nil, err
	}
	intent, err := stripe.CreatePaymentIntent(ctx, params)
	if refused, ok := refusal(err); ok {
		payment, err := refusedPayment(ctx, req, refused)
		return &paymentsv1.AuthorizeResponse{Payment: payment}, err
	}
	if err != nil {
		return nil, withoutToken(failure(err), params.PaymentMethod)
	}
	payment, err := payment(ctx, intent)
	return &paymentsv1.AuthorizeResponse{Payment: payment}, err
}

func createParams(req *paymentsv1.AuthorizeRequest) (api.CreatePaymentIntentParams, error) {
	amount, err := units(req.GetAmount())
	if err != nil {
		return api.CreatePaymentIntentParams{}, err
	}
	options, err := parseAuthorizeOptions(req.GetConnectorOptions())
	if err != nil {
		return api.CreatePaymentIntentParams{}, err
	}
	if err := options.expect(req.GetExpectedCaptures()); err != nil {
		return api.CreatePaymentIntentParams{}, err
	}
	metadata, err := metadataOf(req.GetMetadata(), req.GetReference())
	if err != nil {
		return api.CreatePaymentIntentParams{}, err
	}
	params := api.CreatePaymentIntentParams{
		Amount:                    amount,
		Currency:                  currency(req.GetAmount()),
		Confirm:                   true,
		CaptureMethod:             "automatic",
		PaymentMethodTypes:        []string{"card"},
		ReturnURL:                 req.GetReturnUrl(),
		Description:               req.GetDescription(),
		StatementDescriptorSuffix: req.GetStatementDescriptor(),
		ReceiptEmail:              req.GetEmail(),
		Metadata:                  metadata,
		SetupFutureUsage:          options.setupFutureUsage,
		OnBehalfOf:                options.onBehalfOf,
		TransferGroup:             options.transferGroup,
		Expand:                    []string{latestCharge},
	}
	if req.GetCaptureMethod() == paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL {
		params.CaptureMethod = "manual"
	}
	if cardOptions := (api.CardOptions{
		Network:             req.GetPaymentMethod().GetCard().GetNetwork(),
		RequestMulticapture: options.requestMulticapture,
	}); cardOptions != (api.CardOptions{}) {
		params.PaymentMethodOptions = &api.PaymentMethodOptions{Card: cardOptions}
	}
	err = setPaymentMethod(&params, req.GetPaymentMethod())
	return params, err
}

func setPaymentMethod(params *api.CreatePaymentIntentParams, method *paymentsv1.PaymentMethod) error {
	switch m := method.GetMethod().(type) {
	case *paymentsv1.PaymentMethod_CardToken:
		params.PaymentMethod = m.CardToken.GetToken()
		return nil
	case *paymentsv1.PaymentMethod_Card:
		params.PaymentMethodData = &api.PaymentMethodData{
			Type: "card",
			Card: &api.Card{
				Number:   m.Card.GetNumber(),
				ExpMonth: m.Card.GetExpiryMonth(),
				ExpYear:  m.Card.GetExpiryYear(),
				CVC:      m.Card.GetSecurityCode(),
			},
		}
		if name := m.Card.GetHolderName(); name != "" {
			params.PaymentMethodData.BillingDetails = &api.BillingDetails{Name: name}
		}
		return nil
	default:
		return sdk.Errorf(sdk.Unsupported, "", "this connector takes card and card_token")
	}
}

// metadataOf joins the caller's labels and reference.
// Source: https://docs.stripe.com/api/metadata.
func metadataOf(labels map[string]string, reference string) (map[string]string, error) {
	metadata := map[string]string{referenceKey: reference}
	for name, value := range labels {
		if name == referenceKey {
			return nil, invalid("metadata."+name, "is reserved for the payment's reference")
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
func refusedPayment(ctx context.Context, req *paymentsv1.AuthorizeRequest, refused *api.Error) (*paymentsv1.Payment, error) {
	if refused.PaymentIntent == nil {
		return &paymentsv1.Payment{
			Reference: req.GetReference(),
			Amount:    req.GetAmount(),
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

// withoutToken takes the token out of an error: Stripe quotes ids that it does
// not know.
func withoutToken(e *sdk.Error, token string) *sdk.Error {
	if token == "" {
		return e
	}
	e.Message = strings.ReplaceAll(e.Message, token, "[redacted]")
	for i := range e.Fields {
		e.Fields[i].Description = strings.ReplaceAll(e.Fields[i].Description, token, "[redacted]")
	}
	return e
}

// Void implements sdk.Voider.
func (*Connector) Void(ctx context.Context, req *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	stripe, err := clientFor(ctx, "payment_id", req.GetPaymentId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	intent, err := stripe.CancelPaymentIntent(ctx, req.GetPaymentId(), api.CancelPaymentIntentParams{
		// Source: https://docs.stripe.com/api/payment_intents/cancel.
		CancellationReason: oneOf(req.GetReason(), "duplicate", "fraudulent", "requested_by_customer", "abandoned"),
		Expand:             []string{latestCharge},
	})
	if err != nil {
		return nil, failure(err)
	}
	payment, err := payment(ctx, intent)
	return &paymentsv1.VoidResponse{Payment: payment}, err
}

// GetPayment implements sdk.PaymentGetter.
func (*Connector) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	stripe, err := clientFor(ctx, "payment_id", req.GetPaymentId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	intent, err := stripe.GetPaymentIntent(ctx, req.GetPaymentId(), latestCharge)
	if err != nil {
		return nil, readFailure(err)
	}
	payment, err := payment(ctx, intent)
	if err != nil {
		return nil, readFailure(err)
	}
	return &paymentsv1.GetPaymentResponse{Payment: payment}, nil
}

// oneOf returns the word if Stripe has it, and nothing otherwise.
func oneOf(word string, known ...string) string {
	if slices.Contains(known, word) {
		return word
	}
	return ""
}
