//go:build adyen_sandbox

package adyen

import (
	"crypto/rand"
	"os"
	"testing"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// sandbox serves the connector with a real test account.
func sandbox(t *testing.T) *connectortest.Harness {
	t.Helper()
	key, merchant := os.Getenv("ADYEN_API_KEY"), os.Getenv("ADYEN_MERCHANT_ACCOUNT")
	if key == "" || merchant == "" {
		t.Skip("ADYEN_API_KEY and ADYEN_MERCHANT_ACCOUNT of a test account are missing")
	}
	return connectortest.Start(t, New(), object{"api_key": key, "merchant_account": merchant, "return_url": "https://shop.example/return"})
}

func TestSandboxAccount(t *testing.T) {
	h := sandbox(t)
	account, err := h.Connector.CheckAccount(h.Context(rand.Text()), &connectorv1.CheckAccountRequest{})
	if err != nil || account.GetLive() {
		t.Fatalf("%v, %v", account, err)
	}
}

// TestSandboxPayment authorizes, repeats, captures and refunds a payment.
func TestSandboxPayment(t *testing.T) {
	h, key := sandbox(t), rand.Text()
	req := authorizeRequest()
	req.Reference, req.CaptureMethod = "patchbay-"+rand.Text(), paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL
	first, err := h.Payments.Authorize(h.Context(key), req)
	if err != nil || first.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED {
		t.Fatalf("%v, %v", first, err)
	}
	again, err := h.Payments.Authorize(h.Context(key), req)
	if err != nil || again.GetPayment().GetId() != first.GetPayment().GetId() {
		t.Errorf("a repeat with the same key: %v, %v", again, err)
	}
	id := first.GetPayment().GetId()
	captured, err := h.Payments.Capture(h.Context(rand.Text()), &paymentsv1.CaptureRequest{PaymentId: id, Amount: eur(400)})
	if err != nil || captured.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING {
		t.Errorf("%v, %v", captured, err)
	}
	refund, err := h.Refunds.CreateRefund(h.Context(rand.Text()), &paymentsv1.CreateRefundRequest{
		PaymentId: id, Amount: eur(400), Reference: "refund-" + rand.Text()})
	if err != nil || refund.GetRefund().GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_PENDING {
		t.Errorf("%v, %v", refund, err)
	}
}

// TestSandboxDeclines asks the test platform for refusals by the holder's name.
func TestSandboxDeclines(t *testing.T) {
	h := sandbox(t)
	for holder, want := range map[string]string{
		"DECLINED": "generic_decline", "NOT_ENOUGH_BALANCE": "insufficient_funds", "CARD_EXPIRED": "expired_card", "CVC_DECLINED": "incorrect_cvv",
	} {
		req := authorizeRequest()
		req.Reference = "patchbay-" + rand.Text()
		req.GetPaymentMethod().GetCard().HolderName = holder
		resp, err := h.Payments.Authorize(h.Context(rand.Text()), req)
		if err != nil || resp.GetPayment().GetDecline().GetCode() != want {
			t.Errorf("%s: %v, %v; want %s", holder, resp.GetPayment(), err, want)
		}
	}
}
