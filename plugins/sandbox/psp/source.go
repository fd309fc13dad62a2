package psp

import (
	"net/http"
	"strings"
)

// instrument is what the payer pays with, as a request gives it: one of these.
type instrument struct {
	Card    *card   `json:"card"`
	Token   string  `json:"token"`
	Mandate string  `json:"mandate"`
	Method  *method `json:"method"`
}

// source is an instrument once tokens and mandates are looked up.
type source struct {
	kind     string // one of Methods
	flow     Flow
	card     *card    // nil where there is none in it
	trait    TestCard // how the issuer behaves
	giftCard string   // its number
	token    string   // the PSP's own for a card that is not known
	mandate  string   // the id, where one is charged
}

// source looks an instrument up.
func (s *Server) source(i instrument) (source, error) {
	given := 0
	for _, is := range []bool{i.Card != nil, i.Token != "", i.Mandate != "", i.Method != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return source{}, refuse(http.StatusBadRequest, "invalid_request", "payment_method", "give exactly one of card, token, mandate and method")
	case i.Card != nil:
		return i.Card.source()
	case i.Mandate != "":
		return s.mandated(i.Mandate)
	case i.Method != nil:
		return i.Method.source()
	}
	if stored, err := s.tokens.get(i.Token); err == nil && !stored.deleted {
		return stored.source, nil
	}
	for _, c := range TestCards() {
		if c.Token == i.Token {
			return source{kind: "card_token", flow: c.flow(), trait: c, token: i.Token}, nil
		}
	}
	if code, ok := strings.CutPrefix(i.Token, declineToken); ok && code != "" {
		return source{kind: "card_token", flow: FlowCard, trait: TestCard{Decline: code}, token: i.Token}, nil
	}
	return source{}, refuse(http.StatusBadRequest, "invalid_token", "payment_method.token", "there is no such token")
}

// source is the source of a payment by a card in the clear.
func (c card) source() (source, error) {
	if !luhn(c.Number) || c.Number == IncorrectNumber {
		return source{}, refuse(http.StatusBadRequest, "incorrect_number", "payment_method.card.number", "the card number is wrong")
	}
	src := source{kind: "card", flow: FlowCard, card: &c}
	for _, t := range TestCards() {
		if t.Number == c.Number {
			src.flow, src.trait = t.flow(), t
		}
	}
	return src, nil
}

// flow is what happens when somebody pays with the card.
func (c TestCard) flow() Flow {
	switch {
	case c.OTP:
		return FlowOTP
	case c.Challenge:
		return FlowRedirect
	}
	return FlowCard
}

// shown is what may be shown of a card.
type shown struct {
	MethodType string `json:"method_type"`
	Network    string `json:"card_network,omitempty"`
	Last4      string `json:"card_last4,omitempty"`
	ExpMonth   int    `json:"card_exp_month,omitempty"`
	ExpYear    int    `json:"card_exp_year,omitempty"`
}

func (src source) shown() shown {
	s := shown{MethodType: src.kind}
	if c := src.card; c != nil {
		s.Network, s.Last4 = c.network(), c.Number[len(c.Number)-4:]
		s.ExpMonth, s.ExpYear = c.ExpMonth, c.ExpYear
	}
	return s
}

// carded tells whether there is a card behind it, known or not.
func (src source) carded() bool { return src.card != nil || src.kind == "card_token" }

// identity tells one card from another.
func (src source) identity() string {
	if src.card != nil {
		return src.card.Number
	}
	return src.token
}

// verdict is what the issuer says to a payment.
type verdict struct {
	decline *decline
	flow    Flow // FlowCard: approved
}

// verdict asks the issuer. Without the payer nobody can answer a challenge; with
// an authentication nobody need.
func (src source) verdict(merchantInitiated bool, authenticated *threeDS) verdict {
	switch {
	case authenticated.refused():
		return verdict{decline: newDecline("authentication_failed")}
	case src.trait.Decline != "":
		return verdict{decline: newDecline(src.trait.Decline)}
	case merchantInitiated && src.trait.ChargeDecline != "":
		return verdict{decline: newDecline(src.trait.ChargeDecline)}
	case src.mandate != "", src.carded() && authenticated != nil:
		return verdict{flow: FlowCard}
	case src.carded() && merchantInitiated && src.flow != FlowCard:
		return verdict{decline: newDecline("authentication_required")}
	}
	return verdict{flow: src.flow}
}
