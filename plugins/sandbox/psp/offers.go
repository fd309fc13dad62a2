package psp

import (
	"net/http"
	"slices"
)

// offer says whether a payment can be made by a method.
type offer struct {
	Type        string `json:"type"`
	DisplayName string `json:"display_name"`
	Eligible    bool   `json:"eligible"`
	Reason      string `json:"reason,omitempty"`
	Min         int64  `json:"min"`
	Max         int64  `json:"max,omitempty"`
	Balance     *int64 `json:"balance,omitempty"`
	Currency    string `json:"currency"`
	Installment []int  `json:"installments,omitempty"`
}

// The limits of paying later, in minor units.
const (
	minPayLater = 1000
	maxPayLater = 1_000_000
)

// listOffers changes nothing, though it is a POST: a gift card's number does not
// belong into an address.
func (s *Server) listOffers(_ *http.Request, body []byte) (result, error) {
	var ask struct {
		Amount   int64    `json:"amount"`
		Currency string   `json:"currency"`
		Types    []string `json:"types"`
		GiftCard string   `json:"gift_card"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if err := positive(ask.Amount, ask.Currency); err != nil {
		return result{}, err
	}
	offers := []offer{}
	for _, m := range Methods() {
		if len(ask.Types) > 0 && !slices.Contains(ask.Types, m.Type) {
			continue
		}
		o := offer{Type: m.Type, DisplayName: m.DisplayName, Min: 1, Currency: ask.Currency}
		switch {
		case slices.Contains([]string{"klarna", "affirm", "afterpay"}, m.Type):
			o.Min, o.Max, o.Installment = minPayLater, maxPayLater, []int{3, 6, 12}
		case m.Flow == FlowBalance && ask.GiftCard != "":
			balance := s.ledger.balance(ask.GiftCard)
			o.Max, o.Balance = balance, &balance
		}
		o.Eligible = ask.Amount >= o.Min && (o.Max == 0 && o.Balance == nil || ask.Amount <= o.Max)
		if !o.Eligible {
			o.Reason = "the amount is not within the limits"
		}
		offers = append(offers, o)
	}
	return result{status: http.StatusOK, body: map[string][]offer{"offers": offers}}, nil
}
