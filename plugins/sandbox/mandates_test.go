package sandbox_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

const recurring = paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_RECURRING

func setup(t *testing.T, h *connectortest.Harness, method *paymentsv1.PaymentMethod, terms *paymentsv1.MandateTerms) *paymentsv1.Mandate {
	t.Helper()
	resp, err := paymentsv1.NewMandateServiceClient(h.Conn).SetupMandate(h.Context(""), &paymentsv1.SetupMandateRequest{
		Reference: "mandate-12", PaymentMethod: method, Terms: terms, ReturnUrl: "https://shop.example/return",
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetMandate()
}

func charge12(id string, units int64) *paymentsv1.ChargeMandateRequest {
	return &paymentsv1.ChargeMandateRequest{Reference: "invoice-1", MandateId: id, Amount: dollars(units), Reason: recurring}
}

func TestMandate(t *testing.T) {
	h, _ := start(t)
	mandates := paymentsv1.NewMandateServiceClient(h.Conn)
	terms := &paymentsv1.MandateTerms{
		AmountKind: paymentsv1.MandateAmountKind_MANDATE_AMOUNT_KIND_MAXIMUM, Amount: dollars(2000),
		IntervalUnit: paymentsv1.MandateIntervalUnit_MANDATE_INTERVAL_UNIT_MONTH, IntervalCount: 1,
		StartDate: "2030-01-31", EndDate: "2031-01-31", PaymentCount: 12, Description: "Monthly plan",
	}
	m := setup(t, h, cardNumbered("4242424242424242"), terms)
	if m.GetStatus() != paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE || !proto.Equal(m.GetTerms(), terms) || m.GetPaymentMethod().GetCard().GetLast4() != "4242" {
		t.Fatalf("got %v", m)
	}
	paid, err := mandates.ChargeMandate(h.Context(key("a")), charge12(m.GetId(), 1000))
	if err != nil || paid.GetPayment().GetMandateId() != m.GetId() {
		t.Fatalf("got %v %v", paid, err)
	}
	check(t, paid.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1000, 0, 1000, 0})
	over, err := mandates.ChargeMandate(h.Context(key("b")), charge12(m.GetId(), 2001))
	if err != nil || over.GetPayment().GetDecline().GetCode() != "exceeds_amount_limit" {
		t.Errorf("beyond the terms: %v %v", over, err)
	}
	ended, err := mandates.RevokeMandate(h.Context(key("c")), &paymentsv1.RevokeMandateRequest{MandateId: m.GetId()})
	if err != nil || ended.GetMandate().GetStatus() != paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED {
		t.Fatalf("got %v %v", ended, err)
	}
	read, err := mandates.GetMandate(h.Context(key("d")), &paymentsv1.GetMandateRequest{MandateId: m.GetId()})
	if err != nil || !proto.Equal(read.GetMandate(), ended.GetMandate()) {
		t.Errorf("read %v %v", read, err)
	}
	_, err = mandates.ChargeMandate(h.Context(key("e")), charge12(m.GetId(), 1000))
	if f := failureOf(err); f.code != codes.FailedPrecondition || f.reason != "MANDATE_NOT_ACTIVE" || f.sent != "NEVER" {
		t.Errorf("a charge of a revoked mandate: %+v", f)
	}
}

func TestMandate_outcomes(t *testing.T) {
	h, _ := start(t)
	mandates := paymentsv1.NewMandateServiceClient(h.Conn)
	if m := setup(t, h, cardNumbered("4000000000009995"), nil); m.GetDecline().GetCode() != "insufficient_funds" {
		t.Errorf("declined: %v", m)
	}
	resp, err := mandates.ChargeMandate(h.Context(key("a")), charge12(setup(t, h, cardNumbered("4000000000000341"), nil).GetId(), 1000))
	if err != nil || resp.GetPayment().GetDecline().GetCode() != "do_not_honor" {
		t.Errorf("its payments are declined: %v %v", resp, err)
	}
	for outcome, status := range map[string]paymentsv1.MandateStatus{
		"approve": paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE, "decline": paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED,
	} {
		m := setup(t, h, cardNumbered("4000002500003155"), nil)
		query := visit(t, m.GetNextAction(), outcome)
		read, err := mandates.GetMandate(h.Context(key("b")), &paymentsv1.GetMandateRequest{MandateId: m.GetId()})
		if err != nil || read.GetMandate().GetStatus() != status || query["mandate_id"] != m.GetId() {
			t.Errorf("%s: got %v %v, back with %v", outcome, read, err, query)
		}
	}
}

// A payment can leave a token and a mandate behind, for payments of both kinds.
func TestAuthorize_storesTheInstrument(t *testing.T) {
	h, _ := start(t)
	ask := order("", automatic)
	ask.PaymentMethod = cardNumbered("4000002500003155")
	ask.StoredCredential = &paymentsv1.StoredCredential{SetupFutureUsage: paymentsv1.SetupFutureUsage_SETUP_FUTURE_USAGE_OFF_SESSION}
	begun, err := h.Payments.Authorize(h.Context(key("a")), ask)
	if err != nil || begun.GetPayment().GetMandateId() != "" {
		t.Fatalf("got %v %v", begun, err)
	}
	visit(t, begun.GetPayment().GetNextAction(), "approve")
	read, err := h.Payments.GetPayment(h.Context(key("b")), &paymentsv1.GetPaymentRequest{PaymentId: begun.GetPayment().GetId()})
	if err != nil || read.GetPayment().GetMandateId() == "" || read.GetPayment().GetPaymentMethod().GetToken() == "" {
		t.Fatalf("got %v %v", read, err)
	}
	again := order("", automatic)
	again.PaymentMethod = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Mandate{
		Mandate: &paymentsv1.MandateReference{MandateId: read.GetPayment().GetMandateId()},
	}}
	again.StoredCredential = &paymentsv1.StoredCredential{Initiator: paymentsv1.Initiator_INITIATOR_MERCHANT, Reason: recurring}
	if resp, err := h.Payments.Authorize(h.Context(key("c")), again); err != nil || resp.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
		t.Errorf("with the mandate: %v %v", resp, err)
	}
	again.PaymentMethod = order(read.GetPayment().GetPaymentMethod().GetToken(), automatic).GetPaymentMethod()
	if resp, err := h.Payments.Authorize(h.Context(key("d")), again); err != nil || resp.GetPayment().GetDecline().GetCode() != "authentication_required" {
		t.Errorf("without the payer: %v %v", resp, err)
	}
}
