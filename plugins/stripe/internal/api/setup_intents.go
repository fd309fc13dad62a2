package api

import "context"

// SetupIntent is the setting up of an instrument for later payments.
// Source: https://docs.stripe.com/api/setup_intents/object.
type SetupIntent struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	ClientSecret   string            `json:"client_secret"`
	Created        int64             `json:"created"`
	Customer       ID                `json:"customer"`
	LastSetupError *Failure          `json:"last_setup_error"`
	Mandate        *Mandate          `json:"mandate"`
	Metadata       map[string]string `json:"metadata"`
	NextAction     *NextAction       `json:"next_action"`
	PaymentMethod  *PaymentMethod    `json:"payment_method"`
	Status         string            `json:"status"`
}

func (s *SetupIntent) valid() bool { return s.Object == "setup_intent" && s.ID != "" && s.Status != "" }

// Mandate is the permission to debit. Only its ID is set where Stripe did not
// expand it.
// Source: https://docs.stripe.com/api/mandates/object.
type Mandate struct {
	ID            string `json:"id"`
	Object        string `json:"object"`
	PaymentMethod ID     `json:"payment_method"`
	Status        string `json:"status"`
}

func (m *Mandate) valid() bool { return m.Object == "mandate" && m.ID != "" && m.Status != "" }

// UnmarshalJSON reads both forms of an expandable field.
func (m *Mandate) UnmarshalJSON(raw []byte) error {
	type plain Mandate // without this method
	return unmarshalExpandable(raw, &m.ID, (*plain)(m))
}

// CreateSetupIntentParams are the parameters of CreateSetupIntent.
type CreateSetupIntentParams struct {
	Confirm                 bool                     `form:"confirm"`
	PaymentMethodTypes      []string                 `form:"payment_method_types"`
	AutomaticPaymentMethods *AutomaticPaymentMethods `form:"automatic_payment_methods"`
	PaymentMethod           string                   `form:"payment_method"`
	PaymentMethodData       *PaymentMethodData       `form:"payment_method_data"`
	PaymentMethodOptions    PaymentMethodOptions     `form:"payment_method_options"`
	Customer                string                   `form:"customer"`
	MandateData             *MandateData             `form:"mandate_data"`
	Usage                   string                   `form:"usage"`
	ReturnURL               string                   `form:"return_url"`
	Description             string                   `form:"description"`
	Metadata                map[string]string        `form:"metadata"`
	Expand                  []string                 `form:"expand"`
}

// CreateSetupIntent sets an instrument up, and confirms it if the parameters say
// so.
func (c *Client) CreateSetupIntent(ctx context.Context, params CreateSetupIntentParams) (*SetupIntent, error) {
	return post[SetupIntent](ctx, c, "/v1/setup_intents", params)
}

// GetSetupIntent reads a setup.
func (c *Client) GetSetupIntent(ctx context.Context, id string, expand ...string) (*SetupIntent, error) {
	return get[SetupIntent](ctx, c, resource("setup_intents", id), expandParams{expand})
}
