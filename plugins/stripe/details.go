package stripe

import (
	"context"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// methodDetails is what may be shown of an instrument that Stripe keeps.
func methodDetails(ctx context.Context, m *api.PaymentMethod) *paymentsv1.PaymentMethodDetails {
	d := shown(ctx, &m.PaymentMethodDetails)
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
func shown(ctx context.Context, from *api.PaymentMethodDetails) *paymentsv1.PaymentMethodDetails {
	d := &paymentsv1.PaymentMethodDetails{Type: methodAt(from.Type)}
	switch from.Type {
	case "card":
		d.Card, d.Wallet = card(ctx, &from.Card), from.Card.Wallet.Type
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

func card(ctx context.Context, from *api.CardDetails) *paymentsv1.CardDetails {
	return &paymentsv1.CardDetails{
		Network:           from.Brand,
		Last4:             from.Last4,
		ExpiryMonth:       from.ExpMonth,
		ExpiryYear:        from.ExpYear,
		Fingerprint:       from.Fingerprint,
		Funding:           fundings.Meaning(ctx, from.Funding),
		IssuerCountryCode: from.Country,
		StreetCheck:       checks.Meaning(ctx, from.Checks.AddressLine1Check),
		PostalCodeCheck:   checks.Meaning(ctx, from.Checks.AddressPostalCodeCheck),
		SecurityCodeCheck: checks.Meaning(ctx, from.Checks.CVCCheck),
	}
}

func bankAccount(from api.BankDetails) *paymentsv1.BankAccountDetails {
	return &paymentsv1.BankAccountDetails{
		Last4: from.Last4, BankName: from.BankName, CountryCode: from.Country, Fingerprint: from.Fingerprint,
	}
}
