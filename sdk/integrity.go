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
	case p.GetId() == "" && p.GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN:
		return "payment.id"
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
	case p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING && req.GetAmount() != nil && resp.GetAmount() != nil:
		if !sameMoney(resp.GetAmount(), req.GetAmount()) {
			return "amount"
		}
	case p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN,
		p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING,
		p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
	case req.GetAmount() != nil && !sameMoney(resp.GetAmount(), req.GetAmount()):
		return "amount"
	case resp.GetAmount() != nil && p.GetAmount() != nil && resp.GetAmount().GetCurrencyCode() != p.GetAmount().GetCurrencyCode():
		return "amount.currency_code"
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
	case r.GetId() == "" && r.GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN:
		return "refund.id"
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
	var currency string
	for _, told := range []struct {
		name  string
		money *paymentsv1.Money
	}{
		{"payment.amount", p.GetAmount()},
		{"payment.authorized_amount", p.GetAuthorizedAmount()},
		{"payment.capturable_amount", p.GetCapturableAmount()},
		{"payment.captured_amount", p.GetCapturedAmount()},
		{"payment.refunded_amount", p.GetRefundedAmount()},
	} {
		if told.money == nil {
			continue
		}
		if currency == "" {
			currency = told.money.GetCurrencyCode()
		}
		if currency == "" || told.money.GetCurrencyCode() != currency {
			return told.name + ".currency_code"
		}
	}
	return ""
}

func sameMoney(a, b *paymentsv1.Money) bool {
	return a.GetCurrencyCode() == b.GetCurrencyCode() && a.GetMinorUnits() == b.GetMinorUnits()
}

func completeDiffers(req *paymentsv1.CompleteRequest, resp *paymentsv1.CompleteResponse) string {
	p := resp.GetPayment()
	same := samePayment(p, req.GetPaymentId())
	if reference, ok := ProvisionalReference(req.GetPaymentId()); ok {
		same = first(told("payment.id", p.GetId() != ""), told("payment.reference", p.GetReference() == reference), inconsistent(p))
	}
	if p.GetAmount() == nil && p.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN {
		return same
	}
	return first(same, sameAmount("payment.amount", p.GetAmount(), req.GetAmount()))
}

func reverseDiffers(req *paymentsv1.ReverseRequest, resp *paymentsv1.ReverseResponse) string {
	if refund := resp.GetRefund(); refund != nil {
		return first(
			same("refund.payment_id", refund.GetPaymentId(), req.GetPaymentId()),
			told("refund.status", refund.GetStatus() != 0),
			samePayment(resp.GetPayment(), req.GetPaymentId()),
		)
	}
	return samePayment(resp.GetPayment(), req.GetPaymentId())
}

func findPaymentDiffers(req *paymentsv1.FindPaymentRequest, resp *paymentsv1.FindPaymentResponse) string {
	for _, p := range resp.GetPayments() {
		if what := first(told("payments.id", p.GetId() != ""), same("payments.reference", p.GetReference(), req.GetReference()), inconsistent(p)); what != "" {
			return what
		}
	}
	return ""
}

func adjustDiffers(req *paymentsv1.AdjustAuthorizationRequest, resp *paymentsv1.AdjustAuthorizationResponse) string {
	p := resp.GetPayment()
	switch p.GetStatus() {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED, paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED:
		if p.GetDecline() == nil { // a refused change leaves the amount as it was
			return first(samePayment(p, req.GetPaymentId()), sameAmount("payment.authorized_amount", p.GetAuthorizedAmount(), req.GetAmount()))
		}
	}
	return samePayment(p, req.GetPaymentId())
}

func extendDiffers(req *paymentsv1.ExtendAuthorizationRequest, resp *paymentsv1.ExtendAuthorizationResponse) string {
	return samePayment(resp.GetPayment(), req.GetPaymentId())
}

func createOrderDiffers(req *paymentsv1.CreateOrderRequest, resp *paymentsv1.CreateOrderResponse) string {
	o := resp.GetOrder()
	return first(
		told("order.id", o.GetId() != "" || o.GetStatus() == paymentsv1.OrderStatus_ORDER_STATUS_UNKNOWN),
		told("order.status", o.GetStatus() != 0),
		same("order.reference", o.GetReference(), req.GetReference()),
		sameAmount("order.amount", o.GetAmount(), req.GetAmount()),
	)
}

func surchargeDiffers(req *paymentsv1.CalculateSurchargeRequest, resp *paymentsv1.CalculateSurchargeResponse) string {
	surcharge, total := resp.GetSurchargeAmount(), resp.GetTotalAmount()
	return first(
		same("surcharge_amount.currency_code", surcharge.GetCurrencyCode(), req.GetAmount().GetCurrencyCode()),
		sameAmount("total_amount", total, &paymentsv1.Money{
			CurrencyCode: req.GetAmount().GetCurrencyCode(),
			MinorUnits:   req.GetAmount().GetMinorUnits() + surcharge.GetMinorUnits(),
		}),
	)
}

// samePayment holds a payment against the id that a request named.
func samePayment(p *paymentsv1.Payment, id string) string {
	return first(same("payment.id", p.GetId(), id), inconsistent(p))
}

// first returns the first finding.
func first(findings ...string) string {
	for _, what := range findings {
		if what != "" {
			return what
		}
	}
	return ""
}

// same names a field that is not what was asked for.
func same(field, got, want string) string {
	if got != want {
		return field
	}
	return ""
}

// told names a field that the PSP owes.
func told(field string, is bool) string {
	if !is {
		return field
	}
	return ""
}

// sameAmount names an amount that is not what was asked for; a request without
// one is content with any.
func sameAmount(field string, got, want *paymentsv1.Money) string {
	if want != nil && !sameMoney(got, want) {
		return field
	}
	return ""
}

// agrees is the check of answers that repeat nothing of their requests.
func agrees[Req, Resp any](Req, Resp) string { return "" }
