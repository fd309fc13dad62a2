package adyen

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"strconv"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// methodTypes are Adyen's types of payment methods, by ours.
func methodTypes() map[string]string {
	all := maps.Clone(words.Texts("method.own"))
	maps.Copy(all, words.Texts("method.plain"))
	return all
}

// ourType is our word for one of Adyen's types, or Adyen's own with its name before
// it. A card that Adyen keeps is a card to it.
func ourType(theirs string) string {
	if theirs == "scheme" || theirs == "card" {
		return "card"
	}
	return cmp.Or(oursOf(methodTypes(), theirs), "adyen/"+theirs)
}

// adyenTypes translates types that are asked about.
func adyenTypes(ours []string) ([]string, error) {
	var theirs []string
	for _, name := range ours {
		word := methodTypes()[name]
		if word == "" {
			return nil, sdk.InvalidField("payment_method_types", name+" is none that this connector takes")
		}
		theirs = append(theirs, word)
	}
	return theirs, nil
}

// setMethod fills in what the shopper pays with.
func setMethod(req *api.PaymentRequest, method *paymentsv1.PaymentMethod, o authorizeOptions) error {
	switch m := method.GetMethod().(type) {
	case *paymentsv1.PaymentMethod_Card:
		req.PaymentMethod = card(m.Card)
	case *paymentsv1.PaymentMethod_CardToken:
		if req.ShopperReference == "" {
			return sdk.InvalidField("customer_id", "is required: Adyen finds a stored instrument by the shopper that it is stored for")
		}
		req.PaymentMethod = api.PaymentMethod{
			Type: cmp.Or(o.StoredType, "scheme"), StoredPaymentMethodID: m.CardToken.GetToken(), CVC: m.CardToken.GetSecurityCode(),
		}
	case *paymentsv1.PaymentMethod_Mandate:
		id, shopper, err := mandateParts(m.Mandate.GetMandateId())
		if err != nil {
			return err
		}
		if req.ShopperReference = cmp.Or(shopper, req.ShopperReference); req.ShopperReference == "" {
			return sdk.InvalidField("customer_id", "is required where the mandate's id does not name the shopper")
		}
		req.PaymentMethod = api.PaymentMethod{Type: cmp.Or(o.StoredType, "scheme"), StoredPaymentMethodID: id}
	case *paymentsv1.PaymentMethod_NetworkToken:
		setNetworkToken(req, m.NetworkToken)
	case *paymentsv1.PaymentMethod_Wallet:
		return setWallet(req, m.Wallet)
	case *paymentsv1.PaymentMethod_BankRedirect:
		return setBankRedirect(req, m.BankRedirect, o)
	case *paymentsv1.PaymentMethod_BankDebit:
		return setBankDebit(req, m.BankDebit)
	case *paymentsv1.PaymentMethod_BankTransfer:
		return setPlain(req, m.BankTransfer.GetType())
	case *paymentsv1.PaymentMethod_PayLater:
		if m.PayLater.GetType() == "klarna" {
			return setKlarna(req, m.PayLater.GetPlan())
		}
		return setPlain(req, m.PayLater.GetType())
	default:
		return unsupportedMethod("of this family")
	}
	return nil
}

func unsupportedMethod(kind string) error {
	return sdk.Errorf(sdk.Unsupported, "", "this connector takes no payment method %s; its description lists those that it takes", kind)
}

func card(c *paymentsv1.Card) api.PaymentMethod {
	return api.PaymentMethod{
		Type: "scheme", Number: c.GetNumber(), ExpiryMonth: month(c.GetExpiryMonth()), ExpiryYear: year(c.GetExpiryYear()),
		CVC: c.GetSecurityCode(), HolderName: c.GetHolderName(), Brand: brandWord(c.GetNetwork()),
	}
}

func month(n int32) string { return fmt.Sprintf("%02d", n) }

func year(n int32) string { return strconv.Itoa(int(n)) }

// setNetworkToken: the cryptogram goes where a 3-D Secure result goes.
// Source: https://docs.adyen.com/online-payments/network-tokenization.
func setNetworkToken(req *api.PaymentRequest, t *paymentsv1.NetworkToken) {
	req.PaymentMethod = api.PaymentMethod{
		Type: "networkToken", Number: t.GetNumber(), ExpiryMonth: month(t.GetExpiryMonth()), ExpiryYear: year(t.GetExpiryYear()),
		HolderName: t.GetHolderName(), Brand: brandWord(t.GetNetwork()),
	}
	if t.GetCryptogram() != "" {
		req.MPIData = &api.MPIData{
			AuthenticationResponse: "Y", DirectoryResponse: "Y", ECI: t.GetEci(),
			TokenAuthenticationVerificationValue: t.GetCryptogram(),
		}
	}
}

