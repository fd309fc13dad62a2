package stripe

import (
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// CreateClientSession implements sdk.ClientSessionCreator: a payment that Stripe.js
// or a mobile SDK of Stripe's confirms, or, with an amount of zero, a setup. What
// became of it says GetPayment, or GetMandate.
// Source: https://docs.stripe.com/payments/accept-a-payment?platform=web&ui=elements.
func (*Connector) CreateClientSession(ctx context.Context, req *paymentsv1.CreateClientSessionRequest) (*paymentsv1.CreateClientSessionResponse, error) {
	if err := noOptions(req.GetConnectorOptions()); err != nil {
		return nil, err
	}
	metadata, err := metadataOf(req.GetMetadata(), req.GetReference())
	if err != nil {
		return nil, err
	}
	types, err := sessionTypes(req.GetPaymentMethodTypes())
	if err != nil {
		return nil, err
	}
	config, err := sdk.Config[Config](ctx)
	if err != nil {
		return nil, err
	}
	stripe, err := client(ctx)
	if err != nil {
		return nil, err
	}
	open := openPaymentSession
	if req.GetAmount().GetMinorUnits() == 0 {
		open = openSetupSession
	}
	session, err := open(ctx, stripe, req, types, metadata)
	if err != nil {
		return nil, err
	}
	session.PublishableKey = config.PublishableKey
	return &paymentsv1.CreateClientSessionResponse{Session: session}, nil
}

func openPaymentSession(ctx context.Context, stripe *api.Client, req *paymentsv1.CreateClientSessionRequest, types []string, metadata map[string]string) (*paymentsv1.Session, error) {
	amount, err := units(req.GetAmount())
	if err != nil {
		return nil, err
	}
	intent, err := stripe.CreatePaymentIntent(ctx, api.CreatePaymentIntentParams{
		Amount:                  amount,
		Currency:                currency(req.GetAmount()),
		CaptureMethod:           captureMethod(req.GetCaptureMethod()),
		PaymentMethodTypes:      types,
		AutomaticPaymentMethods: automaticUnless(types),
		Customer:                req.GetCustomerId(),
		ReceiptEmail:            req.GetCustomer().GetEmail(),
		SetupFutureUsage:        setupUsages.Word(req.GetSetupFutureUsage()),
		Metadata:                metadata,
	})
	if err != nil {
		return nil, failure(err)
	}
	if intent.Amount != amount || intent.Currency != currency(req.GetAmount()) || intent.Metadata[referenceKey] != req.GetReference() {
		return nil, sdk.Errorf(sdk.OutcomeUnknown, "INTEGRITY_MISMATCH", "Stripe's session is not the one that was asked for")
	}
	return &paymentsv1.Session{ClientSecret: intent.ClientSecret, PaymentId: intent.ID}, nil
}

func openSetupSession(ctx context.Context, stripe *api.Client, req *paymentsv1.CreateClientSessionRequest, types []string, metadata map[string]string) (*paymentsv1.Session, error) {
	if req.GetCustomerId() == "" {
		return nil, invalid("customer_id", "is needed to store an instrument without a payment: Stripe keeps it for a customer")
	}
	setup, err := stripe.CreateSetupIntent(ctx, api.CreateSetupIntentParams{
		PaymentMethodTypes:      types,
		AutomaticPaymentMethods: automaticUnless(types),
		Customer:                req.GetCustomerId(),
		Usage:                   setupUsages.Word(req.GetSetupFutureUsage()),
		Metadata:                metadata,
	})
	if err != nil {
		return nil, failure(err)
	}
	return &paymentsv1.Session{
		ClientSecret:  setup.ClientSecret,
		ConnectorData: &structpb.Struct{Fields: map[string]*structpb.Value{"setup_intent": structpb.NewStringValue(setup.ID)}},
	}, nil
}

// sessionTypes are the types to offer, as Stripe names them; cards and what holds
// cards are one.
func sessionTypes(names []string) ([]string, error) {
	var types []string
	seen := map[string]bool{}
	for _, name := range names {
		m, ok := methodNamed(name)
		if !ok || m.stripe == "" {
			return nil, invalid("payment_method_types", name+" is not a type of this connector")
		}
		if !seen[m.stripe] {
			seen[m.stripe] = true
			types = append(types, m.stripe)
		}
	}
	return types, nil
}

// automaticUnless lets Stripe offer what the account has where nothing is named.
func automaticUnless(types []string) *api.AutomaticPaymentMethods {
	if len(types) > 0 {
		return nil
	}
	return &api.AutomaticPaymentMethods{Enabled: true}
}
