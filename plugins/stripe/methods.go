package stripe

import (
	"slices"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// method is one payment method type.
type method struct {
	name   string // in the catalogue of docs/payment-methods.md
	stripe string // Stripe's type
	// currencies are those of a scheme that has one or two; nil where the PSP
	// decides.
	currencies []string
	manual     bool // can be captured later
	stored     bool // can be set up for later payments
	required   []string
}

// billingField is a field of requests that some types need. Many need a mail address
// too, which may stand in two fields: Stripe says if it is missing.
const billingField = "billing_address.country_code"

// methods lists the types. Which of them an account has is decided in Stripe's
// dashboard.
// Sources: https://docs.stripe.com/payments/payment-methods/payment-method-support
// and the pages of each method below https://docs.stripe.com/payments.
func methods() []method {
	return slices.Concat(cardMethods(), bankMethods(), walletMethods(), otherMethods())
}

func cardMethods() []method {
	return []method{
		{name: "card", stripe: "card", manual: true, stored: true},
		{name: "card_token", stripe: "card", manual: true, stored: true},
		{name: "apple_pay", stripe: "card", manual: true, stored: true},
		{name: "google_pay", stripe: "card", manual: true, stored: true},
		{name: "mandate", manual: true},
	}
}

func bankMethods() []method {
	eur, pln := []string{"EUR"}, []string{"PLN"}
	return []method{
		{name: "bancontact", stripe: "bancontact", currencies: eur},
		{name: "blik", stripe: "blik", currencies: pln, required: []string{"payment_method.bank_redirect.one_time_code"}},
		{name: "eps", stripe: "eps", currencies: eur},
		{name: "fpx", stripe: "fpx", currencies: []string{"MYR"}, required: []string{"payment_method.bank_redirect.bank"}},
		{name: "ideal", stripe: "ideal", currencies: eur},
		{name: "przelewy24", stripe: "p24", currencies: []string{"EUR", "PLN"}},
		{name: "ach_debit", stripe: "us_bank_account", currencies: []string{"USD"}, stored: true},
		{name: "bacs_debit", stripe: "bacs_debit", currencies: []string{"GBP"}, stored: true, required: []string{billingField}},
		{name: "becs_debit", stripe: "au_becs_debit", currencies: []string{"AUD"}, stored: true},
		{name: "sepa_debit", stripe: "sepa_debit", currencies: eur, stored: true},
		{name: "multibanco", stripe: "multibanco", currencies: eur},
		{name: "paynow", stripe: "paynow", currencies: []string{"SGD"}},
		{name: "pix", stripe: "pix", currencies: []string{"BRL"}},
		{name: "promptpay", stripe: "promptpay", currencies: []string{"THB"}},
	}
}

func walletMethods() []method {
	return []method{
		{name: "alipay", stripe: "alipay"},
		{name: "amazon_pay", stripe: "amazon_pay", manual: true},
		{name: "cash_app", stripe: "cashapp", currencies: []string{"USD"}, manual: true},
		{name: "grabpay", stripe: "grabpay", currencies: []string{"MYR", "SGD"}},
		{name: "kakao_pay", stripe: "kakao_pay", currencies: []string{"KRW"}, manual: true},
		{name: "mobilepay", stripe: "mobilepay", manual: true},
		{name: "paypal", stripe: "paypal", manual: true},
		{name: "revolut_pay", stripe: "revolut_pay", manual: true},
		{name: "satispay", stripe: "satispay", currencies: []string{"EUR"}, manual: true},
		{name: "swish", stripe: "swish", currencies: []string{"SEK"}},
		{name: "twint", stripe: "twint", currencies: []string{"CHF"}},
		{name: "wechat_pay", stripe: "wechat_pay"},
	}
}

func otherMethods() []method {
	return []method{
		{name: "affirm", stripe: "affirm", currencies: []string{"CAD", "USD"}, manual: true},
		{name: "afterpay", stripe: "afterpay_clearpay", manual: true},
		{name: "alma", stripe: "alma", currencies: []string{"EUR"}, manual: true},
		{name: "billie", stripe: "billie", manual: true},
		{name: "klarna", stripe: "klarna", manual: true, required: []string{billingField}},
		{name: "scalapay", stripe: "scalapay", currencies: []string{"EUR"}, manual: true},
		{name: "zip", stripe: "zip", currencies: []string{"AUD", "USD"}},
		{name: "boleto", stripe: "boleto", currencies: []string{"BRL"}, required: []string{billingField, "customer.document"}},
		{name: "konbini", stripe: "konbini", currencies: []string{"JPY"}},
		{name: "oxxo", stripe: "oxxo", currencies: []string{"MXN"}},
	}
}

// methodNames lists the types for the description.
func methodNames() []string {
	var names []string
	for _, m := range methods() {
		names = append(names, m.name)
	}
	return names
}

// methodNamed finds a type of ours.
func methodNamed(name string) (method, bool) {
	return methodWhere(func(m method) bool { return m.name == name })
}

// methodAt finds the type of ours for one of Stripe's; its own word where there is
// none.
func methodAt(stripe string) string {
	if m, ok := methodWhere(func(m method) bool { return m.stripe == stripe }); ok {
		return m.name
	}
	return stripe
}

func methodWhere(is func(method) bool) (method, bool) {
	all := methods()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return method{}, false
}

// capabilities says with what the operations work. Several captures and other
// amounts are up to the account and the card as well, which nobody knows before the
// payment is authorized; what Stripe does not grant is refused.
// Source: https://docs.stripe.com/payments/multicapture.
func capabilities() map[string][]*connectorv1.Capability {
	able := func(flags ...connectorv1.CapabilityFlag) []*connectorv1.Capability {
		return []*connectorv1.Capability{{Flags: flags}}
	}
	return map[string][]*connectorv1.Capability{
		"Authorize":    authorizeCapabilities(),
		"SetupMandate": setupCapabilities(),
		"Capture": able(
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_PARTIAL_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_FINAL_CAPTURE,
		),
		"AdjustAuthorization": able(connectorv1.CapabilityFlag_CAPABILITY_FLAG_INCREASE),
		"CreateRefund": able(
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_PARTIAL_REFUND,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_REFUNDS,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_ASYNCHRONOUS,
		),
	}
}

func authorizeCapabilities() []*connectorv1.Capability {
	var all []*connectorv1.Capability
	for _, m := range methods() {
		c := &connectorv1.Capability{
			PaymentMethodTypes: []string{m.name}, Currencies: m.currencies, RequiredFields: m.required,
			Flags: []connectorv1.CapabilityFlag{
				connectorv1.CapabilityFlag_CAPABILITY_FLAG_AUTOMATIC_CAPTURE,
				connectorv1.CapabilityFlag_CAPABILITY_FLAG_ASYNCHRONOUS,
			},
		}
		if m.manual {
			c.Flags = append(c.Flags, connectorv1.CapabilityFlag_CAPABILITY_FLAG_MANUAL_CAPTURE)
		}
		if m.stripe == "card" || m.name == "mandate" {
			c.Flags = append(c.Flags,
				connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_CAPTURE,
				connectorv1.CapabilityFlag_CAPABILITY_FLAG_MERCHANT_INITIATED,
			)
		}
		if m.stored {
			c.Flags = append(c.Flags, connectorv1.CapabilityFlag_CAPABILITY_FLAG_SETUP_FUTURE_USAGE)
		}
		all = append(all, c)
	}
	return all
}

func setupCapabilities() []*connectorv1.Capability {
	c := &connectorv1.Capability{}
	for _, m := range methods() {
		if m.stored {
			c.PaymentMethodTypes = append(c.PaymentMethodTypes, m.name)
		}
	}
	return []*connectorv1.Capability{c}
}
