package psp

import (
	"net/http"
	"strings"
)

// TestCard is a card number, or the PSP's token for a card, that always has the
// same outcome.
type TestCard struct {
	// Number is the card's number, or empty where there is a token.
	Number string
	// Token is the PSP's token, or empty where there is a number.
	Token string
	// Decline is the decline code, or empty if the card is not declined.
	Decline string
	// Challenge is true if the payer is sent to a page first.
	Challenge bool
	// Summary says what it shows.
	Summary string
}

const declineToken = "tok_decline_"

// TestCards lists the cards with an outcome of their own; every other number
// that passes the Luhn check is approved. The numbers are those that Stripe's
// users know (https://docs.stripe.com/testing).
func TestCards() []TestCard {
	return []TestCard{
		{Number: "4242424242424242", Summary: "approved"},
		{Number: "4000000000000002", Decline: "generic_decline", Summary: "declined: no reason given"},
		{Number: "4000000000009995", Decline: "insufficient_funds", Summary: "declined: insufficient funds"},
		{Number: "4000000000009987", Decline: "lost_card", Summary: "declined: lost card"},
		{Number: "4000000000009979", Decline: "stolen_card", Summary: "declined: stolen card"},
		{Number: "4000000000000069", Decline: "expired_card", Summary: "declined: expired card"},
		{Number: "4000000000000127", Decline: "incorrect_cvc", Summary: "declined: incorrect security code"},
		{Number: "4000000000000119", Decline: "processing_error", Summary: "declined: processing error"},
		{Number: "4000002500003155", Challenge: true, Summary: "redirected to a challenge"},
		{Number: "4000000000003220", Challenge: true, Summary: "redirected to a 3-D Secure challenge"},
		{Token: "tok_approve", Summary: "token: approved"},
		{Token: "tok_challenge", Challenge: true, Summary: "token: redirected to a challenge"},
		{Token: declineToken + "do_not_honor", Decline: "do_not_honor", Summary: "token: declined with the code after tok_decline_"},
	}
}

// NetworkCode is the ISO 8583 response code (data element 39) that goes with a
// decline code, or empty where the decline is the PSP's own.
func NetworkCode(decline string) string {
	return map[string]string{
		"refer_to_issuer":         "01",
		"invalid_merchant":        "03",
		"pick_up_card":            "04",
		"do_not_honor":            "05",
		"invalid_transaction":     "12",
		"invalid_amount":          "13",
		"incorrect_number":        "14",
		"no_such_issuer":          "15",
		"lost_card":               "41",
		"stolen_card":             "43",
		"closed_account":          "46",
		"insufficient_funds":      "51",
		"expired_card":            "54",
		"incorrect_pin":           "55",
		"transaction_not_allowed": "57",
		"suspected_fraud":         "59",
		"limit_exceeded":          "61",
		"restricted_card":         "62",
		"pin_tries_exceeded":      "75",
		"incorrect_cvc":           "82",
		"issuer_not_available":    "91",
		"duplicate_transaction":   "94",
		"issuer_error":            "96",
	}[decline]
}

// instrument is what the payer pays with: a card or a token.
type instrument struct {
	Card  *card  `json:"card"`
	Token string `json:"token"`
}

type card struct {
	Number     string `json:"number"`
	ExpMonth   int    `json:"exp_month"`
	ExpYear    int    `json:"exp_year"`
	CVC        string `json:"cvc"`
	HolderName string `json:"holder_name"`
	Network    string `json:"network"`
}

// decline says why a payment was refused.
type decline struct {
	Code        string `json:"code"`
	NetworkCode string `json:"network_code,omitempty"`
	Message     string `json:"message"`
}

func newDecline(code string) *decline {
	return &decline{
		Code:        code,
		NetworkCode: NetworkCode(code),
		Message:     "The payment was declined: " + strings.ReplaceAll(code, "_", " ") + ".",
	}
}

// verdict is what the issuer says to an instrument.
type verdict struct {
	decline   *decline
	challenge bool
}

func (i instrument) verdict() (verdict, error) {
	if (i.Card == nil) == (i.Token == "") {
		return verdict{}, refuse(http.StatusBadRequest, "invalid_request", "payment_method", "give either a card or a token")
	}
	number := ""
	if i.Card != nil {
		if number = i.Card.Number; !luhn(number) {
			return verdict{}, refuse(http.StatusBadRequest, "incorrect_number", "payment_method.card.number", "the card number is wrong")
		}
	}
	for _, c := range TestCards() {
		if c.Number != number || c.Token != i.Token {
			continue
		}
		if c.Decline != "" {
			return verdict{decline: newDecline(c.Decline)}, nil
		}
		return verdict{challenge: c.Challenge}, nil
	}
	if number != "" {
		return verdict{}, nil
	}
	if code, ok := strings.CutPrefix(i.Token, declineToken); ok && code != "" {
		return verdict{decline: newDecline(code)}, nil
	}
	return verdict{}, refuse(http.StatusBadRequest, "invalid_token", "payment_method.token", "there is no such token")
}

// luhn tells whether a number's check digit is right (ISO/IEC 7812-1, annex B).
func luhn(number string) bool {
	if len(number) < 8 || len(number) > 19 {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// network names the card scheme by the number's first digits, or the one that
// the merchant chose.
func (c card) network() string {
	if c.Network != "" {
		return c.Network
	}
	switch n := c.Number; {
	case n[0] == '4':
		return "visa"
	case n[:2] >= "51" && n[:2] <= "55", n[:4] >= "2221" && n[:4] <= "2720":
		return "mastercard"
	case n[:2] == "34", n[:2] == "37":
		return "amex"
	case n[:4] == "6011", n[:2] == "65":
		return "discover"
	case n[:2] == "35":
		return "jcb"
	}
	return "unknown"
}
