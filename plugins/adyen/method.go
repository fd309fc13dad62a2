package adyen

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// plainMethods are those of which Adyen wants no more than the type, by ours.
// Source: https://docs.adyen.com/payment-methods, and PaymentDetails in Checkout v71.
func plainMethods() map[string]string {
	return map[string]string{
		"paypal": "paypal", "alipay": "alipay", "swish": "swish", "twint": "twint", "mobilepay": "mobilepay",
		"bancontact": "bcmc_mobile", "trustly": "trustly", "sofort": "directEbanking",
		"pix": "pix", "multibanco": "multibanco",
		"klarna": "klarna", "affirm": "affirm", "afterpay": "afterpaytouch",
	}
}

// ownMethods are those with fields of their own.
func ownMethods() map[string]string {
	return map[string]string{
		"card": "scheme", "card_token": "scheme", "mandate": "scheme", "network_token": "networkToken",
		"apple_pay": "applepay", "google_pay": "googlepay", "mb_way": "mbway", "vipps": "vipps",
		"ideal": "ideal", "eps": "eps", "przelewy24": "onlineBanking_PL", "blik": "blik",
		"sepa_debit": "sepadirectdebit", "ach_debit": "ach", "bacs_debit": "directdebit_GB", "becs_debit": "directdebit_AU",
	}
}

// methodTypes lists our types.
func methodTypes() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for _, of := range []map[string]string{plainMethods(), ownMethods()} {
			for name := range maps.Keys(of) {
				if !yield(name) {
					return
				}
			}
		}
	})
}

// adyenType is Adyen's word for one of our types.
func adyenType(ours string) (string, bool) {
	theirs := cmp.Or(ownMethods()[ours], plainMethods()[ours])
	return theirs, theirs != ""
}

// ourType is our word for one of Adyen's types, or Adyen's own with its name before
// it. A card that Adyen keeps is a card to it.
func ourType(theirs string) string {
	if theirs == "scheme" || theirs == "card" {
		return "card"
	}
	for _, ours := range methodTypes() {
		if word, _ := adyenType(ours); word == theirs {
			return ours
		}
	}
	return "adyen/" + theirs
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
	switch w.GetType() {
	case "apple_pay", "google_pay":
		if w.GetDecrypted() != nil || token == "" {
			return sdk.InvalidField("payment_method.wallet.encrypted", "is required: this connector has Adyen decrypt the token")
		}
		if w.GetType() == "apple_pay" {
			req.PaymentMethod = api.PaymentMethod{Type: "applepay", ApplePayToken: base64.StdEncoding.EncodeToString([]byte(token))}
		} else {
			req.PaymentMethod = api.PaymentMethod{Type: "googlepay", GooglePayToken: token}
		}
		return nil
	case "vipps":
		req.PaymentMethod = api.PaymentMethod{Type: "vipps", TelephoneNumber: w.GetPhone()}
		return nil
	case "mb_way":
		req.PaymentMethod = api.PaymentMethod{
			Type: "mbway", TelephoneNumber: w.GetPhone(), ShopperEmail: cmp.Or(w.GetEmail(), req.ShopperEmail),
		}
		return nil
	default:
		return setPlain(req, w.GetType())
	}
}

// setBankRedirect: the issuer of an option comes before the bank, whose characters
// not all of Adyen's issuers have.
func setBankRedirect(req *api.PaymentRequest, b *paymentsv1.BankRedirect, o authorizeOptions) error {
	issuer := cmp.Or(o.Issuer, b.GetBank())
	switch b.GetType() {
	case "ideal":
		req.PaymentMethod = api.PaymentMethod{Type: "ideal", Issuer: issuer}
	case "eps", "przelewy24":
		if issuer == "" {
			return sdk.InvalidField("payment_method.bank_redirect.bank", "is required: Adyen wants the issuer, from CheckEligibility or its documentation")
		}
		theirs, _ := adyenType(b.GetType())
		req.PaymentMethod = api.PaymentMethod{Type: theirs, Issuer: issuer}
	case "blik":
		req.PaymentMethod = api.PaymentMethod{Type: "blik", BlikCode: b.GetOneTimeCode()}
	default:
		return setPlain(req, b.GetType())
	}
	return nil
}

// setBankDebit leaves it to Adyen to say what of an account is missing.
func setBankDebit(req *api.PaymentRequest, b *paymentsv1.BankDebit) error {
	a := b.GetAccount()
	m := api.PaymentMethod{BankAccountNumber: a.GetAccountNumber()}
	m.Type, _ = adyenType(b.GetType())
	switch b.GetType() {
	case "sepa_debit":
		m.IBAN, m.OwnerName = a.GetIban(), a.GetHolderName()
	case "ach_debit":
		m.BankLocationID, m.OwnerName = a.GetRoutingNumber(), a.GetHolderName()
		m.AccountHolderType = map[paymentsv1.BankAccountOwnerKind]string{
			paymentsv1.BankAccountOwnerKind_BANK_ACCOUNT_OWNER_KIND_PERSON:  "personal",
			paymentsv1.BankAccountOwnerKind_BANK_ACCOUNT_OWNER_KIND_COMPANY: "business",
		}[a.GetOwnerKind()]
		m.BankAccountType = map[paymentsv1.BankAccountKind]string{
			paymentsv1.BankAccountKind_BANK_ACCOUNT_KIND_CHECKING: "checking",
			paymentsv1.BankAccountKind_BANK_ACCOUNT_KIND_SAVINGS:  "savings",
		}[a.GetKind()]
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
// Source: https://docs.adyen.com/payment-methods/klarna/api-only.
func setKlarna(req *api.PaymentRequest, plan string) error {
	product, ok := map[string]string{"": "klarna", "pay_later": "klarna", "pay_over_time": "klarna_account", "pay_now": "klarna_paynow"}[plan]
	if !ok {
		return sdk.InvalidField("payment_method.pay_later.plan", "must be one of pay_later, pay_over_time and pay_now")
	}
	req.PaymentMethod = api.PaymentMethod{Type: product}
	return nil
}

func setPlain(req *api.PaymentRequest, ours string) error {
	theirs := plainMethods()[ours]
	if theirs == "" {
		return unsupportedMethod(strconv.Quote(ours))
	}
	req.PaymentMethod = api.PaymentMethod{Type: theirs}
	return nil
}

// brands are Adyen's words for card networks that differ from ours.
// Source: https://docs.adyen.com/development-resources/paymentmethodvariant.
func brands() map[string]string {
	return map[string]string{"mastercard": "mc", "cartes_bancaires": "cartebancaire", "bancontact": "bcmc", "unionpay": "cup"}
}

// brandWord is Adyen's word for a network.
func brandWord(network string) string { return cmp.Or(brands()[network], network) }

// networkOf is our word for one of Adyen's brands.
func networkOf(brand string) string {
	for network, word := range brands() {
		if word == brand {
			return network
		}
	}
	return brand
}
