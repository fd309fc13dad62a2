package psp

import (
	"crypto/hmac"
	"net/http"
)

// captured answers a capture.
type captured struct {
	ID       string  `json:"id"`
	Amount   int64   `json:"amount"`
	Currency string  `json:"currency"`
	Payment  payment `json:"payment"`
}

func (s *Server) capturePayment(r *http.Request, body []byte) (result, error) {
	var ask struct {
		amount
		MoreToCome bool   `json:"more_to_come"`
		Reference  string `json:"reference"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	p, taken, err := s.ledger.capture(r.PathValue("id"), ask.amount, ask.MoreToCome)
	if err != nil {
		return result{}, err
	}
	p = s.follow(p)
	return result{status: http.StatusOK, body: captured{
		ID: newID("cap_"), Amount: taken, Currency: p.Currency, Payment: p,
	}}, nil
}

// why is the body of requests that only say why.
type why struct {
	Reference string `json:"reference"`
	Reason    string `json:"reason"`
}

func (s *Server) voidPayment(r *http.Request, body []byte) (result, error) {
	if err := decode(body, new(why)); err != nil {
		return result{}, err
	}
	p, err := s.ledger.void(r.PathValue("id"))
	return s.changed(p, err)
}

func (s *Server) extendPayment(r *http.Request, body []byte) (result, error) {
	if err := decode(body, new(why)); err != nil {
		return result{}, err
	}
	p, err := s.ledger.extend(r.PathValue("id"))
	return s.changed(p, err)
}

func (s *Server) adjustPayment(r *http.Request, body []byte) (result, error) {
	var ask struct {
		amount
		why
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if ask.Amount == nil {
		return result{}, invalid("amount", "the amount is missing")
	}
	p, err := s.ledger.adjust(r.PathValue("id"), ask.amount)
	if err == nil && p.Decline != nil {
		return result{status: http.StatusOK, body: p}, nil // nothing has changed
	}
	return s.changed(p, err)
}

// reversed answers a reversal.
type reversed struct {
	Payment payment `json:"payment"`
	Refund  *refund `json:"refund,omitempty"`
}

func (s *Server) reversePayment(r *http.Request, body []byte) (result, error) {
	var ask why
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if err := named(ask.Reference); err != nil {
		return result{}, err
	}
	p, done, err := s.ledger.reverse(r.PathValue("id"), newRefund(ask.Reference))
	if err != nil {
		return result{}, err
	}
	if done != nil {
		s.announce("refund", done.Status, done.ID, *done, p.webhookURL)
	}
	return result{status: http.StatusOK, body: reversed{Payment: s.follow(p), Refund: done}}, nil
}

// oneTimePassword is the password that every payer was sent.
const oneTimePassword = "123456"

// completePayment verifies what the payer brought back. The outcome of a
// challenge is known here already: a wrong result is refused, and one that is
// missing proves nothing and changes nothing.
func (s *Server) completePayment(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Result          string `json:"redirect_result"`
		OneTimePassword string `json:"one_time_password"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	p, err := s.ledger.payment(r.PathValue("id"))
	if err != nil {
		return result{}, err
	}
	if ask.OneTimePassword != "" {
		return s.typed(p, ask.OneTimePassword)
	}
	return result{status: http.StatusOK, body: p}, genuine(ask.Result, p.result)
}

// typed takes the one-time password that the payer typed.
func (s *Server) typed(p payment, password string) (result, error) {
	if p.Action == nil || p.Action.Type != FlowOTP {
		return result{}, refuse(http.StatusConflict, "no_password_wanted", "", "the payment waits for no one-time password")
	}
	var refused *decline
	if password != oneTimePassword {
		refused = newDecline("authentication_failed")
	}
	p, err := s.ledger.settle(p.ID, refused)
	return s.changed(p, err)
}

// genuine holds what a browser brought against what it was given.
func genuine(brought, given string) error {
	if brought != "" && !hmac.Equal([]byte(brought), []byte(given)) {
		return refuse(http.StatusBadRequest, "redirect_forged", "redirect_result", "the result of the redirect is not genuine")
	}
	return nil
}

// changed answers a change of a payment.
func (s *Server) changed(p payment, err error) (result, error) {
	if err != nil {
		return result{}, err
	}
	return result{status: http.StatusOK, body: s.follow(p)}, nil
}

// settlePayment answers POST /v1/test/payments/{id}/settle, by which a test ends
// what a payment waits for.
func (s *Server) settlePayment(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Outcome string `json:"outcome"` // "succeed" or "fail"
		Decline string `json:"decline"` // why it fails; "generic_decline" if absent
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	var refused *decline
	switch ask.Outcome {
	case "succeed":
	case "fail":
		refused = newDecline("generic_decline")
		if ask.Decline != "" {
			refused = newDecline(ask.Decline)
		}
	default:
		return result{}, invalid("outcome", "the outcome must be succeed or fail")
	}
	p, err := s.ledger.settle(r.PathValue("id"), refused)
	return s.changed(p, err)
}
