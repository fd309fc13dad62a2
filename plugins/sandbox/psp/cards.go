package psp

import "strings"

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
	// OTP is true if the payer is asked for a one-time password first.
	OTP bool
	// ChargeDecline is the decline code of payments that the merchant starts.
	ChargeDecline string
	// IncreaseDecline is the decline code of a larger authorization.
	IncreaseDecline string
	// Dispute is true if the payer objects as soon as the payment is captured.
	Dispute bool
	// Authentication is how an authentication apart from a payment ends, as
	// transStatus says it: "C" challenge, "N" not authenticated, "U" unavailable;
	// empty is "Y", authenticated without a challenge.
	Authentication string
	// Method is true if the issuer wants to look at the payer's browser first.
	Method bool
	// Summary says what it shows.
	Summary string
}

const declineToken = "tok_decline_"

// IncorrectNumber is a well-formed card number that the PSP refuses as incorrect.
const IncorrectNumber = "4000000000000416"

// TestCards lists the cards with an outcome of their own; every other number
// that passes the Luhn check is approved, but for IncorrectNumber. The numbers are
// those that Stripe's users know (https://docs.stripe.com/testing).
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
		{Number: "4000002500003155", Challenge: true, Authentication: "C", Summary: "redirected to a challenge"},
		{Number: "4000000000003220", Challenge: true, Authentication: "C", Method: true, Summary: "redirected to a 3-D Secure challenge"},
		{Number: "4000000000003105", Method: true, Summary: "approved; an authentication looks at the browser first"},
		{Number: "4000000000003113", Authentication: "N", Summary: "approved; an authentication is declined"},
		{Number: "4000000000003121", Authentication: "U", Summary: "approved; an authentication is unavailable"},
		{Number: "4000000000000259", Dispute: true, Summary: "approved, then disputed as fraudulent"},
		{Number: "4000000000000341", ChargeDecline: "do_not_honor", Summary: "approved; its mandate's payments are declined"},
		{Number: "4000000000000408", IncreaseDecline: "insufficient_funds", Summary: "approved; a larger authorization is declined"},
		{Token: "tok_approve", Summary: "token: approved"},
		{Token: "tok_challenge", Challenge: true, Summary: "token: redirected to a challenge"},
		{Token: "tok_otp", OTP: true, Summary: "token: asks for the one-time password 123456"},
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
