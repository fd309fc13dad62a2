// Package sandbox is the connector of a PSP that is simulated (package psp): for
// the first run, for demos and for tests. It is written as a connector of a real
// PSP is; start here to write one.
package sandbox

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Config is an account's configuration.
type Config struct {
	BaseURL string     `json:"base_url,omitempty" jsonschema:"description=Address of a sandbox PSP that runs on its own; without one the PSP lives in the connector's process and forgets everything with it.,example=http://127.0.0.1:4242"`
	APIKey  sdk.Secret `json:"api_key,omitempty"`
	// WebhookSecrets are those with which the PSP may sign: two while one is
	// replaced by the other.
	WebhookSecrets []sdk.Secret `json:"webhook_secrets,omitempty" jsonschema:"writeOnly=true,description=Secrets with which the PSP may sign webhooks; without one every webhook is rejected."`
}

// defaultKey is the API key of an account that configures none.
const defaultKey = "sk_sandbox_default"

// Connector is the sandbox connector.
type Connector struct {
	psp *inProcess
}

// New returns the connector.
func New() *Connector { return &Connector{psp: newInProcess()} }

// CheckAccount implements sdk.AccountChecker.
func (c *Connector) CheckAccount(ctx context.Context, _ *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error) {
	account, err := api.Get[api.Account](ctx, c.client(ctx, nil), nil, "account")
	if err != nil {
		return nil, translate(err)
	}
	return &connectorv1.CheckAccountResponse{AccountId: account.ID, Live: account.Live}, nil
}

// client makes the PSP's client for one call, with its configuration, its
// idempotency key and what it wants simulated. If one of them is wrong, or the
// request has faults, the client answers with the first of these errors and sends
// nothing, so that an operation need not look at each. Faults that are nil are none.
func (c *Connector) client(ctx context.Context, options *structpb.Struct, faults ...error) *api.Client {
	config, errConfig := sdk.Config[Config](ctx)
	sim, errOptions := readSimulation(options)
	client := &api.Client{
		Key: cmp.Or(config.APIKey.Reveal(), defaultKey), IdempotencyKey: sdk.IdempotencyKey(ctx), Simulate: sim.atPSP(),
	}
	var errAddress error
	if config.BaseURL == "" {
		client.BaseURL, client.HTTP = inProcessURL, sdk.HTTPClient(ctx, sdk.Over(c.psp.transport()))
	} else {
		client.BaseURL, errAddress = sdk.Endpoint("base_url", config.BaseURL)
		client.HTTP = sdk.HTTPClient(ctx)
	}
	client.HTTP.Transport = sim.around(client.HTTP.Transport)
	client.Fault = cmp.Or(errConfig, errAddress, errOptions, cmp.Or(faults...))
	return client
}
