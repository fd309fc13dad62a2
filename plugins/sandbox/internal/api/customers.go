package api

import (
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

func (c Customer) complete() bool { return c.ID != "" && c.Status != "" }

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

func (s Session) complete() bool { return s.ID != "" }

// NewAccessToken asks for a token with the given scopes, or with all.
type NewAccessToken struct {
	Scopes []string `json:"scopes,omitempty"`
}

// AccessToken is a token for the PSP's API.
type AccessToken struct {
	AccessToken string    `json:"access_token"`
	TokenType   string    `json:"token_type"`
	Scopes      []string  `json:"scopes"`
	Expires     time.Time `json:"expires"`
}

func (t AccessToken) complete() bool { return t.AccessToken != "" }
