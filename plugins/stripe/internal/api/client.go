// Package api is the part of Stripe's HTTP API that the connector uses: plain
// structs with Stripe's names, and the rules of the transport. It gives nothing
// a meaning; that is the connector's part.
//
// Source: https://docs.stripe.com/api, for objects the pages that end in /object.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/form"
)

// Version is the API version that every request asks for, so that the account's
// own default does not change what answers look like.
// Source: https://docs.stripe.com/api/versioning.
const Version = "2026-08-26.dahlia"

// Client sends the requests of one call, one after another. Its fields are set before
// use; Fault may be set between two requests too.
type Client struct {
	HTTP           *http.Client
	BaseURL        string // without a trailing slash
	FilesURL       string // where files are uploaded; without a trailing slash
	Key            string
	Account        string // the connected account, or empty
	IdempotencyKey string // sent with every POST

	// Fault is what is wrong with the call itself. Nothing is sent, and it is the
	// error of every request.
	Fault error
	// Replayed says whether the last answer was the stored one to an earlier request
	// with the same idempotency key.
	Replayed bool
}

// Object is one of Stripe's objects by its Go type. A valid one is what it should be,
// and has what the connector can't do without.
type Object[T any] interface {
	*T
	valid() bool
}

// is says whether an object is of a kind and has what is needed of it.
func is(kind, object string, needed ...string) bool {
	return object == kind && !slices.Contains(needed, "")
}

// Path is a path of the API, whose parts may come from a caller.
func Path(parts ...string) string {
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return "/v1/" + strings.Join(parts, "/")
}

// Get reads.
func Get[T any, P Object[T]](ctx context.Context, c *Client, path string, query any) (P, error) {
	if values := form.Encode(query); len(values) > 0 {
		path += "?" + values.Encode()
	}
	return send[T, P](ctx, c, http.MethodGet, path, nil)
}

// Post changes something.
func Post[T any, P Object[T]](ctx context.Context, c *Client, path string, params any) (P, error) {
	return send[T, P](ctx, c, http.MethodPost, path, strings.NewReader(form.Encode(params).Encode()))
}

// Delete deletes. Stripe needs no key for it: what is gone stays gone.
func Delete[T any, P Object[T]](ctx context.Context, c *Client, path string) (P, error) {
	return send[T, P](ctx, c, http.MethodDelete, path, nil)
}

// send sends a request with a form, or with nothing.
func send[T any, P Object[T]](ctx context.Context, c *Client, method, path string, body io.Reader) (P, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.BaseURL+path, body)
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Idempotency-Key", c.IdempotencyKey)
	}
	return do[T, P](c, req)
}

// do sends the request and reads the object that answers it. Its error is an *Error
// for whatever Stripe refuses; any other is the client's Fault or that of the HTTP
// client, or says that an answer of success can't be understood.
func do[T any, P Object[T]](c *Client, req *http.Request) (P, error) {
	if c.Fault != nil {
		return nil, c.Fault
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	req.Header.Set("Stripe-Version", Version)
	if c.Account != "" {
		req.Header.Set("Stripe-Account", c.Account)
	}
	answer, err := sdk.Exchange(c.HTTP, req)
	if err != nil {
		return nil, fmt.Errorf("stripe: %w", err)
	}
	c.Replayed = answer.Header.Get("Idempotent-Replayed") == "true"
	if answer.Status != http.StatusOK {
		return nil, refusal(req.URL.Path, answer)
	}
	object, err := Read[T, P](answer.Body)
	if err != nil {
		return nil, fmt.Errorf("stripe's answer can't be understood (request %s): %w", answer.Header.Get("Request-Id"), err)
	}
	return object, nil
}

// Read reads an object.
func Read[T any, P Object[T]](raw []byte) (P, error) {
	object := P(new(T))
	if err := json.Unmarshal(raw, object); err != nil {
		return nil, err
	}
	if !object.valid() {
		return nil, errors.New("it is not the object that was asked for")
	}
	return object, nil
}

// Types of a Failure.
// Source: https://docs.stripe.com/api/errors.
const (
	TypeCardError        = "card_error"
	TypeIdempotencyError = "idempotency_error"
)

// Failure is Stripe's description of what went wrong, as error answers and
// last_payment_error hold it.
type Failure struct {
	Type               string         `json:"type"`
	Code               string         `json:"code"`
	DeclineCode        string         `json:"decline_code"`
	Message            string         `json:"message"`
	Param              string         `json:"param"`
	AdviceCode         string         `json:"advice_code"`
	NetworkAdviceCode  string         `json:"network_advice_code"`
	NetworkDeclineCode string         `json:"network_decline_code"`
	PaymentIntent      *PaymentIntent `json:"payment_intent"`
	SetupIntent        *SetupIntent   `json:"setup_intent"`
	PaymentMethod      PaymentMethod  `json:"payment_method"`
}

// Error is an answer with any other HTTP status than 200. Its Failure is empty
// if the answer did not come in Stripe's form.
type Error struct {
	Status     int
	Path       string // of the request
	RequestID  string
	RetryAfter time.Duration // 0 if Stripe does not say
	Failure
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("stripe answered %d %s %s (request %s)", e.Status, e.Type, e.Code, e.RequestID)
}

func refusal(path string, answer *sdk.Answer) *Error {
	e := &Error{
		Status: answer.Status, Path: path,
		RequestID: answer.Header.Get("Request-Id"), RetryAfter: sdk.RetryAfter(answer.Header),
	}
	var envelope struct {
		Error *Failure `json:"error"`
	}
	if json.Unmarshal(answer.Body, &envelope) == nil && envelope.Error != nil {
		e.Failure = *envelope.Error
	}
	return e
}
