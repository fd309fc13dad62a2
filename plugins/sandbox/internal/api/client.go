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
	"strconv"
	"strings"
	"time"
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
func (c *Client) Account(ctx context.Context) (a Account, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/account", nil, &a)
	return a, err
}

// CreatePayment asks for a payment.
func (c *Client) CreatePayment(ctx context.Context, r NewPayment) (p Payment, err error) {
	err = c.do(ctx, http.MethodPost, "/v1/payments", r, &p)
	return p, err
}

// Payment reads a payment.
func (c *Client) Payment(ctx context.Context, id string) (p Payment, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/payments/"+url.PathEscape(id), nil, &p)
	return p, err
}

// Capture captures an authorized payment.
func (c *Client) Capture(ctx context.Context, id string, r NewCapture) (done Capture, err error) {
	err = c.do(ctx, http.MethodPost, "/v1/payments/"+url.PathEscape(id)+"/capture", r, &done)
	return done, err
}

// Void releases an authorized payment.
func (c *Client) Void(ctx context.Context, id string, r NewVoid) (p Payment, err error) {
	err = c.do(ctx, http.MethodPost, "/v1/payments/"+url.PathEscape(id)+"/void", r, &p)
	return p, err
}

// CreateRefund refunds a captured payment.
func (c *Client) CreateRefund(ctx context.Context, paymentID string, r NewRefund) (done Refund, err error) {
	err = c.do(ctx, http.MethodPost, "/v1/payments/"+url.PathEscape(paymentID)+"/refunds", r, &done)
	return done, err
}

// Refund reads a refund.
func (c *Client) Refund(ctx context.Context, id string) (r Refund, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/refunds/"+url.PathEscape(id), nil, &r)
	return r, err
}

// do sends one request and reads its answer. It fails with the HTTP client's
// error, with an *Error where the status is none of success, and with a
// *MalformedError where the answer to a success is none that the PSP documents.
func (c *Client) do(ctx context.Context, method, path string, in any, out answer) error {
	req, err := c.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return failure(method, res, body)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return &MalformedError{Method: method, Cause: err}
	}
	if !out.complete() {
		return &MalformedError{Method: method}
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("%s %s: encode the request: %w", method, path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.BaseURL, "/")+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
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
	e.Method, e.Status = method, res.StatusCode
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	return &e
}
