package psp

import "net/http"

// capture takes an amount of what is authorized. Unless more is to come, it
// releases the rest.
func (l *ledger) capture(id string, ask amount, moreToCome bool) (p payment, taken int64, err error) {
	p, err = l.change(id, func(p *payment) error {
		if p.Status != statusAuthorized && p.Status != statusPartiallyCaptured {
			return refuse(http.StatusConflict, "payment_not_capturable", "", "a payment that is %s can't be captured", p.Status)
		}
		if taken, err = ask.within(p, p.Capturable); err != nil {
			return err
		}
		p.Captured += taken
		p.Capturable -= taken
		if !moreToCome {
			p.Capturable = 0
		}
		p.Status = statusCaptured
		if p.Capturable > 0 {
			p.Status = statusPartiallyCaptured
		}
		return nil
	})
	return p, taken, err
}

// void releases what is authorized, if nothing of it is captured, or gives up a
// payment that waits for something.
func (l *ledger) void(id string) (payment, error) {
	return l.change(id, func(p *payment) error {
		if !p.voidable() {
			return refuse(http.StatusConflict, "payment_not_voidable", "", "a payment that is %s can't be voided", p.Status)
		}
		p.release()
		return nil
	})
}

func (p *payment) voidable() bool {
	return p.Status == statusAuthorized || p.Status == statusRequiresAction || p.Status == statusPending
}

func (p *payment) release() {
	p.Status, p.Capturable, p.ChallengeURL, p.Action = statusVoided, 0, "", nil
}

// giveBack refunds an amount of what is captured and not yet refunded.
func (l *ledger) giveBack(id string, ask amount, r refund) (payment, refund, error) {
	p, err := l.change(id, func(p *payment) (err error) {
		r, err = l.refundOf(p, ask, r)
		return err
	})
	return p, r, err
}

// refundOf completes and keeps a refund. The lock is held.
func (l *ledger) refundOf(p *payment, ask amount, r refund) (refund, error) {
	if p.Captured == 0 || p.Captured == p.Refunded {
		return refund{}, refuse(http.StatusConflict, "payment_not_refundable", "", "of a payment that is %s nothing can be refunded", p.Status)
	}
	sum, err := ask.within(p, p.Captured-p.Refunded)
	if err != nil {
		return refund{}, err
	}
	p.Refunded += sum
	r.PaymentID, r.Status, r.Currency, r.Amount = p.ID, "succeeded", p.Currency, sum
	l.refunds[r.ID] = r
	return r, nil
}

// reverse voids a payment or, if something of it is captured, releases the rest
// and refunds all that is captured. It gives the refund, if there was one.
func (l *ledger) reverse(id string, r refund) (payment, *refund, error) {
	var done *refund
	p, err := l.change(id, func(p *payment) error {
		if p.voidable() {
			p.release()
			return nil
		}
		r, err := l.refundOf(p, amount{}, r)
		if err != nil {
			return refuse(http.StatusConflict, "payment_not_reversible", "", "a payment that is %s can't be reversed", p.Status)
		}
		p.Status, p.Capturable, done = statusCaptured, 0, &r
		return nil
	})
	return p, done, err
}

// adjust changes what is authorized in all. If the issuer refuses, the payment
// that it gives has a decline and the one that is kept stays as it is.
func (l *ledger) adjust(id string, ask amount) (payment, error) {
	var refused *decline
	p, err := l.change(id, func(p *payment) error {
		if p.Status != statusAuthorized && p.Status != statusPartiallyCaptured {
			return refuse(http.StatusConflict, "payment_not_adjustable", "", "the authorization of a payment that is %s can't be changed", p.Status)
		}
		total, err := ask.within(p, maxAmount)
		switch {
		case err != nil:
			return err
		case total < p.Captured:
			return refuse(http.StatusConflict, "amount_too_small", "amount", "%d %s are captured already", p.Captured, p.Currency)
		case total > p.Authorized && p.source.trait.IncreaseDecline != "":
			refused = newDecline(p.source.trait.IncreaseDecline)
			return nil
		}
		p.Authorized, p.Capturable = total, total-p.Captured
		if p.Capturable == 0 {
			p.Status = statusCaptured
		}
		return nil
	})
	if refused != nil {
		p.Decline = refused
	}
	return p, err
}

// maxAmount is the largest amount that can be authorized.
const maxAmount = 1_000_000_000_000

// extend lets an authorization last longer.
func (l *ledger) extend(id string) (payment, error) {
	return l.change(id, func(p *payment) error {
		if p.Expires == nil || p.Status != statusAuthorized && p.Status != statusPartiallyCaptured {
			return refuse(http.StatusConflict, "payment_not_extendable", "", "the authorization of a payment that is %s can't be extended", p.Status)
		}
		expires := p.Expires.Add(AuthorizationLifetime)
		p.Expires = &expires
		return nil
	})
}

// settle ends what a payment waits for, with a decline or none. One that waits
// for nothing stays as it is: browsers load pages again.
func (l *ledger) settle(id string, refused *decline) (payment, error) {
	return l.change(id, func(p *payment) error {
		if p.Status != statusRequiresAction && p.Status != statusPending {
			return nil
		}
		if p.source.flow == FlowRedirect && p.source.carded() {
			p.ThreeDS = challengeOutcome(refused == nil)
		}
		p.ChallengeURL, p.Action = "", nil
		if refused != nil {
			p.Status, p.Decline = statusDeclined, refused
			return nil
		}
		l.approve(p)
		return nil
	})
}

// amount is an amount asked for, or nil for all there is.
type amount struct {
	Amount   *int64 `json:"amount"`
	Currency string `json:"currency"`
}

// within gives the sum that is meant, at most most.
func (a amount) within(p *payment, most int64) (int64, error) {
	if a.Currency != "" && a.Currency != p.Currency {
		return 0, refuse(http.StatusBadRequest, "currency_mismatch", "currency", "the payment is in %s", p.Currency)
	}
	if a.Amount == nil {
		return most, nil
	}
	if a.Currency == "" {
		return 0, refuse(http.StatusBadRequest, "invalid_request", "currency", "an amount needs a currency")
	}
	if *a.Amount <= 0 {
		return 0, refuse(http.StatusBadRequest, "invalid_request", "amount", "the amount must be more than zero")
	}
	if *a.Amount > most {
		return 0, refuse(http.StatusConflict, "amount_too_large", "amount", "at most %d %s are left", most, p.Currency)
	}
	return *a.Amount, nil
}
