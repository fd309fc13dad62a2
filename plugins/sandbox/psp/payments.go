package psp

import (
	"net/http"
	"regexp"
)

// newPayment is the body of POST /v1/payments.
type newPayment struct {
	Reference           string            `json:"reference"`
	Amount              int64             `json:"amount"`
	Currency            string            `json:"currency"`
	Capture             string            `json:"capture"` // "automatic", the default, or "manual"
	PaymentMethod       instrument        `json:"payment_method"`
	ReturnURL           string            `json:"return_url"`
	Description         string            `json:"description"`
	StatementDescriptor string            `json:"statement_descriptor"`
	Email               string            `json:"email"`
	Metadata            map[string]string `json:"metadata"`
}

func (n newPayment) check() error {
	invalid := func(param, message string) error {
		return refuse(http.StatusBadRequest, "invalid_request", param, "%s", message)
	}
	switch {
	case n.Reference == "":
		return invalid("reference", "the reference is missing")
	case n.Amount <= 0:
		return invalid("amount", "the amount must be more than zero")
	case !regexp.MustCompile(`^[A-Z]{3}$`).MatchString(n.Currency):
		return invalid("currency", "the currency must be an ISO 4217 code")
	case n.Capture != captureAutomatic && n.Capture != captureManual:
		return invalid("capture", "capture must be automatic or manual")
	}
	return nil
}

func (s *Server) createPayment(r *http.Request, body []byte) (result, error) {
	n := newPayment{Capture: captureAutomatic}
	if err := decode(body, &n); err != nil {
		return result{}, err
	}
	if err := n.check(); err != nil {
		return result{}, err
	}
	v, err := n.PaymentMethod.verdict()
	if err != nil {
		return result{}, err
	}
	p := payment{
		ID: newID("pay_"), Reference: n.Reference,
		Amount: n.Amount, Currency: n.Currency, Capture: n.Capture,
		returnURL: n.ReturnURL, key: r.Header.Get(KeyHeader),
	}
	if c := n.PaymentMethod.Card; c != nil {
		p.CardNetwork, p.CardLast4 = c.network(), c.Number[len(c.Number)-4:]
	}
	if v.challenge {
		p.ChallengeURL = challengeURL(r, p.ID)
	}
	p = s.ledger.create(p, v)
	return result{status: http.StatusCreated, body: p, charge: p.ID}, nil
}

func (s *Server) getPayment(r *http.Request, _ []byte) (result, error) {
	p, err := s.ledger.payment(r.PathValue("id"))
	return result{status: http.StatusOK, body: p}, err
}

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
		MoreToCome bool `json:"more_to_come"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	p, taken, err := s.ledger.capture(r.PathValue("id"), ask.amount, ask.MoreToCome)
	if err != nil {
		return result{}, err
	}
	return result{status: http.StatusOK, body: captured{
		ID: newID("cap_"), Amount: taken, Currency: p.Currency, Payment: p,
	}}, nil
}

func (s *Server) voidPayment(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Reason string `json:"reason"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	p, err := s.ledger.void(r.PathValue("id"))
	return result{status: http.StatusOK, body: p}, err
}

// showLedger answers GET /ledger, which wants no API key: it is how a test or a
// person sees from outside what the PSP did.
func (s *Server) showLedger(w http.ResponseWriter, _ *http.Request) {
	success(result{status: http.StatusOK, body: map[string][]charge{"charges": s.ledger.list()}}).send(w, false)
}

func account(*http.Request, []byte) (result, error) {
	return result{status: http.StatusOK, body: map[string]any{"id": "acct_sandbox", "live": false}}, nil
}
