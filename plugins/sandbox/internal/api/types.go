package api

import "time"

// answer is what the PSP answers with.
type answer interface {
	// complete tells whether what every such answer has is there.
	complete() bool
}

// Account is the merchant's account.
type Account struct {
	ID   string `json:"id"`
	Live bool   `json:"live"`
}

// NewPayment asks for a payment. Amounts count the currency's smallest unit.
type NewPayment struct {
	Reference           string            `json:"reference"`
	Amount              int64             `json:"amount"`
	Currency            string            `json:"currency"`
	Capture             string            `json:"capture"` // "automatic" or "manual"
	PaymentMethod       PaymentMethod     `json:"payment_method"`
	ReturnURL           string            `json:"return_url,omitempty"`
	Description         string            `json:"description,omitempty"`
	StatementDescriptor string            `json:"statement_descriptor,omitempty"`
	Email               string            `json:"email,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
}

// PaymentMethod is a card or a token.
type PaymentMethod struct {
	Card  *Card  `json:"card,omitempty"`
	Token string `json:"token,omitempty"`
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

// Payment is the state of a payment.
type Payment struct {
	ID                   string    `json:"id"`
	Reference            string    `json:"reference"`
	Status               string    `json:"status"`
	Currency             string    `json:"currency"`
	Amount               int64     `json:"amount"`
	Authorized           int64     `json:"authorized"`
	Capturable           int64     `json:"capturable"`
	Captured             int64     `json:"captured"`
	Refunded             int64     `json:"refunded"`
	CardNetwork          string    `json:"card_network"`
	CardLast4            string    `json:"card_last4"`
	NetworkTransactionID string    `json:"network_transaction_id"`
	ChallengeURL         string    `json:"challenge_url"`
	Decline              *Decline  `json:"decline"`
	Created              time.Time `json:"created"`
}

// Decline says why a payment was refused.
type Decline struct {
	Code        string `json:"code"`
	NetworkCode string `json:"network_code"`
	Message     string `json:"message"`
}

// NewCapture asks for a capture, of all that is left if Amount is zero.
type NewCapture struct {
	Amount     int64  `json:"amount,omitempty"`
	Currency   string `json:"currency,omitempty"`
	MoreToCome bool   `json:"more_to_come,omitempty"`
}

// Capture is one capture and the payment after it.
type Capture struct {
	ID       string  `json:"id"`
	Amount   int64   `json:"amount"`
	Currency string  `json:"currency"`
	Payment  Payment `json:"payment"`
}

// NewVoid asks for the release of an authorization.
type NewVoid struct {
	Reason string `json:"reason,omitempty"`
}

// NewRefund asks for a refund, of all that is left if Amount is zero.
type NewRefund struct {
	Reference string `json:"reference"`
	Amount    int64  `json:"amount,omitempty"`
	Currency  string `json:"currency,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// Refund is the state of a refund.
type Refund struct {
	ID        string    `json:"id"`
	PaymentID string    `json:"payment_id"`
	Reference string    `json:"reference"`
	Status    string    `json:"status"`
	Currency  string    `json:"currency"`
	Amount    int64     `json:"amount"`
	Created   time.Time `json:"created"`
}

func (a *Account) complete() bool { return a.ID != "" }
func (p *Payment) complete() bool { return p.ID != "" && p.Status != "" && p.Currency != "" }
func (c *Capture) complete() bool { return c.Amount > 0 && c.Currency != "" && c.Payment.complete() }
func (r *Refund) complete() bool {
	return r.ID != "" && r.PaymentID != "" && r.Status != "" && r.Currency != ""
}
