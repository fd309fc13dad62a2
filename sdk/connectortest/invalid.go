package connectortest

import (
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// invalid ends the case if an error does not say INVALID_ARGUMENT, surely before
// anything was done, and which field is wrong.
func (c *Case) invalid(what string, err error, field string) {
	c.refused(what, err, codes.InvalidArgument)
	if field == "" {
		return
	}
	f := c.failed(what, err, codes.InvalidArgument)
	var named []string
	for _, violation := range f.Fields {
		named = append(named, violation.GetField())
	}
	if !slices.Contains(named, field) {
		c.Fatalf("%s: expected a BadRequest that names the field %q, got %q in %s", what, field, named, failureText(err))
	}
}

// mistake is one thing that is wrong with a request that is right but for it.
type mistake[M proto.Message] struct {
	name, field string
	make        func(M)
}

func invalidScenarios() []Scenario {
	all := []Scenario{{
		ID: "invalid/empty", Summary: "An empty request to any operation that requires something is INVALID_ARGUMENT, and the PSP hears nothing", run: emptyRequests,
		Proves: []Cell{{Aspect: Validation}},
	}}
	all = append(all, mistakes("Authorize", authorizeMistakes(),
		func(c *Case) *paymentsv1.AuthorizeRequest { return c.authorizeRequest(automatic) },
		func(r *paymentsv1.AuthorizeRequest) string { return r.GetReference() })...)
	all = append(all, mistakes("Capture", captureMistakes(),
		func(c *Case) *paymentsv1.CaptureRequest {
			return &paymentsv1.CaptureRequest{PaymentId: c.missing(), Amount: c.amount(usual)}
		},
		(*paymentsv1.CaptureRequest).GetPaymentId)...)
	all = append(all, mistakes("CreateRefund", refundMistakes(),
		func(c *Case) *paymentsv1.CreateRefundRequest { return c.refundRequest(c.missing(), c.amount(usual)) },
		(*paymentsv1.CreateRefundRequest).GetPaymentId)...)
	return all
}

// mistakes makes a scenario of each mistake. mark is a text of the request by which
// the PSP would be seen to have heard of it.
func mistakes[M proto.Message](operation string, all []mistake[M], begin func(*Case) M, mark func(M) string) []Scenario {
	op, _ := operationNamed(operation)
	var scenarios []Scenario
	for _, m := range all {
		scenarios = append(scenarios, Scenario{
			ID:      "invalid/" + dashed(operation) + "-" + m.name,
			Summary: strings.ReplaceAll(m.name, "-", " ") + ": " + operation + " is INVALID_ARGUMENT and names " + m.field + ", and the PSP hears nothing",
			Needs:   Needs{Operations: []string{operation}},
			Proves:  cells(Validation, operation),
			run: func(c *Case) {
				req := begin(c)
				seen := mark(req)
				m.make(req)
				err := c.invoke(operation, req, op.response())
				c.invalid(operation, err, m.field)
				c.silent(operation, seen)
			},
		})
	}
	return scenarios
}

func authorizeMistakes() []mistake[*paymentsv1.AuthorizeRequest] {
	type req = paymentsv1.AuthorizeRequest
	card := func(change func(*paymentsv1.Card)) func(*req) {
		return func(r *req) {
			c := &paymentsv1.Card{Number: "4242424242424242", ExpiryMonth: 12, ExpiryYear: 2040}
			change(c)
			r.PaymentMethod = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: c}}
		}
	}
	long := strings.Repeat("x", 600)
	return []mistake[*req]{
		{"no-reference", "reference", func(r *req) { r.Reference = "" }},
		{"long-reference", "reference", func(r *req) { r.Reference += strings.Repeat("x", 128) }},
		{"control-character-in-reference", "reference", func(r *req) { r.Reference += "\n" }},
		{"no-amount", "amount", func(r *req) { r.Amount = nil }},
		{"zero", "amount", func(r *req) { r.Amount.MinorUnits = 0 }},
		{"negative", "amount.minor_units", func(r *req) { r.Amount.MinorUnits = -1 }},
		{"no-currency", "amount.currency_code", func(r *req) { r.Amount.CurrencyCode = "" }},
		{"unknown-capture-method", "capture_method", func(r *req) { r.CaptureMethod = 77 }},
		{"no-payment-method", "payment_method", func(r *req) { r.PaymentMethod = nil }},
		{"empty-payment-method", "payment_method.method", func(r *req) { r.PaymentMethod = &paymentsv1.PaymentMethod{} }},
		{"letters-in-number", "payment_method.card.number", card(func(c *paymentsv1.Card) { c.Number = "4242abcd42424242" })},
		{"short-number", "payment_method.card.number", card(func(c *paymentsv1.Card) { c.Number = "4242424" })},
		{"long-number", "payment_method.card.number", card(func(c *paymentsv1.Card) { c.Number = strings.Repeat("4", 20) })},
		{"month-13", "payment_method.card.expiry_month", card(func(c *paymentsv1.Card) { c.ExpiryMonth = 13 })},
		{"month-0", "payment_method.card.expiry_month", card(func(c *paymentsv1.Card) { c.ExpiryMonth = 0 })},
		{"short-year", "payment_method.card.expiry_year", card(func(c *paymentsv1.Card) { c.ExpiryYear = 40 })},
		{"letters-in-code", "payment_method.card.security_code", card(func(c *paymentsv1.Card) { c.SecurityCode = "12a" })},
		{"empty-token", "payment_method.card_token.token", func(r *req) {
			r.PaymentMethod = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_CardToken{CardToken: &paymentsv1.CardToken{}}}
		}},
		{"return-url", "return_url", func(r *req) { r.ReturnUrl = "javascript:alert(1)" }},
		{"long-description", "description", func(r *req) { r.Description = long }},
		{"long-statement-descriptor", "statement_descriptor", func(r *req) { r.StatementDescriptor = long }},
		{"email", "email", func(r *req) { r.Email = "nobody" }},
	}
}

