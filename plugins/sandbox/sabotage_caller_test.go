package sandbox_test

import (
	"context"
	"strings"
	"sync/atomic"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// paid is an answer with a payment.
type paid interface{ GetPayment() *paymentsv1.Payment }

// payments changes the payments in the answers of some operations, and what is
// known of them.
func payments(operations string, change func(p *paymentsv1.Payment)) sabotage {
	return calls(func(ctx context.Context, op string, _ proto.Message, next call) (proto.Message, error) {
		resp, err := next(ctx)
		if told, ok := resp.(paid); ok && err == nil && strings.Contains(" "+operations+" ", " "+op+" ") && told.GetPayment() != nil {
			change(told.GetPayment())
		}
		return resp, err
	})
}

// toldMutants answer something else than the PSP says, and the SDK does not see it.
func toldMutants() []mutant {
	status := func(operations string, from, to paymentsv1.PaymentStatus) sabotage {
		return payments(operations, func(p *paymentsv1.Payment) { replace(&p.Status, from, to) })
	}
	declined := func(change func(*paymentsv1.Decline)) sabotage {
		return payments("Authorize", func(p *paymentsv1.Payment) {
			if p.GetDecline() != nil {
				change(p.GetDecline())
			}
		})
	}
	refunds := func(change func(*paymentsv1.Refund)) sabotage {
		return telling(func(_ *paymentsv1.CreateRefundRequest, resp *paymentsv1.CreateRefundResponse) {
			change(resp.GetRefund())
		})
	}
	captures := func(change func(*paymentsv1.CaptureResponse)) sabotage {
		return telling(func(_ *paymentsv1.CaptureRequest, resp *paymentsv1.CaptureResponse) { change(resp) })
	}
	const (
		unknown    = paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN
		failed     = paymentsv1.PaymentStatus_PAYMENT_STATUS_FAILED
		refused    = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
		authorized = paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED
		captured   = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
		voided     = paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED
	)
	return []mutant{
		{id: "caller/unknown-as-failed", wrong: "says that nothing happened where nobody knows", by: "authorize/timeout-after", with: status("Authorize", unknown, failed)},
		{id: "caller/unknown-as-declined", wrong: "says that a payment is declined where nobody knows", by: "authorize/timeout-before", with: status("Authorize", unknown, refused)},
		{id: "caller/unknown-as-captured", wrong: "says that a payment is captured where nobody knows", by: "authorize/reset-before", with: status("Authorize", unknown, captured)},
		{id: "caller/capture-unknown-as-authorized", wrong: "says that nothing is captured where nobody knows", by: "capture/reset-after", with: status("Capture", unknown, authorized)},
		{id: "caller/void-unknown-as-voided", wrong: "says that a payment is voided where nobody knows", by: "void/reset-after", with: status("Void", unknown, voided)},
		{id: "caller/refund-unknown-as-failed", wrong: "says that a refund failed where nobody knows", by: "create-refund/reset-after", with: refunds(func(r *paymentsv1.Refund) {
			replace(&r.Status, paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN, paymentsv1.RefundStatus_REFUND_STATUS_FAILED)
		})},
		{id: "caller/unknown-as-unavailable", wrong: "says that nothing was sent where nobody knows", by: "authorize/reset-after", with: insteadOf(unknown, sdk.Unavailable)},
		{id: "caller/unknown-as-internal", wrong: "says that it is at fault itself where nobody knows", by: "authorize/truncated", with: insteadOf(unknown, sdk.Internal)},
		{id: "caller/amount-times-ten", wrong: "answers with ten times the amount", by: "authorize/succeeds", with: payments("Authorize", func(p *paymentsv1.Payment) { p.Amount.MinorUnits *= 10 })},
		{id: "caller/read-amount-times-ten", wrong: "reads ten times the amount", by: "get-payment/succeeds", with: payments("GetPayment", func(p *paymentsv1.Payment) { p.Amount.MinorUnits *= 10 })},
		{id: "caller/reference-dropped", wrong: "answers without the reference", by: "authorize/succeeds", with: payments("Authorize", func(p *paymentsv1.Payment) { p.Reference = "" })},
		{id: "caller/id-dropped", wrong: "answers without the PSP's id", by: "authorize/succeeds", with: payments("Authorize", func(p *paymentsv1.Payment) { p.Id = "" })},
		{id: "caller/id-of-capture", wrong: "answers a capture with another payment's id", by: "capture/succeeds", with: payments("Capture", func(p *paymentsv1.Payment) { p.Id += "x" })},
		{id: "caller/capture-amount-of-payment", wrong: "takes a part of a capture for all of it", by: "capture/succeeds", with: captures(func(r *paymentsv1.CaptureResponse) { r.Amount = r.GetPayment().GetAmount() })},
		{id: "caller/capture-amount-in-all", wrong: "says what was captured in all where one capture is meant", by: "capture/more-to-come", with: captures(func(r *paymentsv1.CaptureResponse) { r.Amount = r.GetPayment().GetCapturedAmount() })},
		{id: "caller/decline-dropped", wrong: "declines without saying why", by: "declines/generic_decline", with: payments("Authorize", func(p *paymentsv1.Payment) { p.Decline = nil })},
		{id: "caller/decline-on-success", wrong: "gives a reason for a decline with a success", by: "authorize/succeeds", with: payments("Authorize", func(p *paymentsv1.Payment) { p.Decline = sdk.NewDecline(sdk.GenericDecline) })},
		{id: "caller/decline-hardness-flipped", wrong: "takes declines that last for ones that pass", by: "declines/stolen_card", with: declined(func(d *paymentsv1.Decline) {
			replace(&d.Hardness, paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD, paymentsv1.DeclineHardness_DECLINE_HARDNESS_SOFT)
		})},
		{id: "caller/decline-retry-flipped", wrong: "gives wrong advice on whether to try again", by: "declines/insufficient_funds", with: declined(func(d *paymentsv1.Decline) { d.Retry = paymentsv1.DeclineRetry_DECLINE_RETRY_AFTER_AUTHENTICATION })},
		{id: "caller/decline-as-error", wrong: "answers a decline with an error", by: "declines/generic_decline", with: insteadOf(refused, sdk.Precondition)},
		{id: "caller/connector-code-dropped", wrong: "does not pass the PSP's own code of a decline on", by: "declines/generic_decline", with: declined(func(d *paymentsv1.Decline) { d.ConnectorCode = "" })},
		{id: "caller/next-action-dropped", wrong: "does not say what the payer must do", by: "authorize/challenge", with: payments("Authorize", func(p *paymentsv1.Payment) { p.NextAction = nil })},
		{id: "caller/refund-amount-wrong", wrong: "says that one unit more was refunded", by: "create-refund/succeeds", with: refunds(func(r *paymentsv1.Refund) { r.Amount.MinorUnits++ })},
		{id: "caller/refund-of-another", wrong: "answers a refund with another payment's id", by: "create-refund/succeeds", with: refunds(func(r *paymentsv1.Refund) { r.PaymentId = "pay_other" })},
		{id: "caller/time-of-answer", wrong: "says that each payment was created when it is read", by: "get-payment/succeeds", with: payments("GetPayment", func(p *paymentsv1.Payment) { p.CreateTime = timestamppb.Now() })},
		{id: "caller/find-nothing", wrong: "finds no payment", by: "find-payment/succeeds", with: telling(func(_ *paymentsv1.FindPaymentRequest, resp *paymentsv1.FindPaymentResponse) { resp.Payments = nil })},
		{id: "caller/find-inconclusive", wrong: "leaves open whether it found all", beside: "^find-payment/",
			lives: "a search that lags has to say so, and the suite can't know whether this one does", with: telling(func(_ *paymentsv1.FindPaymentRequest, resp *paymentsv1.FindPaymentResponse) { resp.Conclusive = false })},
		{id: "caller/answer-of-before", wrong: "answers with the payment of the call before", by: "concurrency/payments", with: answerOfBefore()},
	}
}

// replace puts one value in the place of another.
func replace[T comparable](value *T, from, to T) {
	if *value == from {
		*value = to
	}
}

// insteadOf makes an error of answers with a payment of a status.
func insteadOf(status paymentsv1.PaymentStatus, kind sdk.Kind) sabotage {
	return calls(func(ctx context.Context, _ string, _ proto.Message, next call) (proto.Message, error) {
		resp, err := next(ctx)
		if told, ok := resp.(paid); ok && err == nil && told.GetPayment().GetStatus() == status {
			return nil, sdk.Errorf(kind, "", "no answer")
		}
		return resp, err
	})
}

// answerOfBefore answers with what the call before should have been answered.
func answerOfBefore() sabotage {
	var before atomic.Pointer[paymentsv1.Payment]
	return telling(func(_ *paymentsv1.AuthorizeRequest, resp *paymentsv1.AuthorizeResponse) {
		if p := before.Swap(proto.CloneOf(resp.GetPayment())); p != nil {
			resp.Payment = proto.CloneOf(p)
		}
	})
}

// errorMutants answer errors that mean something else.
func errorMutants() []mutant {
	info := func(change func(*errdetails.ErrorInfo)) sabotage {
		return detailing(func(detail proto.Message) proto.Message {
			if i, ok := detail.(*errdetails.ErrorInfo); ok {
				change(i)
			}
			return detail
		})
	}
	sent := func(to string) sabotage { return info(func(i *errdetails.ErrorInfo) { i.Metadata["sent"] = to }) }
	reason := func(from, to string) sabotage {
		return info(func(i *errdetails.ErrorInfo) { replace(&i.Reason, from, to) })
	}
	payment := func(status paymentsv1.PaymentStatus) func(proto.Message) proto.Message {
		return func(req proto.Message) proto.Message {
			p := &paymentsv1.Payment{Id: "pay_1", Status: status}
			switch asked := req.(type) {
			case *paymentsv1.AuthorizeRequest:
				p.Reference, p.Amount, p.CapturedAmount = asked.GetReference(), asked.GetAmount(), asked.GetAmount()
				return &paymentsv1.AuthorizeResponse{Payment: p}
			case *paymentsv1.CaptureRequest:
				p.Id, p.Amount, p.CapturedAmount = asked.GetPaymentId(), asked.GetAmount(), asked.GetAmount()
				return &paymentsv1.CaptureResponse{Payment: p, Amount: asked.GetAmount()}
			case *paymentsv1.VoidRequest:
				p.Id = asked.GetPaymentId()
				return &paymentsv1.VoidResponse{Payment: p}
			}
			return nil
		}
	}
	const (
		refused  = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
		captured = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
		voided   = paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED
	)
	return []mutant{
		{id: "caller/capture-too-much-accepted", wrong: "says that it captured more than is authorized", by: "capture/too-much", with: accepting(sdk.Precondition, payment(captured))},
		{id: "caller/void-after-capture-accepted", wrong: "says that it voided what is captured", by: "void/captured", with: accepting(sdk.Precondition, payment(voided))},
		{id: "caller/unavailable-as-unknown", wrong: "leaves open what happened where nothing was sent", by: "authorize/unreachable", with: kind(sdk.Unavailable, sdk.OutcomeUnknown)},
		{id: "caller/outcome-unknown-as-unavailable", wrong: "says that nothing was sent where nobody knows and the answer has no status", by: "tokenize/reset-after", with: kind(sdk.OutcomeUnknown, sdk.Unavailable)},
		{id: "caller/precondition-as-invalid", wrong: "takes what the state forbids for a mistake in the request", by: "capture/twice", with: kind(sdk.Precondition, sdk.InvalidRequest)},
		{id: "caller/precondition-as-unavailable", wrong: "says that what the state forbids can be repeated", by: "capture/too-much", with: kind(sdk.Precondition, sdk.Unavailable)},
		{id: "caller/invalid-as-precondition", wrong: "takes a mistake in the request for what the state forbids", by: "invalid/authorize-negative", with: kind(sdk.InvalidRequest, sdk.Precondition)},
		{id: "caller/rate-limited-as-unavailable", wrong: "says that the PSP is not there where it has a rate limit", by: "authorize/rate-limited", with: kind(sdk.RateLimited, sdk.Unavailable)},
		{id: "caller/misconfigured-as-internal", wrong: "says that it is at fault itself where the credentials are wrong", by: "account/refused", with: kind(sdk.Misconfigured, sdk.Internal)},
		{id: "caller/sent-maybe-always", wrong: "never says that surely nothing was sent", by: "authorize/unreachable", with: sent("MAYBE")},
		{id: "caller/sent-never-always", wrong: "always says that surely nothing was sent", by: "delete-payment-method/reset-before", with: sent("NEVER")},
		{id: "caller/sent-dropped", wrong: "does not say whether anything was sent", by: "authorize/unreachable", with: info(func(i *errdetails.ErrorInfo) { delete(i.GetMetadata(), "sent") })},
		{id: "caller/error-info-dropped", wrong: "gives errors without a reason", by: "invalid/authorize-zero", with: dropping[*errdetails.ErrorInfo]()},
		{id: "caller/retry-info-dropped", wrong: "does not say when to try again", by: "authorize/unreachable", with: dropping[*errdetails.RetryInfo]()},
		{id: "caller/field-paths-dropped", wrong: "does not say which field is wrong", by: "invalid/capture-zero", with: dropping[*errdetails.BadRequest]()},
		{id: "caller/field-paths-other", wrong: "names fields as the PSP does", by: "invalid/authorize-month-13", with: detailing(func(detail proto.Message) proto.Message {
			bad, _ := detail.(*errdetails.BadRequest)
			for _, v := range bad.GetFieldViolations() {
				v.Field = v.GetField()[strings.LastIndexByte(v.GetField(), '.')+1:]
			}
			return detail
		})},
		{id: "caller/precondition-failure-dropped", wrong: "does not say what forbids it", by: "capture/too-much", with: dropping[*errdetails.PreconditionFailure]()},
		{id: "caller/key-reused-as-state", wrong: "does not say that a key was used for another request", by: "authorize/key-reused", with: reason("IDEMPOTENCY_KEY_REUSED", "STATE_FORBIDS")},
		{id: "caller/integrity-as-unknown", wrong: "does not say that the PSP's answer contradicts the request", by: "authorize/other-currency", with: reason("INTEGRITY_MISMATCH", "OUTCOME_UNKNOWN")},
		{id: "caller/integrity-passed", wrong: "passes answers that contradict the request", by: "authorize/other-amount", with: accepting(sdk.OutcomeUnknown, payment(captured))},
		{id: "caller/invalid-as-declined", wrong: "answers a wrong request with a decline", by: "invalid/authorize-zero", with: accepting(sdk.InvalidRequest, payment(refused))},
	}
}

// accepting makes an answer of a kind of error, where it has one.
func accepting(kind sdk.Kind, answer func(req proto.Message) proto.Message) sabotage {
	return failing(func(_ string, req proto.Message, e *sdk.Error) (proto.Message, error) {
		if e.Kind == kind {
			if resp := answer(req); resp != nil {
				return resp, nil
			}
		}
		return nil, e
	})
}

// dropping drops a kind of detail from errors.
func dropping[D proto.Message]() sabotage {
	return detailing(func(detail proto.Message) proto.Message {
		if _, ok := detail.(D); ok {
			return nil
		}
		return detail
	})
}
