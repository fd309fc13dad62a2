package api

import (
	"context"
	"io"
	"net/http"

	"github.com/patchbay/patchbay/sdk/form"
)

// Dispute is a payer's objection.
type Dispute struct {
	ID              string         `json:"id"`
	Object          string         `json:"object"`
	Amount          int64          `json:"amount"`
	Charge          ID             `json:"charge"`
	Created         int64          `json:"created"`
	Currency        string         `json:"currency"`
	Evidence        map[string]any `json:"evidence"`
	EvidenceDetails struct {
		DueBy           int64 `json:"due_by"`
		HasEvidence     bool  `json:"has_evidence"`
		PastDue         bool  `json:"past_due"`
		SubmissionCount int64 `json:"submission_count"`
	} `json:"evidence_details"`
	IsChargeRefundable   bool           `json:"is_charge_refundable"`
	PaymentIntent        *PaymentIntent `json:"payment_intent"`
	PaymentMethodDetails struct {
		Card struct {
			Brand             string `json:"brand"`
			NetworkReasonCode string `json:"network_reason_code"`
		} `json:"card"`
	} `json:"payment_method_details"`
	Reason string `json:"reason"`
	Status string `json:"status"`
}

func (d *Dispute) valid() bool { return is("dispute", d.Object, d.ID, d.Currency, d.Status) }

// UploadEvidence sends a file while it is read, and reads no more of it once it returns.
// Source: https://docs.stripe.com/file-upload.
func (c *Client) UploadEvidence(ctx context.Context, name, contentType string, content io.Reader) (*Named, error) {
	body, bodyType := form.Multipart(map[string]string{"purpose": "dispute_evidence"},
		form.File{Field: "file", Name: name, ContentType: contentType, Content: content})
	defer body.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.FilesURL+"/v1/files", body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", bodyType)
	req.Header.Set("Idempotency-Key", c.IdempotencyKey)
	return do[Named](c, req)
}
