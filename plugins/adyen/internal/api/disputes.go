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

// DisputeAnswer is the answer to each request about a dispute; it has reasons where
// those were asked for.
type DisputeAnswer struct {
	Result *struct {
		Success      bool   `json:"success"`
		ErrorMessage string `json:"errorMessage"`
	} `json:"disputeServiceResult"`
	DefenseReasons []struct {
		Code string `json:"defenseReasonCode"`
	} `json:"defenseReasons"`
}

func (a DisputeAnswer) valid() bool { return a.Result != nil }

// Document is a file of evidence.
type Document struct {
	TypeCode    string
	ContentType string
	Content     io.Reader
}

// SupplyDocument sends a file of evidence while it is read, and says how large it is:
// base64 in a JSON document, put together by hand so that no file is in memory as a
// whole.
func SupplyDocument(ctx context.Context, c *Client, dispute DisputeRequest, d Document) (answer *DisputeAnswer, size int64, err error) {
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
	answer, err = PostFrom[DisputeAnswer](ctx, c, c.DisputeURL+"/supplyDefenseDocument",
		io.MultiReader(strings.NewReader(before+`"content":"`), encoded, strings.NewReader(after)))
	_ = encoded.Close() // lets go of the encoder where the request ended early
	<-read              // whoever gave the content has it back
	return answer, size, err
}
