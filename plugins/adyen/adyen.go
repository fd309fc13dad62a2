// Package adyen is the connector for Adyen: payments by Checkout v71 without
// Adyen's pages, modifications that Adyen answers later by webhook, stored
// instruments as mandates, and disputes by the Disputes API v30.
//
// Sources of facts are Adyen's pages, named where they are used; README.md maps
// every field.
package adyen

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	"github.com/patchbay/patchbay/sdk"
)

// Where Adyen's test APIs are, and what follows their hosts.
// Source: https://docs.adyen.com/development-resources/live-endpoints.
const (
	testCheckout = "https://checkout-test.adyen.com"
	testDisputes = "https://ca-test.adyen.com"
	liveDisputes = "https://ca-live.adyen.com"
	checkoutPath = "/v71"
	livePath     = "/checkout/v71"
	disputesPath = "/ca/services/DisputeService/v30"
)

// configInvalid is the reason of a configuration that can't work.
const configInvalid = "CONFIG_INVALID"

// Connector is the Adyen connector. It keeps no state.
type Connector struct{}

// New returns the connector.
func New() *Connector { return &Connector{} }

// Config is the configuration of an account.
type Config struct {
	APIKey          sdk.Secret   `json:"api_key" jsonschema:"minLength=1,description=API key of a web service user with the Checkout role; disputes need the role for the Disputes API too"`
	MerchantAccount string       `json:"merchant_account" jsonschema:"minLength=1,description=Merchant account that takes the payments"`
	LivePrefix      string       `json:"live_prefix,omitempty" jsonschema:"pattern=^[A-Za-z0-9-]+$,description=Prefix of the live endpoints; without it the account is a test account"`
	ReturnURL       string       `json:"return_url,omitempty" jsonschema:"format=uri,description=Where shoppers return whose payment names no return_url; Adyen wants one with every payment"`
	WebhookSecrets  []sdk.Secret `json:"webhook_secrets,omitempty" jsonschema:"writeOnly=true,description=HMAC keys of standard webhooks in hexadecimal digits; several while one is replaced"`
	BaseURL         string       `json:"base_url,omitempty" jsonschema:"format=uri,description=Stands in the place of Adyen's hosts; for a proxy or a test"`
}

// livePrefix is that of the schema, so that no prefix leads to another host.
var livePrefix = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// account is Adyen's APIs as the account of one call sees them.
type account struct {
	*api.Client
	Config
}

func accountOf(ctx context.Context) (*account, error) {
	config, err := sdk.Config[Config](ctx)
	if err != nil {
		return nil, err
	}
	misconfigured := func(what string) error {
		return sdk.Errorf(sdk.Misconfigured, configInvalid, "the account's configuration: %s", what)
	}
	switch {
	case config.APIKey == "":
		return nil, misconfigured("api_key is missing")
	case config.MerchantAccount == "":
		return nil, misconfigured("merchant_account is missing")
	case config.LivePrefix != "" && !livePrefix.MatchString(config.LivePrefix):
		return nil, misconfigured("live_prefix must be letters, digits and dashes")
	case config.BaseURL != "" && !absolute(config.BaseURL):
		return nil, misconfigured("base_url must be an absolute http or https address")
	case config.ReturnURL != "" && !absolute(config.ReturnURL):
		return nil, misconfigured("return_url must be an absolute http or https address")
	}
	checkout, disputes := endpoints(config)
	return &account{Config: config, Client: &api.Client{
		HTTP:           sdk.HTTPClient(ctx),
		CheckoutURL:    checkout,
		DisputeURL:     disputes,
		Key:            config.APIKey.Reveal(),
		IdempotencyKey: sdk.IdempotencyKey(ctx),
	}}, nil
}

// begin is what an operation begins with: its options and the account.
func begin[O any](ctx context.Context, given *structpb.Struct) (adyen *account, options O, err error) {
	if options, err = sdk.Options[O](given); err != nil {
		return nil, options, err
	}
	adyen, err = accountOf(ctx)
	return adyen, options, err
}

func endpoints(config Config) (checkout, disputes string) {
	base := strings.TrimRight(config.BaseURL, "/")
	if config.LivePrefix != "" {
		live := "https://" + config.LivePrefix + "-checkout-live.adyenpayments.com"
		return cmp.Or(base, live) + livePath, cmp.Or(base, liveDisputes) + disputesPath
	}
	return cmp.Or(base, testCheckout) + checkoutPath, cmp.Or(base, testDisputes) + disputesPath
}

func absolute(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// pspReference refuses an id that can't be Adyen's and might lead elsewhere.
func pspReference(field, id string) error {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if id == "" || strings.TrimLeft(id, characters) != "" {
		return sdk.InvalidField(field, "is not an id of Adyen's")
	}
	return nil
}
