package connectortest

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// The operations below keep things for the merchant: orders, mandates, customers
// and payment methods.

func orderRows() []row {
	return []row{{operation: "CreateOrder", begin: beginCreateOrder}}
}

func mandateRows() []row {
	return []row{
		{operation: "SetupMandate", begin: beginSetupMandate},
		{operation: "ChargeMandate", needs: []string{"SetupMandate"}, begin: beginChargeMandate},
		{operation: "GetMandate", needs: []string{"SetupMandate"}, begin: beginGetMandate},
		{operation: "RevokeMandate", needs: []string{"SetupMandate"}, begin: beginRevokeMandate},
	}
}

func customerRows() []row {
	return []row{
		{operation: "CreateCustomer", begin: beginCreateCustomer},
		{operation: "GetCustomer", needs: []string{"CreateCustomer"}, begin: beginGetCustomer},
		{operation: "UpdateCustomer", needs: []string{"CreateCustomer"}, begin: beginUpdateCustomer},
		{operation: "DeleteCustomer", needs: []string{"CreateCustomer"}, begin: beginDeleteCustomer},
	}
}

func methodRows() []row {
	return []row{
		{operation: "Tokenize", begin: beginTokenize},
		{operation: "DeletePaymentMethod", needs: []string{"Tokenize"}, begin: beginDeletePaymentMethod},
		{operation: "CheckEligibility", begin: beginCheckEligibility},
		{operation: "CalculateSurcharge", begin: beginCalculateSurcharge},
	}
}

// approvedMethod is the payment method of the plan's approving sample.
func (c *Case) approvedMethod() *paymentsv1.PaymentMethod {
	req := &paymentsv1.AuthorizeRequest{}
	c.sampled(c.plan.Samples.Approve, req)
	return req.GetPaymentMethod()
}

func beginCreateOrder(c *Case) job {
	req := asked(c, "CreateOrder", &paymentsv1.CreateOrderRequest{Reference: c.reference("order"), Amount: c.amount(usual)})
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 1)
	return job{
		req: req, other: other, marks: []string{req.GetReference()},
		done: func(resp proto.Message) {
			o := resp.(*paymentsv1.CreateOrderResponse).GetOrder()
			c.named("order.id", o.GetId())
			equal(c, "order.reference", req.GetReference(), o.GetReference())
			c.money("order.amount", req.GetAmount(), o.GetAmount())
			switch o.GetStatus() {
			case paymentsv1.OrderStatus_ORDER_STATUS_OPEN, paymentsv1.OrderStatus_ORDER_STATUS_REQUIRES_ACTION:
			default:
				c.Fatalf("order.status: expected OPEN or REQUIRES_ACTION, got %s", o.GetStatus())
			}
		},
	}
}

// named ends the case if an id is missing.
func (c *Case) named(what, id string) {
	if id == "" {
		c.Fatalf("%s: expected the PSP's id, got none", what)
	}
}

func (c *Case) mandateRequest() *paymentsv1.SetupMandateRequest {
	return asked(c, "SetupMandate", &paymentsv1.SetupMandateRequest{
		Reference: c.reference("mandate"), PaymentMethod: c.approvedMethod(), CustomerId: c.customerFor("SetupMandate"),
		Acceptance: &paymentsv1.MandateAcceptance{Kind: paymentsv1.MandateAcceptanceKind_MANDATE_ACCEPTANCE_KIND_ONLINE},
	})
}

// mandate sets a mandate up.
func (c *Case) mandate() *paymentsv1.Mandate {
	resp := &paymentsv1.SetupMandateResponse{}
	c.ok("SetupMandate", c.invoke("SetupMandate", c.mandateRequest(), resp))
	equal(c, "status of the mandate to work with", paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE, resp.GetMandate().GetStatus())
	return resp.GetMandate()
}

func beginSetupMandate(c *Case) job {
	req := c.mandateRequest()
	other := proto.CloneOf(req)
	other.Metadata = map[string]string{"cart": "43"}
	id := ""
	j := job{
		req: req, other: other, marks: []string{req.GetReference()},
		done: func(resp proto.Message) {
			m := resp.(*paymentsv1.SetupMandateResponse).GetMandate()
			id = m.GetId()
			c.named("mandate.id", id)
			equal(c, "mandate.reference", req.GetReference(), m.GetReference())
			equal(c, "mandate.status", paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE, m.GetStatus())
		},
	}
	if c.has("GetMandate") {
		j.look = func() {
			if id != "" {
				c.mandateIs(id, paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE)
			}
		}
	}
	return j
}

func (c *Case) mandateIs(id string, want paymentsv1.MandateStatus) {
	resp := &paymentsv1.GetMandateResponse{}
	c.ok("GetMandate", c.invoke("GetMandate", &paymentsv1.GetMandateRequest{MandateId: id}, resp))
	equal(c, "GetMandate: mandate.id", id, resp.GetMandate().GetId())
	equal(c, "GetMandate: mandate.status", want, resp.GetMandate().GetStatus())
}

