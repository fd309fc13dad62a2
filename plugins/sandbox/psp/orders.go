package psp

import (
	"net/http"
	"time"
)

// order is an order that payments may name.
type order struct {
	ID        string    `json:"id"`
	Reference string    `json:"reference"`
	Status    string    `json:"status"` // "open" or "paid"
	Amount    int64     `json:"amount"`
	Currency  string    `json:"currency"`
	Created   time.Time `json:"created"`
}

func (s *Server) createOrder(_ *http.Request, body []byte) (result, error) {
	var ask struct {
		Reference  string            `json:"reference"`
		Amount     int64             `json:"amount"`
		Currency   string            `json:"currency"`
		CustomerID string            `json:"customer_id"`
		Metadata   map[string]string `json:"metadata"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if err := named(ask.Reference); err != nil {
		return result{}, err
	}
	if err := positive(ask.Amount, ask.Currency); err != nil {
		return result{}, err
	}
	if err := s.activeCustomer(ask.CustomerID); err != nil {
		return result{}, err
	}
	o := order{ID: newID("ord_"), Reference: ask.Reference, Status: "open", Amount: ask.Amount, Currency: ask.Currency, Created: time.Now().UTC()}
	return created(s.orders.add(o.ID, o)), nil
}
