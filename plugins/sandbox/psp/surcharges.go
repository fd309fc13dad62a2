package psp

import "net/http"

// surcharges are the rates by card network, in millionths.
func surcharges(network string) int64 {
	return map[string]int64{"visa": 10_000, "mastercard": 10_000, "discover": 15_000, "jcb": 20_000, "amex": 30_000}[network]
}

// calculateSurcharge changes nothing, though it is a POST: a card's number does
// not belong into an address.
func (s *Server) calculateSurcharge(_ *http.Request, body []byte) (result, error) {
	var ask struct {
		Amount        int64      `json:"amount"`
		Currency      string     `json:"currency"`
		PaymentMethod instrument `json:"payment_method"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if err := positive(ask.Amount, ask.Currency); err != nil {
		return result{}, err
	}
	src, err := s.source(ask.PaymentMethod)
	if err != nil {
		return result{}, err
	}
	rate := surcharges(src.shown().Network)
	return result{status: http.StatusOK, body: map[string]any{
		"currency": ask.Currency, "rate_ppm": rate, "network": src.shown().Network,
		"surcharge": (ask.Amount*rate + 500_000) / 1_000_000,
		"total":     ask.Amount + (ask.Amount*rate+500_000)/1_000_000,
	}}, nil
}