func captureMistakes() []mistake[*paymentsv1.CaptureRequest] {
	type req = paymentsv1.CaptureRequest
	return []mistake[*req]{
		{"no-payment", "payment_id", func(r *req) { r.PaymentId = "" }},
		{"long-payment", "payment_id", func(r *req) { r.PaymentId += strings.Repeat("x", 256) }},
		{"zero", "amount", func(r *req) { r.Amount.MinorUnits = 0 }},
		{"negative", "amount.minor_units", func(r *req) { r.Amount.MinorUnits = -5 }},
		{"unknown-currency", "amount.currency_code", func(r *req) { r.Amount.CurrencyCode = "ABC" }},
	}
}

func refundMistakes() []mistake[*paymentsv1.CreateRefundRequest] {
	type req = paymentsv1.CreateRefundRequest
	return []mistake[*req]{
		{"no-payment", "payment_id", func(r *req) { r.PaymentId = "" }},
		{"no-reference", "reference", func(r *req) { r.Reference = "" }},
		{"zero", "amount", func(r *req) { r.Amount.MinorUnits = 0 }},
		{"negative", "amount.minor_units", func(r *req) { r.Amount.MinorUnits = -5 }},
		{"unknown-currency", "amount.currency_code", func(r *req) { r.Amount.CurrencyCode = "ABC" }},
		{"long-reason", "reason", func(r *req) { r.Reason = strings.Repeat("x", 129) }},
	}
}

// emptyRequests sends every declared operation nothing. Those that require
// nothing are not asked.
func emptyRequests(c *Case) {
	for _, op := range operations() {
		if !c.has(op.name()) || op.streams() || !requires(op) {
			continue
		}
		err := c.invoke(op.name(), op.request(), op.response())
		f := c.failed(op.name()+" with an empty request", err, codes.InvalidArgument)
		if len(f.Fields) == 0 {
			c.Fatalf("%s with an empty request: expected a BadRequest with fields, got %s", op.name(), failureText(err))
		}
		c.silent(op.name()+" with an empty request", c.traceID)
	}
}

// requires says whether an operation's request has something that is required.
func requires(op operation) bool {
	switch op.name() {
	case "ListDisputes", "CreateAccessToken":
		return false
	}
	return true
}
