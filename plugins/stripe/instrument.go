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

// instrument is the same in Stripe's words: the id of a PaymentMethod, or its data.
type instrument struct {
	name, stripe string // its type, as we and Stripe name it
	id           string
	data         *api.PaymentMethodData
	options      api.Details // payment_method_options
}

// instrument says what is paid with. Apple Pay's token is exchanged for one of
// Stripe's, which asks Stripe; everything else asks nobody.
func (p payer) instrument(ctx context.Context, stripe *call) *instrument {
	switch m := p.method.GetMethod().(type) {
	case *paymentsv1.PaymentMethod_Card:
		i := p.given(stripe, "card", m.Card.GetHolderName())
		i.data.Card = api.Card{
			Number: m.Card.GetNumber(), ExpMonth: m.Card.GetExpiryMonth(), ExpYear: m.Card.GetExpiryYear(), CVC: m.Card.GetSecurityCode(),
		}
		return i
	case *paymentsv1.PaymentMethod_CardToken:
		return p.token(stripe, m.CardToken)
	case *paymentsv1.PaymentMethod_Wallet:
		return p.wallet(ctx, stripe, m.Wallet)
	case *paymentsv1.PaymentMethod_BankRedirect:
		return p.bankRedirect(stripe, m.BankRedirect)
	case *paymentsv1.PaymentMethod_BankDebit:
		return p.bankDebit(stripe, m.BankDebit)
	case *paymentsv1.PaymentMethod_BankTransfer:
		return p.given(stripe, m.BankTransfer.GetType(), "")
	case *paymentsv1.PaymentMethod_PayLater:
		if m.PayLater.GetToken() != "" {
			stripe.refuse("payment_method.pay_later.token", "is not taken: the payer agrees on Stripe's page")
		}
		return p.given(stripe, m.PayLater.GetType(), "")
	case *paymentsv1.PaymentMethod_Voucher:
		i := p.given(stripe, m.Voucher.GetType(), "")
		if i.stripe == "boleto" {
			i.data.Details = api.Details{"boleto": {"tax_id": p.customer.GetDocument().GetNumber()}}
		}
		return i
	default:
		return p.given(stripe, "this payment method", "")
	}
}

// given is an instrument whose data the request has.
func (p payer) given(stripe *call, name, holder string) *instrument {
	i := &instrument{name: name, stripe: words.Texts("payment_method.type")[name]}
	if i.stripe == "" {
		stripe.note(notTaken(name))
	}
	i.data = &api.PaymentMethodData{Type: i.stripe, BillingDetails: p.billingDetails(holder)}
	return i
}

func notTaken(what string) error {
	return sdk.Errorf(sdk.Unsupported, "", "this connector does not take %s", what)
}

// token is an instrument that Stripe keeps. Tokens stand for an instrument once;
// everything else is a PaymentMethod.
// Source: https://docs.stripe.com/payments/payment-methods/transitioning.
func (p payer) token(stripe *call, t *paymentsv1.CardToken) *instrument {
	if t.GetSecurityCode() != "" {
		stripe.refuse("payment_method.card_token.security_code", "is not taken with a token")
	}
	stripe.secret = t.GetToken()
	i := p.given(stripe, "card_token", "")
	if strings.HasPrefix(t.GetToken(), "tok_") {
		i.data.Card.Token = t.GetToken()
	} else {
		i.id, i.data = t.GetToken(), nil
	}
	return i
}

// wallet is a wallet that holds cards, or one that the payer logs in to.
func (p payer) wallet(ctx context.Context, stripe *call, w *paymentsv1.Wallet) *instrument {
	const payload = "payment_method.wallet.encrypted.payload"
	i, encrypted := p.given(stripe, w.GetType(), ""), w.GetEncrypted()
	if w.GetDecrypted() != nil {
		stripe.refuse("payment_method.wallet.decrypted", "is not taken: Stripe's public API has no parameters for it")
	}
	switch i.name {
	case "google_pay":
		// With Stripe as the gateway the token is one of Stripe's, as JSON.
		// Source: https://docs.stripe.com/google-pay.
		var token struct {
			ID string `json:"id"`
		}
		if json.Unmarshal([]byte(encrypted.GetPayload()), &token) != nil || !strings.HasPrefix(token.ID, "tok_") {
			stripe.refuse(payload, "must be the token that Google Pay gives with the gateway stripe")
		}
		i.data.Card.Token, stripe.secret = token.ID, token.ID
	case "apple_pay":
		// The parameters are those with which Stripe's own SDK for iOS exchanges the token;
		// Stripe's public description leaves them out.
		// Source: STPAPIClient+ApplePay.swift in https://github.com/stripe/stripe-ios.
		if !json.Valid([]byte(encrypted.GetPayload())) {
			stripe.refuse(payload, "must be the paymentData of Apple Pay's token, as JSON")
		}
		token, err := write[api.Named](ctx, stripe.step("token"), "/v1/tokens", given(map[string]string{
			"pk_token": encrypted.GetPayload(), "pk_token_instrument_name": encrypted.GetDisplayName(),
			"pk_token_payment_network": encrypted.GetNetwork(), "pk_token_transaction_id": encrypted.GetTransactionId(),
		}), itself)
		if err != nil {
			stripe.note(stripe.readFailure(err)) // nothing was paid
			return i
		}
		i.data.Card.Token, stripe.secret = token.ID, token.ID
	case "wechat_pay":
		i.options = api.Details{"wechat_pay": {"client": "web"}}
	}
	return i
}

