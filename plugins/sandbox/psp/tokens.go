package psp

import (
	"net/http"
	"time"
)

// token is a stored instrument.
type token struct {
	ID string `json:"id"`
	shown
	CustomerID string    `json:"customer_id,omitempty"`
	Decline    *decline  `json:"decline,omitempty"`
	Created    time.Time `json:"created"`

	source  source
	deleted bool
}

// createToken stores an instrument; one that the issuer declines is not stored.
func (s *Server) createToken(_ *http.Request, body []byte) (result, error) {
	var ask struct {
		PaymentMethod instrument        `json:"payment_method"`
		CustomerID    string            `json:"customer_id"`
		Metadata      map[string]string `json:"metadata"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	src, err := s.source(ask.PaymentMethod)
	if err != nil {
		return result{}, err
	}
	if !src.carded() && src.flow != FlowPending && src.flow != FlowCard {
		return result{}, refuse(http.StatusBadRequest, "payment_method_not_supported", "payment_method", "%s can't be stored", src.kind)
	}
	if err := s.activeCustomer(ask.CustomerID); err != nil {
		return result{}, err
	}
	t := token{shown: src.shown(), CustomerID: ask.CustomerID, Created: time.Now().UTC(), source: src}
	if src.trait.Decline != "" {
		t.Decline = newDecline(src.trait.Decline)
		return created(t), nil
	}
	t.ID = newID("tok_")
	return created(s.tokens.add(t.ID, t)), nil
}

func (s *Server) deleteToken(r *http.Request, body []byte) (result, error) {
	var ask struct {
		CustomerID string `json:"customer_id"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	id := r.PathValue("id")
	t, err := s.tokens.change(id, func(t *token) error {
		if t.deleted || (ask.CustomerID != "" && ask.CustomerID != t.CustomerID) {
			return s.tokens.missing(id)
		}
		t.deleted = true
		return nil
	})
	return result{status: http.StatusOK, body: t}, err
}
