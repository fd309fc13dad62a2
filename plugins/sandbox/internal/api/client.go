// Package api is a client of the sandbox PSP's HTTP API. It knows the PSP's
// words and nothing of the contract.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/patchbay/patchbay/sdk"
)

// Client does the requests of one call.
type Client struct {
	// HTTP sends the requests. Its errors are returned wrapped.
	HTTP *http.Client
	// BaseURL is the PSP's address. Example: "http://127.0.0.1:4242".
	BaseURL string
	// Key is the API key.
	Key string
	// IdempotencyKey goes with every request that changes something.
	IdempotencyKey string
	// Simulate, if not empty, is the JSON that tells the PSP what to simulate.
	Simulate string
	// Fault, if not nil, is the answer to every request; nothing is sent.
	Fault error
}

// Answer is what the PSP answers with.
type Answer interface {
	// complete tells whether what every such answer has is there.
	complete() bool
}

// None is the body of requests that say nothing.
type None struct{}

// Get reads what is at the path of the given segments. A query may be nil.
func Get[A Answer](ctx context.Context, c *Client, query url.Values, segments ...string) (A, error) {
	return send[A](ctx, c, call{method: http.MethodGet, query: query, segments: segments})
}

// Post sends a document to the path of the given segments, and reads the answer.
func Post[A Answer](ctx context.Context, c *Client, document any, segments ...string) (a A, err error) {
	body, err := json.Marshal(document)
	if err != nil {
		return a, fmt.Errorf("encode the request: %w", err)
	}
	return send[A](ctx, c, call{
		method: http.MethodPost, segments: segments, body: bytes.NewReader(body), contentType: "application/json",
	})
}

// Upload sends a file while it is read. The query says what it is.
func Upload[A Answer](ctx context.Context, c *Client, file io.Reader, contentType string, query url.Values, segments ...string) (A, error) {
	return send[A](ctx, c, call{method: http.MethodPost, query: query, segments: segments, body: file, contentType: contentType})
}

// call is one request.
type call struct {
	method      string
	query       url.Values
	segments    []string // of the path; each is escaped
	body        io.Reader
	contentType string
}

// send sends one request and reads its answer. It fails with the client's Fault or
// the HTTP client's error, with an *Error where the status is none of success, and
// with a *MalformedError where the answer to a success is none that the PSP documents.
func send[A Answer](ctx context.Context, c *Client, call call) (a A, err error) {
	if c.Fault != nil {
		return a, c.Fault
	}
	req, err := c.request(ctx, call)
	if err != nil {
		return a, err
	}
	told, err := sdk.Exchange(c.HTTP, req)
	switch {
	case err != nil:
		return a, fmt.Errorf("%s %s: %w", call.method, req.URL.Path, err)
	case told.Status < 200 || told.Status > 299:
		return a, failure(call.method, told)
	}
	return read[A](call.method, told.Body)
}

// Read reads what a webhook speaks of as strictly as an answer.
func Read[A Answer](data []byte) (A, error) { return read[A]("", data) }

func read[A Answer](method string, body []byte) (a A, err error) {
	if err := json.Unmarshal(body, &a); err != nil {
		return a, &MalformedError{Method: method, Cause: err}
	}
	if !a.complete() {
		return a, &MalformedError{Method: method}
	}
	return a, nil
}

func (c *Client) request(ctx context.Context, call call) (*http.Request, error) {
	var address strings.Builder
	address.WriteString(c.BaseURL + "/v1")
	for _, segment := range call.segments {
		address.WriteString("/" + url.PathEscape(segment))
	}
	if len(call.query) > 0 {
		address.WriteString("?" + call.query.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, call.method, address.String(), call.body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	if call.contentType != "" {
		req.Header.Set("Content-Type", call.contentType)
	}
	if call.method != http.MethodGet {
		req.Header.Set("Idempotency-Key", c.IdempotencyKey)
	}
	if c.Simulate != "" {
		req.Header.Set("Sandbox-Simulate", c.Simulate)
	}
	return req, nil
}

// Error is an answer that is no success. What follows the status is empty where
// the body is not the PSP's.
type Error struct {
	Method     string        `json:"-"`
	Status     int           `json:"-"`
	RetryAfter time.Duration `json:"-"` // zero if the PSP did not say

	Code    string `json:"code"`    // example: "payment_not_found"
	Message string `json:"message"` // for people
	Param   string `json:"param"`   // the field at fault, or empty
	// NothingDone is true where a server error surely had no effect.
	NothingDone bool `json:"nothing_done"`
}

// Error implements error.
func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("the PSP answered %d", e.Status)
	}
	return fmt.Sprintf("the PSP answered %d %s: %s", e.Status, e.Code, e.Message)
}

// failure reads the body of an answer that is no success; anything may stand
// between us and the PSP, so the body need not be the PSP's.
func failure(method string, told *sdk.Answer) *Error {
	var body struct {
		Error Error `json:"error"`
	}
	if err := json.Unmarshal(told.Body, &body); err != nil {
		body.Error = Error{}
	}
	e := body.Error
	e.Method, e.Status, e.RetryAfter = method, told.Status, sdk.RetryAfter(told.Header)
	return &e
}

// MalformedError is the answer to a success that can't be understood.
type MalformedError struct {
	Method string
	Cause  error // nil where only a field is missing
}

// Error implements error. It does not quote the answer, which may hold secrets.
func (e *MalformedError) Error() string { return "the PSP's answer is malformed" }

// Unwrap gives the decoder's error.
func (e *MalformedError) Unwrap() error { return e.Cause }
