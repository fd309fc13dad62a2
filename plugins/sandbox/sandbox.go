// Package sandbox is the connector of a PSP that is simulated (package psp): for
// the first run, for demos and for tests. It is written as a connector of a real
// PSP is; start here to write one.
package sandbox

import (
	"context"
	"net/url"

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

// What the connector offers.
var (
	_ sdk.AccountChecker         = (*Connector)(nil)
	_ sdk.Authorizer             = (*Connector)(nil)
	_ sdk.Completer              = (*Connector)(nil)
	_ sdk.Capturer               = (*Connector)(nil)
	_ sdk.Voider                 = (*Connector)(nil)
	_ sdk.Reverser               = (*Connector)(nil)
	_ sdk.PaymentGetter          = (*Connector)(nil)
	_ sdk.PaymentFinder          = (*Connector)(nil)
	_ sdk.AuthorizationAdjuster  = (*Connector)(nil)
	_ sdk.AuthorizationExtender  = (*Connector)(nil)
	_ sdk.OrderCreator           = (*Connector)(nil)
	_ sdk.RefundCreator          = (*Connector)(nil)
	_ sdk.RefundGetter           = (*Connector)(nil)
	_ sdk.MandateStarter         = (*Connector)(nil)
	_ sdk.MandateCharger         = (*Connector)(nil)
	_ sdk.MandateGetter          = (*Connector)(nil)
	_ sdk.MandateRevoker         = (*Connector)(nil)
	_ sdk.PreAuthenticator       = (*Connector)(nil)
	_ sdk.Authenticator          = (*Connector)(nil)
	_ sdk.PostAuthenticator      = (*Connector)(nil)
	_ sdk.Tokenizer              = (*Connector)(nil)
	_ sdk.PaymentMethodDeleter   = (*Connector)(nil)
	_ sdk.EligibilityChecker     = (*Connector)(nil)
	_ sdk.CustomerCreator        = (*Connector)(nil)
	_ sdk.CustomerGetter         = (*Connector)(nil)
	_ sdk.CustomerUpdater        = (*Connector)(nil)
	_ sdk.CustomerDeleter        = (*Connector)(nil)
	_ sdk.ClientSessionCreator   = (*Connector)(nil)
	_ sdk.ServerSessionCreator   = (*Connector)(nil)
	_ sdk.AccessTokenCreator     = (*Connector)(nil)
	_ sdk.DisputeGetter          = (*Connector)(nil)
	_ sdk.DisputeLister          = (*Connector)(nil)
	_ sdk.DisputeAccepter        = (*Connector)(nil)
	_ sdk.EvidenceUploader       = (*Connector)(nil)
	_ sdk.EvidenceSubmitter      = (*Connector)(nil)
	_ sdk.DisputeDefender        = (*Connector)(nil)
	_ sdk.PayoutCreator          = (*Connector)(nil)
	_ sdk.PayoutStager           = (*Connector)(nil)
	_ sdk.PayoutTransferrer      = (*Connector)(nil)
	_ sdk.PayoutGetter           = (*Connector)(nil)
	_ sdk.PayoutVoider           = (*Connector)(nil)
	_ sdk.PayoutLinkCreator      = (*Connector)(nil)
	_ sdk.PayoutRecipientCreator = (*Connector)(nil)
	_ sdk.PayoutAccountEnroller  = (*Connector)(nil)
	_ sdk.SurchargeCalculator    = (*Connector)(nil)
	_ sdk.WebhookParser          = (*Connector)(nil)
	_ sdk.WebhookHandler         = (*Connector)(nil)
)

// New returns the connector.
func New() *Connector { return &Connector{psp: newInProcess()} }

// CheckAccount implements sdk.AccountChecker.
func (c *Connector) CheckAccount(ctx context.Context, _ *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error) {
	psp, err := c.client(ctx, nil)
	if err != nil {
		return nil, err
	}
	account, err := psp.Account(ctx)
	if err != nil {
		return nil, translate(err)
	}
	return &connectorv1.CheckAccountResponse{AccountId: account.ID, Live: account.Live}, nil
}

// client makes the PSP's client for one call, with its configuration, its
// idempotency key and what it wants simulated.
func (c *Connector) client(ctx context.Context, options *structpb.Struct) (*api.Client, error) {
	config, err := sdk.Config[Config](ctx)
	if err != nil {
		return nil, err
	}
	sim, err := readSimulation(options)
	if err != nil {
		return nil, err
	}
	client := &api.Client{
		BaseURL:        config.BaseURL,
		Key:            config.APIKey.Reveal(),
		IdempotencyKey: sdk.IdempotencyKey(ctx),
		Simulate:       sim.atPSP(),
	}
	if client.Key == "" {
		client.Key = defaultKey
	}
	if config.BaseURL == "" {
		client.BaseURL = inProcessURL
		client.HTTP = sdk.HTTPClient(ctx, sdk.Over(c.psp.transport()))
	} else {
		if u, err := url.Parse(config.BaseURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, sdk.Errorf(sdk.Misconfigured, "CONFIG_INVALID", "base_url must be an http or https address")
		}
		client.HTTP = sdk.HTTPClient(ctx)
	}
	client.HTTP.Transport = sim.around(client.HTTP.Transport)
	return client, nil
}
