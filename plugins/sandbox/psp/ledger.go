package psp

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The states of a payment.
const (
	statusRequiresAction    = "requires_action"
	statusPending           = "pending"
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
	ID         string `json:"id"`
	Reference  string `json:"reference"`
	Status     string `json:"status"`
	Currency   string `json:"currency"`
	Amount     int64  `json:"amount"`
	Authorized int64  `json:"authorized"`
	Capturable int64  `json:"capturable"`
	Captured   int64  `json:"captured"`
	Refunded   int64  `json:"refunded"`
	Capture    string `json:"capture"`
	shown
	NetworkTransactionID string     `json:"network_transaction_id,omitempty"`
	ApprovalCode         string     `json:"approval_code,omitempty"`
	ChallengeURL         string     `json:"challenge_url,omitempty"`
	Action               *action    `json:"action,omitempty"`
	Decline              *decline   `json:"decline,omitempty"`
	ThreeDS              *threeDS   `json:"three_ds,omitempty"`
	Token                string     `json:"token,omitempty"`
	MandateID            string     `json:"mandate_id,omitempty"`
	CustomerID           string     `json:"customer_id,omitempty"`
	OrderID              string     `json:"order_id,omitempty"`
	Expires              *time.Time `json:"authorization_expires,omitempty"`
	Created              time.Time  `json:"created"`

	source     source
	store      string // "on_session" or "off_session", where the instrument is to be stored
	returnURL  string
	result     string // what the payer's browser brings back from the challenge
	webhookURL string
	disputed   bool
	key        string
	attempts   int
}

// AuthorizationLifetime is how long an authorization lasts, and by how much it
// can be extended.
const AuthorizationLifetime = 7 * 24 * time.Hour

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
	named    map[string][]*payment // by reference, oldest first
	refunds  map[string]refund
	charges  []*payment // those that reserved or moved money, oldest first
}

func newLedger() *ledger {
	return &ledger{payments: map[string]*payment{}, named: map[string][]*payment{}, refunds: map[string]refund{}}
}

// create adds a payment with the issuer's verdict on it.
func (l *ledger) create(p payment, v verdict) payment {
	p.Created = time.Now().UTC()
	p.attempts = 1
	l.mu.Lock()
	defer l.mu.Unlock()
	l.payments[p.ID] = &p
	l.named[p.Reference] = append(l.named[p.Reference], &p)
	if g := p.source.giftCard; v.decline == nil && g != "" && l.left(g) < p.Amount {
		v.decline = newDecline("insufficient_funds")
	}
	switch {
	case v.decline != nil:
		p.Status, p.Decline = statusDeclined, v.decline
	case v.flow == FlowCard, v.flow == FlowBalance:
		l.approve(&p)
	case v.flow == FlowPending:
		p.Status = statusPending
	default:
		p.Status = statusRequiresAction
	}
	return p
}

// left is what is left on a gift card. The lock is held.
func (l *ledger) left(giftCard string) int64 {
	left := worth(giftCard)
	for _, p := range l.charges {
		if p.source.giftCard == giftCard {
			left -= p.Captured + p.Capturable - p.Refunded
		}
	}
	return left
}

// balance is what is left on a gift card.
func (l *ledger) balance(giftCard string) int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.left(giftCard)
}

// approve reserves the amount and captures it unless that comes later. The lock
// is held.
func (l *ledger) approve(p *payment) {
	p.Authorized, p.Capturable, p.Status = p.Amount, p.Amount, statusAuthorized
	if p.Capture == captureAutomatic {
		p.Capturable, p.Captured, p.Status = 0, p.Amount, statusCaptured
	} else {
		expires := time.Now().UTC().Add(AuthorizationLifetime)
		p.Expires = &expires
	}
	l.charges = append(l.charges, p)
	p.NetworkTransactionID = fmt.Sprintf("%015d", len(l.charges))
	p.ApprovalCode = fmt.Sprintf("%06d", len(l.charges)%1_000_000)
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

// find gives the payments with a reference, the newest first.
func (l *ledger) find(reference string, since time.Time) []payment {
	l.mu.RLock()
	defer l.mu.RUnlock()
	found := []payment{}
	for _, p := range slices.Backward(l.named[reference]) {
		if !p.Created.Before(since) {
			found = append(found, *p)
		}
	}
	return found
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
			Amount: p.Authorized, Currency: p.Currency,
			Captured: p.Captured, Refunded: p.Refunded,
			Voided: p.Status == statusVoided, Attempts: p.attempts,
		}
	}
	return all
}

// newID makes an id that no other process of the PSP makes.
func newID(prefix string) string { return prefix + strings.ToLower(rand.Text()) }
