package api

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
)

// Dispute is a payer's objection.
// Source: https://docs.stripe.com/api/disputes/object.
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

// DisputeParams are the parameters of changing a dispute.
type DisputeParams struct {
	Evidence map[string]string `form:"evidence"`
	Submit   *bool             `form:"submit"` // to the bank; true if absent
	Expand   []string          `form:"expand"`
}

// File is a file that Stripe keeps.
// Source: https://docs.stripe.com/api/files/object.
type File struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	Size   int64  `json:"size"`
}

func (f *File) valid() bool { return is("file", f.Object, f.ID) }

// NewFile is a file to upload.
type NewFile struct {
	Purpose     string
	Name        string
	ContentType string
	Content     io.Reader
}

// UploadFile sends a file while it is read, and reads no more of it once it returns.
// An error of its reader ends the request.
// Source: https://docs.stripe.com/file-upload.
func (c *Client) UploadFile(ctx context.Context, f NewFile) (*File, error) {
	body, writer := io.Pipe()
	parts := multipart.NewWriter(writer)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		writer.CloseWithError(f.write(parts))
	}()
	defer func() {
		body.Close() // ends the writing where the request ends first
		<-ended
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.FilesURL+"/v1/files", body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", parts.FormDataContentType())
	req.Header.Set("Idempotency-Key", c.IdempotencyKey)
	return do[File](c, req)
}

func (f NewFile) write(parts *multipart.Writer) error {
	if err := parts.WriteField("purpose", f.Purpose); err != nil {
		return err
	}
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition("file", f.Name)},
		"Content-Type":        {f.ContentType},
	})
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, f.Content); err != nil {
		return err
	}
	return parts.Close()
}