func (p payer) bankRedirect(stripe *call, b *paymentsv1.BankRedirect) *instrument {
	i := p.given(stripe, b.GetType(), b.GetHolderName())
	switch {
	case i.stripe == "blik" && b.GetOneTimeCode() != "":
		i.options, stripe.secret = api.Details{"blik": {"code": b.GetOneTimeCode()}}, b.GetOneTimeCode()
	case b.GetBank() != "":
		i.data.Details = api.Details{i.stripe: {"bank": b.GetBank()}}
	}
	return i
}

// bankDebit names an account as each scheme does.
func (p payer) bankDebit(stripe *call, b *paymentsv1.BankDebit) *instrument {
	account := b.GetAccount()
	var details map[string]string
	switch b.GetType() {
	case "sepa_debit":
		details = map[string]string{"iban": account.GetIban()}
	case "ach_debit":
		details = map[string]string{
			"account_number": account.GetAccountNumber(), "routing_number": account.GetRoutingNumber(),
			"account_holder_type": cmp.Or(holderTypes.Word(account.GetOwnerKind()), "individual"),
			"account_type":        cmp.Or(accountTypes.Word(account.GetKind()), "checking"),
		}
	case "bacs_debit":
		details = map[string]string{"account_number": account.GetAccountNumber(), "sort_code": account.GetSortCode()}
	case "becs_debit":
		details = map[string]string{"account_number": account.GetAccountNumber(), "bsb_number": account.GetBsb()}
	default:
		stripe.note(notTaken(b.GetType()))
	}
	for _, name := range slices.Sorted(maps.Keys(details)) {
		if details[name] == "" {
			stripe.refuse("payment_method.bank_debit.account",
				"Stripe needs the "+strings.ReplaceAll(name, "_", " ")+" for "+b.GetType())
		}
	}
	i := p.given(stripe, b.GetType(), account.GetHolderName())
	i.data.Details = api.Details{i.stripe: details}
	return i
}

// acceptance says how the payer agreed, which Stripe wants for debits alone.
// Source: mandate_data in https://docs.stripe.com/api/payment_intents/create.
func acceptance(
	stripe *call, with *instrument, agreed *paymentsv1.MandateAcceptance, browser *paymentsv1.BrowserInfo,
) *api.CustomerAcceptance {
	if !strings.HasSuffix(with.name, "_debit") {
		return nil
	}
	said := &api.CustomerAcceptance{Type: "offline", AcceptedAt: agreed.GetAcceptTime().GetSeconds()}
	switch agreed.GetKind() {
	case paymentsv1.MandateAcceptanceKind_MANDATE_ACCEPTANCE_KIND_PAPER,
		paymentsv1.MandateAcceptanceKind_MANDATE_ACCEPTANCE_KIND_TELEPHONE:
		return said
	}
	said.Type = "online"
	said.IPAddress = cmp.Or(agreed.GetIpAddress(), browser.GetIpAddress())
	said.UserAgent = cmp.Or(agreed.GetUserAgent(), browser.GetUserAgent())
	if said.IPAddress == "" || said.UserAgent == "" {
		stripe.refuse("payment_method.bank_debit.acceptance",
			"Stripe needs the IP address and the User-Agent with which the payer agreed")
	}
	return said
}

// billingDetails is who pays: the holder, else whom the address or the customer names.
func (p payer) billingDetails(holder string) api.BillingDetails {
	return api.BillingDetails{
		Name:    cmp.Or(holder, sdk.FullName(p.billing), sdk.FullName(p.customer), p.billing.GetCompany(), p.customer.GetCompany()),
		Email:   cmp.Or(p.email, p.customer.GetEmail()),
		Phone:   cmp.Or(p.billing.GetPhone(), p.customer.GetPhone()),
		Address: addressWords(p.billing),
	}
}
