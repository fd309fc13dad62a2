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
}

// Account reads the account that the API key belongs to.
func (c *Client) Account(ctx context.Context) (Account, error) {
	return get[Account](ctx, c, nil, "account")
}

// get reads, and post asks for a change, at the path of the given segments.
func get[A any, P pointer[A]](ctx context.Context, c *Client, query url.Values, segments ...string) (a A, err error) {
	err = c.do(ctx, call{method: http.MethodGet, path: pathOf(segments), query: query}, P(&a))
	return a, err
}

func post[A any, P pointer[A]](ctx context.Context, c *Client, ask any, segments ...string) (a A, err error) {
	body, err := json.Marshal(ask)
	if err != nil {
		return a, fmt.Errorf("POST %s: encode the request: %w", pathOf(segments), err)
	}
	err = c.do(ctx, call{
		method: http.MethodPost, path: pathOf(segments), body: bytes.NewReader(body), contentType: "application/json",
	}, P(&a))
	return a, err
}

// pointer is a pointer to an answer.
type pointer[A any] interface {
	*A
	answer
}

func pathOf(segments []string) string {
	var path strings.Builder
	path.WriteString("/v1")
	for _, s := range segments {
		path.WriteString("/" + url.PathEscape(s))
	}
	return path.String()
}

// call is one request.
type call struct {
	method, path string
	query        url.Values
	body         io.Reader
	contentType  string
}

// do sends one request and reads its answer. It fails with the HTTP client's
// error, with an *Error where the status is none of success, and with a
// *MalformedError where the answer to a success is none that the PSP documents.
func (c *Client) do(ctx context.Context, call call, out answer) error {
	req, err := c.request(ctx, call)
	if err != nil {
		return err
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", call.method, call.path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", call.method, call.path, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return failure(call.method, res, body)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return &MalformedError{Method: call.method, Cause: err}
	}
	if !out.complete() {
		return &MalformedError{Method: call.method}
	}
	return nil
}

func (c *Client) request(ctx context.Context, call call) (*http.Request, error) {
	address := strings.TrimSuffix(c.BaseURL, "/") + call.path
	if len(call.query) > 0 {
		address += "?" + call.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, call.method, address, call.body)
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

// failure reads the body of an answer that is no success; anything may stand
// between us and the PSP, so the body need not be the PSP's.
func failure(method string, res *http.Response, body []byte) *Error {
	var told struct {
		Error Error `json:"error"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		told.Error = Error{}
	}
	e := told.Error
	e.Method, e.Status, e.RetryAfter = method, res.StatusCode, sdk.RetryAfter(res.Header)
	return &e
}