func beginChargeMandate(c *Case) job {
	m := c.mandate()
	req := asked(c, "ChargeMandate", &paymentsv1.ChargeMandateRequest{
		Reference: c.reference("order"), MandateId: m.GetId(), Amount: c.amount(usual),
		Reason:     paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_RECURRING,
		CustomerId: m.GetCustomerId(), NetworkTransactionId: m.GetNetworkTransactionId(),
	})
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 1)
	return job{
		req: req, other: other, marks: []string{req.GetReference()},
		done: func(resp proto.Message) {
			p := resp.(*paymentsv1.ChargeMandateResponse).GetPayment()
			c.named("payment.id", p.GetId())
			equal(c, "payment.reference", req.GetReference(), p.GetReference())
			equal(c, "payment.status", captured, p.GetStatus())
			c.money("payment.amount", req.GetAmount(), p.GetAmount())
			c.amounts(p, 0, usual, 0)
		},
		once:  func() { c.booked(req.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual}) },
		never: func() { c.unbooked(req.GetReference()) },
	}
}

func beginGetMandate(c *Case) job {
	m := c.mandate()
	return job{
		req: asked(c, "GetMandate", &paymentsv1.GetMandateRequest{MandateId: m.GetId()}), marks: without(m.GetId(), m.GetCustomerId()),
		done: func(resp proto.Message) {
			got := resp.(*paymentsv1.GetMandateResponse).GetMandate()
			if got.GetReference() != "" {
				c.same("GetMandate after SetupMandate", m, got)
				return
			}
			// The PSP keeps instruments, and no mandates with a reference.
			equal(c, "GetMandate: mandate.id", m.GetId(), got.GetId())
			equal(c, "GetMandate: mandate.status", m.GetStatus(), got.GetStatus())
			equal(c, "GetMandate: mandate.payment_method.token", m.GetPaymentMethod().GetToken(), got.GetPaymentMethod().GetToken())
		},
	}
}

func beginRevokeMandate(c *Case) job {
	m := c.mandate()
	req := asked(c, "RevokeMandate", &paymentsv1.RevokeMandateRequest{MandateId: m.GetId(), Reason: "requested"})
	other := proto.CloneOf(req)
	other.Reason = "duplicate"
	j := job{
		req: req, other: other, marks: without(m.GetId(), m.GetCustomerId()),
		done: func(resp proto.Message) {
			got := resp.(*paymentsv1.RevokeMandateResponse).GetMandate()
			equal(c, "mandate.id", m.GetId(), got.GetId())
			equal(c, "mandate.status", paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED, got.GetStatus())
		},
	}
	if token := m.GetPaymentMethod().GetToken(); token != "" { // PSPs may revoke by the instrument
		j.marks = append(j.marks, token)
	}
	if c.has("GetMandate") {
		j.look = func() { c.mandateIs(m.GetId(), paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED) }
	}
	return j
}

func (c *Case) customerRequest() *paymentsv1.CreateCustomerRequest {
	return asked(c, "CreateCustomer", &paymentsv1.CreateCustomerRequest{Details: &paymentsv1.CustomerDetails{
		Reference: c.reference("customer"), Email: "jo@example.com", GivenName: "Jo", FamilyName: "Miller",
	}})
}

func (c *Case) customer() *paymentsv1.Customer {
	resp := &paymentsv1.CreateCustomerResponse{}
	c.ok("CreateCustomer", c.invoke("CreateCustomer", c.customerRequest(), resp))
	return resp.GetCustomer()
}

// isCustomer ends the case if a customer is not an active one with the details.
func (c *Case) isCustomer(want *paymentsv1.CustomerDetails, got *paymentsv1.Customer) {
	c.named("customer.id", got.GetId())
	equal(c, "customer.status", paymentsv1.CustomerStatus_CUSTOMER_STATUS_ACTIVE, got.GetStatus())
	equal(c, "customer.details.reference", want.GetReference(), got.GetDetails().GetReference())
	equal(c, "customer.details.email", want.GetEmail(), got.GetDetails().GetEmail())
}

func beginCreateCustomer(c *Case) job {
	req := c.customerRequest()
	other := proto.CloneOf(req)
	other.Details.Email = "other@example.com"
	return job{
		req: req, other: other, marks: []string{req.GetDetails().GetReference()},
		done: func(resp proto.Message) {
			c.isCustomer(req.GetDetails(), resp.(*paymentsv1.CreateCustomerResponse).GetCustomer())
		},
	}
}

func beginGetCustomer(c *Case) job {
	made := c.customer()
	return job{
		req: asked(c, "GetCustomer", &paymentsv1.GetCustomerRequest{CustomerId: made.GetId()}), marks: []string{made.GetId()},
		done: func(resp proto.Message) {
			c.same("GetCustomer after CreateCustomer", made, resp.(*paymentsv1.GetCustomerResponse).GetCustomer())
		},
	}
}

