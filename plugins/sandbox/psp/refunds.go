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
	if ask.Reference == "" {
		return result{}, refuse(http.StatusBadRequest, "invalid_request", "reference", "the reference is missing")
	}
	done, err := s.ledger.giveBack(r.PathValue("id"), ask.amount, refund{
		ID: newID("re_"), Reference: ask.Reference, Created: time.Now().UTC(),
	})
	return result{status: http.StatusCreated, body: done}, err
}

func (s *Server) getRefund(r *http.Request, _ []byte) (result, error) {
	found, err := s.ledger.refund(r.PathValue("id"))
	return result{status: http.StatusOK, body: found}, err
}
