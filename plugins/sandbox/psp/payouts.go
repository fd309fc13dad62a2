package psp

import (
	"net/http"
	"strings"
	"time"
)

// The states of a payout; those of payments are the same words.
const (
	payoutStaged    = "staged"
	payoutSucceeded = "succeeded"
	payoutReturned  = "returned"
)

// The last four characters of a card's or account's number that decide what
// becomes of a payout there.
const (
	// DecliningEnding refuses payouts, and the account as one to enroll.
	DecliningEnding = "0002"
	// ReturningEnding lets them arrive and then come back.
	ReturningEnding = "0003"
)

// destination is where a payout goes: one of these.
type destination struct {
	Card    *card        `json:"card"`
	Token   string       `json:"token"`
	Account *bankAccount `json:"account"`
	Wallet  string       `json:"wallet"` // the mail address or telephone number of its user
	Payee   string       `json:"payout_account_id"`
}

// bankAccount is an account at a bank.
type bankAccount struct {
	Number string `json:"number"` // IBAN, or the national number
	Holder string `json:"holder_name"`
	Bank   string `json:"bank"` // what names the bank, where the number does not
}

// target is a destination once it is looked up.
type target struct {
	shown
	ending string
}

// target looks a destination up.
func (s *Server) target(d destination) (target, error) {
	switch {
	case d.Payee != "":
		p, err := s.payees.get(d.Payee)
		return p.target, err
	case d.Account != nil && d.Account.Number != "":
		return target{shown{MethodType: "bank_account", Last4: ending(d.Account.Number)}, ending(d.Account.Number)}, nil
	case d.Wallet != "":
		return target{shown: shown{MethodType: "wallet"}}, nil
	case d.Card == nil && d.Token == "":
		return target{}, invalid("destination", "the destination is missing")
	}
	src, err := s.source(instrument{Card: d.Card, Token: d.Token})
	return target{src.shown(), src.shown().Last4}, err
}

// ending gives the last four characters of a card's or account's number.
func ending(number string) string {
	return strings.ToUpper(number[max(0, len(number)-4):])
}

// payout is money on its way to somebody.
type payout struct {
	ID           string    `json:"id"`
	Reference    string    `json:"reference"`
	Status       string    `json:"status"`
	Amount       int64     `json:"amount"`
	Currency     string    `json:"currency"`
	Fee          int64     `json:"fee"`
	SourceAmount int64     `json:"source_amount"`
	RecipientID  string    `json:"recipient_id,omitempty"`
	Destination  shown     `json:"destination"`
	ChallengeURL string    `json:"challenge_url,omitempty"`
	Decline      *decline  `json:"decline,omitempty"`
	Created      time.Time `json:"created"`
	Arrival      time.Time `json:"arrival"`

	instant   bool
	ending    string
	returnURL string
}

// instantFee is what an instant payout costs, in millionths; others are free.
const instantFee = 10_000

