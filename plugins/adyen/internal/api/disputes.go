package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
)

// DisputeRequest names a dispute; DefenseReasonCode is that of a defence.
// Source: https://docs.adyen.com/api-explorer/Disputes/30/overview.
type DisputeRequest struct {
	MerchantAccountCode string `json:"merchantAccountCode"`
	DisputePSPReference string `json:"disputePspReference"`
	DefenseReasonCode   string `json:"defenseReasonCode,omitempty"`
}

// DisputeAnswer is the answer to each request about a dispute.
type DisputeAnswer struct {
	Result *struct {
		Success      bool   `json:"success"`
		ErrorMessage string `json:"errorMessage"`
	} `json:"disputeServiceResult"`
	DefenseReasons []DefenseReason `json:"defenseReasons"`
}

// DefenseReason is one by which a dispute may be defended.
type DefenseReason struct {
	Code      string `json:"defenseReasonCode"`
	Satisfied bool   `json:"satisfied"` // all documents that it needs are there
}

func (a *DisputeAnswer) valid() bool { return a.Result != nil }

// Document is a file of evidence.
type Document struct {
	TypeCode    string
	ContentType string
	Content     io.Reader
}

// AcceptDispute gives in.
func (c *Client) AcceptDispute(ctx context.Context, req DisputeRequest) (*DisputeAnswer, error) {
	return c.dispute(ctx, "acceptDispute", req)
}

// DefendDispute sends the documents to the issuer.
func (c *Client) DefendDispute(ctx context.Context, req DisputeRequest) (*DisputeAnswer, error) {
	return c.dispute(ctx, "defendDispute", req)
}

// DefenseReasons asks by which reasons a dispute may be defended. It changes
// nothing.
func (c *Client) DefenseReasons(ctx context.Context, req DisputeRequest) (*DisputeAnswer, error) {
	return c.dispute(ctx, "retrieveApplicableDefenseReasons", req)
}

func (c *Client) dispute(ctx context.Context, action string, req DisputeRequest) (*DisputeAnswer, error) {
	answer := &DisputeAnswer{}
	return answer, c.post(ctx, c.DisputeURL+"/"+action, req, answer)
}

// SupplyDocument sends a file of evidence while it is read: base64 in a JSON
// document, put together by hand so that no file is in memory as a whole.
func (c *Client) SupplyDocument(ctx context.Context, dispute DisputeRequest, d Document) (*DisputeAnswer, error) {
	head, err := json.Marshal(struct {
		MerchantAccountCode string `json:"merchantAccountCode"`
		DisputePSPReference string `json:"disputePspReference"`
	}{dispute.MerchantAccountCode, dispute.DisputePSPReference})
	if err != nil {
		return nil, err
	}
	about, err := json.Marshal(struct {
		TypeCode    string `json:"defenseDocumentTypeCode"`
		ContentType string `json:"contentType"`
	}{d.TypeCode, d.ContentType})
	if err != nil {
		return nil, err
	}
	encoded, into := io.Pipe()
	read := make(chan struct{})
	defer func() {
		_ = encoded.Close() // lets go of the encoder where the request ends early
		<-read              // whoever gave the content has it back
	}()
	go func() {
		defer close(read)
		encoder := base64.NewEncoder(base64.StdEncoding, into)
		_, err := io.Copy(encoder, d.Content)
		if err == nil {
			err = encoder.Close()
		}
		into.CloseWithError(err)
	}()
	body := io.MultiReader(
		strings.NewReader(strings.TrimSuffix(string(head), "}")+`,"defenseDocuments":[`+strings.TrimSuffix(string(about), "}")+`,"content":"`),
		encoded,
		strings.NewReader(`"}]}`),
	)
	answer := &DisputeAnswer{}
	return answer, c.postRaw(ctx, c.DisputeURL+"/supplyDefenseDocument", body, answer)
}
