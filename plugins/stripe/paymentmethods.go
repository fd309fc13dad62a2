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
	d := shown(ctx, &m.PaymentMethodDetails, m.BillingDetails.Name)
	d.Token = m.ID
	return d
}

// shown is what may be shown of an instrument. Its type is ours, or Stripe's own where
// we have none; what holds cards is a card.
func shown(ctx context.Context, from *api.PaymentMethodDetails, holder string) *paymentsv1.PaymentMethodDetails {
	d := &paymentsv1.PaymentMethodDetails{Type: from.Type}
	for ours, theirs := range words.Texts("payment_method.type") {
		if theirs == from.Type && theirs != "card" {
			d.Type = ours
		}
	}
	bank, isBank := map[string]api.BankDetails{
		"sepa_debit": from.SEPADebit, "us_bank_account": from.USBankAccount,
		"bacs_debit": from.BACSDebit, "au_becs_debit": from.AUBECSDebit,
	}[from.Type]
	switch {
	case isBank:
		d.BankAccount = &paymentsv1.BankAccountDetails{
			HolderName: holder, Last4: bank.Last4, BankName: bank.BankName, CountryCode: bank.Country, Fingerprint: bank.Fingerprint,
		}
	case from.Type == "card":
		d.Wallet = from.Card.Wallet.Type
		d.Card = &paymentsv1.CardDetails{
			HolderName: holder, Network: from.Card.Brand, Last4: from.Card.Last4, Fingerprint: from.Card.Fingerprint,
			ExpiryMonth: from.Card.ExpMonth, ExpiryYear: from.Card.ExpYear,
			Funding: fundings.Meaning(ctx, from.Card.Funding), IssuerCountryCode: from.Card.Country,
			StreetCheck:       checks.Meaning(ctx, from.Card.Checks.AddressLine1Check),
			PostalCodeCheck:   checks.Meaning(ctx, from.Card.Checks.AddressPostalCodeCheck),
			SecurityCodeCheck: checks.Meaning(ctx, from.Card.Checks.CVCCheck),
		}
	}
	return d
}
