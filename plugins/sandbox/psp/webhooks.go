package psp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader carries the signatures of a webhook: "t=<Unix seconds>,v1=<hex
// of the HMAC-SHA256 over t, a dot and the body>".
const SignatureHeader = "Sandbox-Signature"

// Webhooks says whether and where a PSP delivers webhooks.
type Webhooks struct {
	// URL gets every event; none does if it is empty.
	URL string
	// Secret signs what goes to URL and to the webhook_url of a payment.
	Secret string
	// Client sends them.
	Client *http.Client
}

// Sign makes the value of SignatureHeader, with a signature for each secret.
func Sign(at time.Time, body []byte, secrets ...string) string {
	t := strconv.FormatInt(at.Unix(), 10)
	parts := []string{"t=" + t}
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(t + "."))
		mac.Write(body)
		parts = append(parts, "v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(parts, ",")
}

// event is what a webhook says.
type event struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`    // Example: "payment.captured"
	Account  string    `json:"account"` // AccountID
	Object   string    `json:"object"`  // what Data is. Example: "payment"
	ObjectID string    `json:"object_id"`
	Created  time.Time `json:"created"`
	Data     any       `json:"data"`
}

// endpoint is where webhooks go.
type endpoint struct {
	ID     string `json:"id"`
	URL    string `json:"url"`
	Secret string `json:"secret"`
}

// postman delivers webhooks.
type postman struct {
	webhooks Webhooks
	ctx      context.Context // ends with the server
}

// attempts is how often a webhook is sent until somebody takes it; the pause
// doubles each time.
const (
	attempts   = 5
	firstPause = 100 * time.Millisecond
	sendTime   = 10 * time.Second
)

// announce tells the merchant of a change: at all endpoints, and at the address
// that the payment brought. A PSP without a client tells nobody.
func (s *Server) announce(object, status, id string, data any, own string) {
	if s.postman.webhooks.Client == nil {
		return
	}
	to := s.endpoints.newest(func(endpoint) bool { return true })
	for _, address := range []string{s.postman.webhooks.URL, own} {
		if address != "" {
			to = append(to, endpoint{URL: address, Secret: s.postman.webhooks.Secret})
		}
	}
	now := time.Now().UTC()
	body := encode(event{
		ID: newID("evt_"), Type: object + "." + status, Account: AccountID,
		Object: object, ObjectID: id, Created: now, Data: data,
	})
	for _, e := range to {
		go s.postman.deliver(e, body)
	}
}

// deliver sends one webhook until it is taken.
func (p *postman) deliver(to endpoint, body []byte) {
	pause := firstPause
	for range attempts {
		if p.post(to, body) == nil {
			return
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-p.ctx.Done():
			return
		}
	}
}

func (p *postman) post(to endpoint, body []byte) error {
	ctx, cancel := context.WithTimeout(p.ctx, sendTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(SignatureHeader, Sign(time.Now(), body, to.Secret))
	res, err := p.webhooks.Client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxBody)) // so that the connection can be used again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the endpoint answered %d", res.StatusCode)
	}
	return nil
}

func (s *Server) createEndpoint(_ *http.Request, body []byte) (result, error) {
	var ask struct {
		URL    string `json:"url"`
		Secret string `json:"secret"` // made here if absent
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if u, err := url.Parse(ask.URL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return result{}, invalid("url", "the address must be one of http or https")
	}
	e := endpoint{ID: newID("we_"), URL: ask.URL, Secret: ask.Secret}
	if e.Secret == "" {
		e.Secret = newID("whsec_")
	}
	return created(s.endpoints.add(e.ID, e)), nil
}
