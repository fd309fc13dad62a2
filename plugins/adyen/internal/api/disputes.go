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

// SupplyDocument sends a file of evidence while it is read, and says how large it is:
// base64 in a JSON document, put together by hand so that no file is in memory as a
// whole.
func (c *Client) SupplyDocument(ctx context.Context, dispute DisputeRequest, d Document) (answer *DisputeAnswer, size int64, err error) {
	const here = "content goes here"
	frame, err := json.Marshal(map[string]any{
		"merchantAccountCode": dispute.MerchantAccountCode, "disputePspReference": dispute.DisputePSPReference,
		"defenseDocuments": []map[string]string{{"defenseDocumentTypeCode": d.TypeCode, "contentType": d.ContentType, "content": here}},
	})
	if err != nil {
		return nil, 0, err
	}
	// A quotation mark within a value would be escaped.
	before, after, _ := strings.Cut(string(frame), `"content":"`+here)
	encoded, into := io.Pipe()
	read := make(chan struct{})
	go func() {
		defer close(read)
		encoder := base64.NewEncoder(base64.StdEncoding, into)
		n, err := io.Copy(encoder, d.Content)
		if size = n; err == nil {
			err = encoder.Close()
		}
		into.CloseWithError(err)
	}()
	answer = &DisputeAnswer{}
	err = c.postRaw(ctx, c.DisputeURL+"/supplyDefenseDocument",
		io.MultiReader(strings.NewReader(before+`"content":"`), encoded, strings.NewReader(after)), answer)
	_ = encoded.Close() // lets go of the encoder where the request ended early
	<-read              // whoever gave the content has it back
	return answer, size, err
}
