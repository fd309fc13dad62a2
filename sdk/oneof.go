package sdk

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Action is one of the things that somebody may have to do.
type Action interface {
	*paymentsv1.Redirect | *paymentsv1.DisplayQr | *paymentsv1.DisplayVoucher | *paymentsv1.ThreeDsMethod |
		*paymentsv1.ClientSdk | *paymentsv1.Otp | *paymentsv1.BankTransferInstructions | *paymentsv1.Wait
	proto.Message
}

// NextAction is what somebody must do before a payment can go on.
func NextAction[A Action](action A) *paymentsv1.NextAction {
	next := &paymentsv1.NextAction{}
	setOneof(next, "action", action)
	return next
}

// RedirectTo is the action of a payer who goes to a page.
func RedirectTo(url string) *paymentsv1.NextAction {
	return NextAction(&paymentsv1.Redirect{Url: url, Method: "GET"})
}

// Subject is one of the things that a webhook's event may be about.
type Subject interface {
	*paymentsv1.Payment | *paymentsv1.Refund | *paymentsv1.Dispute | *paymentsv1.Mandate |
		*paymentsv1.Payout | *paymentsv1.Authentication | *paymentsv1.Customer | *paymentsv1.Order
	proto.Message
}

// SetSubject says what an event is about.
func SetSubject[S Subject](event *paymentsv1.WebhookEvent, subject S) {
	setOneof(event, "subject", subject)
}

// setOneof sets the one member of a oneof that is of the value's type.
func setOneof(m proto.Message, oneof protoreflect.Name, value proto.Message) {
	members := m.ProtoReflect().Descriptor().Oneofs().ByName(oneof).Fields()
	for i := range members.Len() {
		if members.Get(i).Message() == value.ProtoReflect().Descriptor() {
			m.ProtoReflect().Set(members.Get(i), protoreflect.ValueOfMessage(value.ProtoReflect()))
		}
	}
}
