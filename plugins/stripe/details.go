package stripe

import (
	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// methodDetails is what may be shown of an instrument that Stripe keeps.
func methodDetails(m *api.PaymentMethod) *paymentsv1.PaymentMethodDetails {
	d := shown(&m.PaymentMethodDetails)
	d.Token = m.ID
	if d.GetCard() != nil {
		d.Card.HolderName = m.BillingDetails.Name
	}
	if d.GetBankAccount() != nil {
		d.BankAccount.HolderName = m.BillingDetails.Name
	}
	return d
}

// shown is what may be shown of an instrument.
func shown(from *api.PaymentMethodDetails) *paymentsv1.PaymentMethodDetails {
	d := &paymentsv1.PaymentMethodDetails{Type: methodAt(from.Type)}
	switch from.Type {
	case "card":
		d.Card, d.Wallet = card(&from.Card), from.Card.Wallet.Type
	case "sepa_debit":
		d.BankAccount = bankAccount(from.SEPADebit)
	case "us_bank_account":
		d.BankAccount = bankAccount(from.USBankAccount)
	case "bacs_debit":
		d.BankAccount = bankAccount(from.BACSDebit)
	case "au_becs_debit":
		d.BankAccount = bankAccount(from.AUBECSDebit)
	}
	return d
}

func card(from *api.CardDetails) *paymentsv1.CardDetails {
	return &paymentsv1.CardDetails{
		Network:           from.Brand,
		Last4:             from.Last4,
		ExpiryMonth:       from.ExpMonth,
		ExpiryYear:        from.ExpYear,
		Fingerprint:       from.Fingerprint,
		Funding:           funding(from.Funding),
		IssuerCountryCode: from.Country,
		StreetCheck:       checkResult(from.Checks.AddressLine1Check),
		PostalCodeCheck:   checkResult(from.Checks.AddressPostalCodeCheck),
		SecurityCodeCheck: checkResult(from.Checks.CVCCheck),
	}
}

func bankAccount(from api.BankDetails) *paymentsv1.BankAccountDetails {
	return &paymentsv1.BankAccountDetails{
		Last4: from.Last4, BankName: from.BankName, CountryCode: from.Country, Fingerprint: from.Fingerprint,
	}
}

// funding says what a card draws on.
// Source: funding in https://docs.stripe.com/api/payment_methods/object.
func funding(word string) paymentsv1.CardFunding {
	switch word {
	case "credit":
		return paymentsv1.CardFunding_CARD_FUNDING_CREDIT
	case "debit":
		return paymentsv1.CardFunding_CARD_FUNDING_DEBIT
	case "prepaid":
		return paymentsv1.CardFunding_CARD_FUNDING_PREPAID
	default:
		return paymentsv1.CardFunding_CARD_FUNDING_UNSPECIFIED
	}
}

// checkResult says how given data compare with the issuer's.
// Source: checks in https://docs.stripe.com/api/payment_methods/object.
func checkResult(word string) paymentsv1.CheckResult {
	switch word {
	case "pass":
		return paymentsv1.CheckResult_CHECK_RESULT_MATCH
	case "fail":
		return paymentsv1.CheckResult_CHECK_RESULT_MISMATCH
	case "unavailable":
		return paymentsv1.CheckResult_CHECK_RESULT_UNAVAILABLE
	case "unchecked":
		return paymentsv1.CheckResult_CHECK_RESULT_NOT_CHECKED
	default:
		return paymentsv1.CheckResult_CHECK_RESULT_UNSPECIFIED
	}
}
