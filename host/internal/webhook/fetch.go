package webhook

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// fetchBack asks the PSP, through the same connector and account, how that stands
// which a webhook without a signature is about. Of the webhook itself nothing but
// the object's id is left: anybody can have written it.
func (r *Receiver) fetchBack(ctx context.Context, d *delivery, hint *paymentsv1.WebhookEvent) (*paymentsv1.WebhookEvent, error) {
	word := kind(hint.GetType())
	fetch, known := fetches()[word]
	switch {
	case !known:
		return nil, fmt.Errorf("the event's type begins with %q, which names nothing that can be fetched", word)
	case hint.GetObjectId() == "":
		return nil, errors.New("the event has no object_id to fetch")
	}
	told := &paymentsv1.WebhookEvent{ObjectId: hint.GetObjectId()}
	f := fetch(told, func(method string, request, answer proto.Message) wire.Failure {
		return r.call(ctx, d, method, request, answer)
	})
	switch {
	case f.Code != codes.OK:
		return nil, fmt.Errorf("%s %s: %s", f.Code, f.Reason, f.Message)
	case told.GetSubject() == nil:
		return nil, fmt.Errorf("the connector answered without a %s", word)
	}
	return told, nil
}

// kind is the first word of an event's type, which says what object_id names.
func kind(eventType string) string {
	end := strings.IndexFunc(eventType, func(r rune) bool { return !unicode.IsLetter(r) })
	if end < 0 {
		end = len(eventType)
	}
	return strings.ToLower(eventType[:end])
}

// fetch reads what an event's object_id names into the event, by a call.
type fetch func(*paymentsv1.WebhookEvent, func(method string, request, answer proto.Message) wire.Failure) wire.Failure

// fetches are the kinds of things that events can be about, by the first word of
// the events' type.
func fetches() map[string]fetch {
	return map[string]fetch{
		"payment": fetching(paymentsv1.PaymentService_GetPayment_FullMethodName,
			func(id string) *paymentsv1.GetPaymentRequest {
				return &paymentsv1.GetPaymentRequest{PaymentId: id}
			},
			func(e *paymentsv1.WebhookEvent, a *paymentsv1.GetPaymentResponse) {
				if a.GetPayment() != nil {
					e.Subject = &paymentsv1.WebhookEvent_Payment{Payment: a.GetPayment()}
				}
			}),
		"refund": fetching(paymentsv1.RefundService_GetRefund_FullMethodName,
			func(id string) *paymentsv1.GetRefundRequest { return &paymentsv1.GetRefundRequest{RefundId: id} },
			func(e *paymentsv1.WebhookEvent, a *paymentsv1.GetRefundResponse) {
				if a.GetRefund() != nil {
					e.Subject = &paymentsv1.WebhookEvent_Refund{Refund: a.GetRefund()}
				}
			}),
		"dispute": fetching(paymentsv1.DisputeService_GetDispute_FullMethodName,
			func(id string) *paymentsv1.GetDisputeRequest {
				return &paymentsv1.GetDisputeRequest{DisputeId: id}
			},
			func(e *paymentsv1.WebhookEvent, a *paymentsv1.GetDisputeResponse) {
				if a.GetDispute() != nil {
					e.Subject = &paymentsv1.WebhookEvent_Dispute{Dispute: a.GetDispute()}
				}
			}),
		"mandate": fetching(paymentsv1.MandateService_GetMandate_FullMethodName,
			func(id string) *paymentsv1.GetMandateRequest {
				return &paymentsv1.GetMandateRequest{MandateId: id}
			},
			func(e *paymentsv1.WebhookEvent, a *paymentsv1.GetMandateResponse) {
				if a.GetMandate() != nil {
					e.Subject = &paymentsv1.WebhookEvent_Mandate{Mandate: a.GetMandate()}
				}
			}),
		"payout": fetching(paymentsv1.PayoutService_GetPayout_FullMethodName,
			func(id string) *paymentsv1.GetPayoutRequest { return &paymentsv1.GetPayoutRequest{PayoutId: id} },
			func(e *paymentsv1.WebhookEvent, a *paymentsv1.GetPayoutResponse) {
				if a.GetPayout() != nil {
					e.Subject = &paymentsv1.WebhookEvent_Payout{Payout: a.GetPayout()}
				}
			}),
		"customer": fetching(paymentsv1.CustomerService_GetCustomer_FullMethodName,
			func(id string) *paymentsv1.GetCustomerRequest {
				return &paymentsv1.GetCustomerRequest{CustomerId: id}
			},
			func(e *paymentsv1.WebhookEvent, a *paymentsv1.GetCustomerResponse) {
				if a.GetCustomer() != nil {
					e.Subject = &paymentsv1.WebhookEvent_Customer{Customer: a.GetCustomer()}
				}
			}),
	}
}

// fetching makes a fetch of a method, its request and where its answer belongs.
func fetching[Request, Answer proto.Message](method string, ask func(id string) Request, put func(*paymentsv1.WebhookEvent, Answer)) fetch {
	return func(e *paymentsv1.WebhookEvent, call func(string, proto.Message, proto.Message) wire.Failure) wire.Failure {
		var none Answer
		answer := none.ProtoReflect().New().Interface().(Answer)
		f := call(method, ask(e.GetObjectId()), answer)
		if f.Code == codes.OK {
			put(e, answer)
		}
		return f
	}
}
