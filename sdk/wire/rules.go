package wire

import (
	"fmt"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// The contract's rules that CEL says too slowly, such as a check digit, or not at
// all, such as a sum; the .proto files state them in the fields' comments.
const (
	ruleLuhn       = "card_number.luhn"
	ruleOrderTotal = "order.total"
)

// breach is a rule that a message breaks, and where.
type breach struct{ field, rule, description string }

// breachOf holds one message against its own rule, if it has one.
func breachOf(m proto.Message) (breach, bool) {
	switch m := m.(type) {
	case *paymentsv1.Card:
		return breach{"number", ruleLuhn, "has a wrong check digit"}, wrongCheckDigit(m.GetNumber())
	case ordered:
		return breach{"order", ruleOrderTotal, "its lines and further amounts must add up to amount"}, !addsUp(m)
	}
	return breach{}, false
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

// breaches finds the messages with a rule in a message, by the fields that can
// lead to one. It is safe for concurrent use.
type breaches struct {
	routes sync.Map // protoreflect.FullName → []protoreflect.FieldDescriptor
}

// in lists the rules that a message breaks, at any depth.
func (b *breaches) in(m protoreflect.Message) []breach {
	var found []breach
	if own, broken := breachOf(m.Interface()); broken {
		found = append(found, own)
	}
	for _, fd := range b.route(m.Descriptor()) {
		switch {
		case !m.Has(fd):
		case fd.IsList():
			for i := range m.Get(fd).List().Len() {
				found = append(found, b.below(fmt.Sprintf("%s[%d]", fd.Name(), i), m.Get(fd).List().Get(i))...)
			}
		default:
			found = append(found, b.below(string(fd.Name()), m.Get(fd))...)
		}
	}
	return found
}

func (b *breaches) below(name string, v protoreflect.Value) []breach {
	found := b.in(v.Message())
	for i := range found {
		found[i].field = name + "." + found[i].field
	}
	return found
}

// route lists the fields of a message that can lead to one with a rule.
func (b *breaches) route(d protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	if known, ok := b.routes.Load(d.FullName()); ok {
		return known.([]protoreflect.FieldDescriptor)
	}
	var fields []protoreflect.FieldDescriptor
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		if fd.Message() != nil && !fd.IsMap() && leadsToRule(fd.Message(), map[protoreflect.FullName]bool{}) {
			fields = append(fields, fd)
		}
	}
	b.routes.Store(d.FullName(), fields)
	return fields
}

func leadsToRule(d protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if hasRule(d) {
		return true
	}
	seen[d.FullName()] = true
	for i := range d.Fields().Len() {
		below := d.Fields().Get(i).Message()
		if below != nil && !seen[below.FullName()] && leadsToRule(below, seen) {
			return true
		}
	}
	return false
}

// hasRule says of a type what breachOf knows of a message.
func hasRule(d protoreflect.MessageDescriptor) bool {
	isCard := d.FullName() == (*paymentsv1.Card)(nil).ProtoReflect().Descriptor().FullName()
	order := d.Fields().ByName("order")
	isOrdered := order != nil && order.Message() != nil && order.Message().FullName() == (*paymentsv1.OrderDetails)(nil).ProtoReflect().Descriptor().FullName()
	return isCard || isOrdered && d.Fields().ByName("amount") != nil
}
