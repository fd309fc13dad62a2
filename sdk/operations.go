package sdk

import (
	"context"

	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// The operations that a connector may offer, one interface each. Each method
// answers with what the PSP said, never with an echo of the request; a decline
// is an answer; an error is an *Error.
type (
	// Authorizer authorizes payments.
	Authorizer interface {
		Authorize(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error)
	}
	// Capturer captures authorized payments.
	Capturer interface {
		Capture(context.Context, *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error)
	}
	// Voider releases authorizations.
	Voider interface {
		Void(context.Context, *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error)
	}
	// PaymentGetter reads payments.
	PaymentGetter interface {
		GetPayment(context.Context, *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error)
	}
	// RefundCreator refunds captured payments.
	RefundCreator interface {
		CreateRefund(context.Context, *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error)
	}
	// RefundGetter reads refunds.
	RefundGetter interface {
		GetRefund(context.Context, *paymentsv1.GetRefundRequest) (*paymentsv1.GetRefundResponse, error)
	}
	// AccountChecker tries an account's configuration at the PSP without moving
	// money.
	AccountChecker interface {
		CheckAccount(context.Context, *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error)
	}
)

const (
	paymentService = "patchbay.payments.v1.PaymentService"
	refundService  = "patchbay.payments.v1.RefundService"
)

// operation is one RPC of patchbay.payments.v1 as the SDK serves it.
type operation struct {
	service, method string
	readOnly        bool
	request         func() proto.Message
	// bind returns the connector's implementation, or nil if it has none.
	bind func(c Connector) handler
	// differs names what in an answer contradicts its request, or nothing.
	differs func(req, resp proto.Message) string
	// unknown is the answer to a request of which nobody knows what became; nil
	// where the answer has no status to say so.
	unknown func(req proto.Message) proto.Message
}

type handler func(ctx context.Context, req proto.Message) (proto.Message, error)

// operations lists every RPC of patchbay.payments.v1.
func operations() []operation {
	return []operation{
		writes(paymentService, "Authorize", Authorizer.Authorize, authorizeDiffers, unknownAuthorize),
		writes(paymentService, "Capture", Capturer.Capture, captureDiffers, unknownCapture),
		writes(paymentService, "Void", Voider.Void, voidDiffers, unknownVoid),
		reads(paymentService, "GetPayment", PaymentGetter.GetPayment, getPaymentDiffers),
		writes(refundService, "CreateRefund", RefundCreator.CreateRefund, createRefundDiffers, unknownCreateRefund),
		reads(refundService, "GetRefund", RefundGetter.GetRefund, getRefundDiffers),
	}
}

// writes defines an operation that may move money.
func writes[C any, Req, Resp proto.Message](
	service, method string,
	call func(C, context.Context, Req) (Resp, error),
	differs func(Req, Resp) string,
	unknown func(Req) Resp,
) operation {
	op := reads(service, method, call, differs)
	op.readOnly = false
	op.unknown = func(req proto.Message) proto.Message { return unknown(req.(Req)) }
	return op
}

// reads defines an operation that only reads, so that repeating it is harmless.
func reads[C any, Req, Resp proto.Message](
	service, method string,
	call func(C, context.Context, Req) (Resp, error),
	differs func(Req, Resp) string,
) operation {
	var request Req
	return operation{
		service:  service,
		method:   method,
		readOnly: true,
		request:  func() proto.Message { return request.ProtoReflect().New().Interface() },
		bind: func(c Connector) handler {
			impl, ok := any(c).(C)
			if !ok {
				return nil
			}
			return func(ctx context.Context, req proto.Message) (proto.Message, error) {
				return call(impl, ctx, req.(Req))
			}
		},
		differs: func(req, resp proto.Message) string { return differs(req.(Req), resp.(Resp)) },
	}
}
