// Package api is the part of Stripe's HTTP API that the connector uses: plain
// structs with Stripe's names, and the rules of the transport. It gives nothing
// a meaning; that is the connector's part.
//
// Source: https://docs.stripe.com/api.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/form"
)

// Version is the API version that every request asks for, so that the account's
// own default does not change what answers look like.
// Source: https://docs.stripe.com/api/versioning.
const Version = "2026-08-26.dahlia"

// Client sends requests for one account. Its fields are set before use.
type Client struct {
	HTTP           *http.Client
	BaseURL        string // without a trailing slash
	FilesURL       string // where files are uploaded; without a trailing slash
	Key            string
	Account        string // the connected account, or empty
	IdempotencyKey string // sent with every POST
}

// Answer says how Stripe answered a request that it carried out.
type Answer struct {
	RequestID string
	// Replayed is true for the stored answer to an earlier request with the same
	// idempotency key.
	Replayed bool
}

// errNotAsked is the error of a well-formed answer that is something else.
var errNotAsked = errors.New("it is not the object that was asked for")

// object is anything that Stripe answers with.
type object interface{ valid() bool }

// Step returns the client for a further request of the same call. A key belongs to
// one request, so that each step has its own, made of the call's.
// Source: https://docs.stripe.com/api/idempotent_requests.
func (c *Client) Step(name string) *Client {
	step := *c
	step.IdempotencyKey += "-" + name
	return &step
}

// shape is an object of Stripe's by its Go type.
type shape[T any] interface {
	*T
	object
}

// get reads.
func get[T any, P shape[T]](ctx context.Context, c *Client, path string, query any) (P, error) {
	if values := form.Encode(query); len(values) > 0 {
		path += "?" + values.Encode()
	}
	out := P(new(T))
	_, err := c.send(ctx, http.MethodGet, path, nil, out)
	return out, err
}

// post changes something.
func post[T any, P shape[T]](ctx context.Context, c *Client, path string, params any) (P, error) {
	out, _, err := postTold[T, P](ctx, c, path, params)
	return out, err
}

// postTold is post, and says how Stripe answered.
func postTold[T any, P shape[T]](ctx context.Context, c *Client, path string, params any) (P, Answer, error) {
	out := P(new(T))
	answer, err := c.send(ctx, http.MethodPost, path, strings.NewReader(form.Encode(params).Encode()), out)
	return out, answer, err
}

// remove deletes. Stripe needs no key for it: what is gone stays gone.
func remove[T any, P shape[T]](ctx context.Context, c *Client, path string) (P, error) {
	out := P(new(T))
	_, err := c.send(ctx, http.MethodDelete, path, nil, out)
	return out, err
}

// send sends a request with a form, or with nothing.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader, out object) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.BaseURL+path, body)
	if err != nil {
		return Answer{}, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Idempotency-Key", c.IdempotencyKey)
	}
	return c.do(req, out)
}

// do sends the request and decodes the answer into out. Its error is an *Error
// for whatever Stripe refuses; any other is that of the HTTP client, or says that an
// answer of success can't be understood.
func (c *Client) do(req *http.Request, out object) (Answer, error) {
	req.Header.Set("Authorization", "Bearer "+c.Key)
	req.Header.Set("Stripe-Version", Version)
	if c.Account != "" {
		req.Header.Set("Stripe-Account", c.Account)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("stripe: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("stripe: %w", err)
	}
	answer := Answer{
		RequestID: resp.Header.Get("Request-Id"),
		Replayed:  resp.Header.Get("Idempotent-Replayed") == "true",
	}
	if resp.StatusCode != http.StatusOK {
		return answer, refusal(resp, answer.RequestID, body)
	}
	err = json.Unmarshal(body, out)
	if err == nil && !out.valid() {
		err = errNotAsked
	}
	if err != nil {
		return answer, fmt.Errorf("stripe's answer can't be understood (request %s): %w", answer.RequestID, err)
	}
	return answer, nil
}

func refusal(resp *http.Response, requestID string, body []byte) *Error {
	e := &Error{Status: resp.StatusCode, Path: resp.Request.URL.Path, RequestID: requestID, RetryAfter: sdk.RetryAfter(resp.Header)}
	var envelope struct {
		Error *Failure `json:"error"`
	}
	if json.Unmarshal(body, &envelope) == nil && envelope.Error != nil {
		e.Failure = *envelope.Error
	}
	return e
}

// resource is the path of one object, whose id comes from a caller.
func resource(collection, id string, more ...string) string {
	return strings.Join(append([]string{"/v1", collection, url.PathEscape(id)}, more...), "/")
}
