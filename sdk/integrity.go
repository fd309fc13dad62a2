package sdk

import (
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// The checks below hold an answer against its request. Each returns the name of
// what differs, or nothing. A field that the PSP did not tell is not compared
// unless the contract demands it.

func authorizeDiffers(req *paymentsv1.AuthorizeRequest, resp *paymentsv1.AuthorizeResponse) string {
	p := resp.GetPayment()
	switch {
	case p == nil:
		return "payment"
	case p.GetId() == "" && p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
		return "" // refused before there was a payment that could differ
	case !sameMoney(p.GetAmount(), req.GetAmount()):
		return "payment.amount"
	case p.GetReference() != req.GetReference():
		return "payment.reference"
	}
	return inconsistent(p)
}

func captureDiffers(req *paymentsv1.CaptureRequest, resp *paymentsv1.CaptureResponse) string {
	p := resp.GetPayment()
	switch {
	case p.GetId() != req.GetPaymentId():
		return "payment.id"
	case p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN,
		p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING,
		p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
	case req.GetAmount() != nil && !sameMoney(resp.GetAmount(), req.GetAmount()):
		return "amount"
	}
	return inconsistent(p)
}

func voidDiffers(req *paymentsv1.VoidRequest, resp *paymentsv1.VoidResponse) string {
	if resp.GetPayment().GetId() != req.GetPaymentId() {
		return "payment.id"
	}
	return inconsistent(resp.GetPayment())
}

func getPaymentDiffers(req *paymentsv1.GetPaymentRequest, resp *paymentsv1.GetPaymentResponse) string {
	if resp.GetPayment().GetId() != req.GetPaymentId() {
		return "payment.id"
	}
	return inconsistent(resp.GetPayment())
}

func createRefundDiffers(req *paymentsv1.CreateRefundRequest, resp *paymentsv1.CreateRefundResponse) string {
	r := resp.GetRefund()
	switch {
	case r == nil:
		return "refund"
	case r.GetPaymentId() != req.GetPaymentId():
		return "refund.payment_id"
	case r.GetReference() != req.GetReference():
		return "refund.reference"
	case req.GetAmount() != nil && !sameMoney(r.GetAmount(), req.GetAmount()):
		return "refund.amount"
	case r.GetStatus() == paymentsv1.RefundStatus_REFUND_STATUS_UNSPECIFIED:
		return "refund.status"
	}
	return ""
}

func getRefundDiffers(req *paymentsv1.GetRefundRequest, resp *paymentsv1.GetRefundResponse) string {
	r := resp.GetRefund()
	switch {
	case r.GetId() != req.GetRefundId():
		return "refund.id"
	case r.GetStatus() == paymentsv1.RefundStatus_REFUND_STATUS_UNSPECIFIED:
		return "refund.status"
	}
	return ""
}

// inconsistent names what in a payment contradicts itself.
func inconsistent(p *paymentsv1.Payment) string {
	if p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_UNSPECIFIED {
		return "payment.status"
	}
	currency := p.GetAmount().GetCurrencyCode()
	for name, m := range map[string]*paymentsv1.Money{
		"payment.authorized_amount": p.GetAuthorizedAmount(),
		"payment.capturable_amount": p.GetCapturableAmount(),
		"payment.captured_amount":   p.GetCapturedAmount(),
		"payment.refunded_amount":   p.GetRefundedAmount(),
	} {
		if m != nil && m.GetCurrencyCode() != currency {
			return name + ".currency_code"
		}
	}
	return ""
}

func sameMoney(a, b *paymentsv1.Money) bool {
	return a.GetCurrencyCode() == b.GetCurrencyCode() && a.GetMinorUnits() == b.GetMinorUnits()
}

// The answers below are given where a request may have reached the PSP and
// nobody knows what became of it.

func unknownAuthorize(req *paymentsv1.AuthorizeRequest) *paymentsv1.AuthorizeResponse {
	return &paymentsv1.AuthorizeResponse{Payment: &paymentsv1.Payment{
		Reference: req.GetReference(),
		Amount:    req.GetAmount(),
		Status:    paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN,
	}}
}

func unknownCapture(req *paymentsv1.CaptureRequest) *paymentsv1.CaptureResponse {
	return &paymentsv1.CaptureResponse{Payment: unknownPayment(req.GetPaymentId())}
}

func unknownVoid(req *paymentsv1.VoidRequest) *paymentsv1.VoidResponse {
	return &paymentsv1.VoidResponse{Payment: unknownPayment(req.GetPaymentId())}
}

func unknownPayment(id string) *paymentsv1.Payment {
	return &paymentsv1.Payment{Id: id, Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN}
}

func unknownCreateRefund(req *paymentsv1.CreateRefundRequest) *paymentsv1.CreateRefundResponse {
	return &paymentsv1.CreateRefundResponse{Refund: &paymentsv1.Refund{
		PaymentId: req.GetPaymentId(),
		Reference: req.GetReference(),
		Amount:    req.GetAmount(),
		Status:    paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN,
	}}
}
