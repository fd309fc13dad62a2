package adyen

import (
	"maps"
	"slices"
	"testing"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// everyMethod has one of each type that the connector declares.
func everyMethod() map[string]*paymentsv1.PaymentMethod {
	all := map[string]*paymentsv1.PaymentMethod{
		"card":       testCard(),
		"card_token": {Method: &paymentsv1.PaymentMethod_CardToken{CardToken: &paymentsv1.CardToken{Token: storedCard}}},
		"mandate":    {Method: &paymentsv1.PaymentMethod_Mandate{Mandate: &paymentsv1.MandateReference{MandateId: storedCard + "@" + storedShopper}}},
		"network_token": {Method: &paymentsv1.PaymentMethod_NetworkToken{NetworkToken: &paymentsv1.NetworkToken{
			Number: "4895370012003478", ExpiryMonth: 12, ExpiryYear: 2030, Cryptogram: "AgAAAAAABk4DWZ4C28yUQAAAAAA=", Eci: "05", Network: "visa",
		}}},
	}
	for _, kind := range []string{"ideal", "eps", "przelewy24", "blik", "bancontact", "trustly", "sofort"} {
		all[kind] = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_BankRedirect{BankRedirect: &paymentsv1.BankRedirect{Type: kind, Bank: "154"}}}
	}
	for kind, account := range map[string]*paymentsv1.BankAccount{
		"sepa_debit": {Iban: "NL13TEST0123456789"}, "ach_debit": {AccountNumber: "123456789", RoutingNumber: "121000358"},
		"bacs_debit": {AccountNumber: "40308669", SortCode: "121000"}, "becs_debit": {AccountNumber: "123456789", Bsb: "082902"},
	} {
		account.HolderName = "Jo Doe"
		all[kind] = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_BankDebit{BankDebit: &paymentsv1.BankDebit{Type: kind, Account: account}}}
	}
	for _, kind := range []string{"apple_pay", "google_pay", "mb_way", "vipps", "paypal", "alipay", "swish", "twint", "mobilepay"} {
		wallet := &paymentsv1.Wallet{Type: kind, Phone: "+351234567890"}
		if kind == "apple_pay" || kind == "google_pay" {
			wallet.Data = &paymentsv1.Wallet_Encrypted{Encrypted: &paymentsv1.EncryptedWalletToken{Payload: `{"signature":"x"}`}}
		}
		all[kind] = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Wallet{Wallet: wallet}}
	}
	for _, kind := range []string{"klarna", "affirm", "afterpay"} {
		all[kind] = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_PayLater{PayLater: &paymentsv1.PayLater{Type: kind}}}
	}
	for _, kind := range []string{"pix", "multibanco"} {
		all[kind] = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_BankTransfer{BankTransfer: &paymentsv1.BankTransfer{Type: kind}}}
	}
	return all
}

func TestEveryDeclaredMethodIsTried(t *testing.T) {
	if got, want := slices.Sorted(maps.Keys(everyMethod())), slices.Sorted(maps.Keys(methodTypes())); !slices.Equal(got, want) {
		t.Errorf("tried are %v\ndeclared are %v", got, want)
	}
	for kind, theirs := range methodTypes() {
		if back := ourType(theirs); back != kind && theirs != "scheme" {
			t.Errorf("%s is Adyen's %s, which is our %s", kind, theirs, back)
		}
	}
	if got := ourType("giropay"); got != "adyen/giropay" {
		t.Errorf("a type without a word of ours is %q", got)
	}
}
