package api

import (
	"encoding/json"
	"time"
)

// Destination is where a payout goes: one of these.
type Destination struct {
	Card    *Card        `json:"card,omitempty"`
	Token   string       `json:"token,omitempty"`
	Account *BankAccount `json:"account,omitempty"`
	Wallet  string       `json:"wallet,omitempty"`
	Payee   string       `json:"payout_account_id,omitempty"`
}

// BankAccount is an account at a bank.
type BankAccount struct {
	Number     string `json:"number"`
	HolderName string `json:"holder_name,omitempty"`
	Bank       string `json:"bank,omitempty"`
}

// NewPayout asks for a payout.
type NewPayout struct {
	Reference           string            `json:"reference"`
	Amount              int64             `json:"amount"`
	Currency            string            `json:"currency"`
	SourceCurrency      string            `json:"source_currency,omitempty"`
	Destination         Destination       `json:"destination"`
	RecipientID         string            `json:"recipient_id,omitempty"`
	Instant             bool              `json:"instant,omitempty"`
	Stage               bool              `json:"stage,omitempty"` // prepare it only
	Purpose             string            `json:"purpose,omitempty"`
	StatementDescriptor string            `json:"statement_descriptor,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
}

// Payout is the state of a payout.
type Payout struct {
	ID           string    `json:"id"`
	Reference    string    `json:"reference"`
	Status       string    `json:"status"`
	Amount       int64     `json:"amount"`
	Currency     string    `json:"currency"`
	Fee          int64     `json:"fee"`
	SourceAmount int64     `json:"source_amount"`
	RecipientID  string    `json:"recipient_id"`
	Destination  Shown     `json:"destination"`
	ChallengeURL string    `json:"challenge_url"`
	Decline      *Decline  `json:"decline"`
	Created      time.Time `json:"created"`
	Arrival      time.Time `json:"arrival"`
}

func (p Payout) complete() bool { return p.ID != "" && p.Status != "" && p.Currency != "" }

// NewPayoutLink asks for a page on which a recipient claims money.
type NewPayoutLink struct {
	Reference string            `json:"reference"`
	Amount    int64             `json:"amount"`
	Currency  string            `json:"currency"`
	Details   json.RawMessage   `json:"details,omitempty"`
	ReturnURL string            `json:"return_url,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
}

// PayoutLink is such a page, and the payout.
type PayoutLink struct {
	ID      string    `json:"id"`
	URL     string    `json:"url"`
	Payout  Payout    `json:"payout"`
	Expires time.Time `json:"expires"`
}

func (l PayoutLink) complete() bool { return l.ID != "" && l.URL != "" && l.Payout.complete() }

// NewRecipient asks for a recipient.
type NewRecipient struct {
	Reference string            `json:"reference"`
	Details   json.RawMessage   `json:"details"`
	Address   json.RawMessage   `json:"address,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
}

// Recipient is somebody to whom money can be sent.
type Recipient struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Status    string `json:"status"`
}

func (r Recipient) complete() bool { return r.ID != "" && r.Status != "" }

// NewPayee asks for a recipient's account.
type NewPayee struct {
	Destination Destination `json:"destination"`
}

// Payee is a recipient's account.
type Payee struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

func (p Payee) complete() bool { return p.ID != "" && p.Status != "" }
