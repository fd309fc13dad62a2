package sdk

import (
	"testing"

	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestNextAction(t *testing.T) {
	for _, test := range []struct {
		got  *paymentsv1.NextAction
		want string // the member of the oneof
	}{
		{RedirectTo("https://psp.example/pay"), "redirect"},
		{NextAction(&paymentsv1.DisplayQr{Data: "x"}), "display_qr"},
		{NextAction(&paymentsv1.DisplayVoucher{}), "display_voucher"},
		{NextAction(&paymentsv1.ThreeDsMethod{}), "three_ds_method"},
		{NextAction(&paymentsv1.ClientSdk{}), "client_sdk"},
		{NextAction(&paymentsv1.Otp{}), "otp"},
		{NextAction(&paymentsv1.BankTransferInstructions{}), "bank_transfer_instructions"},
		{NextAction(&paymentsv1.Wait{}), "wait"},
	} {
		if got := member(test.got, "action"); got != test.want {
			t.Errorf("%v is a %q, want %q", test.got, got, test.want)
		}
	}
	if to := RedirectTo("https://psp.example/pay").GetRedirect(); to.GetUrl() != "https://psp.example/pay" || to.GetMethod() != "GET" {
		t.Errorf("the payer goes to %v", to)
	}
}

func TestSetSubject(t *testing.T) {
	for want, set := range map[string]func(*paymentsv1.WebhookEvent){
		"payment":        func(e *paymentsv1.WebhookEvent) { SetSubject(e, &paymentsv1.Payment{}) },
		"refund":         func(e *paymentsv1.WebhookEvent) { SetSubject(e, &paymentsv1.Refund{}) },
		"dispute":        func(e *paymentsv1.WebhookEvent) { SetSubject(e, &paymentsv1.Dispute{}) },
		"mandate":        func(e *paymentsv1.WebhookEvent) { SetSubject(e, &paymentsv1.Mandate{}) },
		"payout":         func(e *paymentsv1.WebhookEvent) { SetSubject(e, &paymentsv1.Payout{}) },
		"authentication": func(e *paymentsv1.WebhookEvent) { SetSubject(e, &paymentsv1.Authentication{}) },
		"customer":       func(e *paymentsv1.WebhookEvent) { SetSubject(e, &paymentsv1.Customer{}) },
		"order":          func(e *paymentsv1.WebhookEvent) { SetSubject(e, &paymentsv1.Order{}) },
	} {
		event := &paymentsv1.WebhookEvent{Id: "e"}
		if set(event); member(event, "subject") != want || event.GetId() != "e" {
			t.Errorf("the event is %v, want it to be about a %s", event, want)
		}
	}
}

// member is the name of the member of a oneof that is set.
func member(m proto.Message, oneof string) string {
	r := m.ProtoReflect()
	for i := range r.Descriptor().Oneofs().Len() {
		if o := r.Descriptor().Oneofs().Get(i); string(o.Name()) == oneof && r.WhichOneof(o) != nil {
			return string(r.WhichOneof(o).Name())
		}
	}
	return ""
}
