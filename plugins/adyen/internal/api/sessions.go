package api

import "context"

// MethodsRequest asks which payment methods there are.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/post/paymentMethods.
type MethodsRequest struct {
	MerchantAccount       string   `json:"merchantAccount"`
	Amount                *Amount  `json:"amount,omitempty"`
	CountryCode           string   `json:"countryCode,omitempty"`
	AllowedPaymentMethods []string `json:"allowedPaymentMethods,omitempty"`
	ShopperReference      string   `json:"shopperReference,omitempty"`
	ShopperEmail          string   `json:"shopperEmail,omitempty"`
	Channel               string   `json:"channel,omitempty"`
}

// Methods are the payment methods that can be used.
type Methods struct {
	PaymentMethods []Method `json:"paymentMethods"`
}

// Method is one of them.
type Method struct {
	Type   string   `json:"type"`
	Name   string   `json:"name"`
	Brands []string `json:"brands"`
}

func (m *Methods) valid() bool { return m.PaymentMethods != nil }

// PaymentMethods asks which payment methods there are. It changes nothing.
func (c *Client) PaymentMethods(ctx context.Context, req MethodsRequest) (*Methods, error) {
	methods := &Methods{}
	return methods, c.post(ctx, c.CheckoutURL+"/paymentMethods", req, methods)
}

// SessionRequest asks for a session of Adyen's SDKs.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/post/sessions.
type SessionRequest struct {
	Basics
	AllowedPaymentMethods []string `json:"allowedPaymentMethods,omitempty"`
}

// Session is a session of Adyen's SDKs.
type Session struct {
	ID          string `json:"id"`
	SessionData string `json:"sessionData"`
	ExpiresAt   string `json:"expiresAt"`
	URL         string `json:"url"`
	Amount      Amount `json:"amount"`
	Reference   string `json:"reference"`
}

func (s *Session) valid() bool { return s.ID != "" && s.Reference != "" }

// CreateSession opens a session.
func (c *Client) CreateSession(ctx context.Context, req SessionRequest) (*Session, error) {
	session := &Session{}
	return session, c.post(ctx, c.CheckoutURL+"/sessions", req, session)
}
