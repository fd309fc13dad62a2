package api

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Evidence is one piece of evidence: a file or a text.
type Evidence struct {
	Type   string `json:"type"`
	FileID string `json:"file_id,omitempty"`
	Text   string `json:"text,omitempty"`
}

// Dispute is the state of a dispute.
type Dispute struct {
	ID        string     `json:"id"`
	PaymentID string     `json:"payment_id"`
	Reference string     `json:"reference"`
	Stage     string     `json:"stage"`
	Status    string     `json:"status"`
	Amount    int64      `json:"amount"`
	Currency  string     `json:"currency"`
	Reason    string     `json:"reason"`
	Code      string     `json:"network_reason_code"`
	Network   string     `json:"network"`
	Evidence  []Evidence `json:"evidence"`
	Due       time.Time  `json:"due"`
	Created   time.Time  `json:"created"`
	Updated   time.Time  `json:"updated"`
}

// DisputeFilter says which disputes to list.
type DisputeFilter struct {
	PaymentID     string
	Statuses      []string
	CreatedAfter  time.Time
	CreatedBefore time.Time
	Limit         int32  // 0: the PSP's own
	After         string // Next of the page before
}

// Disputes is one page of disputes, the newest first.
type Disputes struct {
	Disputes []Dispute `json:"disputes"`
	Next     string    `json:"next"` // empty at the end
}

// File is an uploaded file.
type File struct {
	ID   string `json:"id"`
	Size int64  `json:"size"`
}

// NewFile is a file to upload.
type NewFile struct {
	Name        string
	Shows       string // what it is evidence of
	ContentType string
	Content     io.Reader
}

// Dispute reads a dispute.
func (c *Client) Dispute(ctx context.Context, id string) (Dispute, error) {
	return get[Dispute](ctx, c, nil, "disputes", id)
}

// Disputes lists disputes.
func (c *Client) Disputes(ctx context.Context, f DisputeFilter) (Disputes, error) {
	query := url.Values{}
	for name, value := range map[string]string{
		"payment_id": f.PaymentID, "status": strings.Join(f.Statuses, ","), "after": f.After,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.Limit > 0 {
		query.Set("limit", strconv.Itoa(int(f.Limit)))
	}
	setTime(query, "created_after", f.CreatedAfter)
	setTime(query, "created_before", f.CreatedBefore)
	return get[Disputes](ctx, c, query, "disputes")
}

// AcceptDispute gives in.
func (c *Client) AcceptDispute(ctx context.Context, id string) (Dispute, error) {
	return post[Dispute](ctx, c, none{}, "disputes", id, "accept")
}

// UploadFile uploads a file while it is read.
func (c *Client) UploadFile(ctx context.Context, disputeID string, f NewFile) (file File, err error) {
	err = c.do(ctx, call{
		method: http.MethodPost, path: pathOf([]string{"disputes", disputeID, "files"}),
		query: url.Values{"name": {f.Name}, "type": {f.Shows}},
		body:  f.Content, contentType: f.ContentType,
	}, &file)
	return file, err
}

// SubmitEvidence attaches evidence to a dispute.
func (c *Client) SubmitEvidence(ctx context.Context, id string, pieces []Evidence) (Dispute, error) {
	return post[Dispute](ctx, c, struct {
		Evidence []Evidence `json:"evidence"`
	}{pieces}, "disputes", id, "evidence")
}

// DefendDispute sends the evidence to the bank.
func (c *Client) DefendDispute(ctx context.Context, id string, r Why) (Dispute, error) {
	return post[Dispute](ctx, c, r, "disputes", id, "defend")
}

func (d *Dispute) complete() bool {
	return d.ID != "" && d.PaymentID != "" && d.Status != "" && d.Currency != ""
}
func (d *Disputes) complete() bool { return d.Disputes != nil }
func (f *File) complete() bool     { return f.ID != "" }
