package api

import "time"

// NewPayment asks for a payment. Amounts count the currency's smallest unit.
type NewPayment struct {
	Reference           string            `json:"reference"`
	Amount              int64             `json:"amount"`
	Currency            string            `json:"currency"`
	Capture             string            `json:"capture"` // "automatic" or "manual"
	PaymentMethod       Instrument        `json:"payment_method"`
	Initiator           string            `json:"initiator,omitempty"` // "merchant"
	Store               string            `json:"store,omitempty"`     // "on_session" or "off_session"
	ThreeDS             *ThreeDS          `json:"three_ds,omitempty"`
	AuthenticationID    string            `json:"authentication_id,omitempty"`
	CustomerID          string            `json:"customer_id,omitempty"`
	OrderID             string            `json:"order_id,omitempty"`
	SessionID           string            `json:"session_id,omitempty"`
	ReturnURL           string            `json:"return_url,omitempty"`
	WebhookURL          string            `json:"webhook_url,omitempty"`
	Description         string            `json:"description,omitempty"`
	StatementDescriptor string            `json:"statement_descriptor,omitempty"`
	Email               string            `json:"email,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
}

// Payment is the state of a payment.
type Payment struct {
	ID         string `json:"id"`
	Reference  string `json:"reference"`
	Status     string `json:"status"`
	Currency   string `json:"currency"`
	Amount     int64  `json:"amount"`
	Authorized int64  `json:"authorized"`
	Capturable int64  `json:"capturable"`
	Captured   int64  `json:"captured"`
	Refunded   int64  `json:"refunded"`
	Shown
	NetworkTransactionID string     `json:"network_transaction_id"`
	ApprovalCode         string     `json:"approval_code"`
	ChallengeURL         string     `json:"challenge_url"`
	Action               *Action    `json:"action"`
	Decline              *Decline   `json:"decline"`
	ThreeDS              *ThreeDS   `json:"three_ds"`
	Token                string     `json:"token"`
	MandateID            string     `json:"mandate_id"`
	CustomerID           string     `json:"customer_id"`
	OrderID              string     `json:"order_id"`
	Expires              *time.Time `json:"authorization_expires"`
	Created              time.Time  `json:"created"`
}

func (p Payment) complete() bool { return p.ID != "" && p.Status != "" && p.Currency != "" }

// Payments are the payments that a search found.
type Payments struct {
	Payments []Payment `json:"payments"`
}

func (p Payments) complete() bool { return p.Payments != nil }

// Completion brings back what the payer did.
type Completion struct {
	RedirectResult  string `json:"redirect_result,omitempty"`
	OneTimePassword string `json:"one_time_password,omitempty"`
}

// NewCapture asks for a capture, of all that is left if Amount is zero.
type NewCapture struct {
	Amount     int64  `json:"amount,omitempty"`
	Currency   string `json:"currency,omitempty"`
	MoreToCome bool   `json:"more_to_come,omitempty"`
	Reference  string `json:"reference,omitempty"`
}

// Capture is one capture and the payment after it.
type Capture struct {
	ID       string  `json:"id"`
	Amount   int64   `json:"amount"`
	Currency string  `json:"currency"`
	Payment  Payment `json:"payment"`
}

func (c Capture) complete() bool { return c.Amount > 0 && c.Currency != "" && c.Payment.complete() }

// Adjustment asks for another authorized amount in all.
type Adjustment struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Why
}

// Reversal is a payment after it was undone, and the refund if there was one.
type Reversal struct {
	Payment Payment `json:"payment"`
	Refund  *Refund `json:"refund"`
}

func (r Reversal) complete() bool {
	return r.Payment.complete() && (r.Refund == nil || r.Refund.complete())
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

func (r Refund) complete() bool {
	return r.ID != "" && r.PaymentID != "" && r.Status != "" && r.Currency != ""
}

// NewOrder asks for an order.
type NewOrder struct {
	Reference  string            `json:"reference"`
	Amount     int64             `json:"amount"`
	Currency   string            `json:"currency"`
	CustomerID string            `json:"customer_id,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
}

// Order is the state of an order.
type Order struct {
	ID        string    `json:"id"`
	Reference string    `json:"reference"`
	Status    string    `json:"status"`
	Amount    int64     `json:"amount"`
	Currency  string    `json:"currency"`
	Created   time.Time `json:"created"`
}

func (o Order) complete() bool { return o.ID != "" && o.Status != "" && o.Currency != "" }
