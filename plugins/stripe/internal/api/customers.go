package api

import "context"

// Customer is who pays, as Stripe keeps them.
// Source: https://docs.stripe.com/api/customers/object.
type Customer struct {
	ID           string            `json:"id"`
	Object       string            `json:"object"`
	Address      *Address          `json:"address"`
	BusinessName string            `json:"business_name"`
	Created      int64             `json:"created"`
	Deleted      bool              `json:"deleted"` // then there is nothing but the id
	Email        string            `json:"email"`
	Metadata     map[string]string `json:"metadata"`
	Name         string            `json:"name"`
	Phone        string            `json:"phone"`
	Shipping     *Shipping         `json:"shipping"`
}

func (c *Customer) valid() bool { return c.Object == "customer" && c.ID != "" }

// CustomerParams are the parameters of CreateCustomer and UpdateCustomer. A
// pointer to nothing leaves what is there, one to an empty text removes it.
type CustomerParams struct {
	Address      *Address          `form:"address"`
	BusinessName *string           `form:"business_name"`
	Email        *string           `form:"email"`
	Metadata     map[string]string `form:"metadata"`
	Name         *string           `form:"name"`
	Phone        *string           `form:"phone"`
	Shipping     *Shipping         `form:"shipping"`
	// Removed are address and shipping where they are to be removed.
	Removed map[string]string
}

// CreateCustomer keeps a customer.
func (c *Client) CreateCustomer(ctx context.Context, params CustomerParams) (*Customer, error) {
	return post[Customer](ctx, c, "/v1/customers", params)
}

// GetCustomer reads a customer, who may be deleted.
func (c *Client) GetCustomer(ctx context.Context, id string) (*Customer, error) {
	return get[Customer](ctx, c, resource("customers", id), nil)
}

// UpdateCustomer changes a customer.
func (c *Client) UpdateCustomer(ctx context.Context, id string, params CustomerParams) (*Customer, error) {
	return post[Customer](ctx, c, resource("customers", id), params)
}

// DeleteCustomer deletes a customer.
func (c *Client) DeleteCustomer(ctx context.Context, id string) (*Customer, error) {
	return remove[Customer](ctx, c, resource("customers", id))
}
