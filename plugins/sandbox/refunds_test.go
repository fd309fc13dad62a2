package sandbox_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

func TestRefund(t *testing.T) {
	both(t, func(t *testing.T, h *connectortest.Harness) {
		id := pay(t, h, "a", automatic)
		part, err := h.Refunds.CreateRefund(h.Context(key("b")), &paymentsv1.CreateRefundRequest{
			PaymentId: id, Reference: "refund-77", Amount: dollars(300), Reason: "requested_by_customer",
		})
		if err != nil {
			t.Fatal(err)
		}
		r := part.GetRefund()
		if r.GetId() == "" || r.GetPaymentId() != id || r.GetReference() != "refund-77" || !proto.Equal(r.GetAmount(), dollars(300)) ||
			r.GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED || r.GetCreateTime().AsTime().IsZero() {
			t.Errorf("got %v", r)
		}
		read, err := h.Refunds.GetRefund(h.Context(key("c")), &paymentsv1.GetRefundRequest{RefundId: r.GetId()})
		if err != nil || !proto.Equal(read.GetRefund(), r) {
			t.Errorf("read %v %v, want %v", read, err, r)
		}
		rest, err := h.Refunds.CreateRefund(h.Context(key("d")), &paymentsv1.CreateRefundRequest{PaymentId: id, Reference: "refund-78"})
		if err != nil || !proto.Equal(rest.GetRefund().GetAmount(), dollars(700)) {
			t.Errorf("the rest: got %v %v", rest, err)
		}
		paid, err := h.Payments.GetPayment(h.Context(key("e")), &paymentsv1.GetPaymentRequest{PaymentId: id})
		if err != nil {
			t.Fatal(err)
		}
		check(t, paid.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1000, 0, 1000, 1000})
	})
}
