package api

import "context"

// Modification asks for a change of a payment: a capture, a cancellation, a
// reversal, another amount, a refund. Which fields count depends on the change.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/overview, Modifications.
type Modification struct {
	MerchantAccount      string     `json:"merchantAccount"`
	Amount               *Amount    `json:"amount,omitempty"`
	Reference            string     `json:"reference,omitempty"`
	PaymentReference     string     `json:"paymentReference,omitempty"` // of a cancellation without pspReference
	LineItems            []LineItem `json:"lineItems,omitempty"`
	IndustryUsage        string     `json:"industryUsage,omitempty"`
	MerchantRefundReason string     `json:"merchantRefundReason,omitempty"`
	CapturePSPReference  string     `json:"capturePspReference,omitempty"`
}

// Received is the answer to a modification: Adyen has the request, and tells what
// became of it in a webhook.
type Received struct {
	PSPReference        string  `json:"pspReference"` // of the request
	PaymentPSPReference string  `json:"paymentPspReference"`
	PaymentReference    string  `json:"paymentReference"`
	Reference           string  `json:"reference"`
	Status              string  `json:"status"`
	Amount              *Amount `json:"amount"`
}

func (r *Received) valid() bool {
	return r.PSPReference != "" && r.Status != "" && (r.PaymentPSPReference != "" || r.PaymentReference != "")
}

// Modify asks for a change of a payment: "captures", "cancels", "reversals",
// "amountUpdates" or "refunds".
func (c *Client) Modify(ctx context.Context, payment, change string, req Modification) (*Received, error) {
	received := &Received{}
	return received, c.post(ctx, c.payment(payment, change), req, received)
}

// CancelByReference asks for the cancellation of a payment whose pspReference is
// not known.
func (c *Client) CancelByReference(ctx context.Context, req Modification) (*Received, error) {
	received := &Received{}
	return received, c.post(ctx, c.CheckoutURL+"/cancels", req, received)
}
