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
// payment that waits for its challenge.
func (l *ledger) void(id string) (payment, error) {
	return l.change(id, func(p *payment) error {
		if p.Status != statusAuthorized && p.Status != statusRequiresAction {
			return refuse(http.StatusConflict, "payment_not_voidable", "", "a payment that is %s can't be voided", p.Status)
		}
		p.Status, p.Capturable, p.ChallengeURL = statusVoided, 0, ""
		return nil
	})
}

// giveBack refunds an amount of what is captured and not yet refunded.
func (l *ledger) giveBack(id string, ask amount, r refund) (refund, error) {
	_, err := l.change(id, func(p *payment) error {
		if p.Captured == 0 || p.Captured == p.Refunded {
			return refuse(http.StatusConflict, "payment_not_refundable", "", "of a payment that is %s nothing can be refunded", p.Status)
		}
		sum, err := ask.within(p, p.Captured-p.Refunded)
		if err != nil {
			return err
		}
		p.Refunded += sum
		r.PaymentID, r.Status, r.Currency, r.Amount = p.ID, "succeeded", p.Currency, sum
		l.refunds[r.ID] = r
		return nil
	})
	return r, err
}

// complete ends the challenge of a payment. One that has ended before stays as
// it is: browsers load pages again.
func (l *ledger) complete(id string, approved bool) (payment, error) {
	return l.change(id, func(p *payment) error {
		if p.Status != statusRequiresAction {
			return nil
		}
		p.ChallengeURL = ""
		if approved {
			l.approve(p)
			return nil
		}
		p.Status, p.Decline = statusDeclined, newDecline("authentication_failed")
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
