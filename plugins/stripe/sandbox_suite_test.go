//go:build sandbox_suite

package stripe

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// TestSandbox runs against Stripe itself, in test mode, with Stripe's test tokens
// (https://docs.stripe.com/testing). It moves no money and leaves test data behind.
func TestSandbox(t *testing.T) {
	key := os.Getenv("STRIPE_TEST_KEY")
	if key == "" {
		t.Skip("STRIPE_TEST_KEY is missing: a secret key of a test mode account, sk_test_…")
	}
	if liveKey(key) || !strings.Contains(key, "_test_") {
		t.Fatal("STRIPE_TEST_KEY is not a key of test mode")
	}
	h := connectortest.Start(t, New(), map[string]any{"api_key": key})
	s := &sandbox{T: t, h: h, began: time.Now().Add(-time.Minute)}
	account, err := h.Connector.CheckAccount(s.once(), &connectorv1.CheckAccountRequest{})
	s.ok(err)
	t.Logf("account %s", account.GetAccountId())
	t.Run("payments", s.payments)
	t.Run("declines", s.declines)
	t.Run("mandates", s.mandates)
	t.Run("customers", s.customers)
	t.Run("disputes", s.disputes)
}

// sandbox is one run of the suite.
type sandbox struct {
	*testing.T
	h     *connectortest.Harness
	began time.Time
}

func (s *sandbox) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// once is the context of a call with a key of its own.
func (s *sandbox) once() context.Context { return s.h.Context(rand.Text() + rand.Text()[:17]) }

func (s *sandbox) payments(t *testing.T) {
	s = &sandbox{t, s.h, s.began}
	reference := "sandbox-" + rand.Text()
	req := authorizeRequest()
	req.Reference, req.CaptureMethod = reference, paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL
	ctx := s.once()
	first, err := s.h.Payments.Authorize(ctx, req)
	s.ok(err)
	again, err := s.h.Payments.Authorize(ctx, req) // the same key
	s.ok(err)
	id := first.GetPayment().GetId()
	if again.GetPayment().GetId() != id || first.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED {
		t.Fatalf("authorized %v, and again %v", first, again)
	}
	captured, err := s.h.Payments.Capture(s.once(), &paymentsv1.CaptureRequest{PaymentId: id, Amount: eur(400)})
	s.ok(err)
	if captured.GetAmount().GetMinorUnits() != 400 || captured.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
		t.Errorf("captured %v", captured)
	}
	refunded, err := s.h.Refunds.CreateRefund(s.once(), &paymentsv1.CreateRefundRequest{PaymentId: id, Reference: "r-" + reference, Amount: eur(100)})
	s.ok(err)
	read, err := s.h.Payments.GetPayment(s.once(), &paymentsv1.GetPaymentRequest{PaymentId: id})
	s.ok(err)
	if p := read.GetPayment(); p.GetCapturedAmount().GetMinorUnits() != 400 || p.GetRefundedAmount().GetMinorUnits() != 100 || refunded.GetRefund().GetPaymentId() != id {
		t.Errorf("read %v after %v", p, refunded)
	}
	found, err := s.h.Payments.FindPayment(s.once(), &paymentsv1.FindPaymentRequest{Reference: reference, CreatedAfterTime: timestamppb.New(s.began)})
	s.ok(err)
	if !found.GetConclusive() || len(found.GetPayments()) != 1 || found.GetPayments()[0].GetId() != id {
		t.Errorf("found %v", found)
	}
	req.Reference = "sandbox-" + rand.Text()
	second, err := s.h.Payments.Authorize(s.once(), req)
	s.ok(err)
	reversed, err := s.h.Payments.Reverse(s.once(), &paymentsv1.ReverseRequest{PaymentId: second.GetPayment().GetId(), Reference: "reverse"})
	s.ok(err)
	if reversed.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED || reversed.GetRefund() != nil {
		t.Errorf("reversed %v", reversed)
	}
}

