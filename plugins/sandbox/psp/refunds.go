package psp

import (
	"net/http"
	"time"
)

func (s *Server) createRefund(r *http.Request, body []byte) (result, error) {
	var ask struct {
		amount
		Reference string `json:"reference"`
		Reason    string `json:"reason"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if err := named(ask.Reference); err != nil {
		return result{}, err
	}
	p, done, err := s.ledger.giveBack(r.PathValue("id"), ask.amount, newRefund(ask.Reference))
	if err != nil {
		return result{}, err
	}
	s.announce("refund", done.Status, done.ID, done, p.webhookURL)
	return created(done), nil
}

func newRefund(reference string) refund {
	return refund{ID: newID("re_"), Reference: reference, Created: time.Now().UTC()}
}

func (s *Server) getRefund(r *http.Request, _ []byte) (result, error) {
	found, err := s.ledger.refund(r.PathValue("id"))
	return result{status: http.StatusOK, body: found}, err
}
