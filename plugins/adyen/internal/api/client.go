// Package api is the part of Adyen's HTTP APIs that the connector uses, Checkout
// v71 and Disputes v30: plain structs with Adyen's names, and the rules of the
// transport. It gives nothing a meaning; that is the connector's part.
//
// Source: https://docs.adyen.com/api-explorer/Checkout/71/overview and
// https://docs.adyen.com/api-explorer/Disputes/30/overview.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/patchbay/patchbay/sdk"
)

// Client sends requests for one account. Its fields are set before use.
type Client struct {
	HTTP           *http.Client
	CheckoutURL    string // with the version, without a trailing slash
	DisputeURL     string // likewise
	Key            string
	IdempotencyKey string // sent with every POST
	Fault          error  // if not nil, the answer to every request; nothing is sent
}

// Answer is an object that Adyen answers with.
type Answer interface{ valid() bool }

// Path is the path below an API's address to what its parts name; they may come from
// a caller.
func Path(parts ...string) string {
	var path strings.Builder
	for _, part := range parts {
		path.WriteString("/" + url.PathEscape(part))
	}
	return path.String()
}

// Get reads an object.
func Get[T Answer](ctx context.Context, c *Client, address string) (*T, error) {
	return read[T](c.do(ctx, http.MethodGet, address, nil))
}

// Post sends a document; the answer is an object.
func Post[T Answer](ctx context.Context, c *Client, address string, document any) (*T, error) {
	raw, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	return PostFrom[T](ctx, c, address, bytes.NewReader(raw))
}

// PostFrom is Post of a document that is sent while it is read.
func PostFrom[T Answer](ctx context.Context, c *Client, address string, document io.Reader) (*T, error) {
	return read[T](c.do(ctx, http.MethodPost, address, document))
}

// Delete deletes what is at an address; the answer has no content.
func Delete(ctx context.Context, c *Client, address string) error {
	told, err := c.do(ctx, http.MethodDelete, address, nil)
	if err == nil && told.Status != http.StatusNoContent {
		return malformed(told, fmt.Errorf("status %d where no content was due", told.Status))
	}
	return err
}

// do sends a request and returns an answer of success. Its error is an *Error for
// whatever Adyen refuses; any other is that of the HTTP client.
func (c *Client) do(ctx context.Context, method, address string, body io.Reader) (*sdk.Answer, error) {
	if c.Fault != nil {
		return nil, c.Fault
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-API-Key", c.Key)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", c.IdempotencyKey)
	}
	told, err := sdk.Exchange(c.HTTP, req)
	if err != nil {
		return nil, fmt.Errorf("adyen: %w", err)
	}
	switch told.Status {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return told, nil
	}
	return nil, refusal(told)
}

// read decodes an answer of success.
func read[T Answer](told *sdk.Answer, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	answer := new(T)
	if err := json.Unmarshal(told.Body, answer); err != nil {
		return nil, malformed(told, err)
	}
	if !(*answer).valid() {
		return nil, malformed(told, errors.New("it is not the object that was asked for"))
	}
	return answer, nil
}

// malformed is the error of an answer of success that can't be understood; it is no
// *Error.
func malformed(told *sdk.Answer, err error) error {
	return fmt.Errorf("adyen's answer can't be understood (pspReference %s): %w", told.Header.Get("pspReference"), err)
}

// Failure is Adyen's description of what went wrong.
// Source: https://docs.adyen.com/development-resources/error-codes.
type Failure struct {
	ErrorCode    string `json:"errorCode"`
	ErrorType    string `json:"errorType"` // validation, security, configuration, internal
	Message      string `json:"message"`
	PSPReference string `json:"pspReference"`
}

// Error is an answer with an HTTP status of failure. Its Failure is empty if the
// answer did not come in Adyen's form.
type Error struct {
	Status     int
	Transient  bool          // Adyen asks for a repeat with the same key
	RetryAfter time.Duration // 0 if Adyen does not say
	Failure
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("adyen answered %d %s %s (pspReference %s)", e.Status, e.ErrorType, e.ErrorCode, e.PSPReference)
}

func refusal(told *sdk.Answer) *Error {
	e := &Error{Status: told.Status, RetryAfter: sdk.RetryAfter(told.Header), Transient: told.Header.Get("transient-error") == "true"}
	var failure Failure
	if json.Unmarshal(told.Body, &failure) == nil {
		e.Failure = failure
	}
	return e
}
