package api

import "time"

// Evidence is one piece of evidence: a file or a text.
type Evidence struct {
	Type   string `json:"type"`
	FileID string `json:"file_id,omitempty"`
	Text   string `json:"text,omitempty"`
}

// NewEvidence attaches evidence to a dispute.
type NewEvidence struct {
	Evidence []Evidence `json:"evidence"`
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

func (d Dispute) complete() bool {
	return d.ID != "" && d.PaymentID != "" && d.Status != "" && d.Currency != ""
}

// Disputes is one page of disputes, the newest first.
type Disputes struct {
	Disputes []Dispute `json:"disputes"`
	Next     string    `json:"next"` // empty at the end
}

func (d Disputes) complete() bool { return d.Disputes != nil }

// File is an uploaded file.
type File struct {
	ID   string `json:"id"`
	Size int64  `json:"size"`
}

func (f File) complete() bool { return f.ID != "" }
