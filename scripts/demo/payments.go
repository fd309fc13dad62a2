package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

const (
	paymentService = "patchbay.payments.v1.PaymentService"
	refundService  = "patchbay.payments.v1.RefundService"
)

// discover lists and describes the services: nobody needs the .proto files.
func (s *stage) discover(ctx context.Context) error {
	services, stderr, err := grpcurl(ctx, "-plaintext", s.gateway.Address, "list")
	if err != nil {
		return fmt.Errorf("%w: %s", err, stderr)
	}
	fmt.Print(services)
	for _, service := range []string{paymentService, refundService, "patchbay.gateway.v1.ConnectorService"} {
		if !strings.Contains(services, service+"\n") {
			return fmt.Errorf("expected %s among the services", service)
		}
	}
	described, stderr, err := grpcurl(ctx, "-plaintext", s.gateway.Address, "describe", refundService)
	if err != nil {
		return fmt.Errorf("%w: %s", err, stderr)
	}
	fmt.Print(described)
	if comment := "Refunds all or part of what was captured."; !strings.Contains(described, comment) {
		return fmt.Errorf("expected the description to have the comment %q", comment)
	}
	return nil
}

// listConnectors shows both connectors, each a process of its own.
func (s *stage) listConnectors(ctx context.Context) error {
	var answer gatewayv1.ListConnectorsResponse
	if err := s.call(ctx, "", "patchbay.gateway.v1.ConnectorService/ListConnectors", "", &answer); err != nil {
		return err
	}
	var names []string
	for _, c := range answer.GetConnectors() {
		names = append(names, c.GetName())
		if len(c.GetVersions()) == 0 {
			return fmt.Errorf("expected connector %s to have a version", c.GetName())
		}
		if err := expect("the state of "+c.GetName(), c.GetVersions()[0].GetState(), gatewayv1.ConnectorState_CONNECTOR_STATE_SERVING); err != nil {
			return err
		}
	}
	return expect("the connectors", strings.Join(names, " "), "sandbox stripe")
}

func (s *stage) payWithStripe(ctx context.Context) error {
	var answer paymentsv1.AuthorizeResponse
	err := s.call(ctx, "stripe", paymentService+"/Authorize",
		`{"reference": "order-1001", "amount": {"currency_code": "EUR", "minor_units": 1050}, "payment_method": {"card_token": {"token": "pm_card_visa"}}}`, &answer)
	if err != nil {
		return err
	}
	p := answer.GetPayment()
	return errors.Join(
		expect("the status", p.GetStatus(), paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED),
		expect("the captured amount", p.GetCapturedAmount().GetMinorUnits(), int64(1050)))
}

func (s *stage) captureAndRefund(ctx context.Context) error {
	var authorized paymentsv1.AuthorizeResponse
	err := s.call(ctx, "sandbox", paymentService+"/Authorize",
		`{"reference": "order-1002", "amount": {"currency_code": "USD", "minor_units": 1050}, "capture_method": "CAPTURE_METHOD_MANUAL", `+
			`"payment_method": {"card": {"number": "4242424242424242", "expiry_month": 12, "expiry_year": 2030, "security_code": "123"}}}`, &authorized)
	if err != nil {
		return err
	}
	id := authorized.GetPayment().GetId()
	if err := expect("the status", authorized.GetPayment().GetStatus(), paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED); err != nil {
		return err
	}
	var captured paymentsv1.CaptureResponse
	if err := s.call(ctx, "sandbox", paymentService+"/Capture",
		fmt.Sprintf(`{"payment_id": %q, "amount": {"currency_code": "USD", "minor_units": 600}}`, id), &captured); err != nil {
		return err
	}
	if err := expect("the captured amount", captured.GetPayment().GetCapturedAmount().GetMinorUnits(), int64(600)); err != nil {
		return err
	}
	var refunded paymentsv1.CreateRefundResponse
	if err := s.call(ctx, "sandbox", refundService+"/CreateRefund",
		fmt.Sprintf(`{"payment_id": %q, "reference": "refund-1002", "amount": {"currency_code": "USD", "minor_units": 100}}`, id), &refunded); err != nil {
		return err
	}
	if err := expect("the refund's status", refunded.GetRefund().GetStatus(), paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED); err != nil {
		return err
	}
	var got paymentsv1.GetPaymentResponse
	if err := s.call(ctx, "sandbox", paymentService+"/GetPayment", fmt.Sprintf(`{"payment_id": %q}`, id), &got); err != nil {
		return err
	}
	return expect("the refunded amount", got.GetPayment().GetRefundedAmount().GetMinorUnits(), int64(100))
}

func (s *stage) decline(ctx context.Context) error {
	var answer paymentsv1.AuthorizeResponse
	err := s.call(ctx, "sandbox", paymentService+"/Authorize",
		`{"reference": "order-1003", "amount": {"currency_code": "USD", "minor_units": 1050}, "payment_method": {"card": {"number": "4000000000009995", "expiry_month": 12, "expiry_year": 2030}}}`, &answer)
	if err != nil {
		return err
	}
	return errors.Join(
		expect("the status", answer.GetPayment().GetStatus(), paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED),
		expect("the decline's code", answer.GetPayment().GetDecline().GetCode(), "insufficient_funds"))
}

// refuse shows an error as callers get it: what is wrong where, and that nothing
// was sent.
func (s *stage) refuse(ctx context.Context) error {
	_, stderr, err := grpcurl(ctx, s.callArgs("sandbox", paymentService+"/Authorize",
		`{"reference": "order-1004", "amount": {"currency_code": "USD", "minor_units": -1}, "payment_method": {"card_token": {"token": "tok_approve"}}}`)...)
	if err == nil {
		return errors.New("expected a negative amount to be refused, got an answer")
	}
	fmt.Print(stderr)
	for _, part := range []string{"Code: InvalidArgument", `"field": "amount.minor_units"`, `"sent": "NEVER"`} {
		if !strings.Contains(stderr, part) {
			return fmt.Errorf("expected the error to have %s", part)
		}
	}
	return nil
}
