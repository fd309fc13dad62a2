package stripe

import (
	"cmp"
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// referenceKey is the metadata key that keeps the caller's reference at Stripe.
const referenceKey = "patchbay_reference"

// call is one call of an operation: Stripe's API as the call's account sees it. What
// is wrong with the call, in the account's configuration, an option or a field, or
// with a step before what it asks for, is noted where it is found. The first such
// fault is the error of every request to Stripe from then on, and nothing more is
// sent; so operations need not look at it.
type call struct {
	*api.Client
	config Config
	secret string // a token or code that no error may quote; empty: none
}

func newCall(ctx context.Context) *call {
	config, fault := sdk.Config[Config](ctx)
	if fault == nil && config.APIKey == "" {
		fault = sdk.InvalidConfig("api_key", "is missing")
	}
	base, baseFault := sdk.Endpoint("base_url", cmp.Or(config.BaseURL, "https://api.stripe.com"))
	files, filesFault := sdk.Endpoint("files_url", cmp.Or(config.FilesURL, "https://files.stripe.com"))
	return &call{config: config, Client: &api.Client{
		HTTP: sdk.HTTPClient(ctx), BaseURL: base, FilesURL: files, Fault: cmp.Or(fault, baseFault, filesFault),
		Key: config.APIKey.Reveal(), Account: config.Account, IdempotencyKey: sdk.IdempotencyKey(ctx),
	}}
}

// optional is a request that may have options.
type optional interface{ GetConnectorOptions() *structpb.Struct }

// callWithoutOptions is newCall for an operation that takes no options.
func callWithoutOptions(ctx context.Context, req optional) *call {
	stripe := newCall(ctx)
	_, err := sdk.Options[sdk.NoOptions](req.GetConnectorOptions())
	stripe.note(err)
	return stripe
}

// callOn is callWithoutOptions for an operation on one object of Stripe's.
func callOn(ctx context.Context, req optional, field, id string) *call {
	stripe := callWithoutOptions(ctx, req)
	stripe.note(sdk.CheckID(field, id))
	return stripe
}

// step is the call for a further request. A key belongs to one request, so that each
// step has its own, made of the call's.
// Source: https://docs.stripe.com/api/idempotent_requests.
func (c *call) step(name string) *call {
	client := *c.Client
	client.IdempotencyKey += "-" + name
	return &call{Client: &client, config: c.config, secret: c.secret}
}

// note keeps the first fault; nil is none.
func (c *call) note(fault error) {
	if c.Fault == nil {
		c.Fault = fault
	}
}

// refuse notes what is wrong with a field.
func (c *call) refuse(field, description string) { c.note(sdk.InvalidField(field, description)) }

// metadata joins the caller's labels and reference.
// Source: https://docs.stripe.com/api/metadata.
func (c *call) metadata(labels map[string]string, reference string) map[string]string {
	metadata := map[string]string{}
	for name, value := range labels {
		switch {
		case name == referenceKey:
			c.refuse("metadata."+name, "is reserved for the reference")
		case strings.ContainsAny(name, "[]"):
			c.refuse("metadata."+name, "must not contain square brackets")
		}
		metadata[name] = value
	}
	if reference != "" {
		metadata[referenceKey] = reference
	}
	return metadata
}

// translation says an object of Stripe's in the contract's words.
type translation[P, M any] = func(context.Context, P) (M, error)

// read asks Stripe, and says its answer. Nothing can have happened where that fails.
func read[T, M any, P api.Object[T]](ctx context.Context, stripe *call, path string, query any, tell translation[P, M]) (M, error) {
	found, err := api.Get[T, P](ctx, stripe.Client, path, query)
	var told M
	if err == nil {
		told, err = tell(ctx, found)
	}
	if err != nil {
		return told, stripe.readFailure(err)
	}
	return told, nil
}

// write changes something, and says what Stripe answered.
func write[T, M any, P api.Object[T]](ctx context.Context, stripe *call, path string, params any, tell translation[P, M]) (M, error) {
	return attempt(ctx, stripe, path, params, tell, nil)
}

// attempt is write for what somebody may refuse: decline says the answer to that.
func attempt[T, M any, P api.Object[T]](
	ctx context.Context, stripe *call, path string, params any, tell translation[P, M], decline translation[*api.Error, M],
) (M, error) {
	made, err := api.Post[T, P](ctx, stripe.Client, path, params)
	if err == nil {
		return tell(ctx, made)
	}
	if refused, ok := refusal(err); ok && decline != nil {
		return decline(ctx, refused)
	}
	var none M
	return none, stripe.failure(err)
}

// exponents are Stripe's exceptions from ISO 4217. ISK and UGX have no decimal
// places but are counted in hundredths; MGA has two and is counted without.
// Source: https://docs.stripe.com/currencies#minor-units and #special-cases.
func exponents() sdk.Exponents { return sdk.Exponents{"ISK": 2, "UGX": 2, "MGA": 0} }

// units says an amount as Stripe counts it.
func (c *call) units(m *paymentsv1.Money) int64 {
	switch m.GetCurrencyCode() {
	case "BHD", "JOD", "KWD", "OMR", "TND":
		// Source: https://docs.stripe.com/currencies#three-decimal.
		if m.GetMinorUnits()%10 != 0 {
			c.refuse("amount.minor_units", "must end in 0: Stripe takes two decimal places of "+m.GetCurrencyCode())
		}
	}
	amount, err := exponents().FromMinor(m)
	c.note(err)
	return amount
}

// payoutUnits is units for payouts: those in HUF, TWD and UGX are of whole units.
// Source: https://docs.stripe.com/currencies#special-cases.
func (c *call) payoutUnits(m *paymentsv1.Money) int64 {
	amount := c.units(m)
	switch m.GetCurrencyCode() {
	case "HUF", "TWD", "ISK", "UGX":
		if amount%100 != 0 {
			c.refuse("amount.minor_units", "Stripe pays out whole units of "+m.GetCurrencyCode())
		}
	}
	return amount
}

// money reads an amount of Stripe's.
func money(currency string, amount int64) (*paymentsv1.Money, error) {
	return exponents().ToMinor(strings.ToUpper(currency), amount)
}

// currency is how Stripe writes a currency.
func currency(m *paymentsv1.Money) string { return strings.ToLower(m.GetCurrencyCode()) }
