package description

import (
	"strings"
	"testing"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestJudge(t *testing.T) {
	d, err := Parse("acme", "1.0.0", described(func(d *connectorv1.Description) {
		d.PaymentMethodTypes = []string{"card", "ideal", "upi_collect"}
		d.Services[0].Operations[0].Capabilities = []*connectorv1.Capability{
			{
				PaymentMethodTypes: []string{"card"}, Currencies: []string{"EUR", "USD"}, Countries: []string{"DE", "US"}, CardNetworks: []string{"visa"},
				Flags: []connectorv1.CapabilityFlag{
					connectorv1.CapabilityFlag_CAPABILITY_FLAG_AUTOMATIC_CAPTURE, connectorv1.CapabilityFlag_CAPABILITY_FLAG_MANUAL_CAPTURE,
				},
				AmountLimits: []*connectorv1.AmountLimit{{CurrencyCode: "EUR", MinMinorUnits: 50, MaxMinorUnits: 1000}},
			},
			{PaymentMethodTypes: []string{"ideal"}, Currencies: []string{"EUR"}, RequiredFields: []string{"return_url", "customer.document.number"}},
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	card := func(edit func(*paymentsv1.AuthorizeRequest)) *paymentsv1.AuthorizeRequest {
		r := &paymentsv1.AuthorizeRequest{
			Amount:        &paymentsv1.Money{CurrencyCode: "EUR", MinorUnits: 100},
			PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{}}},
		}
		edit(r)
		return r
	}
	ideal := func(r *paymentsv1.AuthorizeRequest) {
		r.PaymentMethod = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_BankRedirect{BankRedirect: &paymentsv1.BankRedirect{Type: "ideal"}}}
	}
	for name, test := range map[string]struct {
		edit        func(*paymentsv1.AuthorizeRequest)
		field, what string
		invalid     bool
	}{
		"fits":        {func(*paymentsv1.AuthorizeRequest) {}, "", "", false},
		"manual fits": {func(r *paymentsv1.AuthorizeRequest) { r.CaptureMethod = 2 }, "", "", false},
		"another type": {func(r *paymentsv1.AuthorizeRequest) {
			r.PaymentMethod.Method = &paymentsv1.PaymentMethod_CardToken{CardToken: &paymentsv1.CardToken{}}
		}, "payment_method", `"card_token" is not offered; there are: card, ideal`, false},
		"upi's flow": {func(r *paymentsv1.AuthorizeRequest) {
			r.PaymentMethod.Method = &paymentsv1.PaymentMethod_Upi{Upi: &paymentsv1.Upi{Flow: &paymentsv1.Upi_Qr{Qr: &paymentsv1.UpiQr{}}}}
		}, "payment_method", `"upi_qr"`, false},
		"currency":      {func(r *paymentsv1.AuthorizeRequest) { r.Amount.CurrencyCode = "JPY" }, "amount.currency_code", `"JPY" is not offered; there are: EUR, USD`, false},
		"its currency":  {func(r *paymentsv1.AuthorizeRequest) { ideal(r); r.Amount.CurrencyCode = "USD" }, "amount.currency_code", `there are: EUR`, false},
		"country":       {func(r *paymentsv1.AuthorizeRequest) { r.BillingAddress = &paymentsv1.Address{CountryCode: "FR"} }, "billing_address.country_code", `"FR"`, false},
		"network":       {func(r *paymentsv1.AuthorizeRequest) { r.GetPaymentMethod().GetCard().Network = "amex" }, "payment_method.card.network", `"amex"`, false},
		"flag":          {func(r *paymentsv1.AuthorizeRequest) { r.InstallmentCount = 6 }, "installment_count", "installments is not offered", false},
		"too little":    {func(r *paymentsv1.AuthorizeRequest) { r.Amount.MinorUnits = 49 }, "amount.minor_units", "at least 50 EUR", true},
		"too much":      {func(r *paymentsv1.AuthorizeRequest) { r.Amount.MinorUnits = 1001 }, "amount.minor_units", "at most 1000 EUR", true},
		"no limit":      {func(r *paymentsv1.AuthorizeRequest) { r.Amount = &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1} }, "", "", false},
		"missing field": {ideal, "return_url", "is required by this connector", true},
		"deep field": {func(r *paymentsv1.AuthorizeRequest) {
			ideal(r)
			r.ReturnUrl, r.Customer = "https://x", &paymentsv1.CustomerDetails{}
		}, "customer.document.number", "is required", true},
		"all fields": {func(r *paymentsv1.AuthorizeRequest) {
			ideal(r)
			r.ReturnUrl, r.Customer = "https://x", &paymentsv1.CustomerDetails{Document: &paymentsv1.IdentityDocument{Number: "1"}}
		}, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			got := d.Judge(d.Methods["/patchbay.payments.v1.PaymentService/Authorize"], card(test.edit))
			switch {
			case got == nil && test.field == "":
			case got == nil || test.field == "":
				t.Errorf("got %+v, want %q", got, test.field)
			case got.Field != test.field || !strings.Contains(got.What, test.what) || got.Invalid != test.invalid:
				t.Errorf("got %+v, want %s %q", got, test.field, test.what)
			}
		})
	}
	if got := d.Judge(d.Methods["/patchbay.payments.v1.PaymentService/Capture"], &paymentsv1.CaptureRequest{MoreToCome: true}); got != nil {
		t.Errorf("an operation without capabilities is refused: %+v", got)
	}
}