func (s *sandbox) declines(t *testing.T) {
	s = &sandbox{t, s.h, s.began}
	for pm, want := range map[string]string{
		"pm_card_visa_chargeDeclined": "generic_decline", "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
		"pm_card_visa_chargeDeclinedLostCard": "lost_card", "pm_card_chargeDeclinedExpiredCard": "expired_card",
	} {
		req := authorizeRequest()
		req.PaymentMethod = token(pm)
		got, err := s.h.Payments.Authorize(s.once(), req)
		s.ok(err)
		if got.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED || got.GetPayment().GetDecline().GetCode() != want {
			t.Errorf("%s: %v, want %s", pm, got.GetPayment(), want)
		}
	}
	req := authorizeRequest()
	req.PaymentMethod, req.ReturnUrl = token("pm_card_authenticationRequired"), "https://shop.example/return"
	got, err := s.h.Payments.Authorize(s.once(), req)
	s.ok(err)
	if got.GetPayment().GetNextAction().GetRedirect().GetUrl() == "" {
		t.Errorf("the payer is not sent anywhere: %v", got.GetPayment())
	}
}

func (s *sandbox) mandates(t *testing.T) {
	s = &sandbox{t, s.h, s.began}
	mandates := paymentsv1.NewMandateServiceClient(s.h.Conn)
	set, err := mandates.SetupMandate(s.once(), &paymentsv1.SetupMandateRequest{
		Reference: "mandate-" + rand.Text(), PaymentMethod: token("pm_card_visa"), Customer: &paymentsv1.CustomerDetails{Email: "jo@example.com"},
	})
	s.ok(err)
	id := set.GetMandate().GetId()
	if set.GetMandate().GetStatus() != paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE {
		t.Fatalf("set up %v", set)
	}
	charged, err := mandates.ChargeMandate(s.once(), &paymentsv1.ChargeMandateRequest{
		Reference: "order-" + rand.Text(), MandateId: id, Amount: eur(1050), Reason: paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_RECURRING,
	})
	s.ok(err)
	if charged.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
		t.Errorf("charged %v", charged)
	}
	_, err = mandates.RevokeMandate(s.once(), &paymentsv1.RevokeMandateRequest{MandateId: id})
	s.ok(err)
	read, err := mandates.GetMandate(s.once(), &paymentsv1.GetMandateRequest{MandateId: id})
	s.ok(err)
	if read.GetMandate().GetStatus() != paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED {
		t.Errorf("read %v", read)
	}
}

func (s *sandbox) customers(t *testing.T) {
	s = &sandbox{t, s.h, s.began}
	customers := paymentsv1.NewCustomerServiceClient(s.h.Conn)
	made, err := customers.CreateCustomer(s.once(), &paymentsv1.CreateCustomerRequest{Details: &paymentsv1.CustomerDetails{GivenName: "Jo", FamilyName: "Doe", Reference: "customer-" + rand.Text()}})
	s.ok(err)
	for range 2 {
		gone, err := customers.DeleteCustomer(s.once(), &paymentsv1.DeleteCustomerRequest{CustomerId: made.GetCustomer().GetId()})
		s.ok(err)
		if gone.GetCustomer().GetStatus() != paymentsv1.CustomerStatus_CUSTOMER_STATUS_DELETED {
			t.Errorf("deleted %v", gone)
		}
	}
}

func (s *sandbox) disputes(t *testing.T) {
	s = &sandbox{t, s.h, s.began}
	req := authorizeRequest()
	req.PaymentMethod = token("pm_card_createDispute")
	paid, err := s.h.Payments.Authorize(s.once(), req)
	s.ok(err)
	disputes := paymentsv1.NewDisputeServiceClient(s.h.Conn)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-tick.C {
		list, err := disputes.ListDisputes(s.once(), &paymentsv1.ListDisputesRequest{PaymentId: paid.GetPayment().GetId()})
		s.ok(err)
		if len(list.GetDisputes()) == 0 {
			continue
		}
		accepted, err := disputes.AcceptDispute(s.once(), &paymentsv1.AcceptDisputeRequest{DisputeId: list.GetDisputes()[0].GetId()})
		s.ok(err)
		if accepted.GetDispute().GetStatus() != paymentsv1.DisputeStatus_DISPUTE_STATUS_LOST {
			t.Errorf("accepted %v", accepted)
		}
		return
	}
	t.Error("the payment was not disputed within 30 s")
}
