package psp

import (
	"net/http"
	"time"
)

// The states of a mandate.
const (
	mandateActive  = "active"
	mandateRevoked = "revoked"
)

// terms is what the payer agrees to. Only the amount is held against payments.
type terms struct {
	AmountKind    string `json:"amount_kind,omitempty"` // "fixed" or "maximum"
	Amount        int64  `json:"amount,omitempty"`
	Currency      string `json:"currency,omitempty"`
	IntervalUnit  string `json:"interval_unit,omitempty"` // "day", "week", "month", "year"
	IntervalCount int    `json:"interval_count,omitempty"`
	StartDate     string `json:"start_date,omitempty"`
	EndDate       string `json:"end_date,omitempty"`
	PaymentCount  int    `json:"payment_count,omitempty"`
	Description   string `json:"description,omitempty"`
}

// mandate is a payer's permission.
type mandate struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Status    string `json:"status"`
	shown
	CustomerID           string    `json:"customer_id,omitempty"`
	Terms                *terms    `json:"terms,omitempty"`
	NetworkTransactionID string    `json:"network_transaction_id,omitempty"`
	ChallengeURL         string    `json:"challenge_url,omitempty"`
	Decline              *decline  `json:"decline,omitempty"`
	Created              time.Time `json:"created"`

	source    source
	returnURL string
	result    string
}

func (s *Server) createMandate(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Reference     string            `json:"reference"`
		PaymentMethod instrument        `json:"payment_method"`
		CustomerID    string            `json:"customer_id"`
		Terms         *terms            `json:"terms"`
		ReturnURL     string            `json:"return_url"`
		Metadata      map[string]string `json:"metadata"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if err := named(ask.Reference); err != nil {
		return result{}, err
	}
	src, err := s.source(ask.PaymentMethod)
	if err != nil {
		return result{}, err
	}
	if err := s.activeCustomer(ask.CustomerID); err != nil {
		return result{}, err
	}
	m := mandate{
		ID: newID("md_"), Reference: ask.Reference, Status: mandateActive, shown: src.shown(), CustomerID: ask.CustomerID,
		Terms: ask.Terms, NetworkTransactionID: newID("ntx_"), Created: time.Now().UTC(), source: src, returnURL: ask.ReturnURL,
	}
	switch v := src.verdict(false, nil); {
	case v.decline != nil:
		m.Status, m.Decline = statusDeclined, v.decline
	case v.flow == FlowRedirect:
		m.Status, m.ChallengeURL = statusRequiresAction, challengeURL(r, m.ID)
	case v.flow != FlowCard && v.flow != FlowPending:
		return result{}, refuse(http.StatusBadRequest, "payment_method_not_supported", "payment_method", "no mandate can be set up with %s", src.kind)
	}
	m = s.mandates.add(m.ID, m)
	s.announce("mandate", m.Status, m.ID, m, "")
	return created(m), nil
}

func (s *Server) revokeMandate(r *http.Request, body []byte) (result, error) {
	if err := decode(body, new(why)); err != nil {
		return result{}, err
	}
	m, err := s.mandates.change(r.PathValue("id"), func(m *mandate) error {
		if m.Status != mandateActive {
			return refuse(http.StatusConflict, "mandate_not_active", "", "the mandate is %s", m.Status)
		}
		m.Status = mandateRevoked
		return nil
	})
	if err != nil {
		return result{}, err
	}
	s.announce("mandate", m.Status, m.ID, m, "")
	return result{status: http.StatusOK, body: m}, nil
}

// mandated is the source of a payment with a mandate.
func (s *Server) mandated(id string) (source, error) {
	m, err := s.mandates.get(id)
	if err != nil {
		return source{}, err
	}
	if m.Status != mandateActive {
		return source{}, refuse(http.StatusConflict, "mandate_not_active", "payment_method.mandate", "the mandate is %s", m.Status)
	}
	src := m.source
	src.mandate = id
	if src.flow != FlowPending {
		src.flow = FlowCard
	}
	return src, nil
}

// outsideTerms refuses a payment to which the payer did not agree.
func (s *Server) outsideTerms(mandateID string, units int64, currency string) *decline {
	m, err := s.mandates.get(mandateID)
	if err != nil || m.Terms == nil || m.Terms.AmountKind == "" {
		return nil
	}
	t := m.Terms
	if currency != t.Currency || units > t.Amount || (t.AmountKind == "fixed" && units != t.Amount) {
		return newDecline("limit_exceeded")
	}
	return nil
}

func (s *Server) visitMandate(id string, answered, approved bool) (visit, error) {
	m, err := s.mandates.change(id, func(m *mandate) error {
		if !answered || m.Status != statusRequiresAction {
			return nil
		}
		m.Status, m.ChallengeURL, m.result = mandateActive, "", newID("rr_")
		if !approved {
			m.Status, m.Decline = statusDeclined, newDecline("authentication_failed")
		}
		return nil
	})
	if err == nil && answered {
		s.announce("mandate", m.Status, m.ID, m, "")
	}
	return visit{
		ID: m.ID, Reference: m.Reference, Status: m.Status, Open: m.ChallengeURL != "",
		param: "mandate_id", returnURL: m.returnURL, result: m.result,
	}, err
}
