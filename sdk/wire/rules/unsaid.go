package rules

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// The contract's rules that CEL says too slowly, such as a check digit, or not at
// all, such as a sum; the .proto files state them in the fields' comments.
const (
	RuleLuhn       = "card_number.luhn"
	RuleOrderTotal = "order.total"
)

// unsaid are the rules of a type of message that its .proto file has in words alone.
func unsaid(d protoreflect.MessageDescriptor) []expression {
	if d.FullName() == (*paymentsv1.Card)(nil).ProtoReflect().Descriptor().FullName() {
		return []expression{{
			Violation{"number", RuleLuhn, "has a wrong check digit"},
			of(func(m *paymentsv1.Card) bool { return !wrongCheckDigit(m.GetNumber()) }),
		}}
	}
	order, amount := d.Fields().ByName("order"), d.Fields().ByName("amount")
	if order == nil || amount == nil || order.Message() == nil ||
		order.Message().FullName() != (*paymentsv1.OrderDetails)(nil).ProtoReflect().Descriptor().FullName() {
		return nil
	}
	return []expression{{
		Violation{"order", RuleOrderTotal, "its lines and further amounts must add up to amount"},
		func(m proto.Message) bool { return addsUp(m.(ordered)) },
	}}
}

// wrongCheckDigit says whether a well-formed card number has a wrong check digit.
// UnionPay's have none to go by: some of its issuers don't use the Luhn algorithm
// (the package card-validator of Braintree, option luhnValidateUnionPay).
func wrongCheckDigit(number string) bool {
	if len(number) < 8 || len(number) > 19 || strings.Trim(number, "0123456789") != "" {
		return false // another rule's finding
	}
	unionPay := strings.HasPrefix(number, "62") || strings.HasPrefix(number, "81")
	return !unionPay && !Luhn(number)
}

// Luhn says whether the digits of s, spaces and dashes aside, carry a valid
// check digit (ISO/IEC 7812-1, annex B).
func Luhn(s string) bool {
	sum, digits := 0, 0
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ' ' || s[i] == '-' {
			continue
		}
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		d := int(s[i] - '0')
		if digits%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		digits++
	}
	return digits > 0 && sum%10 == 0
}

// ordered is a request for a payment that says what is bought.
type ordered interface {
	GetAmount() *paymentsv1.Money
	GetOrder() *paymentsv1.OrderDetails
}

// addsUp says whether an order is worth the payment's amount, as far as it says
// what it is worth: without lines, or without an amount, there is nothing to add.
func addsUp(m ordered) bool {
	order := m.GetOrder()
	if len(order.GetLineItems()) == 0 || m.GetAmount().GetMinorUnits() == 0 {
		return true
	}
	kinds := map[paymentsv1.LineItemKind]bool{}
	more := []*paymentsv1.Money{order.GetDutyAmount()}
	less := []*paymentsv1.Money{order.GetDiscountAmount(), m.GetAmount()}
	ownTax := order.GetTaxAmount() != nil && !order.GetTaxIncluded()
	for _, line := range order.GetLineItems() {
		kinds[line.GetKind()] = true
		more = append(more, line.GetTotalAmount())
		if ownTax {
			less = append(less, line.GetTaxAmount())
		}
	}
	if ownTax {
		more = append(more, order.GetTaxAmount())
	}
	if !kinds[paymentsv1.LineItemKind_LINE_ITEM_KIND_SHIPPING] {
		more = append(more, order.GetShippingAmount())
	}
	if s, ok := m.(interface{ GetSurchargeAmount() *paymentsv1.Money }); ok && !kinds[paymentsv1.LineItemKind_LINE_ITEM_KIND_FEE] {
		more = append(more, s.GetSurchargeAmount())
	}
	total, fits := sum(more)
	want, wantFits := sum(less)
	return fits && wantFits && total == want
}

// sum adds amounts, none of which is negative, or says that they don't fit.
func sum(amounts []*paymentsv1.Money) (total int64, fits bool) {
	for _, m := range amounts {
		if total += m.GetMinorUnits(); total < 0 {
			return 0, false
		}
	}
	return total, true
}
