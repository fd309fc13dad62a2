// Package stripe is the connector for Stripe. It pays with PaymentIntents,
// created and confirmed in one request, and keeps instruments by SetupIntents.
//
// Sources of facts are Stripe's pages, named where they are used; README.md
// maps every field.
package stripe

import (
	"context"
	"strings"
	"time"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Connector is the Stripe connector. It keeps no state.
type Connector struct{}

// New returns the connector.
func New() *Connector { return &Connector{} }

// Config is the configuration of an account.
type Config struct {
	APIKey         sdk.Secret   `json:"api_key" jsonschema:"minLength=1,description=Secret or restricted key: sk_test_… or rk_live_…"`
	BaseURL        string       `json:"base_url,omitempty" jsonschema:"format=uri,default=https://api.stripe.com,description=Where Stripe's API is; without the /v1"`
	FilesURL       string       `json:"files_url,omitempty" jsonschema:"format=uri,default=https://files.stripe.com,description=Where files are uploaded to"`
	Account        string       `json:"account,omitempty" jsonschema:"pattern=^acct_,description=Connected account on whose behalf requests are made"`
	WebhookSecrets []sdk.Secret `json:"webhook_secrets,omitempty" jsonschema:"writeOnly=true,description=Signing secrets of the webhook endpoints: whsec_…; several while one is replaced"`
	PublishableKey string       `json:"publishable_key,omitempty" jsonschema:"pattern=^pk_,description=Key for browsers and apps; given back with client sessions"`
}

// Describe implements sdk.Connector.
func (*Connector) Describe() sdk.Description {
	return sdk.Description{
		ID: "stripe", DisplayName: "Stripe", Publisher: "Patchbay", DocumentationURL: "https://docs.stripe.com/api",
		Config: &Config{}, EgressHosts: []string{"api.stripe.com:443", "files.stripe.com:443"},
		Capabilities: capabilities, Idempotency: idempotency(),
		ThreeDSModes: []connectorv1.ThreeDsMode{
			connectorv1.ThreeDsMode_THREE_DS_MODE_PSP, connectorv1.ThreeDsMode_THREE_DS_MODE_EXTERNAL,
		},
		Webhooks: connectorv1.WebhookVerificationMode_WEBHOOK_VERIFICATION_MODE_SIGNATURE,
		Evidence: connectorv1.Evidence_EVIDENCE_CONTRACT_TESTED,
		TestData: []*connectorv1.TestData{
			example("pm_card_visa", "approved"),
			example("pm_card_visa_chargeDeclined", "declined: generic_decline"),
			example("pm_card_visa_chargeDeclinedInsufficientFunds", "declined: insufficient_funds"),
			example("pm_card_chargeDeclinedExpiredCard", "declined: expired_card"),
			example("pm_card_authenticationRequired", "requires a redirect to the issuer"),
		},
	}
}

// idempotency says of every operation that posts that Stripe recognises a repeat.
// Complete only asks.
// Keys are kept for at least 24 hours and have at most 255 characters.
// Source: https://docs.stripe.com/api/idempotent_requests.
func idempotency() map[string]sdk.Idempotency {
	key := sdk.Idempotency{
		Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY, TTL: 24 * time.Hour, MaxLength: 255,
	}
	return map[string]sdk.Idempotency{
		"Complete":  {Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY},
		"Authorize": key, "Capture": key, "Void": key, "Reverse": key, "AdjustAuthorization": key, "CreateRefund": key,
		"SetupMandate": key, "ChargeMandate": key, "RevokeMandate": key, "Tokenize": key, "DeletePaymentMethod": key,
		"CreateCustomer": key, "UpdateCustomer": key, "CreateClientSession": key,
		"AcceptDispute": key, "SubmitEvidence": key, "DefendDispute": key, "CreatePayout": key, "VoidPayout": key,
	}
}

// example is a request for a test mode account; it moves no money.
// Source: https://docs.stripe.com/testing.
func example(token, summary string) *connectorv1.TestData {
	return sdk.Example(summary, "PaymentService/Authorize", &paymentsv1.AuthorizeRequest{
		Reference: "order-1001", Amount: &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1050}, ReturnUrl: "https://shop.example/return",
		PaymentMethod: &paymentsv1.PaymentMethod{
			Method: &paymentsv1.PaymentMethod_CardToken{CardToken: &paymentsv1.CardToken{Token: token}},
		},
	})
}

// CheckAccount implements sdk.AccountChecker. Whether money is real the account does not
// tell, but the key's prefix: sk_live_, rk_live_.
// Source: https://docs.stripe.com/keys.
func (*Connector) CheckAccount(ctx context.Context, _ *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error) {
	stripe := newCall(ctx)
	account, err := api.Get[api.Named](ctx, stripe.Client, "/v1/account", nil)
	if err != nil {
		return nil, stripe.readFailure(err)
	}
	return &connectorv1.CheckAccountResponse{AccountId: account.ID, Live: strings.Contains(stripe.Key, "_live_")}, nil
}
