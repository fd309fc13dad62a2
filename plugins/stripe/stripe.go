// Package stripe is the connector for Stripe. It pays with PaymentIntents,
// created and confirmed in one request.
//
// Sources of facts are Stripe's pages, named where they are used; README.md
// maps every field.
package stripe

import (
	"context"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk"
)

const defaultBaseURL = "https://api.stripe.com"

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
	APIKey  sdk.Secret `json:"api_key" jsonschema:"minLength=1,description=Secret or restricted key: sk_test_… or rk_live_…"`
	BaseURL string     `json:"base_url,omitempty" jsonschema:"format=uri,default=https://api.stripe.com,description=Where Stripe's API is; without the /v1"`
	Account string     `json:"account,omitempty" jsonschema:"pattern=^acct_,description=Connected account on whose behalf requests are made"`
}

// Describe implements sdk.Connector.
func (*Connector) Describe() sdk.Description {
	// Keys are kept for at least 24 hours and have at most 255 characters.
	// Source: https://docs.stripe.com/api/idempotent_requests.
	key := sdk.Idempotency{
		Kind:      connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY,
		TTL:       24 * time.Hour,
		MaxLength: 255,
	}
	return sdk.Description{
		ID:                 "stripe",
		DisplayName:        "Stripe",
		Publisher:          "Patchbay",
		DocumentationURL:   "https://docs.stripe.com/api",
		Config:             &Config{},
		PaymentMethodTypes: []string{"card", "card_token"},
		EgressHosts:        []string{"api.stripe.com:443"},
		Idempotency: map[string]sdk.Idempotency{
			"Authorize": key, "Capture": key, "Void": key, "CreateRefund": key,
		},
		Capabilities: capabilities(),
		Evidence:     connectorv1.Evidence_EVIDENCE_CONTRACT_TESTED,
		TestData:     testData(),
	}
}

// capabilities says what can be asked for beyond the plain operations. Several
// captures are up to the account and the card as well, which nobody knows before
// the payment is authorized; a Capture that Stripe does not grant is refused.
// Source: https://docs.stripe.com/payments/multicapture.
func capabilities() map[string][]*connectorv1.Capability {
	able := func(flags ...connectorv1.CapabilityFlag) []*connectorv1.Capability {
		return []*connectorv1.Capability{{Flags: flags}}
	}
	return map[string][]*connectorv1.Capability{
		"Authorize": able(
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_AUTOMATIC_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MANUAL_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_CAPTURE,
		),
		"Capture": able(
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_PARTIAL_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_FINAL_CAPTURE,
		),
		"CreateRefund": able(
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_PARTIAL_REFUND,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_REFUNDS,
		),
	}
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
	base := config.BaseURL
	if base == "" {
		base = defaultBaseURL
	}
	if u, err := url.Parse(base); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, sdk.Errorf(sdk.Misconfigured, configInvalid, "the account's configuration: base_url must be an absolute http or https address")
	}
	return &api.Client{
		HTTP:           sdk.HTTPClient(ctx),
		BaseURL:        strings.TrimRight(base, "/"),
		Key:            config.APIKey.Reveal(),
		Account:        config.Account,
		IdempotencyKey: sdk.IdempotencyKey(ctx),
	}, nil
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
