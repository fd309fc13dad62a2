package sandbox

import (
	"cmp"
	"regexp"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// instrument says a payment method in the PSP's words.
func instrument(m *paymentsv1.PaymentMethod) (api.Instrument, error) {
	switch m := m.GetMethod().(type) {
	case *paymentsv1.PaymentMethod_Card:
		return api.Instrument{Card: cardOf(m.Card)}, nil
	case *paymentsv1.PaymentMethod_CardToken:
		return api.Instrument{Token: m.CardToken.GetToken()}, nil
	case *paymentsv1.PaymentMethod_VaultedCard:
		return vaulted(m.VaultedCard)
	case *paymentsv1.PaymentMethod_Mandate:
		return api.Instrument{Mandate: m.Mandate.GetMandateId()}, nil
	}
	method, err := methodOf(m)
	if err != nil {
		return api.Instrument{}, err
	}
	return api.Instrument{Method: method}, nil
}

// methodOf says an instrument that is neither a card nor one that the PSP keeps.
func methodOf(m *paymentsv1.PaymentMethod) (*api.Method, error) {
	switch m := m.GetMethod().(type) {
	case *paymentsv1.PaymentMethod_NetworkToken:
		t := m.NetworkToken
		return &api.Method{
			Type: "network_token", Number: t.GetNumber(), ExpMonth: t.GetExpiryMonth(), ExpYear: t.GetExpiryYear(),
			Network: t.GetNetwork(), HolderName: t.GetHolderName(),
		}, nil
	case *paymentsv1.PaymentMethod_Wallet:
		card := m.Wallet.GetDecrypted()
		return &api.Method{
			Type: m.Wallet.GetType(), Number: card.GetNumber(), ExpMonth: card.GetExpiryMonth(), ExpYear: card.GetExpiryYear(),
			Network: card.GetNetwork(), Payload: m.Wallet.GetEncrypted().GetPayload(),
		}, nil
	case *paymentsv1.PaymentMethod_BankRedirect:
		return &api.Method{Type: m.BankRedirect.GetType(), HolderName: m.BankRedirect.GetHolderName()}, nil
	case *paymentsv1.PaymentMethod_BankDebit:
		account := accountOf(m.BankDebit.GetAccount())
		return &api.Method{Type: m.BankDebit.GetType(), Number: account.Number, HolderName: account.HolderName}, nil
	case *paymentsv1.PaymentMethod_BankTransfer:
		return &api.Method{Type: m.BankTransfer.GetType()}, nil
	case *paymentsv1.PaymentMethod_Upi:
		return &api.Method{Type: upiType(m.Upi)}, nil
	case *paymentsv1.PaymentMethod_PayLater:
		return &api.Method{Type: m.PayLater.GetType()}, nil
	case *paymentsv1.PaymentMethod_Voucher:
		return &api.Method{Type: m.Voucher.GetType()}, nil
	case *paymentsv1.PaymentMethod_Crypto:
		return &api.Method{Type: "crypto"}, nil
	case *paymentsv1.PaymentMethod_GiftCard:
		return &api.Method{Type: m.GiftCard.GetType(), Number: m.GiftCard.GetNumber()}, nil
	}
	return nil, sdk.Errorf(sdk.Unsupported, "", "the sandbox does not know this family of payment methods")
}

func upiType(u *paymentsv1.Upi) string {
	switch u.GetFlow().(type) {
	case *paymentsv1.Upi_Intent:
		return "upi_intent"
	case *paymentsv1.Upi_Qr:
		return "upi_qr"
	}
	return "upi_collect"
}

func cardOf(c *paymentsv1.Card) *api.Card {
	return &api.Card{
		Number: c.GetNumber(), ExpMonth: c.GetExpiryMonth(), ExpYear: c.GetExpiryYear(),
		CVC: c.GetSecurityCode(), HolderName: c.GetHolderName(), Network: c.GetNetwork(),
	}
}

// vaulted is a card that a vault on the way would fill in. There is none on the
// way to the sandbox, so only an alias that looks like a number passes.
func vaulted(v *paymentsv1.VaultedCard) (api.Instrument, error) {
	if !regexp.MustCompile(`^[0-9]{8,19}$`).MatchString(v.GetNumberAlias()) {
		return api.Instrument{}, sdk.Errorf(sdk.Unsupported, "", "no vault stands before the sandbox: number_alias must be a number")
	}
	return api.Instrument{Card: &api.Card{
		Number: v.GetNumberAlias(), ExpMonth: v.GetExpiryMonth(), ExpYear: v.GetExpiryYear(),
		CVC: v.GetSecurityCodeAlias(), HolderName: v.GetHolderName(), Network: v.GetNetwork(),
	}}, nil
}

func accountOf(b *paymentsv1.BankAccount) *api.BankAccount {
	return &api.BankAccount{
		Number: cmp.Or(b.GetIban(), b.GetAccountNumber()), HolderName: b.GetHolderName(),
		Bank: cmp.Or(b.GetBankCode(), b.GetBsb(), b.GetSortCode(), b.GetRoutingNumber()),
	}
}
