package wire

import (
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func withNumber(number string) *paymentsv1.AuthorizeRequest {
	return without(func(r *paymentsv1.AuthorizeRequest) { r.GetPaymentMethod().GetCard().Number = number })
}

func TestValidator_checkDigit(t *testing.T) {
	v := &Validator{}
	const wrong = "CARD_NUMBER_LUHN"
	payout := &paymentsv1.StagePayoutRequest{Payout: &paymentsv1.CreatePayoutRequest{
		Reference: "p", Amount: usd(1),
		Destination: &paymentsv1.PayoutDestination{Destination: &paymentsv1.PayoutDestination_Card{
			Card: &paymentsv1.Card{Number: "4242424242424241", ExpiryMonth: 1, ExpiryYear: 2030},
		}},
	}}
	for name, test := range map[string]struct {
		m    proto.Message
		want []string
	}{
		"right":               {withNumber("378282246310005"), nil},
		"wrong":               {withNumber("4242424242424241"), []string{"payment_method.card.number " + wrong}},
		"changed places":      {withNumber("4242424242424224"), []string{"payment_method.card.number " + wrong}},
		"zeros":               {withNumber("00000000"), nil},
		"malformed":           {withNumber("424242424242424x"), []string{"payment_method.card.number STRING_PATTERN"}},
		"too short":           {withNumber("4242"), []string{"payment_method.card.number STRING_PATTERN"}},
		"UnionPay, wrong":     {withNumber("6212345678900001"), nil},
		"UnionPay 81, wrong":  {withNumber("8112345678900001"), nil},
		"not UnionPay, wrong": {withNumber("6011000990139425"), []string{"payment_method.card.number " + wrong}},
		"deeper":              {payout, []string{"payout.destination.card.number " + wrong}},
		"beside others": {without(func(r *paymentsv1.AuthorizeRequest) {
			r.GetPaymentMethod().GetCard().Number, r.Reference = "4242424242424241", ""
		}), []string{"payment_method.card.number " + wrong, "reference REQUIRED"}},
		"with a newer field": {arrived(t, withNumber("4242424242424241"), newerField()), []string{"payment_method.card.number " + wrong}},
	} {
		if got := check(t, v, test.m, false); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	if got := check(t, v, arrived(t, withNumber("4242424242424241"), newerField()), true); !slices.Equal(got, []string{"payment_method.card.number " + wrong}) {
		t.Errorf("across versions: got %q", got)
	}
}

func usd(minor int64) *paymentsv1.Money {
	return &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: minor}
}

func line(kind paymentsv1.LineItemKind, total, tax int64) *paymentsv1.LineItem {
	item := &paymentsv1.LineItem{Name: "Ticket", Quantity: 1, UnitAmount: usd(total - tax), TotalAmount: usd(total), Kind: kind}
	if tax > 0 {
		item.TaxAmount = usd(tax)
	}
	return item
}

// The amount is always 1050.
func TestValidator_orderTotal(t *testing.T) {
	v := &Validator{}
	const shipping, fee = paymentsv1.LineItemKind_LINE_ITEM_KIND_SHIPPING, paymentsv1.LineItemKind_LINE_ITEM_KIND_FEE
	lines := func(items ...*paymentsv1.LineItem) *paymentsv1.OrderDetails {
		return &paymentsv1.OrderDetails{LineItems: items}
	}
	set := func(o *paymentsv1.OrderDetails, change func(*paymentsv1.OrderDetails)) *paymentsv1.OrderDetails {
		change(o)
		return o
	}
	for name, test := range map[string]struct {
		order     *paymentsv1.OrderDetails
		surcharge int64
		fits      bool
	}{
		"no lines":             {set(lines(), func(o *paymentsv1.OrderDetails) { o.TaxAmount = usd(3) }), 0, true},
		"one line":             {lines(line(0, 1050, 0)), 0, true},
		"two lines":            {lines(line(0, 1000, 100), line(0, 50, 0)), 0, true},
		"too little":           {lines(line(0, 1049, 0)), 0, false},
		"too much":             {lines(line(0, 1050, 0), line(0, 1, 0)), 0, false},
		"shipping":             {set(lines(line(0, 1000, 0)), func(o *paymentsv1.OrderDetails) { o.ShippingAmount = usd(50) }), 0, true},
		"shipping, told twice": {set(lines(line(0, 1000, 0), line(shipping, 50, 0)), func(o *paymentsv1.OrderDetails) { o.ShippingAmount = usd(50) }), 0, true},
		"duty":                 {set(lines(line(0, 1000, 0)), func(o *paymentsv1.OrderDetails) { o.DutyAmount = usd(50) }), 0, true},
		"discount":             {set(lines(line(0, 1100, 0)), func(o *paymentsv1.OrderDetails) { o.DiscountAmount = usd(50) }), 0, true},
		"discount, not taken":  {set(lines(line(0, 1050, 0)), func(o *paymentsv1.OrderDetails) { o.DiscountAmount = usd(50) }), 0, false},
		"tax of the order":     {set(lines(line(0, 1000, 0)), func(o *paymentsv1.OrderDetails) { o.TaxAmount = usd(50) }), 0, true},
		"tax of lines":         {set(lines(line(0, 1050, 50)), func(o *paymentsv1.OrderDetails) { o.TaxAmount = usd(50) }), 0, true},
		"tax of shipping too":  {set(lines(line(0, 950, 50)), func(o *paymentsv1.OrderDetails) { o.ShippingAmount, o.TaxAmount = usd(95), usd(55) }), 0, true},
		"tax in prices":        {set(lines(line(0, 1050, 0)), func(o *paymentsv1.OrderDetails) { o.TaxAmount, o.TaxIncluded = usd(50), true }), 0, true},
		"surcharge":            {lines(line(0, 1000, 0)), 50, true},
		"surcharge is a line":  {lines(line(0, 1000, 0), line(fee, 50, 0)), 50, true},
		"surcharge, not told":  {lines(line(0, 1000, 0)), 0, false},
	} {
		req := without(func(r *paymentsv1.AuthorizeRequest) {
			if r.Order = test.order; test.surcharge > 0 {
				r.SurchargeAmount = usd(test.surcharge)
			}
		})
		want := []string{"order ORDER_TOTAL"}
		if test.fits {
			want = nil
		}
		if got := check(t, v, req, false); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if got := check(t, v, arrived(t, req, newerField()), true); len(got) > 0 {
			t.Errorf("%s, from a newer caller: got %q, want what it adds to be left to the far side", name, got)
		}
	}
}

// Every code and expiry date that a caller gives has a rule.
func TestFields_codesAndDatesHaveRules(t *testing.T) {
	seen := map[protoreflect.FullName]bool{}
	counts := map[string]int{}
	var walk func(protoreflect.MessageDescriptor)
	walk = func(d protoreflect.MessageDescriptor) {
		if seen[d.FullName()] || !strings.HasPrefix(string(d.FullName()), PaymentsPackage+".") {
			return
		}
		seen[d.FullName()] = true
		fields(d, func(fd protoreflect.FieldDescriptor) {
			kind, hasRule := codeRule(newMessage(t, d.FullName()).Descriptor().Fields().ByName(fd.Name()))
			if counts[kind]++; kind != "" && !hasRule {
				t.Errorf("%s has no rule for its %s", fd.FullName(), kind)
			}
			if fd.Message() != nil && !fd.IsMap() {
				walk(fd.Message())
			}
		})
	}
	allMessages(func(d protoreflect.MessageDescriptor) {
		if strings.HasSuffix(string(d.Name()), "Request") {
			walk(d)
		}
	})
	for _, kind := range []string{"country", "currency", "month", "year"} {
		if counts[kind] < 2 {
			t.Errorf("found %d fields with a %s", counts[kind], kind)
		}
	}
}

// codeRule says what a field holds, by its name, and whether it has the rule for it.
func codeRule(fd protoreflect.FieldDescriptor) (kind string, hasRule bool) {
	rules, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
	text := func(rule protoreflect.ExtensionType) bool {
		has, _ := proto.GetExtension(rules.GetString(), rule).(bool)
		return has
	}
	switch name := string(fd.Name()); {
	case strings.HasSuffix(name, "country_code"):
		return "country", text(paymentsv1.E_IsoCountry)
	case strings.HasSuffix(name, "currency_code"):
		return "currency", text(paymentsv1.E_IsoCurrency)
	case strings.HasSuffix(name, "expiry_month"):
		return "month", rules.GetInt32().GetLte() == 12
	case strings.HasSuffix(name, "expiry_year"):
		return "year", rules.GetInt32().GetGte() == 2000 && rules.GetInt32().GetLte() == 2099
	}
	return "", true
}
