package api

import "context"

// PaymentMethod is an instrument that Stripe keeps. Only its ID is set where
// Stripe did not expand it.
// Source: https://docs.stripe.com/api/payment_methods/object.
type PaymentMethod struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	BillingDetails BillingDetails    `json:"billing_details"`
	Created        int64             `json:"created"`
	Customer       ID                `json:"customer"`
	Metadata       map[string]string `json:"metadata"`
	PaymentMethodDetails
}

func (p *PaymentMethod) valid() bool {
	return p.Object == "payment_method" && p.ID != "" && p.Type != ""
}

// UnmarshalJSON reads both forms of an expandable field.
func (p *PaymentMethod) UnmarshalJSON(raw []byte) error {
	type plain PaymentMethod // without this method
	return unmarshalExpandable(raw, &p.ID, (*plain)(p))
}

type attachParams struct {
	Customer string `form:"customer"`
}

// CreatePaymentMethod keeps an instrument.
func (c *Client) CreatePaymentMethod(ctx context.Context, params *PaymentMethodData) (*PaymentMethod, error) {
	return post[PaymentMethod](ctx, c, "/v1/payment_methods", params)
}

// GetPaymentMethod reads an instrument.
func (c *Client) GetPaymentMethod(ctx context.Context, id string) (*PaymentMethod, error) {
	return get[PaymentMethod](ctx, c, resource("payment_methods", id), nil)
}

// AttachPaymentMethod keeps an instrument for a customer, for more than one
// payment.
func (c *Client) AttachPaymentMethod(ctx context.Context, id, customer string) (*PaymentMethod, error) {
	return post[PaymentMethod](ctx, c, resource("payment_methods", id, "attach"), attachParams{customer})
}

// DetachPaymentMethod ends that. It can't be used any more.
func (c *Client) DetachPaymentMethod(ctx context.Context, id string) (*PaymentMethod, error) {
	return post[PaymentMethod](ctx, c, resource("payment_methods", id, "detach"), nil)
}

// Token is what stands for an instrument once.
// Source: https://docs.stripe.com/api/tokens/object.
type Token struct {
	ID     string `json:"id"`
	Object string `json:"object"`
}

func (t *Token) valid() bool { return t.Object == "token" && t.ID != "" }

// ApplePayParams are the parameters with which Stripe's own SDK for iOS exchanges
// the token of Apple Pay. Stripe's public description leaves them out.
// Source: STPAPIClient+ApplePay.swift in https://github.com/stripe/stripe-ios.
type ApplePayParams struct {
	PKToken               string `form:"pk_token"`
	PKTokenInstrumentName string `form:"pk_token_instrument_name"`
	PKTokenPaymentNetwork string `form:"pk_token_payment_network"`
	PKTokenTransactionID  string `form:"pk_token_transaction_id"`
}

// CreateApplePayToken exchanges the token of Apple Pay for one of Stripe's.
func (c *Client) CreateApplePayToken(ctx context.Context, params ApplePayParams) (*Token, error) {
	return post[Token](ctx, c, "/v1/tokens", params)
}
