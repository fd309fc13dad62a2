package api

import "context"

// Dispute is a payer's objection.
// Source: https://docs.stripe.com/api/disputes/object.
type Dispute struct {
	ID                   string               `json:"id"`
	Object               string               `json:"object"`
	Amount               int64                `json:"amount"`
	Charge               ID                   `json:"charge"`
	Created              int64                `json:"created"`
	Currency             string               `json:"currency"`
	Evidence             map[string]any       `json:"evidence"`
	EvidenceDetails      EvidenceDetails      `json:"evidence_details"`
	IsChargeRefundable   bool                 `json:"is_charge_refundable"`
	PaymentIntent        *DisputedPayment     `json:"payment_intent"`
	PaymentMethodDetails DisputeMethodDetails `json:"payment_method_details"`
	Reason               string               `json:"reason"`
	Status               string               `json:"status"`
}

func (d *Dispute) valid() bool {
	return d.Object == "dispute" && d.ID != "" && d.Currency != "" && d.Status != ""
}

// DisputedPayment is the payment of a dispute. Only its ID is set where Stripe did
// not expand it.
type DisputedPayment struct {
	ID       string            `json:"id"`
	Metadata map[string]string `json:"metadata"`
}

// UnmarshalJSON reads both forms of an expandable field.
func (p *DisputedPayment) UnmarshalJSON(raw []byte) error {
	type plain DisputedPayment // without this method
	return unmarshalExpandable(raw, &p.ID, (*plain)(p))
}

// EvidenceDetails says until when there is an answer wanted.
type EvidenceDetails struct {
	DueBy           int64 `json:"due_by"`
	HasEvidence     bool  `json:"has_evidence"`
	PastDue         bool  `json:"past_due"`
	SubmissionCount int64 `json:"submission_count"`
}

// DisputeMethodDetails is the instrument of the disputed payment.
type DisputeMethodDetails struct {
	Card DisputeCard `json:"card"`
	Type string      `json:"type"`
}

// DisputeCard is the card of the disputed payment.
type DisputeCard struct {
	Brand             string `json:"brand"`
	NetworkReasonCode string `json:"network_reason_code"`
}

// ListDisputesParams choose disputes.
type ListDisputesParams struct {
	ListParams
	PaymentIntent string `form:"payment_intent"`
}

// UpdateDisputeParams are the parameters of UpdateDispute.
type UpdateDisputeParams struct {
	Evidence map[string]string `form:"evidence"`
	Submit   *bool             `form:"submit"` // to the bank; true if absent
	Expand   []string          `form:"expand"`
}

// GetDispute reads a dispute.
func (c *Client) GetDispute(ctx context.Context, id string, expand ...string) (*Dispute, error) {
	return get[Dispute](ctx, c, resource("disputes", id), expandParams{expand})
}

// ListDisputes lists disputes, the newest first.
func (c *Client) ListDisputes(ctx context.Context, params ListDisputesParams) (*List[Dispute], error) {
	return get[List[Dispute]](ctx, c, "/v1/disputes", params)
}

// UpdateDispute adds evidence, and submits it if the parameters say so.
func (c *Client) UpdateDispute(ctx context.Context, id string, params UpdateDisputeParams) (*Dispute, error) {
	return post[Dispute](ctx, c, resource("disputes", id), params)
}

// CloseDispute gives in.
func (c *Client) CloseDispute(ctx context.Context, id string, expand ...string) (*Dispute, error) {
	return post[Dispute](ctx, c, resource("disputes", id, "close"), expandParams{expand})
}
