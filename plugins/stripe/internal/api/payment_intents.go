package api

import "context"

// PaymentIntent is Stripe's payment.
// Source: https://docs.stripe.com/api/payment_intents/object.
type PaymentIntent struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	Amount             int64             `json:"amount"`
	AmountCapturable   int64             `json:"amount_capturable"`
	AmountReceived     int64             `json:"amount_received"`
	CancellationReason string            `json:"cancellation_reason"`
	ClientSecret       string            `json:"client_secret"`
	Created            int64             `json:"created"`
	Currency           string            `json:"currency"`
	Customer           ID                `json:"customer"`
	LastPaymentError   *Failure          `json:"last_payment_error"`
	LatestCharge       *Charge           `json:"latest_charge"`
	Metadata           map[string]string `json:"metadata"`
	NextAction         *NextAction       `json:"next_action"`
	PaymentMethod      ID                `json:"payment_method"`
	SetupFutureUsage   string            `json:"setup_future_usage"`
	Status             string            `json:"status"`
}

func (p *PaymentIntent) valid() bool {
	return p.Object == "payment_intent" && p.ID != "" && p.Currency != "" && p.Status != ""
}

// CreatePaymentIntentParams are the parameters of CreatePaymentIntent.
type CreatePaymentIntentParams struct {
	Amount                    int64                    `form:"amount"`
	Currency                  string                   `form:"currency"`
	Confirm                   bool                     `form:"confirm"`
	CaptureMethod             string                   `form:"capture_method"`
	PaymentMethodTypes        []string                 `form:"payment_method_types"`
	AutomaticPaymentMethods   *AutomaticPaymentMethods `form:"automatic_payment_methods"`
	PaymentMethod             string                   `form:"payment_method"`
	PaymentMethodData         *PaymentMethodData       `form:"payment_method_data"`
	PaymentMethodOptions      PaymentMethodOptions     `form:"payment_method_options"`
	Customer                  string                   `form:"customer"`
	Mandate                   string                   `form:"mandate"`
	MandateData               *MandateData             `form:"mandate_data"`
	OffSession                string                   `form:"off_session"` // "true", "one_off" or "recurring"
	Shipping                  *Shipping                `form:"shipping"`
	ReturnURL                 string                   `form:"return_url"`
	Description               string                   `form:"description"`
	StatementDescriptorSuffix string                   `form:"statement_descriptor_suffix"`
	ReceiptEmail              string                   `form:"receipt_email"`
	Metadata                  map[string]string        `form:"metadata"`
	SetupFutureUsage          string                   `form:"setup_future_usage"`
	OnBehalfOf                string                   `form:"on_behalf_of"`
	TransferGroup             string                   `form:"transfer_group"`
	Expand                    []string                 `form:"expand"`
}

// AutomaticPaymentMethods lets Stripe choose the types to offer.
type AutomaticPaymentMethods struct {
	Enabled bool `form:"enabled"`
}

// CapturePaymentIntentParams are the parameters of CapturePaymentIntent.
type CapturePaymentIntentParams struct {
	AmountToCapture int64    `form:"amount_to_capture"`
	FinalCapture    *bool    `form:"final_capture"`
	Expand          []string `form:"expand"`
}

// CancelPaymentIntentParams are the parameters of CancelPaymentIntent.
type CancelPaymentIntentParams struct {
	CancellationReason string   `form:"cancellation_reason"`
	Expand             []string `form:"expand"`
}

// IncrementAuthorizationParams are the parameters of IncrementAuthorization.
type IncrementAuthorizationParams struct {
	Amount int64    `form:"amount"` // the new total
	Expand []string `form:"expand"`
}

// SearchParams choose a page of a search.
// Source: https://docs.stripe.com/search.
type SearchParams struct {
	Query  string   `form:"query"`
	Limit  int      `form:"limit"`
	Page   string   `form:"page"`
	Expand []string `form:"expand"`
}

// CreatePaymentIntent creates a payment, and confirms it if the parameters say so.
func (c *Client) CreatePaymentIntent(ctx context.Context, params CreatePaymentIntentParams) (*PaymentIntent, error) {
	return post[PaymentIntent](ctx, c, "/v1/payment_intents", params)
}

// GetPaymentIntent reads a payment.
func (c *Client) GetPaymentIntent(ctx context.Context, id string, expand ...string) (*PaymentIntent, error) {
	return get[PaymentIntent](ctx, c, resource("payment_intents", id), expandParams{expand})
}

// CapturePaymentIntent captures an authorized payment.
func (c *Client) CapturePaymentIntent(ctx context.Context, id string, params CapturePaymentIntentParams) (*PaymentIntent, Answer, error) {
	return postTold[PaymentIntent](ctx, c, resource("payment_intents", id, "capture"), params)
}

// CancelPaymentIntent releases what is authorized and not captured.
func (c *Client) CancelPaymentIntent(ctx context.Context, id string, params CancelPaymentIntentParams) (*PaymentIntent, error) {
	return post[PaymentIntent](ctx, c, resource("payment_intents", id, "cancel"), params)
}

// IncrementAuthorization raises the authorized amount.
func (c *Client) IncrementAuthorization(ctx context.Context, id string, params IncrementAuthorizationParams) (*PaymentIntent, error) {
	return post[PaymentIntent](ctx, c, resource("payment_intents", id, "increment_authorization"), params)
}

// ListPaymentIntents lists payments, the newest first.
func (c *Client) ListPaymentIntents(ctx context.Context, params ListParams) (*List[PaymentIntent], error) {
	return get[List[PaymentIntent]](ctx, c, "/v1/payment_intents", params)
}

// SearchPaymentIntents finds payments in an index that lags.
func (c *Client) SearchPaymentIntents(ctx context.Context, params SearchParams) (*List[PaymentIntent], error) {
	return get[List[PaymentIntent]](ctx, c, "/v1/payment_intents/search", params)
}
