package sdk

import (
	"testing"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestCompleteOfAPaymentWithAProvisionalID(t *testing.T) {
	request := &paymentsv1.CompleteRequest{PaymentId: ProvisionalID("order-1001")}
	answer := func(id, reference string) *paymentsv1.CompleteResponse {
		return &paymentsv1.CompleteResponse{Payment: &paymentsv1.Payment{
			Id: id, Reference: reference, Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED,
		}}
	}
	for _, tt := range []struct{ id, reference, want string }{
		{"psp_1", "order-1001", ""},
		{ProvisionalID("order-1001"), "order-1001", ""},
		{"psp_1", "order-1002", "payment.reference"},
		{"psp_1", "", "payment.reference"},
		{"", "order-1001", "payment.id"},
	} {
		if got := completeDiffers(request, answer(tt.id, tt.reference)); got != tt.want {
			t.Errorf("id %q, reference %q: %q differs, want %q", tt.id, tt.reference, got, tt.want)
		}
	}
	if got := completeDiffers(&paymentsv1.CompleteRequest{PaymentId: "psp_1"}, answer("psp_2", "order-1001")); got != "payment.id" {
		t.Errorf("another id than the request's: %q differs", got)
	}
	if reference, ok := ProvisionalReference(ProvisionalID("a:b")); !ok || reference != "a:b" {
		t.Errorf("reference is %q, %v", reference, ok)
	}
	if _, ok := ProvisionalReference("psp_1"); ok {
		t.Error("a PSP's id is taken for a provisional one")
	}
}
