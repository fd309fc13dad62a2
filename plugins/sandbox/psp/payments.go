package psp

import (
	"cmp"
	"net/http"
	"regexp"
	"time"
)

// newPayment is the body of POST /v1/payments.
type newPayment struct {
	Reference           string            `json:"reference"`
	Amount              int64             `json:"amount"`
	Currency            string            `json:"currency"`
	Capture             string            `json:"capture"` // "automatic", the default, or "manual"
	PaymentMethod       instrument        `json:"payment_method"`
	Initiator           string            `json:"initiator"` // "customer", the default, or "merchant"
	Store               string            `json:"store"`     // "", "on_session" or "off_session"
	ThreeDS             *threeDS          `json:"three_ds"`
	AuthenticationID    string            `json:"authentication_id"`
	CustomerID          string            `json:"customer_id"`
	OrderID             string            `json:"order_id"`
	SessionID           string            `json:"session_id"`
	ReturnURL           string            `json:"return_url"`
	WebhookURL          string            `json:"webhook_url"`
	Description         string            `json:"description"`
	StatementDescriptor string            `json:"statement_descriptor"`
	Email               string            `json:"email"`
	Metadata            map[string]string `json:"metadata"`
}

func (n newPayment) check() error {
	switch {
	case n.Reference == "":
		return named(n.Reference)
	case n.Capture != captureAutomatic && n.Capture != captureManual:
		return invalid("capture", "capture must be automatic or manual")
	case n.Store != "" && n.Store != "on_session" && n.Store != "off_session":
		return invalid("store", "store must be on_session or off_session")
	}
	return positive(n.Amount, n.Currency)
}

// positive wants an amount of more than nothing.
func positive(units int64, currency string) error {
	switch {
	case units <= 0:
		return invalid("amount", "the amount must be more than zero")
	case !regexp.MustCompile(`^[A-Z]{3}$`).MatchString(currency):
		return invalid("currency", "the currency must be an ISO 4217 code")
	}
	return nil
}

// named wants a reference.
func named(reference string) error {
	if reference == "" {
		return invalid("reference", "the reference is missing")
	}
	return nil
}

func invalid(param, message string) error {
	return refuse(http.StatusBadRequest, "invalid_request", param, "%s", message)
}

func (s *Server) createPayment(r *http.Request, body []byte) (result, error) {
	n := newPayment{Capture: captureAutomatic}
	if err := decode(body, &n); err != nil {
		return result{}, err
	}
	if err := n.check(); err != nil {
		return result{}, err
	}
	src, err := s.source(n.PaymentMethod)
	if err != nil {
		return result{}, err
	}
	if err := s.related(n); err != nil {
		return result{}, err
	}
	authenticated, err := s.authenticated(n, src)
	if err != nil {
		return result{}, err
	}
	v := src.verdict(n.Initiator == "merchant", authenticated)
	if d := s.outsideTerms(src.mandate, n.Amount, n.Currency); d != nil {
		v.decline = d
	}
	p := payment{
		ID: newID("pay_"), Reference: n.Reference,
		Amount: n.Amount, Currency: n.Currency, Capture: n.Capture,
		shown: src.shown(), ThreeDS: authenticated,
		MandateID: src.mandate, CustomerID: n.CustomerID, OrderID: n.OrderID,
		source: src, store: n.Store,
		returnURL: n.ReturnURL, webhookURL: n.WebhookURL, key: r.Header.Get(KeyHeader),
	}
	if v.decline == nil {
		p.ChallengeURL, p.Action = prompt(r, v.flow, p.ID)
	}
	p = s.follow(s.ledger.create(p, v))
	return result{status: http.StatusCreated, body: p, charge: p.ID}, nil
}

// related wants the customer, the order and the session that a payment names.
func (s *Server) related(n newPayment) error {
	if err := s.activeCustomer(n.CustomerID); err != nil {
		return err
	}
	if n.SessionID != "" {
		if _, err := s.sessions.get(n.SessionID); err != nil {
			return err
		}
	}
	if n.OrderID == "" {
		return nil
	}
	o, err := s.orders.get(n.OrderID)
	switch {
	case err != nil:
		return err
	case o.Status != "open":
		return refuse(http.StatusConflict, "order_not_payable", "", "the order is %s", o.Status)
	case o.Amount != n.Amount || o.Currency != n.Currency:
		return invalid("amount", "the amount is not the order's")
	}
	return nil
}

// follow does what comes after a change of a payment: it stores the instrument,
// closes the order, opens the dispute of a card that has one, and tells the
// merchant.
func (s *Server) follow(p payment) payment {
	var store, dispute bool
	p, err := s.ledger.change(p.ID, func(p *payment) error {
		if store = p.store != "" && p.Authorized > 0 && p.Token == ""; store {
			p.Token = newID("tok_")
			if p.store == "off_session" && p.MandateID == "" {
				p.MandateID = newID("md_")
			}
		}
		if dispute = p.source.trait.Dispute && p.Captured > 0 && !p.disputed; dispute {
			p.disputed = true
		}
		return nil
	})
	if err != nil {
		return p // it was in the ledger a moment ago, and nothing leaves it
	}
	s.announce("payment", p.Status, p.ID, p, p.webhookURL)
	if store {
		s.keep(p)
	}
	if p.OrderID != "" && p.Authorized > 0 {
		_, _ = s.orders.change(p.OrderID, func(o *order) error { o.Status = "paid"; return nil })
	}
	if dispute {
		s.object(p)
	}
	return p
}

// keep stores the instrument of a payment as it was asked for.
func (s *Server) keep(p payment) {
	s.tokens.add(p.Token, token{ID: p.Token, shown: p.shown, CustomerID: p.CustomerID, Created: p.Created, source: p.source})
	if p.store == "off_session" && p.source.mandate == "" {
		s.mandates.add(p.MandateID, mandate{
			ID: p.MandateID, Reference: p.Reference, Status: mandateActive, shown: p.shown, CustomerID: p.CustomerID,
			NetworkTransactionID: p.NetworkTransactionID, Created: p.Created, source: p.source,
		})
	}
}

func (s *Server) getPayment(r *http.Request, _ []byte) (result, error) {
	p, err := s.ledger.payment(r.PathValue("id"))
	return result{status: http.StatusOK, body: p}, err
}

// findPayments answers GET /v1/payments?reference=…&created_after=….
func (s *Server) findPayments(r *http.Request, _ []byte) (result, error) {
	q := r.URL.Query()
	if err := named(q.Get("reference")); err != nil {
		return result{}, err
	}
	since, err := time.Parse(time.RFC3339Nano, cmp.Or(q.Get("created_after"), "1970-01-01T00:00:00Z"))
	if err != nil {
		return result{}, invalid("created_after", "the time must be as RFC 3339 has it")
	}
	found := s.ledger.find(q.Get("reference"), since)
	return result{status: http.StatusOK, body: map[string][]payment{"payments": found}}, nil
}

// showLedger answers GET /ledger, which wants no API key: it is how a test or a
// person sees from outside what the PSP did.
func (s *Server) showLedger(w http.ResponseWriter, _ *http.Request) {
	success(result{status: http.StatusOK, body: map[string][]charge{"charges": s.ledger.list()}}).send(w, false)
}

func account(*http.Request, []byte) (result, error) {
	return result{status: http.StatusOK, body: map[string]any{"id": AccountID, "live": false}}, nil
}

// AccountID is the id of the one account.
const AccountID = "acct_sandbox"
