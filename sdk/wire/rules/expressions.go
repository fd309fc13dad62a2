package rules

import (
	"fmt"
	"regexp"
	"slices"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"

	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// expression is a rule that speaks of several fields of a message.
type expression struct {
	breach Violation
	holds  func(m proto.Message) bool
}

// expressionsOf finds the expressions of the .proto files by their ids.
func expressionsOf(stated []*validate.Rule) ([]expression, error) {
	var found []expression
	for _, rule := range stated {
		holds := expressions[rule.GetId()]
		if holds == nil {
			return nil, fmt.Errorf("the rule %s (%s) has no equal in Go", rule.GetId(), rule.GetExpression())
		}
		found = append(found, expression{Violation{"", rule.GetId(), rule.GetMessage()}, holds})
	}
	return found, nil
}

// of makes an expression of one about a type of message.
func of[M proto.Message](holds func(M) bool) func(proto.Message) bool {
	return func(m proto.Message) bool { return holds(m.(M)) }
}

// expressions are those of the .proto files, which say them in CEL.
var expressions = map[string]func(proto.Message) bool{
	"amount.positive": of(func(m *paymentsv1.Money) bool { return m.GetMinorUnits() != 0 }),

	"authorize.currencies": of(func(m *paymentsv1.AuthorizeRequest) bool {
		currency := m.GetAmount().GetCurrencyCode()
		surcharge := m.GetSurchargeAmount()
		return (surcharge == nil || surcharge.GetCurrencyCode() == currency) && linesIn(currency, m.GetOrder())
	}),
	"authorize.email": of(func(m *paymentsv1.AuthorizeRequest) bool {
		customers := m.GetCustomer().GetEmail()
		return m.GetEmail() == "" || customers == "" || m.GetEmail() == customers
	}),
	"authorize.expected_captures": of(func(m *paymentsv1.AuthorizeRequest) bool {
		return m.GetExpectedCaptures() < 2 || m.GetCaptureMethod() == paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL
	}),
	"authorize.merchant_initiated": of(func(m *paymentsv1.AuthorizeRequest) bool {
		use, with := m.GetStoredCredential(), m.GetPaymentMethod()
		return use.GetInitiator() != paymentsv1.Initiator_INITIATOR_MERCHANT || use.GetNetworkTransactionId() != "" ||
			with.GetMandate() != nil || with.GetCardToken() != nil
	}),

	"bank_account.number": of(func(m *paymentsv1.BankAccount) bool {
		return (m.GetIban() != "") != (m.GetAccountNumber() != "")
	}),
	"bank_account.one_bank": of(func(m *paymentsv1.BankAccount) bool {
		named := slices.DeleteFunc([]string{m.GetRoutingNumber(), m.GetSortCode(), m.GetBsb(), m.GetBankCode()}, func(c string) bool { return c == "" })
		return len(named) <= 1
	}),

	"bulk.target": of(func(m *gatewayv1.ProcessRequest) bool { return m.GetConnector() != "" || m.GetAccount() != "" }),

	"customer.update_paths": of(func(m *paymentsv1.UpdateCustomerRequest) bool {
		return !slices.ContainsFunc(m.GetUpdateMask().GetPaths(), func(path string) bool { return !customerPath.MatchString(path) })
	}),

	"enroll.destination": of(func(m *paymentsv1.EnrollPayoutAccountRequest) bool {
		_, enrolled := m.GetDestination().GetDestination().(*paymentsv1.PayoutDestination_PayoutAccountId)
		return !enrolled
	}),

	"line_item.currency": of(func(m *paymentsv1.LineItem) bool {
		currency := m.GetTotalAmount().GetCurrencyCode()
		return m.GetUnitAmount().GetCurrencyCode() == currency && noneOr(m.GetTaxAmount(), currency) && noneOr(m.GetDiscountAmount(), currency)
	}),
	"line_item.magnitude": of(func(m *paymentsv1.LineItem) bool {
		return max(m.GetUnitAmount().GetMinorUnits(), m.GetTaxAmount().GetMinorUnits(), m.GetDiscountAmount().GetMinorUnits()) <= largestInLine
	}),

	"mandate.amount": of(func(m *paymentsv1.MandateTerms) bool { return (m.GetAmountKind() != 0) == (m.GetAmount() != nil) }),
	"mandate.dates": of(func(m *paymentsv1.MandateTerms) bool {
		return m.GetStartDate() == "" || m.GetEndDate() == "" || m.GetStartDate() <= m.GetEndDate()
	}),
	"mandate.interval": of(func(m *paymentsv1.MandateTerms) bool {
		return (m.GetIntervalUnit() == 0) == (m.GetIntervalCount() == 0)
	}),

	"order.currencies": of(func(m *paymentsv1.OrderDetails) bool {
		return len(m.GetLineItems()) == 0 || linesIn(m.GetLineItems()[0].GetTotalAmount().GetCurrencyCode(), m)
	}),
	"order.line_totals": of(func(m *paymentsv1.OrderDetails) bool {
		return !slices.ContainsFunc(m.GetLineItems(), func(line *paymentsv1.LineItem) bool { return !lineAddsUp(line, m.GetTaxIncluded()) })
	}),

	"setup_mandate.payment_method": of(func(m *paymentsv1.SetupMandateRequest) bool { return m.GetPaymentMethod().GetMandate() == nil }),

	"stored_credential.reason": of(func(m *paymentsv1.StoredCredential) bool {
		return (m.GetInitiator() == paymentsv1.Initiator_INITIATOR_MERCHANT) == (m.GetReason() != 0)
	}),
	"stored_credential.setup": of(func(m *paymentsv1.StoredCredential) bool {
		return m.GetInitiator() != paymentsv1.Initiator_INITIATOR_MERCHANT || m.GetSetupFutureUsage() == 0
	}),

	"three_ds.cavv": of(func(m *paymentsv1.ThreeDsAuthentication) bool {
		switch m.GetStatus() {
		case paymentsv1.ThreeDsStatus_THREE_DS_STATUS_AUTHENTICATED, paymentsv1.ThreeDsStatus_THREE_DS_STATUS_ATTEMPTED:
			return m.GetCavv() != ""
		}
		return true
	}),
}

var customerPath = regexp.MustCompile(`^(details|billing_address|shipping_address|metadata)([.][a-z0-9_.]+)?$`)

// largestInLine bounds the amounts of a line of an order, so that they can be
// multiplied.
const largestInLine = 1_000_000_000_000

func linesIn(currency string, order *paymentsv1.OrderDetails) bool {
	return !slices.ContainsFunc(order.GetLineItems(), func(line *paymentsv1.LineItem) bool {
		return line.GetTotalAmount().GetCurrencyCode() != currency
	})
}

func noneOr(m *paymentsv1.Money, currency string) bool {
	return m == nil || m.GetCurrencyCode() == currency
}

// lineAddsUp says whether a line's total is what its parts come to; true for parts
// that other rules refuse.
func lineAddsUp(line *paymentsv1.LineItem, taxIncluded bool) bool {
	unit, tax, discount := line.GetUnitAmount().GetMinorUnits(), line.GetTaxAmount().GetMinorUnits(), line.GetDiscountAmount().GetMinorUnits()
	if q := line.GetQuantity(); q < 1 || q > 1_000_000 || min(unit, tax, discount) < 0 || max(unit, tax, discount) > largestInLine {
		return true
	}
	want := line.GetQuantity()*unit - discount
	if !taxIncluded {
		want += tax
	}
	return line.GetTotalAmount().GetMinorUnits() == want
}
