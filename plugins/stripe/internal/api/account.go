package api

import "context"

// Account is a Stripe account.
// Source: https://docs.stripe.com/api/accounts/object.
type Account struct {
	ID     string `json:"id"`
	Object string `json:"object"`
}

func (a *Account) valid() bool { return a.Object == "account" && a.ID != "" }

// GetAccount reads the account that the key belongs to.
func (c *Client) GetAccount(ctx context.Context) (*Account, error) {
	return get[Account](ctx, c, "/v1/account", nil)
}