func beginUpdateCustomer(c *Case) job {
	made := c.customer()
	req := asked(c, "UpdateCustomer", &paymentsv1.UpdateCustomerRequest{
		CustomerId: made.GetId(),
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"details.email"}},
		Details:    &paymentsv1.CustomerDetails{Email: "new@example.com"},
	})
	other := proto.CloneOf(req)
	other.Details.Email = "newer@example.com"
	want := proto.CloneOf(made.GetDetails())
	want.Email = "new@example.com"
	j := job{
		req: req, other: other, marks: []string{made.GetId()},
		done: func(resp proto.Message) {
			got := resp.(*paymentsv1.UpdateCustomerResponse).GetCustomer()
			equal(c, "customer.id", made.GetId(), got.GetId())
			c.isCustomer(want, got)
		},
	}
	if c.has("GetCustomer") {
		j.look = func() {
			resp := &paymentsv1.GetCustomerResponse{}
			c.ok("GetCustomer", c.invoke("GetCustomer", &paymentsv1.GetCustomerRequest{CustomerId: made.GetId()}, resp))
			c.isCustomer(want, resp.GetCustomer())
		}
	}
	return j
}

func beginDeleteCustomer(c *Case) job {
	made := c.customer()
	return job{
		req: asked(c, "DeleteCustomer", &paymentsv1.DeleteCustomerRequest{CustomerId: made.GetId()}), marks: []string{made.GetId()},
		done: func(resp proto.Message) {
			got := resp.(*paymentsv1.DeleteCustomerResponse).GetCustomer()
			equal(c, "customer.id", made.GetId(), got.GetId())
			equal(c, "customer.status", paymentsv1.CustomerStatus_CUSTOMER_STATUS_DELETED, got.GetStatus())
		},
	}
}

// tokenizeRequest carries a label by which its request is found at the PSP.
func (c *Case) tokenizeRequest() *paymentsv1.TokenizeRequest {
	req := asked(c, "Tokenize", &paymentsv1.TokenizeRequest{
		Metadata: map[string]string{"label": c.reference("token")}, CustomerId: c.customerFor("Tokenize"),
	})
	if req.GetPaymentMethod() == nil {
		c.Skipf("samples.requests.Tokenize in test.yaml has no payment_method")
	}
	return req
}

func beginTokenize(c *Case) job {
	req := c.tokenizeRequest()
	other := proto.CloneOf(req)
	other.Metadata["more"] = "x"
	return job{
		req: req, other: other, marks: without(req.GetMetadata()["label"], req.GetCustomerId()),
		done: func(resp proto.Message) {
			r := resp.(*paymentsv1.TokenizeResponse)
			if r.GetPaymentMethod().GetToken() == "" || r.GetDecline() != nil {
				c.Fatalf("Tokenize: expected a token and no decline, got the type %q and %v", r.GetPaymentMethod().GetType(), r.GetDecline())
			}
		},
	}
}

func beginDeletePaymentMethod(c *Case) job {
	resp := &paymentsv1.TokenizeResponse{}
	c.ok("Tokenize", c.invoke("Tokenize", c.tokenizeRequest(), resp))
	token := resp.GetPaymentMethod().GetToken()
	return job{
		req:   asked(c, "DeletePaymentMethod", &paymentsv1.DeletePaymentMethodRequest{Token: token, CustomerId: resp.GetCustomerId()}),
		marks: without(token, resp.GetCustomerId()),
		done:  func(proto.Message) {},
	}
}

func beginCheckEligibility(c *Case) job {
	req := asked(c, "CheckEligibility", &paymentsv1.CheckEligibilityRequest{Amount: c.amount(usual)})
	return job{
		req: req, marks: []string{c.traceID},
		done: func(resp proto.Message) {
			for _, m := range resp.(*paymentsv1.CheckEligibilityResponse).GetPaymentMethods() {
				if m.GetType() != "" && m.GetEligible() {
					return
				}
			}
			c.Fatalf("payment_methods: expected one that is eligible, got %v", resp)
		},
	}
}

func beginCalculateSurcharge(c *Case) job {
	req := asked(c, "CalculateSurcharge", &paymentsv1.CalculateSurchargeRequest{Amount: c.amount(usual), PaymentMethod: c.approvedMethod()})
	return job{
		req: req, marks: []string{c.traceID},
		done: func(resp proto.Message) {
			r := resp.(*paymentsv1.CalculateSurchargeResponse)
			total := c.amount(req.GetAmount().GetMinorUnits() + r.GetSurchargeAmount().GetMinorUnits())
			total.CurrencyCode = req.GetAmount().GetCurrencyCode()
			c.money("total_amount", total, r.GetTotalAmount())
		},
	}
}