// setWallet takes wallets' tokens as Adyen does: that of Apple Pay in base64, that
// of Google Pay as it is.
// Sources: https://docs.adyen.com/payment-methods/apple-pay/api-only and
// https://docs.adyen.com/payment-methods/google-pay/api-only.
func setWallet(req *api.PaymentRequest, w *paymentsv1.Wallet) error {
	token := w.GetEncrypted().GetPayload()
	m := api.PaymentMethod{Type: methodTypes()[w.GetType()]}
	encrypted := w.GetType() == "apple_pay" || w.GetType() == "google_pay"
	if encrypted && (w.GetDecrypted() != nil || token == "") {
		return sdk.InvalidField("payment_method.wallet.encrypted", "is required: this connector has Adyen decrypt the token")
	}
	switch w.GetType() {
	case "apple_pay":
		m.ApplePayToken = base64.StdEncoding.EncodeToString([]byte(token))
	case "google_pay":
		m.GooglePayToken = token
	case "vipps":
		m.TelephoneNumber = w.GetPhone()
	case "mb_way":
		m.TelephoneNumber, m.ShopperEmail = w.GetPhone(), cmp.Or(w.GetEmail(), req.ShopperEmail)
	default:
		return setPlain(req, w.GetType())
	}
	req.PaymentMethod = m
	return nil
}

// setBankRedirect: the issuer of an option comes before the bank, whose characters
// not all of Adyen's issuers have.
func setBankRedirect(req *api.PaymentRequest, b *paymentsv1.BankRedirect, o authorizeOptions) error {
	m := api.PaymentMethod{Type: methodTypes()[b.GetType()]}
	switch b.GetType() {
	case "ideal", "eps", "przelewy24":
		m.Issuer = cmp.Or(o.Issuer, b.GetBank())
		if m.Issuer == "" && b.GetType() != "ideal" {
			return sdk.InvalidField("payment_method.bank_redirect.bank",
				"is required: Adyen wants the issuer, from CheckEligibility or its documentation")
		}
	case "blik":
		m.BlikCode = b.GetOneTimeCode()
	default:
		return setPlain(req, b.GetType())
	}
	req.PaymentMethod = m
	return nil
}

// setBankDebit leaves it to Adyen to say what of an account is missing.
func setBankDebit(req *api.PaymentRequest, b *paymentsv1.BankDebit) error {
	a := b.GetAccount()
	m := api.PaymentMethod{Type: methodTypes()[b.GetType()], BankAccountNumber: a.GetAccountNumber()}
	switch b.GetType() {
	case "sepa_debit":
		m.IBAN, m.OwnerName = a.GetIban(), a.GetHolderName()
	case "ach_debit":
		m.BankLocationID, m.OwnerName = a.GetRoutingNumber(), a.GetHolderName()
		m.AccountHolderType, m.BankAccountType = ownerKind.Word(a.GetOwnerKind()), accountKind.Word(a.GetKind())
	case "bacs_debit":
		m.BankLocationID, m.HolderName = a.GetSortCode(), a.GetHolderName()
	case "becs_debit":
		m.BankBranchCode, m.HolderName = a.GetBsb(), a.GetHolderName()
	default:
		return unsupportedMethod(strconv.Quote(b.GetType()))
	}
	req.PaymentMethod = m
	return nil
}

// setKlarna chooses one of Klarna's products.
func setKlarna(req *api.PaymentRequest, plan string) error {
	req.PaymentMethod.Type = words.Texts("method.klarna")[cmp.Or(plan, "pay_later")]
	if req.PaymentMethod.Type == "" {
		return sdk.InvalidField("payment_method.pay_later.plan", "must be one of pay_later, pay_over_time and pay_now")
	}
	return nil
}

// setPlain sets a method of which Adyen wants no more than the type.
func setPlain(req *api.PaymentRequest, ours string) error {
	req.PaymentMethod.Type = words.Texts("method.plain")[ours]
	if req.PaymentMethod.Type == "" {
		return unsupportedMethod(strconv.Quote(ours))
	}
	return nil
}

// brandWord is Adyen's word for a network.
func brandWord(network string) string { return cmp.Or(words.Texts("card.network")[network], network) }

// networkOf is our word for one of Adyen's brands.
func networkOf(brand string) string { return cmp.Or(oursOf(words.Texts("card.network"), brand), brand) }
