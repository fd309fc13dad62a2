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

	"github.com/patchbay/patchbay/sdk"
)

// Client sends requests for one account. Its fields are set before use.
type Client struct {
	HTTP           *http.Client
	CheckoutURL    string // with the version, without a trailing slash
	DisputeURL     string // likewise
	Key            string
	IdempotencyKey string // sent with every POST
}

// object is anything that Adyen answers with.
type object interface{ valid() bool }

// Amount is an amount in Adyen's minor units.
// Source: https://docs.adyen.com/development-resources/currency-codes.
type Amount struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"`
}

func (c *Client) post(ctx context.Context, address string, body any, out object) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.postRaw(ctx, address, bytes.NewReader(raw), out)
}

func (c *Client) postRaw(ctx context.Context, address string, body io.Reader, out object) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", c.IdempotencyKey)
	return c.do(req, out)
}

func (c *Client) get(ctx context.Context, address string, out object) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	return c.do(req, out)
}

// do sends the request and decodes the answer into out; nil where the answer has
// no content. Its error is an *Error for whatever Adyen refuses; any other is that of
// the HTTP client, or says that an answer of success can't be understood.
func (c *Client) do(req *http.Request, out object) error {
	req.Header.Set("X-API-Key", c.Key)
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("adyen: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("adyen: %w", err)
	}
	switch {
	case out == nil && resp.StatusCode == http.StatusNoContent:
		return nil
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated:
		return refusal(resp, body)
	case out == nil:
		return malformed(resp, fmt.Errorf("status %d with content where none was due", resp.StatusCode))
	}
	if err := json.Unmarshal(body, out); err != nil {
		return malformed(resp, err)
	}
	if !out.valid() {
		return malformed(resp, errors.New("it is not the object that was asked for"))
	}
	return nil
}

// malformed is the error of an answer of success that can't be understood.
func malformed(resp *http.Response, err error) error {
	return fmt.Errorf("adyen's answer can't be understood (pspReference %s): %w", resp.Header.Get("pspReference"), err)
}

func refusal(resp *http.Response, body []byte) *Error {
	e := &Error{Status: resp.StatusCode, Transient: resp.Header.Get("transient-error") == "true", RetryAfter: sdk.RetryAfter(resp.Header)}
	var failure Failure
	if json.Unmarshal(body, &failure) == nil {
		e.Failure = failure
	}
	return e
}

// payment is the address of one payment's modifications; the id comes from a
// caller.
func (c *Client) payment(id, action string) string {
	return strings.Join([]string{c.CheckoutURL, "payments", url.PathEscape(id), action}, "/")
}
