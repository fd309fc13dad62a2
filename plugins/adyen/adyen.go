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
	"regexp"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
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

// account is Adyen's APIs as the account of one call sees them. Where its
// configuration or the request is at fault, it answers every request with the first
// fault, and nothing is sent.
type account struct {
	*api.Client
	Config
}

// accountOf returns the account of a call. The faults are those of the request, in
// the order in which callers are told; nil ones are none.
func accountOf(ctx context.Context, faults ...error) *account {
	config, err := sdk.Config[Config](ctx)
	base, checked := checkConfig(config)
	a := &account{Config: config, Client: &api.Client{
		HTTP: sdk.HTTPClient(ctx), Key: config.APIKey.Reveal(), IdempotencyKey: sdk.IdempotencyKey(ctx),
		Fault: cmp.Or(err, checked, cmp.Or(faults...)),
	}}
	a.CheckoutURL, a.DisputeURL = endpoints(base, config.LivePrefix)
	return a
}

// begin is accountOf for an operation that takes no connector_options.
func begin(ctx context.Context, options *structpb.Struct, faults ...error) *account {
	_, err := sdk.Options[sdk.NoOptions](options)
	return accountOf(ctx, append([]error{err}, faults...)...)
}

// checkConfig returns the base URL, or nothing where Adyen's own hosts count.
func checkConfig(config Config) (base string, err error) {
	switch {
	case config.APIKey == "":
		return "", sdk.InvalidConfig("api_key", "is missing")
	case config.MerchantAccount == "":
		return "", sdk.InvalidConfig("merchant_account", "is missing")
	case config.LivePrefix != "" && !livePrefix.MatchString(config.LivePrefix):
		return "", sdk.InvalidConfig("live_prefix", "must be letters, digits and dashes")
	}
	if config.ReturnURL != "" {
		_, err = sdk.Endpoint("return_url", config.ReturnURL)
	}
	if config.BaseURL != "" && err == nil {
		base, err = sdk.Endpoint("base_url", config.BaseURL)
	}
	return base, err
}

func endpoints(base, prefix string) (checkout, disputes string) {
	if prefix == "" {
		return cmp.Or(base, testCheckout) + checkoutPath, cmp.Or(base, testDisputes) + disputesPath
	}
	live := "https://" + prefix + "-checkout-live.adyenpayments.com"
	return cmp.Or(base, live) + livePath, cmp.Or(base, liveDisputes) + disputesPath
}

// CheckAccount implements sdk.AccountChecker. It asks for the merchant account's
// payment methods, which needs the key, its role and the merchant account, and
// changes nothing. Whether money is real is the endpoint's to say.
func (*Connector) CheckAccount(ctx context.Context, _ *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error) {
	adyen := accountOf(ctx)
	if _, err := adyen.methods(ctx, api.MethodsRequest{}); err != nil {
		return nil, err
	}
	return &connectorv1.CheckAccountResponse{AccountId: adyen.MerchantAccount, Live: adyen.LivePrefix != ""}, nil
}
