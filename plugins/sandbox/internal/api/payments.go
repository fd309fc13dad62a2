package api

import (
	"context"
	"net/url"
	"time"
)

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

// Payments are the payments that a search found.
type Payments struct {
	Payments []Payment `json:"payments"`
}

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

// CreatePayment asks for a payment.
func (c *Client) CreatePayment(ctx context.Context, r NewPayment) (Payment, error) {
	return post[Payment](ctx, c, r, "payments")
}

// Payment reads a payment.
func (c *Client) Payment(ctx context.Context, id string) (Payment, error) {
	return get[Payment](ctx, c, nil, "payments", id)
}

// FindPayments searches payments by reference, the newest first.
func (c *Client) FindPayments(ctx context.Context, reference string, since time.Time) (Payments, error) {
	query := url.Values{"reference": {reference}}
	setTime(query, "created_after", since)
	return get[Payments](ctx, c, query, "payments")
}

// setTime adds a time to a query, if there is one.
func setTime(query url.Values, name string, t time.Time) {
	if !t.IsZero() {
		query.Set(name, t.Format(time.RFC3339Nano))
	}
}

// Complete goes on with a payment after the payer did something.
func (c *Client) Complete(ctx context.Context, id string, r Completion) (Payment, error) {
	return post[Payment](ctx, c, r, "payments", id, "complete")
}

// Capture captures an authorized payment.
func (c *Client) Capture(ctx context.Context, id string, r NewCapture) (Capture, error) {
	return post[Capture](ctx, c, r, "payments", id, "capture")
}

// Void releases an authorized payment.
func (c *Client) Void(ctx context.Context, id string, r Why) (Payment, error) {
	return post[Payment](ctx, c, r, "payments", id, "void")
}

// Reverse voids a payment, or refunds it.
func (c *Client) Reverse(ctx context.Context, id string, r Why) (Reversal, error) {
	return post[Reversal](ctx, c, r, "payments", id, "reverse")
}

// Adjust changes the authorized amount.
func (c *Client) Adjust(ctx context.Context, id string, r Adjustment) (Payment, error) {
	return post[Payment](ctx, c, r, "payments", id, "adjust")
}

// Extend lets an authorization last longer.
func (c *Client) Extend(ctx context.Context, id string) (Payment, error) {
	return post[Payment](ctx, c, none{}, "payments", id, "extend")
}

// CreateRefund refunds a captured payment.
func (c *Client) CreateRefund(ctx context.Context, paymentID string, r NewRefund) (Refund, error) {
	return post[Refund](ctx, c, r, "payments", paymentID, "refunds")
}

// Refund reads a refund.
func (c *Client) Refund(ctx context.Context, id string) (Refund, error) {
	return get[Refund](ctx, c, nil, "refunds", id)
}

// CreateOrder asks for an order.
func (c *Client) CreateOrder(ctx context.Context, r NewOrder) (Order, error) {
	return post[Order](ctx, c, r, "orders")
}

func (p *Payment) complete() bool  { return p.ID != "" && p.Status != "" && p.Currency != "" }
func (p *Payments) complete() bool { return p.Payments != nil }
func (c *Capture) complete() bool  { return c.Amount > 0 && c.Currency != "" && c.Payment.complete() }
func (r *Reversal) complete() bool {
	return r.Payment.complete() && (r.Refund == nil || r.Refund.complete())
}
func (r *Refund) complete() bool {
	return r.ID != "" && r.PaymentID != "" && r.Status != "" && r.Currency != ""
}
func (o *Order) complete() bool { return o.ID != "" && o.Status != "" && o.Currency != "" }
