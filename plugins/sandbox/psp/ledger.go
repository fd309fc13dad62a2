package psp

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The states of a payment.
const (
	statusRequiresAction    = "requires_action"
	statusAuthorized        = "authorized"
	statusPartiallyCaptured = "partially_captured"
	statusCaptured          = "captured"
	statusVoided            = "voided"
	statusDeclined          = "declined"
)

// When a payment is captured.
const (
	captureAutomatic = "automatic"
	captureManual    = "manual"
)

// payment is the state of one payment. Amounts count the currency's smallest
// unit.
type payment struct {
	ID                   string    `json:"id"`
	Reference            string    `json:"reference"`
	Status               string    `json:"status"`
	Currency             string    `json:"currency"`
	Amount               int64     `json:"amount"`
	Authorized           int64     `json:"authorized"`
	Capturable           int64     `json:"capturable"`
	Captured             int64     `json:"captured"`
	Refunded             int64     `json:"refunded"`
	Capture              string    `json:"capture"`
	CardNetwork          string    `json:"card_network,omitempty"`
	CardLast4            string    `json:"card_last4,omitempty"`
	NetworkTransactionID string    `json:"network_transaction_id,omitempty"`
	ChallengeURL         string    `json:"challenge_url,omitempty"`
	Decline              *decline  `json:"decline,omitempty"`
	Created              time.Time `json:"created"`

	returnURL string
	key       string
	attempts  int
}

// refund is one refund; it is done as soon as it is asked for.
type refund struct {
	ID        string    `json:"id"`
	PaymentID string    `json:"payment_id"`
	Reference string    `json:"reference"`
	Status    string    `json:"status"`
	Currency  string    `json:"currency"`
	Amount    int64     `json:"amount"`
	Created   time.Time `json:"created"`
}

// ledger holds payments and refunds and the rules by which they change. It
// gives out copies only.
type ledger struct {
	mu       sync.RWMutex
	payments map[string]*payment
	refunds  map[string]refund
	charges  []*payment // those that reserved or moved money, oldest first
}

func newLedger() *ledger {
	return &ledger{payments: map[string]*payment{}, refunds: map[string]refund{}}
}

// create adds a payment with the issuer's verdict on it.
func (l *ledger) create(p payment, v verdict) payment {
	p.Created = time.Now().UTC()
	p.attempts = 1
	l.mu.Lock()
	defer l.mu.Unlock()
	l.payments[p.ID] = &p
	switch {
	case v.decline != nil:
		p.Status, p.Decline = statusDeclined, v.decline
	case v.challenge:
		p.Status = statusRequiresAction
	default:
		l.approve(&p)
	}
	return p
}

// approve reserves the amount and captures it unless that comes later. The lock
// is held.
func (l *ledger) approve(p *payment) {
	p.Authorized, p.Capturable, p.Status = p.Amount, p.Amount, statusAuthorized
	if p.Capture == captureAutomatic {
		p.Capturable, p.Captured, p.Status = 0, p.Amount, statusCaptured
	}
	l.charges = append(l.charges, p)
	p.NetworkTransactionID = fmt.Sprintf("%015d", len(l.charges))
}

// attempted counts one more request for a payment that exists already.
func (l *ledger) attempted(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.payments[id]; ok {
		p.attempts++
	}
}

// change applies a rule to a payment; the payment stays as it is if the rule
// refuses.
func (l *ledger) change(id string, rule func(*payment) error) (payment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.payments[id]
	if !ok {
		return payment{}, refuse(http.StatusNotFound, "payment_not_found", "payment_id", "there is no payment %q", id)
	}
	err := rule(p)
	return *p, err
}

func (l *ledger) payment(id string) (payment, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if p, ok := l.payments[id]; ok {
		return *p, nil
	}
	return payment{}, refuse(http.StatusNotFound, "payment_not_found", "payment_id", "there is no payment %q", id)
}

func (l *ledger) refund(id string) (refund, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if r, ok := l.refunds[id]; ok {
		return r, nil
	}
	return refund{}, refuse(http.StatusNotFound, "refund_not_found", "refund_id", "there is no refund %q", id)
}

// charge is one line of GET /ledger.
type charge struct {
	ID             string `json:"id"`
	Reference      string `json:"reference"`
	IdempotencyKey string `json:"idempotency_key"`
	Amount         int64  `json:"amount"`
	Currency       string `json:"currency"`
	Captured       int64  `json:"captured"`
	Refunded       int64  `json:"refunded"`
	Voided         bool   `json:"voided"`
	Attempts       int    `json:"attempts"`
}

// list copies the charges, so that nobody waits for them to be written out.
func (l *ledger) list() []charge {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := make([]charge, len(l.charges))
	for i, p := range l.charges {
		all[i] = charge{
			ID: p.ID, Reference: p.Reference, IdempotencyKey: p.key,
			Amount: p.Amount, Currency: p.Currency,
			Captured: p.Captured, Refunded: p.Refunded,
			Voided: p.Status == statusVoided, Attempts: p.attempts,
		}
	}
	return all
}

// newID makes an id that no other process of the PSP makes.
func newID(prefix string) string { return prefix + strings.ToLower(rand.Text()) }
