package api

import (
	"encoding/json"
	"time"
)

// Account is the merchant's account.
type Account struct {
	ID   string `json:"id"`
	Live bool   `json:"live"`
}

func (a Account) complete() bool { return a.ID != "" }

// Instrument is what the payer pays with: one of these.
type Instrument struct {
	Card    *Card   `json:"card,omitempty"`
	Token   string  `json:"token,omitempty"`
	Mandate string  `json:"mandate,omitempty"`
	Method  *Method `json:"method,omitempty"`
}

// Card is a card in the clear.
type Card struct {
	Number     string `json:"number"`
	ExpMonth   int32  `json:"exp_month"`
	ExpYear    int32  `json:"exp_year"`
	CVC        string `json:"cvc,omitempty"`
	HolderName string `json:"holder_name,omitempty"`
	Network    string `json:"network,omitempty"`
}

// Method is an instrument that is neither a card nor one that the PSP keeps.
type Method struct {
	Type       string `json:"type"`
	Number     string `json:"number,omitempty"`
	ExpMonth   int32  `json:"exp_month,omitempty"`
	ExpYear    int32  `json:"exp_year,omitempty"`
	Network    string `json:"network,omitempty"`
	Payload    string `json:"payload,omitempty"`
	HolderName string `json:"holder_name,omitempty"`
}

// Shown is what may be shown of an instrument.
type Shown struct {
	MethodType string `json:"method_type"`
	Network    string `json:"card_network"`
	Last4      string `json:"card_last4"`
	ExpMonth   int32  `json:"card_exp_month"`
	ExpYear    int32  `json:"card_exp_year"`
}

// ThreeDS is the outcome of an authentication; Status is EMV 3-D Secure's
// transStatus.
type ThreeDS struct {
	Status              string `json:"status"`
	Version             string `json:"version,omitempty"`
	DSTransactionID     string `json:"ds_transaction_id,omitempty"`
	CAVV                string `json:"cavv,omitempty"`
	ECI                 string `json:"eci,omitempty"`
	ServerTransactionID string `json:"server_transaction_id,omitempty"`
	ACSTransactionID    string `json:"acs_transaction_id,omitempty"`
	StatusReason        string `json:"status_reason,omitempty"`
	Challenged          bool   `json:"challenged,omitempty"`
	Liability           string `json:"liability,omitempty"`
}

// Action is what the payer must do where it is not a visit of a page.
type Action struct {
	Type    string    `json:"type"`
	Data    string    `json:"data"`
	IBAN    string    `json:"iban"`
	Expires time.Time `json:"expires"`
}

// Decline says why something was refused.
type Decline struct {
	Code        string `json:"code"`
	NetworkCode string `json:"network_code"`
	Message     string `json:"message"`
}

// Why says why something is asked for.
type Why struct {
	Reference string `json:"reference,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// Event is what a webhook says.
type Event struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Account  string          `json:"account"`
	Object   string          `json:"object"` // what Data is. Example: "payment"
	ObjectID string          `json:"object_id"`
	Created  time.Time       `json:"created"`
	Data     json.RawMessage `json:"data"`
}
