package connectortest

import (
	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// The words of the contract that the scenarios use most.
const (
	automatic = paymentsv1.CaptureMethod_CAPTURE_METHOD_AUTOMATIC
	manual    = paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL

	requiresAction    = paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
	authorized        = paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED
	partiallyCaptured = paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED
	captured          = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	voided            = paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED
	declined          = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
)

// usual is the amount of a payment where the amount does not matter.
const usual = 1050

// amount is an amount in the plan's currency.
func (c *Case) amount(minorUnits int64) *paymentsv1.Money {
	return &paymentsv1.Money{CurrencyCode: c.plan.Currency, MinorUnits: minorUnits}
}

// sampled lays a sample of the plan over a request.
func (c *Case) sampled(s sample, req proto.Message) {
	if err := s.into(req); err != nil {
		c.Fatalf("the sample is no part of the request: %v", err)
	}
}

// asked lays the plan's sample for an operation over a request to it.
func asked[M proto.Message](c *Case, operation string, req M) M {
	c.sampled(c.plan.Samples.Requests[operation], req)
	return req
}

// authorizeRequest asks for a payment that is approved.
func (c *Case) authorizeRequest(method paymentsv1.CaptureMethod) *paymentsv1.AuthorizeRequest {
	return c.authorizeSample(c.plan.Samples.Approve, method)
}

func (c *Case) authorizeSample(s sample, method paymentsv1.CaptureMethod) *paymentsv1.AuthorizeRequest {
	req := &paymentsv1.AuthorizeRequest{
		Reference:     c.reference("order"),
		Amount:        c.amount(usual),
		CaptureMethod: method,
	}
	c.sampled(s, req)
	return asked(c, "Authorize", req)
}

func (c *Case) authorize(req *paymentsv1.AuthorizeRequest, opts ...callOption) (*paymentsv1.Payment, error) {
	resp := &paymentsv1.AuthorizeResponse{}
	err := c.invoke("Authorize", req, resp, opts...)
	return resp.GetPayment(), err
}

// paid authorizes a payment that is expected to be approved: with its own
// reference, and with capture at once or not.
func (c *Case) paid(method paymentsv1.CaptureMethod) *paymentsv1.Payment {
	want := authorized
	if method == automatic {
		want = captured
	}
	return c.paidBy(c.authorizeRequest(method), want)
}

// paidBy makes a payment that is expected to have a status.
func (c *Case) paidBy(req *paymentsv1.AuthorizeRequest, want paymentsv1.PaymentStatus) *paymentsv1.Payment {
	p, err := c.authorize(req)
	c.ok("Authorize", err)
	equal(c, "status of the payment to work with", want, p.GetStatus())
	if p.GetId() == "" {
		c.Fatalf("Authorize: expected payment.id, got none")
	}
	return p
}

func (c *Case) capture(req *paymentsv1.CaptureRequest, opts ...callOption) (*paymentsv1.CaptureResponse, error) {
	resp := &paymentsv1.CaptureResponse{}
	err := c.invoke("Capture", req, resp, opts...)
	return resp, err
}

func (c *Case) void(id string) (*paymentsv1.Payment, error) {
	resp := &paymentsv1.VoidResponse{}
	err := c.invoke("Void", &paymentsv1.VoidRequest{PaymentId: id}, resp)
	return resp.GetPayment(), err
}

func (c *Case) getPayment(id string) (*paymentsv1.Payment, error) {
	resp := &paymentsv1.GetPaymentResponse{}
	err := c.invoke("GetPayment", &paymentsv1.GetPaymentRequest{PaymentId: id}, resp)
	return resp.GetPayment(), err
}

func (c *Case) refundRequest(payment string, amount *paymentsv1.Money) *paymentsv1.CreateRefundRequest {
	return asked(c, "CreateRefund", &paymentsv1.CreateRefundRequest{
		PaymentId: payment, Reference: c.reference("refund"), Amount: amount,
	})
}

func (c *Case) createRefund(req *paymentsv1.CreateRefundRequest, opts ...callOption) (*paymentsv1.Refund, error) {
	resp := &paymentsv1.CreateRefundResponse{}
	err := c.invoke("CreateRefund", req, resp, opts...)
	return resp.GetRefund(), err
}

func (c *Case) getRefund(refund, payment string, opts ...callOption) (*paymentsv1.Refund, error) {
	resp := &paymentsv1.GetRefundResponse{}
	req := &paymentsv1.GetRefundRequest{RefundId: refund, PaymentId: payment}
	err := c.invoke("GetRefund", req, resp, opts...)
	return resp.GetRefund(), err
}

func (c *Case) probe(i *instance) error {
	return c.invokeMethod(wire.ProbeMethod, &connectorv1.ProbeRequest{}, &connectorv1.ProbeResponse{}, on(i))
}

// has says whether the connector declares an operation.
func (c *Case) has(operation string) bool { return c.declared[operation] != nil }

// agrees ends the case if the payment that the connector reads back is not the
// given one in what matters. Where it can't read payments there is nothing to say.
func (c *Case) agrees(want *paymentsv1.Payment) {
	if !c.has("GetPayment") {
		return
	}
	got, err := c.getPayment(want.GetId())
	c.ok("GetPayment", err)
	equal(c, "GetPayment: id", want.GetId(), got.GetId())
	equal(c, "GetPayment: reference", want.GetReference(), got.GetReference())
	equal(c, "GetPayment: status", want.GetStatus(), got.GetStatus())
	c.money("GetPayment: amount", want.GetAmount(), got.GetAmount())
	c.money("GetPayment: captured_amount", want.GetCapturedAmount(), got.GetCapturedAmount())
	c.money("GetPayment: refunded_amount", want.GetRefundedAmount(), got.GetRefundedAmount())
}

// amounts ends the case if a payment does not say what is captured and refunded.
func (c *Case) amounts(p *paymentsv1.Payment, capturable, captured, refunded int64) {
	currency := p.GetAmount().GetCurrencyCode()
	for _, told := range []struct {
		name string
		want int64
		got  *paymentsv1.Money
	}{
		{"capturable_amount", capturable, p.GetCapturableAmount()},
		{"captured_amount", captured, p.GetCapturedAmount()},
		{"refunded_amount", refunded, p.GetRefundedAmount()},
	} {
		if told.got == nil && told.want == 0 {
			continue // not told, and nothing to tell
		}
		c.money("payment."+told.name, &paymentsv1.Money{CurrencyCode: currency, MinorUnits: told.want}, told.got)
	}
}
