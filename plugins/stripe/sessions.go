package stripe

import (
	"context"
	"slices"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// CreateClientSession implements sdk.ClientSessionCreator: a payment that Stripe.js
// or a mobile SDK of Stripe's confirms, or, with an amount of zero, a setup. What
// became of it says GetPayment, or GetMandate. Where no types are named Stripe offers
// what the account has.
// Source: https://docs.stripe.com/payments/accept-a-payment?platform=web&ui=elements.
func (*Connector) CreateClientSession(ctx context.Context, req *paymentsv1.CreateClientSessionRequest) (*paymentsv1.CreateClientSessionResponse, error) {
	stripe := callWithoutOptions(ctx, req)
	types, usage := sessionTypes(stripe, req.GetPaymentMethodTypes()), setupUsages.Word(req.GetSetupFutureUsage())
	params := api.Params{
		PaymentMethodTypes: types, AutomaticPaymentMethods: len(types) == 0,
		Customer: req.GetCustomerId(), Metadata: stripe.metadata(req.GetMetadata(), req.GetReference()),
	}
	session := &paymentsv1.Session{PublishableKey: stripe.config.PublishableKey}
	if req.GetAmount().GetMinorUnits() == 0 {
		if params.Usage = usage; params.Customer == "" {
			stripe.refuse("customer_id", "is needed to store an instrument without a payment: Stripe keeps it for a customer")
		}
		setup, err := write[api.SetupIntent](ctx, stripe, "/v1/setup_intents", params, itself)
		if err != nil {
			return nil, err
		}
		session.ClientSecret, session.ConnectorData = setup.ClientSecret, sdk.ConnectorData(map[string]any{"setup_intent": setup.ID})
		return &paymentsv1.CreateClientSessionResponse{Session: session}, nil
	}
	params.Amount, params.Currency = stripe.units(req.GetAmount()), currency(req.GetAmount())
	params.CaptureMethod, params.SetupFutureUsage = captureMethod(req.GetCaptureMethod()), usage
	params.ReceiptEmail = req.GetCustomer().GetEmail()
	intent, err := write[api.PaymentIntent](ctx, stripe, "/v1/payment_intents", params, itself)
	if err != nil {
		return nil, err
	}
	if intent.Amount != params.Amount || intent.Currency != params.Currency || intent.Metadata[referenceKey] != req.GetReference() {
		return nil, sdk.Errorf(sdk.OutcomeUnknown, "INTEGRITY_MISMATCH", "Stripe's session is not the one that was asked for")
	}
	session.ClientSecret, session.PaymentId = intent.ClientSecret, intent.ID
	return &paymentsv1.CreateClientSessionResponse{Session: session}, nil
}

// sessionTypes are the types to offer, as Stripe names them; all that hold cards are one.
func sessionTypes(stripe *call, names []string) []string {
	var types []string
	for _, name := range names {
		theirs := words.Texts("payment_method.type")[name]
		if theirs == "" {
			stripe.refuse("payment_method_types", name+" is not a type of this connector")
		}
		if !slices.Contains(types, theirs) {
			types = append(types, theirs)
		}
	}
	return types
}
