package api

import "context"

// Refund is money on its way back.
// Source: https://docs.stripe.com/api/refunds/object.
type Refund struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	Amount        int64             `json:"amount"`
	Charge        string            `json:"charge"`
	Created       int64             `json:"created"`
	Currency      string            `json:"currency"`
	FailureReason string            `json:"failure_reason"`
	Metadata      map[string]string `json:"metadata"`
	PaymentIntent string            `json:"payment_intent"`
	PendingReason string            `json:"pending_reason"`
	Reason        string            `json:"reason"`
	Status        string            `json:"status"`
}

func (r *Refund) valid() bool { return r.Object == "refund" && r.ID != "" && r.Currency != "" }

// CreateRefundParams are the parameters of CreateRefund.
type CreateRefundParams struct {
	PaymentIntent string            `form:"payment_intent"`
	Amount        int64             `form:"amount"`
	Reason        string            `form:"reason"`
	Metadata      map[string]string `form:"metadata"`
}

// CreateRefund refunds a payment.
func (c *Client) CreateRefund(ctx context.Context, params CreateRefundParams) (*Refund, error) {
	return post[Refund](ctx, c, "/v1/refunds", params)
}

// GetRefund reads a refund.
func (c *Client) GetRefund(ctx context.Context, id string) (*Refund, error) {
	return get[Refund](ctx, c, resource("refunds", id), nil)
}
