package psp

import (
	"net/http"
	"strconv"
	"strings"
)

// Method is a way of paying that the PSP takes.
type Method struct {
	// Type is its word. Example: "ideal".
	Type string
	// DisplayName is the name that payers know.
	DisplayName string
	// Flow is what happens when somebody pays with it.
	Flow Flow
}

// Flow is what happens when somebody pays.
type Flow string

// The flows.
const (
	// FlowCard asks the issuer at once.
	FlowCard Flow = "card"
	// FlowRedirect sends the payer to a page.
	FlowRedirect Flow = "redirect"
	// FlowPending waits for banks.
	FlowPending Flow = "pending"
	// FlowWait waits for the payer, who is asked in an app.
	FlowWait Flow = "wait"
	// FlowTransfer tells the payer where to send the money.
	FlowTransfer Flow = "transfer"
	// FlowQR shows a code to the payer.
	FlowQR Flow = "qr"
	// FlowVoucher gives a slip to the payer.
	FlowVoucher Flow = "voucher"
	// FlowBalance takes it from what is left on a gift card.
	FlowBalance Flow = "balance"
	// FlowOTP asks the payer for a one-time password.
	FlowOTP Flow = "otp"
)

// Methods lists the ways of paying.
func Methods() []Method {
	return []Method{
		{"card", "Card", FlowCard},
		{"card_token", "Stored card", FlowCard},
		{"network_token", "Network token", FlowCard},
		{"vaulted_card", "Vaulted card", FlowCard},
		{"mandate", "Mandate", FlowCard},
		{"apple_pay", "Apple Pay", FlowCard},
		{"google_pay", "Google Pay", FlowCard},
		{"paypal", "PayPal", FlowRedirect},
		{"alipay", "Alipay", FlowRedirect},
		{"ideal", "iDEAL", FlowRedirect},
		{"eps", "eps", FlowRedirect},
		{"bancontact", "Bancontact", FlowRedirect},
		{"blik", "BLIK", FlowWait},
		{"sepa_debit", "SEPA Direct Debit", FlowPending},
		{"ach_debit", "ACH Direct Debit", FlowPending},
		{"bacs_debit", "Bacs Direct Debit", FlowPending},
		{"becs_debit", "BECS Direct Debit", FlowPending},
		{"sepa_transfer", "SEPA transfer", FlowTransfer},
		{"pix", "Pix", FlowQR},
		{"upi_collect", "UPI", FlowWait},
		{"upi_intent", "UPI", FlowQR},
		{"upi_qr", "UPI", FlowQR},
		{"klarna", "Klarna", FlowRedirect},
		{"affirm", "Affirm", FlowRedirect},
		{"afterpay", "Afterpay", FlowRedirect},
		{"boleto", "Boleto", FlowVoucher},
		{"oxxo", "OXXO", FlowVoucher},
		{"crypto", "Crypto", FlowQR},
		{"gift_card", "Gift card", FlowBalance},
	}
}

func methodOf(kind string) (Method, bool) {
	for _, m := range Methods() {
		if m.Type == kind {
			return m, true
		}
	}
	return Method{}, false
}

// method is an instrument that is neither a card nor one that the PSP keeps.
type method struct {
	Type string `json:"type"` // one of Methods
	// Number is the number of the card that a network token or a wallet stands
	// for, of the account to draw from, or of the gift card.
	Number   string `json:"number"`
	ExpMonth int    `json:"exp_month"`
	ExpYear  int    `json:"exp_year"`
	Network  string `json:"network"`
	// Payload is a wallet's token, still encrypted.
	Payload string `json:"payload"`
	Holder  string `json:"holder_name"`
}

// source is the source of a payment by such a method.
func (m method) source() (source, error) {
	known, ok := methodOf(m.Type)
	if !ok {
		return source{}, refuse(http.StatusBadRequest, "payment_method_not_supported", "payment_method",
			"there is no payment method %q", m.Type)
	}
	src := source{kind: m.Type, flow: known.Flow}
	switch {
	case known.Flow == FlowCard && m.Number != "":
		card, err := card{Number: m.Number, ExpMonth: m.ExpMonth, ExpYear: m.ExpYear, HolderName: m.Holder, Network: m.Network}.source()
		card.kind, card.trait.Challenge = m.Type, false // the wallet or the network has authenticated the payer
		return card, err
	case known.Flow == FlowCard && m.Payload != "":
		if code, found := strings.CutPrefix(m.Payload, declineToken); found {
			src.trait.Decline = code
		}
		return src, nil
	case known.Flow == FlowCard:
		return source{}, refuse(http.StatusBadRequest, "invalid_request", "payment_method", "%s needs a number or a payload", m.Type)
	case known.Flow == FlowPending && m.Number == "":
		return source{}, refuse(http.StatusBadRequest, "invalid_request", "payment_method", "%s needs an account", m.Type)
	case known.Flow == FlowBalance && m.Number == "":
		src.flow = FlowRedirect // the PSP's page asks for the number
	case known.Flow == FlowBalance:
		src.giftCard = m.Number
	}
	return src, nil
}

// worth is what was paid in on a gift card: the number's last five digits, in
// minor units of any currency.
func worth(giftCard string) int64 {
	n, err := strconv.ParseInt(giftCard[max(0, len(giftCard)-5):], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
