package stripe

import (
	"context"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Tokenize implements sdk.Tokenizer. Stripe keeps an instrument for more than one
// payment where it is a customer's; without customer_id one is made of customer,
// and without that too the token works once.
// Source: https://docs.stripe.com/api/payment_methods/attach.
func (*Connector) Tokenize(ctx context.Context, req *paymentsv1.TokenizeRequest) (*paymentsv1.TokenizeResponse, error) {
	stripe := callWithoutOptions(ctx, req)
	labels := stripe.metadata(req.GetMetadata(), "")
	from := payer{method: req.GetPaymentMethod(), customer: req.GetCustomer(), billing: req.GetBillingAddress()}
	with := from.instrument(ctx, stripe)
	kept := &paymentsv1.TokenizeResponse{PaymentMethod: &paymentsv1.PaymentMethodDetails{Token: with.id}}
	if with.data != nil {
		with.data.Metadata = labels
		var err error
		kept, err = attempt(ctx, stripe, "/v1/payment_methods", with.data, tokenized, notTokenized)
		if err != nil || kept.GetDecline() != nil || req.GetCustomerId() == "" && req.GetCustomer() == nil {
			return kept, err
		}
	}
	owner := req.GetCustomerId()
	if owner == "" {
		owner = customerFor(ctx, stripe, from)
	}
	path := api.Path("payment_methods", kept.GetPaymentMethod().GetToken(), "attach")
	return attempt(ctx, stripe.step("attach"), path, map[string]string{"customer": owner}, tokenized, notTokenized)
}

func tokenized(ctx context.Context, kept *api.PaymentMethod) (*paymentsv1.TokenizeResponse, error) {
	return &paymentsv1.TokenizeResponse{
		PaymentMethod: methodDetails(ctx, kept), CustomerId: string(kept.Customer), SingleUse: kept.Customer == "",
	}, nil
}

func notTokenized(ctx context.Context, refused *api.Error) (*paymentsv1.TokenizeResponse, error) {
	return &paymentsv1.TokenizeResponse{Decline: decline(ctx, &refused.Failure)}, nil
}

// DeletePaymentMethod implements sdk.PaymentMethodDeleter.
func (*Connector) DeletePaymentMethod(ctx context.Context, req *paymentsv1.DeletePaymentMethodRequest) (*paymentsv1.DeletePaymentMethodResponse, error) {
	stripe := callOn(ctx, req, "token", req.GetToken())
	stripe.secret = req.GetToken()
	_, err := detach(ctx, stripe, req.GetToken())
	return &paymentsv1.DeletePaymentMethodResponse{}, err
}

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

// shown is what may be shown of an instrument. Its type is ours, or Stripe's own where
// we have none; what holds cards is a card.
func shown(ctx context.Context, from *api.PaymentMethodDetails) *paymentsv1.PaymentMethodDetails {
	d := &paymentsv1.PaymentMethodDetails{Type: from.Type}
	for ours, theirs := range words.Texts("payment_method.type") {
		if theirs == from.Type && theirs != "card" {
			d.Type = ours
		}
	}
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
