package api

import (
	"context"
	"encoding/json"
	"time"
)

// Customer is what the PSP keeps of a customer. It speaks of people and
// addresses in the contract's own words, so that nothing is translated here.
type Customer struct {
	ID       string            `json:"id,omitempty"`
	Status   string            `json:"status,omitempty"`
	Details  json.RawMessage   `json:"details,omitempty"`
	Billing  json.RawMessage   `json:"billing_address,omitempty"`
	Shipping json.RawMessage   `json:"shipping_address,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Created  time.Time         `json:"created,omitzero"`
}

// CustomerChange says what is removed of a customer, and what is set after that.
type CustomerChange struct {
	Clear []string       `json:"clear,omitempty"` // paths. Example: "details.email"
	Set   map[string]any `json:"set,omitempty"`   // a JSON merge patch (RFC 7396)
}

// NewSession asks for a session.
type NewSession struct {
	Reference  string            `json:"reference"`
	Amount     int64             `json:"amount,omitempty"`
	Currency   string            `json:"currency,omitempty"`
	Types      []string          `json:"types,omitempty"`
	CustomerID string            `json:"customer_id,omitempty"`
	ReturnURL  string            `json:"return_url,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
}

// Session is a session.
type Session struct {
	ID             string    `json:"id"`
	ClientSecret   string    `json:"client_secret"`
	PublishableKey string    `json:"publishable_key"`
	Types          []string  `json:"types"`
	Expires        time.Time `json:"expires"`
}

// AccessToken is a token for the PSP's API.
type AccessToken struct {
	AccessToken string    `json:"access_token"`
	TokenType   string    `json:"token_type"`
	Scopes      []string  `json:"scopes"`
	Expires     time.Time `json:"expires"`
}

// CreateCustomer keeps a customer.
func (c *Client) CreateCustomer(ctx context.Context, r Customer) (Customer, error) {
	return post[Customer](ctx, c, r, "customers")
}

// Customer reads a customer.
func (c *Client) Customer(ctx context.Context, id string) (Customer, error) {
	return get[Customer](ctx, c, nil, "customers", id)
}

// UpdateCustomer changes a customer.
func (c *Client) UpdateCustomer(ctx context.Context, id string, r CustomerChange) (Customer, error) {
	return post[Customer](ctx, c, r, "customers", id)
}

// DeleteCustomer forgets a customer.
func (c *Client) DeleteCustomer(ctx context.Context, id string) (Customer, error) {
	return post[Customer](ctx, c, none{}, "customers", id, "delete")
}

// CreateClientSession opens a session for an SDK.
func (c *Client) CreateClientSession(ctx context.Context, r NewSession) (Session, error) {
	return post[Session](ctx, c, r, "client_sessions")
}

// CreateServerSession opens a session for server calls.
func (c *Client) CreateServerSession(ctx context.Context, r NewSession) (Session, error) {
	return post[Session](ctx, c, r, "server_sessions")
}

// CreateAccessToken fetches a token with the given scopes, or with all.
func (c *Client) CreateAccessToken(ctx context.Context, scopes []string) (AccessToken, error) {
	return post[AccessToken](ctx, c, struct {
		Scopes []string `json:"scopes,omitempty"`
	}{scopes}, "access_tokens")
}

func (c *Customer) complete() bool    { return c.ID != "" && c.Status != "" }
func (s *Session) complete() bool     { return s.ID != "" }
func (t *AccessToken) complete() bool { return t.AccessToken != "" }