func (s *Server) createPayout(_ *http.Request, body []byte) (result, error) {
	var ask struct {
		Reference   string            `json:"reference"`
		Amount      int64             `json:"amount"`
		Currency    string            `json:"currency"`
		Source      string            `json:"source_currency"`
		Destination destination       `json:"destination"`
		RecipientID string            `json:"recipient_id"`
		Instant     bool              `json:"instant"`
		Stage       bool              `json:"stage"`
		Purpose     string            `json:"purpose"`
		Descriptor  string            `json:"statement_descriptor"`
		Metadata    map[string]string `json:"metadata"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if ask.Source != "" && ask.Source != ask.Currency {
		return result{}, refuse(http.StatusBadRequest, "currency_mismatch", "source_currency", "nothing is exchanged here")
	}
	to, err := s.target(ask.Destination)
	if err != nil {
		return result{}, err
	}
	p, err := s.newPayout(ask.Reference, ask.Amount, ask.Currency, ask.RecipientID)
	if err != nil {
		return result{}, err
	}
	p.Destination, p.ending, p.instant = to.shown, to.ending, ask.Instant
	if p.instant {
		p.Fee, p.Arrival = p.Amount*instantFee/1_000_000, p.Created
	}
	p.SourceAmount = p.Amount + p.Fee
	if !ask.Stage {
		p.send()
	}
	return created(s.delivered(s.payouts.add(p.ID, p))), nil
}

// newPayout makes a staged payout.
func (s *Server) newPayout(reference string, units int64, currency, recipient string) (payout, error) {
	if err := named(reference); err != nil {
		return payout{}, err
	}
	if err := positive(units, currency); err != nil {
		return payout{}, err
	}
	if recipient != "" {
		if _, err := s.recipients.get(recipient); err != nil {
			return payout{}, err
		}
	}
	now := time.Now().UTC()
	return payout{
		ID: newID("po_"), Reference: reference, Status: payoutStaged, Amount: units, Currency: currency, SourceAmount: units,
		RecipientID: recipient, Created: now, Arrival: now.Add(48 * time.Hour),
	}, nil
}

// send is what becomes of a payout that is sent.
func (p *payout) send() {
	p.ChallengeURL = ""
	switch {
	case p.ending == DecliningEnding:
		p.Status, p.Decline = statusDeclined, newDecline("invalid_account")
	case p.instant, p.ending == ReturningEnding:
		p.Status = payoutSucceeded
	default:
		p.Status = statusPending
	}
}

// delivered tells the merchant of a payout. One that comes back does so after
// that: the answer to the request says that it has arrived, the next that it was
// returned.
func (s *Server) delivered(p payout) payout {
	s.announce("payout", p.Status, p.ID, p, "")
	if p.ending == ReturningEnding && p.Status == payoutSucceeded {
		back, err := s.payouts.change(p.ID, func(p *payout) error {
			p.Status, p.Decline = payoutReturned, newDecline("closed_account")
			return nil
		})
		if err == nil {
			s.announce("payout", back.Status, back.ID, back, "")
		}
	}
	return p
}

func (s *Server) transferPayout(r *http.Request, body []byte) (result, error) {
	if err := decode(body, new(struct{})); err != nil {
		return result{}, err
	}
	return s.moved(s.payouts.change(r.PathValue("id"), func(p *payout) error {
		if p.Status != payoutStaged {
			return refuse(http.StatusConflict, "payout_not_staged", "", "the payout is %s", p.Status)
		}
		p.send()
		return nil
	}))
}

func (s *Server) voidPayout(r *http.Request, body []byte) (result, error) {
	if err := decode(body, new(why)); err != nil {
		return result{}, err
	}
	return s.moved(s.payouts.change(r.PathValue("id"), func(p *payout) error {
		if p.Status != payoutStaged && p.Status != statusPending && p.Status != statusRequiresAction {
			return refuse(http.StatusConflict, "payout_not_voidable", "", "the payout is %s", p.Status)
		}
		p.Status, p.ChallengeURL = statusVoided, ""
		return nil
	}))
}

// settlePayout answers POST /v1/test/payouts/{id}/settle, by which a test is the
// bank.
func (s *Server) settlePayout(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Outcome string `json:"outcome"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	status, ok := map[string]string{"succeed": payoutSucceeded, "fail": "failed", "return": payoutReturned}[ask.Outcome]
	if !ok {
		return result{}, invalid("outcome", "the outcome must be succeed, fail or return")
	}
	return s.moved(s.payouts.change(r.PathValue("id"), func(p *payout) error {
		if p.Status != statusPending && (p.Status != payoutSucceeded || status != payoutReturned) {
			return refuse(http.StatusConflict, "payout_not_pending", "", "the payout is %s", p.Status)
		}
		if p.Status = status; status != payoutSucceeded {
			p.Decline = newDecline("closed_account")
		}
		return nil
	}))
}

// moved answers a change of a payout.
func (s *Server) moved(p payout, err error) (result, error) {
	if err != nil {
		return result{}, err
	}
	return result{status: http.StatusOK, body: s.delivered(p)}, nil
}
