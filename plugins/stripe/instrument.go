package stripe

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// payer is what a request says of the instrument and of who pays with it.
type payer struct {
	method   *paymentsv1.PaymentMethod
	customer *paymentsv1.CustomerDetails
	billing  *paymentsv1.Address
	email    string
}

// instrument is the same in Stripe's words: the id of a PaymentMethod, or its
// data.
type instrument struct {
	method
	id      string
	data    *api.PaymentMethodData
	options map[string]map[string]string // payment_method_options
	secret  string                       // what no error may quote
}

// instrument says what is paid with. Apple Pay's token is exchanged for one of
// Stripe's, which asks Stripe; everything else asks nobody.
func (p payer) instrument(ctx context.Context, stripe *api.Client) (*instrument, error) {
	switch m := p.method.GetMethod().(type) {
	case *paymentsv1.PaymentMethod_Card:
		data := &api.PaymentMethodData{Type: "card", Card: &api.Card{
			Number:   m.Card.GetNumber(),
			ExpMonth: m.Card.GetExpiryMonth(),
			ExpYear:  m.Card.GetExpiryYear(),
			CVC:      m.Card.GetSecurityCode(),
		}}
		return p.given("card", data, m.Card.GetHolderName())
	case *paymentsv1.PaymentMethod_CardToken:
		return p.token(m.CardToken)
	case *paymentsv1.PaymentMethod_Wallet:
		return p.wallet(ctx, stripe, m.Wallet)
	case *paymentsv1.PaymentMethod_BankRedirect:
		return p.bankRedirect(m.BankRedirect)
	case *paymentsv1.PaymentMethod_BankDebit:
		return p.bankDebit(m.BankDebit)
	case *paymentsv1.PaymentMethod_BankTransfer:
		return p.given(m.BankTransfer.GetType(), &api.PaymentMethodData{}, "")
	case *paymentsv1.PaymentMethod_PayLater:
		if m.PayLater.GetToken() != "" {
			return nil, invalid("payment_method.pay_later.token", "is not taken: the payer agrees on Stripe's page")
		}
		return p.given(m.PayLater.GetType(), &api.PaymentMethodData{}, "")
	case *paymentsv1.PaymentMethod_Voucher:
		return p.voucher(m.Voucher)
	default:
		return nil, notTaken("this payment method")
	}
}

func notTaken(what string) error {
	return sdk.Errorf(sdk.Unsupported, "", "this connector does not take %s", what)
}

// given is an instrument whose data the request has.
func (p payer) given(name string, data *api.PaymentMethodData, holder string) (*instrument, error) {
	m, ok := methodNamed(name)
	if !ok || m.stripe == "" {
		return nil, notTaken(name)
	}
	data.Type = m.stripe
	data.BillingDetails = p.billingDetails(holder)
	return &instrument{method: m, data: data}, nil
}

// token is an instrument that Stripe keeps. Tokens stand for an instrument once;
// everything else is a PaymentMethod.
// Source: https://docs.stripe.com/payments/payment-methods/transitioning.
func (p payer) token(t *paymentsv1.CardToken) (*instrument, error) {
	if t.GetSecurityCode() != "" {
		return nil, invalid("payment_method.card_token.security_code", "is not taken with a token")
	}
	if strings.HasPrefix(t.GetToken(), "tok_") {
		return p.onceOnly("card_token", t.GetToken())
	}
	m, _ := methodNamed("card_token")
	return &instrument{method: m, id: t.GetToken(), secret: t.GetToken()}, nil
}

func (p payer) onceOnly(name, token string) (*instrument, error) {
	i, err := p.given(name, &api.PaymentMethodData{Card: &api.Card{Token: token}}, "")
	if err == nil {
		i.secret = token
	}
	return i, err
}

// wallet is a wallet that holds cards, or one that the payer logs in to.
func (p payer) wallet(ctx context.Context, stripe *api.Client, w *paymentsv1.Wallet) (*instrument, error) {
	if w.GetDecrypted() != nil {
		return nil, invalid("payment_method.wallet.decrypted", "is not taken: Stripe's public API has no parameters for it")
	}
	switch w.GetType() {
	case "google_pay":
		// With Stripe as the gateway the token is one of Stripe's, as JSON.
		// Source: https://docs.stripe.com/google-pay.
		var token struct {
			ID string `json:"id"`
		}
		if json.Unmarshal([]byte(w.GetEncrypted().GetPayload()), &token) != nil || !strings.HasPrefix(token.ID, "tok_") {
			return nil, invalid("payment_method.wallet.encrypted.payload", "must be the token that Google Pay gives with the gateway stripe")
		}
		return p.onceOnly("google_pay", token.ID)
	case "apple_pay":
		if !json.Valid([]byte(w.GetEncrypted().GetPayload())) {
			return nil, invalid("payment_method.wallet.encrypted.payload", "must be the paymentData of Apple Pay's token, as JSON")
		}
		token, err := stripe.Step("token").CreateApplePayToken(ctx, api.ApplePayParams{
			PKToken:               w.GetEncrypted().GetPayload(),
			PKTokenInstrumentName: w.GetEncrypted().GetDisplayName(),
			PKTokenPaymentNetwork: w.GetEncrypted().GetNetwork(),
			PKTokenTransactionID:  w.GetEncrypted().GetTransactionId(),
		})
		if err != nil {
			return nil, err
		}
		return p.onceOnly("apple_pay", token.ID)
	}
	i, err := p.given(w.GetType(), &api.PaymentMethodData{}, "")
	if err == nil && i.stripe == "wechat_pay" {
		i.options = map[string]map[string]string{"wechat_pay": {"client": "web"}}
	}
	return i, err
}

