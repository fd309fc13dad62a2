package sandbox_test

import (
	"net/http"
	"testing"

	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

const (
	automatic = paymentsv1.CaptureMethod_CAPTURE_METHOD_AUTOMATIC
	manual    = paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL
)

// want is a payment's state in short.
type want struct {
	status                                   paymentsv1.PaymentStatus
	authorized, capturable, captured, refund int64
}

func check(t *testing.T, p *paymentsv1.Payment, w want) {
	t.Helper()
	got := want{p.GetStatus(), p.GetAuthorizedAmount().GetMinorUnits(), p.GetCapturableAmount().GetMinorUnits(),
		p.GetCapturedAmount().GetMinorUnits(), p.GetRefundedAmount().GetMinorUnits()}
	if got != w {
		t.Errorf("got %+v, want %+v", got, w)
	}
}

func TestAuthorize_card(t *testing.T) {
	both(t, func(t *testing.T, h *connectortest.Harness) {
		resp, err := h.Payments.Authorize(h.Context(key("a")), &paymentsv1.AuthorizeRequest{
			Reference: "order-1001",
			Amount:    &paymentsv1.Money{CurrencyCode: "KWD", MinorUnits: 1050},
			PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
				Number: "5555555555554444", ExpiryMonth: 12, ExpiryYear: 2030, SecurityCode: "123", HolderName: "Test Card",
			}}},
			Description:         "Two tickets",
			StatementDescriptor: "TICKETS",
			Email:               "jo@example.com",
			Metadata:            map[string]string{"cart": "7"},
		})
		if err != nil {
			t.Fatal(err)
		}
		p := resp.GetPayment()
		check(t, p, want{paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1050, 0, 1050, 0})
		if p.GetId() == "" || p.GetReference() != "order-1001" || p.GetAmount().GetCurrencyCode() != "KWD" ||
			p.GetNetworkTransactionId() == "" || p.GetCreateTime().AsTime().IsZero() || p.GetDecline() != nil || p.GetNextAction() != nil {
			t.Errorf("got %v", p)
		}
		data := p.GetConnectorData().AsMap()
		if data["card_network"] != "mastercard" || data["card_last4"] != "4444" {
			t.Errorf("connector data %v", data)
		}
		read, err := h.Payments.GetPayment(h.Context(key("b")), &paymentsv1.GetPaymentRequest{PaymentId: p.GetId()})
		if err != nil || !proto.Equal(read.GetPayment(), p) {
			t.Errorf("read %v %v, want %v", read, err, p)
		}
	})
}

func TestCapture_inParts(t *testing.T) {
	both(t, func(t *testing.T, h *connectortest.Harness) {
		id := pay(t, h, "a", manual)
		first, err := h.Payments.Capture(h.Context(key("b")), &paymentsv1.CaptureRequest{PaymentId: id, Amount: dollars(400), MoreToCome: true})
		if err != nil {
			t.Fatal(err)
		}
		check(t, first.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED, 1000, 600, 400, 0})
		last, err := h.Payments.Capture(h.Context(key("c")), &paymentsv1.CaptureRequest{PaymentId: id, Amount: dollars(500)})
		if err != nil {
			t.Fatal(err)
		}
		check(t, last.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1000, 0, 900, 0})
		if first.GetCaptureId() == "" || first.GetCaptureId() == last.GetCaptureId() || !proto.Equal(last.GetAmount(), dollars(500)) {
			t.Errorf("captures %v and %v", first, last)
		}
	})
}

func TestCapture_all(t *testing.T) {
	h, _ := start(t)
	id := pay(t, h, "a", manual)
	resp, err := h.Payments.Capture(h.Context(key("b")), &paymentsv1.CaptureRequest{PaymentId: id})
	if err != nil || !proto.Equal(resp.GetAmount(), dollars(1000)) {
		t.Errorf("got %v %v", resp, err)
	}
}

func TestVoid(t *testing.T) {
	h, url := start(t)
	id := pay(t, h, "a", manual)
	resp, err := h.Payments.Void(h.Context(key("b")), &paymentsv1.VoidRequest{PaymentId: id, Reason: "abandoned"})
	if err != nil {
		t.Fatal(err)
	}
	check(t, resp.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED, 1000, 0, 0, 0})
	if got := charges(t, url); len(got) != 1 || !got[0].Voided {
		t.Errorf("charges %+v", got)
	}
}

func TestAuthorize_challenge(t *testing.T) {
	h, _ := start(t)
	req := order("tok_challenge", automatic)
	req.ReturnUrl = "http://127.0.0.1:1/return"
	resp, err := h.Payments.Authorize(h.Context(key("a")), req)
	if err != nil {
		t.Fatal(err)
	}
	check(t, resp.GetPayment(), want{status: paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION})
	redirect := resp.GetPayment().GetNextAction().GetRedirect()
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Get(redirect.GetUrl() + "?outcome=approve")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if redirect.GetMethod() != "GET" || res.StatusCode != http.StatusSeeOther {
		t.Errorf("%v led to %d", redirect, res.StatusCode)
	}
	read, err := h.Payments.GetPayment(h.Context(key("b")), &paymentsv1.GetPaymentRequest{PaymentId: resp.GetPayment().GetId()})
	if err != nil || read.GetPayment().GetNextAction() != nil {
		t.Fatalf("got %v %v", read, err)
	}
	check(t, read.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1000, 0, 1000, 0})
}

func TestAuthorize_replay(t *testing.T) {
	h, url := start(t)
	first := pay(t, h, "a", automatic)
	if again := pay(t, h, "a", automatic); again != first {
		t.Errorf("got %s, then %s", first, again)
	}
	if got := charges(t, url); len(got) != 1 || got[0].Attempts != 2 {
		t.Errorf("charges %+v, want one with 2 attempts", got)
	}
}
