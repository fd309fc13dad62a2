package api

import "time"

// Terms is what the payer agrees to.
type Terms struct {
	AmountKind    string `json:"amount_kind,omitempty"`
	Amount        int64  `json:"amount,omitempty"`
	Currency      string `json:"currency,omitempty"`
	IntervalUnit  string `json:"interval_unit,omitempty"`
	IntervalCount int32  `json:"interval_count,omitempty"`
	StartDate     string `json:"start_date,omitempty"`
	EndDate       string `json:"end_date,omitempty"`
	PaymentCount  int32  `json:"payment_count,omitempty"`
	Description   string `json:"description,omitempty"`
}

// NewMandate asks for a mandate.
type NewMandate struct {
	Reference     string            `json:"reference"`
	PaymentMethod Instrument        `json:"payment_method"`
	CustomerID    string            `json:"customer_id,omitempty"`
	Terms         *Terms            `json:"terms,omitempty"`
	ReturnURL     string            `json:"return_url,omitempty"`
	Metadata      map[string]string `json:"metadata,omitempty"`
}

// Mandate is the state of a mandate.
type Mandate struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Status    string `json:"status"`
	Shown
	CustomerID           string    `json:"customer_id"`
	Terms                *Terms    `json:"terms"`
	NetworkTransactionID string    `json:"network_transaction_id"`
	ChallengeURL         string    `json:"challenge_url"`
	Decline              *Decline  `json:"decline"`
	Created              time.Time `json:"created"`
}

func (m Mandate) complete() bool { return m.ID != "" && m.Status != "" }

// NewAuthentication asks whether and how a card can be authenticated.
type NewAuthentication struct {
	Reference     string     `json:"reference"`
	PaymentMethod Instrument `json:"payment_method"`
	Amount        int64      `json:"amount,omitempty"`
	Currency      string     `json:"currency,omitempty"`
	ReturnURL     string     `json:"return_url,omitempty"`
}

// Authenticate asks the issuer.
type Authenticate struct {
	PaymentMethod   Instrument `json:"payment_method"`
	Amount          int64      `json:"amount"`
	Currency        string     `json:"currency"`
	MethodCompleted bool       `json:"method_completed,omitempty"`
	Challenge       string     `json:"challenge,omitempty"` // "mandated"
	ReturnURL       string     `json:"return_url,omitempty"`
}

// Authentication is the state of an authentication.
type Authentication struct {
	ID               string `json:"id"`
	Reference        string `json:"reference"`
	Status           string `json:"status"`
	SupportedVersion string `json:"supported_version"`
	Method           *struct {
		URL                 string `json:"url"`
		Data                string `json:"data"`
		ServerTransactionID string `json:"server_transaction_id"`
	} `json:"method"`
	ChallengeURL string   `json:"challenge_url"`
	Outcome      *ThreeDS `json:"outcome"`
}

func (a Authentication) complete() bool { return a.ID != "" && a.Status != "" }

// NewToken asks for the storing of an instrument.
type NewToken struct {
	PaymentMethod Instrument        `json:"payment_method"`
	CustomerID    string            `json:"customer_id,omitempty"`
	Metadata      map[string]string `json:"metadata,omitempty"`
}

// Token is a stored instrument; without an id it was declined and not stored.
type Token struct {
	ID string `json:"id"`
	Shown
	CustomerID string   `json:"customer_id"`
	Decline    *Decline `json:"decline"`
}

func (t Token) complete() bool { return t.MethodType != "" && (t.ID != "" || t.Decline != nil) }

// OfCustomer names whose a stored instrument is, if somebody's.
type OfCustomer struct {
	CustomerID string `json:"customer_id,omitempty"`
}

// AskOffers asks by which methods a payment can be made.
type AskOffers struct {
	Amount   int64    `json:"amount"`
	Currency string   `json:"currency"`
	Types    []string `json:"types,omitempty"`
	GiftCard string   `json:"gift_card,omitempty"`
}

// Offers are the methods by which a payment can be made or not.
type Offers struct {
	Offers []Offer `json:"offers"`
}

func (o Offers) complete() bool { return o.Offers != nil }

// Offer says whether a payment can be made by a method.
type Offer struct {
	Type         string  `json:"type"`
	DisplayName  string  `json:"display_name"`
	Eligible     bool    `json:"eligible"`
	Reason       string  `json:"reason"`
	Min          int64   `json:"min"`
	Max          int64   `json:"max"` // 0: none
	Balance      *int64  `json:"balance"`
	Currency     string  `json:"currency"`
	Installments []int32 `json:"installments"`
}

// AskSurcharge asks for a surcharge.
type AskSurcharge struct {
	Amount        int64      `json:"amount"`
	Currency      string     `json:"currency"`
	PaymentMethod Instrument `json:"payment_method"`
}

// Surcharge is what a payment costs extra.
type Surcharge struct {
	Currency  string `json:"currency"`
	Surcharge int64  `json:"surcharge"`
	Total     int64  `json:"total"`
	RatePPM   int32  `json:"rate_ppm"`
	Network   string `json:"network"`
}

func (s Surcharge) complete() bool { return s.Currency != "" && s.Total > 0 }
