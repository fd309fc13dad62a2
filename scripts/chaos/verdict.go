package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/status"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// meaning is what an answer says of the money.
type meaning string

// What answers mean, as docs/concepts.md has it.
const (
	charged   meaning = "charged"
	uncharged meaning = "not charged"
	open      meaning = "open" // it may be either; somebody has to ask
	nonsense  meaning = "nonsense"
)

// means reads an answer as a caller should.
func (t told) means() meaning {
	switch {
	case t.err != nil && wire.ParseFailure(status.Convert(t.err)).Sent == wire.SentNever:
		return uncharged
	case t.err != nil:
		return open
	}
	switch t.status {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED:
		return charged
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED, paymentsv1.PaymentStatus_PAYMENT_STATUS_FAILED:
		return uncharged
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN:
		return open
	}
	return nonsense
}

// contradicts says how what a caller was told contradicts what the PSP did.
func (t told) contradicts(charges []charge) error {
	means := t.means()
	switch {
	case len(charges) > 1:
		return fmt.Errorf("charged %d times", len(charges))
	case means == nonsense:
		return fmt.Errorf("told %s, which nobody asked for", t.status)
	case means == charged && t.token == decline:
		return errors.New("told that it is charged, and the PSP declines such cards")
	case means == charged && len(charges) == 0:
		return errors.New("told that it is charged, and the ledger has nothing")
	case means == uncharged && len(charges) > 0:
		return fmt.Errorf("told that it is not charged, and the ledger has %s", charges[0].ID)
	case means == charged && charges[0].ID != t.id:
		return fmt.Errorf("told of payment %s, and the ledger has %s", t.id, charges[0].ID)
	case means == charged && t.automatic != (t.status == paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED),
		means == charged && t.automatic != (charges[0].Captured == amount):
		return fmt.Errorf("told %s, and the ledger has %d captured", t.status, charges[0].Captured)
	}
	return nil
}

// String is what the caller was told, in few words.
func (t told) String() string {
	if t.err == nil {
		return t.status.String()
	}
	f := wire.ParseFailure(status.Convert(t.err))
	if f.Reason == "" {
		return fmt.Sprintf("%s without details (means MAYBE)", f.Code)
	}
	return fmt.Sprintf("%s %s (%s)", f.Code, f.Reason, f.Sent)
}

// judgeAll finds out what became of every call whose outcome was left open, as a
// caller would, and holds what all callers were told against the ledger.
func (r *report) judgeAll(ctx context.Context, s *stage, all []told) {
	truths := s.resolve(ctx, all)
	books, err := s.ledger(ctx)
	if err != nil {
		r.violate("the PSP does not show its ledger: %v", err)
		return
	}
	known := map[string]bool{}
	for _, t := range all {
		known[t.reference] = true
		if err := t.contradicts(books[t.reference]); err != nil {
			r.violate("%s (%s): %v", t.reference, t, err)
		}
	}
	for _, t := range truths {
		if t.means() == open {
			r.violate("%s: nobody can find out what became of it: %s", t.reference, t)
		} else if err := t.contradicts(books[t.reference]); err != nil {
			r.violate("%s, asked again (%s): %v", t.reference, t, err)
		}
	}
	for reference, charges := range books {
		if !known[reference] {
			r.violate("%s: charged %d times, and nobody asked for it", reference, len(charges))
		}
	}
	r.charges = len(books)
}

// resolvers is how many open calls are asked about at a time.
const resolvers = 8

// resolve asks about each call that was left open.
func (s *stage) resolve(ctx context.Context, all []told) (truths []told) {
	questions := make(chan told)
	var mu sync.Mutex
	var asking sync.WaitGroup
	for range resolvers {
		asking.Go(func() {
			for t := range questions {
				truth := s.learn(ctx, t)
				mu.Lock()
				truths = append(truths, truth)
				mu.Unlock()
			}
		})
	}
	for _, t := range all {
		if t.means() == open {
			questions <- t
		}
	}
	close(questions)
	asking.Wait()
	return truths
}

// learn finds out what became of a call: the PSP is asked for the payment, and if
// it has none, the call is made again with the same key.
func (s *stage) learn(ctx context.Context, t told) told {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		payment, found, err := s.client.find(ctx, t.reference)
		if found {
			s.report.learned("found by FindPayment")
			return told{ask: t.ask, id: payment.GetId(), status: payment.GetStatus()}
		}
		truth := told{ask: t.ask, err: err}
		if err == nil {
			again := t.ask
			again.trouble = trouble{} // what the call asked to go wrong is over
			if truth = s.client.pay(ctx, again); truth.err == nil && truth.means() != open {
				s.report.learned("told by a repeat with the same key")
				return truth
			}
		}
		if !pause(ctx, 50*time.Millisecond) {
			return truth
		}
	}
}
