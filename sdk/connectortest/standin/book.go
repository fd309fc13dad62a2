package standin

import (
	"crypto/rand"
	"maps"
	"strings"
	"sync"
)

// Status is where a payment stands.
type Status string

// The statuses.
const (
	RequiresAction Status = "requires_action" // the payer must do something
	Pending        Status = "pending"         // the outcome is open
	Authorized     Status = "authorized"      // reserved, and perhaps captured in part
	Captured       Status = "captured"        // nothing is left to capture
	Voided         Status = "voided"
	Declined       Status = "declined"
)

// RefusalError is why the book refuses a change.
type RefusalError string

// The refusals. A stand-in says them in its vendor's words.
const (
	ErrNotFound RefusalError = "there is no such payment or refund"
	ErrBadState RefusalError = "the payment is not in a state for it"
	ErrTooMuch  RefusalError = "the amount is larger than what is left"
)

// Error implements error.
func (r RefusalError) Error() string { return string(r) }

// Payment is one payment. Amounts are in the PSP's units.
type Payment struct {
	ID, Reference, Currency string
	Key                     string // the idempotency key it was made with
	Status                  Status
	Amount                  int64 // what was asked for
	Reserved                int64 // what was authorized; 0 if nothing was
	Captured, Refunded      int64
	Manual                  bool // it is captured later
	// Data is what the vendor's answers show beyond this.
	Data map[string]any

	attempts int
}

// Capturable is what is left to capture.
func (p Payment) Capturable() int64 {
	if p.Status != Authorized {
		return 0
	}
	return p.Reserved - p.Captured
}

// Refund is one refund.
type Refund struct {
	ID, PaymentID, Reference, Currency string
	Amount                             int64
	Data                               map[string]any
}

// Book is what a PSP knows of payments and refunds, and the rules by which they
// change. It gives out copies and is safe for concurrent use.
type Book struct {
	mu       sync.RWMutex
	payments map[string]*Payment
	refunds  map[string]Refund
	order    []*Payment
}

func newBook() *Book { return &Book{payments: map[string]*Payment{}, refunds: map[string]Refund{}} }

// NewID makes an id that no other stand-in makes.
func NewID(prefix string) string { return prefix + strings.ToLower(rand.Text()[:20]) }

// pay adds a payment and lets it become what the PSP decides.
func (b *Book) pay(p Payment, becomes Status) Payment {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.ID == "" {
		p.ID = NewID("pay_")
	}
	p.Data = maps.Clone(p.Data)
	p.attempts = 1
	b.payments[p.ID] = &p
	b.order = append(b.order, &p)
	p.become(becomes)
	return p
}

// become applies the PSP's decision on a payment. Authorized means captured, too,
// unless that is to come later.
func (p *Payment) become(status Status) {
	p.Status = status
	if status != Authorized && status != Captured {
		return
	}
	p.Reserved, p.Status = p.Amount, Authorized
	if !p.Manual || status == Captured {
		p.Captured, p.Status = p.Amount, Captured
	}
}

// change applies a rule to a payment, which stays as it is if the rule refuses.
func (b *Book) change(id string, rule func(*Payment) error) (Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.payments[id]
	if !ok {
		return Payment{}, ErrNotFound
	}
	err := rule(p)
	return *p, err
}

// Payment gives a payment.
func (b *Book) Payment(id string) (Payment, error) {
	return b.change(id, func(*Payment) error { return nil })
}

// Find gives the payments with a reference, oldest first.
func (b *Book) Find(reference string) []Payment {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var found []Payment
	for _, p := range b.order {
		if p.Reference == reference {
			found = append(found, *p)
		}
	}
	return found
}

// Refund gives a refund.
func (b *Book) Refund(id string) (Refund, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if r, ok := b.refunds[id]; ok {
		return r, nil
	}
	return Refund{}, ErrNotFound
}

// Decide ends what was open: a payment that requires action or is pending becomes
// Authorized (and Captured, unless Manual), Declined or Voided.
func (b *Book) Decide(id string, becomes Status) (Payment, error) {
	return b.change(id, func(p *Payment) error {
		if p.Status != RequiresAction && p.Status != Pending {
			return ErrBadState
		}
		p.become(becomes)
		return nil
	})
}

// Capture captures an amount, or with 0 what is left. Final gives up what is left
// after it.
func (b *Book) Capture(id string, amount int64, final bool) (Payment, error) {
	return b.change(id, func(p *Payment) error {
		left := p.Capturable()
		if amount == 0 {
			amount = left
		}
		switch {
		case p.Status != Authorized:
			return ErrBadState
		case amount > left:
			return ErrTooMuch
		}
		if p.Captured += amount; final || amount == left {
			p.Status = Captured
		}
		return nil
	})
}

// Void releases what is reserved. A payment of which something was captured is in no
// state for it; a PSP that releases the rest captures nothing, finally: Release.
func (b *Book) Void(id string) (Payment, error) {
	return b.change(id, func(p *Payment) error {
		open := p.Status == Authorized || p.Status == RequiresAction || p.Status == Pending
		if !open || p.Captured > 0 {
			return ErrBadState
		}
		p.Status = Voided
		return nil
	})
}

// Release gives up what is left to capture of a payment captured in part.
func (b *Book) Release(id string) (Payment, error) {
	return b.change(id, func(p *Payment) error {
		if p.Status != Authorized || p.Captured == 0 {
			return ErrBadState
		}
		p.Status = Captured
		return nil
	})
}

// Adjust changes what is reserved, while nothing is captured.
func (b *Book) Adjust(id string, amount int64) (Payment, error) {
	return b.change(id, func(p *Payment) error {
		if p.Status != Authorized || p.Captured > 0 {
			return ErrBadState
		}
		p.Amount, p.Reserved = amount, amount
		return nil
	})
}

// Note changes a payment's Data.
func (b *Book) Note(id string, data map[string]any) (Payment, error) {
	return b.change(id, func(p *Payment) error {
		merged := maps.Clone(p.Data)
		if merged == nil {
			merged = map[string]any{}
		}
		maps.Copy(merged, data)
		p.Data = merged
		return nil
	})
}

// GiveBack refunds an amount of a payment, or with 0 what is left. The refund's
// PaymentID, Amount and Currency are the book's to say.
func (b *Book) GiveBack(paymentID string, amount int64, r Refund) (Refund, error) {
	_, err := b.change(paymentID, func(p *Payment) error {
		left := p.Captured - p.Refunded
		if amount == 0 {
			amount = left
		}
		switch {
		case left == 0:
			return ErrBadState
		case amount > left:
			return ErrTooMuch
		}
		p.Refunded += amount
		r.PaymentID, r.Amount, r.Currency = p.ID, amount, p.Currency
		return nil
	})
	if err != nil {
		return Refund{}, err
	}
	if r.ID == "" {
		r.ID = NewID("re_")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refunds[r.ID] = r
	return r, nil
}

// attempted counts one more request for a payment that exists already.
func (b *Book) attempted(id string) {
	_, _ = b.change(id, func(p *Payment) error { p.attempts++; return nil }) // no payments are removed
}
