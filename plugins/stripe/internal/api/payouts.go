package api

import "context"

// Payout is money on its way from Stripe's balance to the merchant's account.
// Source: https://docs.stripe.com/api/payouts/object.
type Payout struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	Amount         int64             `json:"amount"`
	ArrivalDate    int64             `json:"arrival_date"`
	Created        int64             `json:"created"`
	Currency       string            `json:"currency"`
	Destination    ID                `json:"destination"`
	FailureCode    string            `json:"failure_code"`
	FailureMessage string            `json:"failure_message"`
	Metadata       map[string]string `json:"metadata"`
	Method         string            `json:"method"`
	Status         string            `json:"status"`
	Type           string            `json:"type"`
}

func (p *Payout) valid() bool {
	return p.Object == "payout" && p.ID != "" && p.Currency != "" && p.Status != ""
}

// CreatePayoutParams are the parameters of CreatePayout.
type CreatePayoutParams struct {
	Amount              int64             `form:"amount"`
	Currency            string            `form:"currency"`
	Destination         string            `form:"destination"`
	Method              string            `form:"method"`
	StatementDescriptor string            `form:"statement_descriptor"`
	Metadata            map[string]string `form:"metadata"`
}

// CreatePayout sends money.
func (c *Client) CreatePayout(ctx context.Context, params CreatePayoutParams) (*Payout, error) {
	return post[Payout](ctx, c, "/v1/payouts", params)
}

// GetPayout reads a payout.
func (c *Client) GetPayout(ctx context.Context, id string) (*Payout, error) {
	return get[Payout](ctx, c, resource("payouts", id), nil)
}

// CancelPayout withdraws a payout that is still pending.
func (c *Client) CancelPayout(ctx context.Context, id string) (*Payout, error) {
	return post[Payout](ctx, c, resource("payouts", id, "cancel"), nil)
}