func (p payer) bankRedirect(b *paymentsv1.BankRedirect) (*instrument, error) {
	i, err := p.given(b.GetType(), &api.PaymentMethodData{}, b.GetHolderName())
	switch {
	case err != nil:
		return nil, err
	case i.stripe == "blik" && b.GetOneTimeCode() != "":
		i.options = map[string]map[string]string{"blik": {"code": b.GetOneTimeCode()}}
		i.secret = b.GetOneTimeCode()
	case b.GetBank() != "":
		i.data.Details = map[string]map[string]string{i.stripe: {"bank": b.GetBank()}}
	}
	return i, nil
}

// bankDebit names an account as each scheme does.
func (p payer) bankDebit(b *paymentsv1.BankDebit) (*instrument, error) {
	account := b.GetAccount()
	number := account.GetAccountNumber()
	var details map[string]string
	switch b.GetType() {
	case "sepa_debit":
		details = map[string]string{"iban": account.GetIban()}
	case "ach_debit":
		details = map[string]string{
			"account_number": number, "routing_number": account.GetRoutingNumber(),
			"account_holder_type": "individual", "account_type": "checking",
		}
		if account.GetOwnerKind() == paymentsv1.BankAccountOwnerKind_BANK_ACCOUNT_OWNER_KIND_COMPANY {
			details["account_holder_type"] = "company"
		}
		if account.GetKind() == paymentsv1.BankAccountKind_BANK_ACCOUNT_KIND_SAVINGS {
			details["account_type"] = "savings"
		}
	case "bacs_debit":
		details = map[string]string{"account_number": number, "sort_code": account.GetSortCode()}
	case "becs_debit":
		details = map[string]string{"account_number": number, "bsb_number": account.GetBsb()}
	default:
		return nil, notTaken(b.GetType())
	}
	for _, name := range slices.Sorted(maps.Keys(details)) {
		if details[name] == "" {
			return nil, invalid("payment_method.bank_debit.account", "Stripe needs the "+strings.ReplaceAll(name, "_", " ")+" for "+b.GetType())
		}
	}
	i, err := p.given(b.GetType(), &api.PaymentMethodData{}, account.GetHolderName())
	if err != nil {
		return nil, err
	}
	i.data.Details = map[string]map[string]string{i.stripe: details}
	return i, nil
}

func (p payer) voucher(v *paymentsv1.Voucher) (*instrument, error) {
	i, err := p.given(v.GetType(), &api.PaymentMethodData{}, "")
	if err == nil && i.stripe == "boleto" {
		i.data.Details = map[string]map[string]string{"boleto": {"tax_id": p.customer.GetDocument().GetNumber()}}
	}
	return i, err
}

// billingDetails is who pays: the instrument's holder, else whom the address or
// the customer names.
func (p payer) billingDetails(holder string) api.BillingDetails {
	return api.BillingDetails{
		Name:    cmp.Or(holder, fullName(p.billing), fullName(p.customer), p.billing.GetCompany(), p.customer.GetCompany()),
		Email:   cmp.Or(p.email, p.customer.GetEmail()),
		Phone:   cmp.Or(p.billing.GetPhone(), p.customer.GetPhone()),
		Address: addressWords(p.billing),
	}
}

// named is anybody with a given and a family name.
type named interface {
	GetGivenName() string
	GetFamilyName() string
}

func fullName(of named) string {
	return strings.TrimSpace(of.GetGivenName() + " " + of.GetFamilyName())
}

// addressWords says an address in Stripe's words, which have two lines.
func addressWords(a *paymentsv1.Address) api.Address {
	return api.Address{
		Line1:      strings.TrimSpace(a.GetLine1() + " " + a.GetHouseNumber()),
		Line2:      strings.TrimSpace(a.GetLine2() + " " + a.GetLine3()),
		City:       a.GetCity(),
		State:      a.GetRegion(),
		PostalCode: a.GetPostalCode(),
		Country:    a.GetCountryCode(),
	}
}

// addressOf reads an address of Stripe's; nil if it is empty.
func addressOf(a api.Address) *paymentsv1.Address {
	if a == (api.Address{}) {
		return nil
	}
	return &paymentsv1.Address{
		Line1: a.Line1, Line2: a.Line2, City: a.City, Region: a.State, PostalCode: a.PostalCode, CountryCode: a.Country,
	}
}

// shippingWords says where goods go; nil where nobody is named, which Stripe wants.
func shippingWords(s *paymentsv1.Shipping) *api.Shipping {
	name := cmp.Or(fullName(s.GetAddress()), s.GetAddress().GetCompany())
	if name == "" {
		return nil
	}
	return &api.Shipping{
		Name: name, Phone: s.GetAddress().GetPhone(), Address: addressWords(s.GetAddress()),
		Carrier: s.GetCarrier(), TrackingNumber: s.GetTrackingNumber(),
	}
}
