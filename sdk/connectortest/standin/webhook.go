package standin

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Webhook is what the PSP sends by itself.
type Webhook struct {
	Header http.Header
	Body   []byte
}

// deliveryTime bounds one delivery.
const deliveryTime = 10 * time.Second

// postman delivers webhooks to all endpoints that were made known.
type postman struct {
	mu        sync.Mutex
	endpoints []string
	under     sync.WaitGroup
}

// add takes {"url": "http://127.0.0.1:1234/webhooks"} of the suite.
func (p *postman) add(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		URL string `json:"url"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.URL == "" {
		http.Error(w, `want {"url": …}`, http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	p.endpoints = append(p.endpoints, asked.URL)
	p.mu.Unlock()
	w.WriteHeader(http.StatusCreated)
}

// show answers with a webhook of a kind.
func (p *PSP) show(w http.ResponseWriter, r *http.Request) {
	signed, ok := p.config.Webhooks[r.PathValue("kind")]
	if !ok {
		http.Error(w, "there is no such webhook", http.StatusNotFound)
		return
	}
	hook := signed()
	Answer{Status: http.StatusOK, Header: hook.Header, Body: hook.Body}.write(w)
}

// payer takes what the payer of a payment has decided elsewhere.
func (p *PSP) payer(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		ID       string `json:"id"`
		Approves bool   `json:"approves"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, `want {"id": …, "approves": …}`, http.StatusBadRequest)
		return
	}
	becomes, decide := Declined, p.config.Payer
	if asked.Approves {
		becomes = Authorized
	}
	if decide == nil {
		decide = func(id string, becomes Status) error { _, err := p.Decide(id, becomes); return err }
	}
	if err := decide(asked.ID, becomes); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Send delivers a webhook to each endpoint, once, without waiting for it. A route calls
// it for what has happened, and the webhook may arrive before the route's answer.
func (p *PSP) Send(hook Webhook) {
	p.postman.mu.Lock()
	endpoints := slices.Clone(p.postman.endpoints)
	p.postman.mu.Unlock()
	for _, endpoint := range endpoints {
		p.postman.under.Go(func() { deliver(endpoint, hook) })
	}
}

// Wait returns once all webhooks so far are delivered, or could not be.
func (p *PSP) Wait() { p.postman.under.Wait() }

func deliver(endpoint string, hook Webhook) {
	ctx, cancel := context.WithTimeout(context.Background(), deliveryTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(hook.Body))
	if err != nil {
		return
	}
	for name, values := range hook.Header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return // a scenario that has ended listens no more
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}
