// Package stripe is the connector for Stripe. It pays with PaymentIntents,
// created and confirmed in one request, and keeps instruments by SetupIntents.
//
// Sources of facts are Stripe's pages, named where they are used; README.md
// maps every field.
package stripe

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk"
)

const (
	defaultBaseURL  = "https://api.stripe.com"
	defaultFilesURL = "https://files.stripe.com"
)

// configInvalid is the reason of a configuration that can't work.
const configInvalid = "CONFIG_INVALID"

// idCharacters are those of Stripe's ids.
const idCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

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
		ID:                 "stripe",
		DisplayName:        "Stripe",
		Publisher:          "Patchbay",
		DocumentationURL:   "https://docs.stripe.com/api",
		Config:             &Config{},
		PaymentMethodTypes: methodNames(),
		EgressHosts:        []string{"api.stripe.com:443", "files.stripe.com:443"},
		Idempotency:        idempotency(),
		ThreeDSModes: []connectorv1.ThreeDsMode{
			connectorv1.ThreeDsMode_THREE_DS_MODE_PSP, connectorv1.ThreeDsMode_THREE_DS_MODE_EXTERNAL,
		},
		Capabilities: capabilities(),
		Webhooks:     connectorv1.WebhookVerificationMode_WEBHOOK_VERIFICATION_MODE_SIGNATURE,
		Evidence:     connectorv1.Evidence_EVIDENCE_CONTRACT_TESTED,
		TestData:     testData(),
	}
}

// idempotency says of every operation that posts that Stripe recognises a repeat.
// Complete only asks.
// Keys are kept for at least 24 hours and have at most 255 characters.
// Source: https://docs.stripe.com/api/idempotent_requests.
func idempotency() map[string]sdk.Idempotency {
	key := sdk.Idempotency{
		Kind:      connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY,
		TTL:       24 * time.Hour,
		MaxLength: 255,
	}
	all := map[string]sdk.Idempotency{"Complete": {Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY}}
	for _, operation := range []string{
		"Authorize", "Capture", "Void", "Reverse", "AdjustAuthorization", "CreateRefund",
		"SetupMandate", "ChargeMandate", "RevokeMandate", "Tokenize", "DeletePaymentMethod",
		"CreateCustomer", "UpdateCustomer", "CreateClientSession",
		"AcceptDispute", "SubmitEvidence", "DefendDispute", "CreatePayout", "VoidPayout",
	} {
		all[operation] = key
	}
	return all
}

// client returns Stripe's API as the account of this call sees it.
func client(ctx context.Context) (*api.Client, error) {
	config, err := sdk.Config[Config](ctx)
	if err != nil {
		return nil, err
	}
	if config.APIKey == "" {
		return nil, sdk.Errorf(sdk.Misconfigured, configInvalid, "the account's configuration: api_key is missing")
	}
	base, err := address("base_url", cmp.Or(config.BaseURL, defaultBaseURL))
	if err != nil {
		return nil, err
	}
	files, err := address("files_url", cmp.Or(config.FilesURL, defaultFilesURL))
	if err != nil {
		return nil, err
	}
	return &api.Client{
		HTTP:           sdk.HTTPClient(ctx),
		BaseURL:        base,
		FilesURL:       files,
		Key:            config.APIKey.Reveal(),
		Account:        config.Account,
		IdempotencyKey: sdk.IdempotencyKey(ctx),
	}, nil
}

// address checks one of the addresses of a configuration.
func address(field, text string) (string, error) {
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", sdk.Errorf(sdk.Misconfigured, configInvalid, "the account's configuration: %s must be an absolute http or https address", field)
	}
	return strings.TrimRight(text, "/"), nil
}

// clientFor is client for an operation on one object of Stripe's, which takes no
// options. It refuses an id that can't be Stripe's and might lead elsewhere.
func clientFor(ctx context.Context, field, id string, options *structpb.Struct) (*api.Client, error) {
	if err := noOptions(options); err != nil {
		return nil, err
	}
	if strings.TrimLeft(id, idCharacters) != "" {
		return nil, invalid(field, "is not an id of Stripe's")
	}
	return client(ctx)
}
