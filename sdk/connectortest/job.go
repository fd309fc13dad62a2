package connectortest

import (
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// job is one request that an operation carries out, and how to tell from outside
// what became of it.
type job struct {
	req proto.Message
	// other is the same request with another content; nil if there is none.
	other proto.Message
	// marks are texts of which one is in each request to the PSP that the operation
	// makes, and that no other scenario sends.
	marks []string
	// done ends the case if the answer does not say that it was done.
	done func(resp proto.Message)
	// once ends the case if the PSP's books do not say that it was done exactly
	// once, and never if they say that it was done at all; nil where books don't tell.
	once, never func()
	// look ends the case if reading back does not say that it was done; nil where
	// it can't be read back.
	look func()
}

// row is one operation of the contract as the suite tests it: what it needs and
// the job that it is given. Everything that holds for all operations follows from
// it.
type row struct {
	operation string
	needs     []string // further operations that make what it works on
	begin     func(*Case) job
	// local is true for what asks the PSP nothing.
	local bool
}

// rows lists the operations.
func rows() []row {
	var all []row
	for _, of := range [][]row{
		paymentRows(), refundRows(), orderRows(), mandateRows(), customerRows(), methodRows(),
		payoutRows(), disputeRows(), authenticationRows(), sessionRows(), webhookRows(),
	} {
		all = append(all, of...)
	}
	return all
}

func paymentRows() []row {
	return []row{
		{operation: "Authorize", begin: beginAuthorize},
		{operation: "Complete", needs: []string{"Authorize"}, begin: beginComplete},
		{operation: "Capture", needs: []string{"Authorize"}, begin: beginCapture},
		{operation: "Void", needs: []string{"Authorize"}, begin: beginVoid},
		{operation: "Reverse", needs: []string{"Authorize"}, begin: beginReverse},
		{operation: "GetPayment", needs: []string{"Authorize"}, begin: beginGetPayment},
		{operation: "FindPayment", needs: []string{"Authorize"}, begin: beginFindPayment},
		{operation: "AdjustAuthorization", needs: []string{"Authorize"}, begin: beginAdjust},
		{operation: "ExtendAuthorization", needs: []string{"Authorize"}, begin: beginExtend},
	}
}

func refundRows() []row {
	return []row{
		{operation: "CreateRefund", needs: []string{"Authorize"}, begin: beginCreateRefund},
		{operation: "GetRefund", needs: []string{"Authorize", "CreateRefund"}, begin: beginGetRefund},
	}
}

func beginAuthorize(c *Case) job {
	req := c.authorizeRequest(automatic)
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 1)
	currency := req.GetAmount().GetCurrencyCode()
	id := ""
	return job{
		req: req, other: other, marks: []string{req.GetReference()},
		done: func(resp proto.Message) {
			p := resp.(*paymentsv1.AuthorizeResponse).GetPayment()
			equal(c, "payment.status", captured, p.GetStatus())
			equal(c, "payment.reference", req.GetReference(), p.GetReference())
			c.money("payment.amount", req.GetAmount(), p.GetAmount())
			c.money("payment.captured_amount", req.GetAmount(), p.GetCapturedAmount())
			if id = p.GetId(); id == "" {
				c.Fatalf("payment.id: expected the PSP's id, got none")
			}
			if p.GetDecline() != nil || p.GetNextAction() != nil {
				c.Fatalf("an approved payment: expected neither decline nor next_action, got %v", p)
			}
		},
		once:  func() { c.booked(req.GetReference(), currency, entry{amount: usual, captured: usual}) },
		never: func() { c.unbooked(req.GetReference()) },
	}
}

// onAuthorized is a job on a payment of the usual amount that is authorized and
// not captured. after is its entry in the books when the job is done.
func onAuthorized(c *Case, after entry) (*paymentsv1.Payment, job) {
	p := c.paid(manual)
	return p, onPayment(c, p, entry{amount: usual}, after)
}

func onPayment(c *Case, p *paymentsv1.Payment, before, after entry) job {
	currency := p.GetAmount().GetCurrencyCode()
	j := job{
		marks: []string{p.GetId()},
		once:  func() { c.booked(p.GetReference(), currency, after) },
		never: func() { c.booked(p.GetReference(), currency, before) },
	}
	if c.has("GetPayment") {
		j.look = func() {
			got := c.readsUntil(p.GetId(), func(got *paymentsv1.Payment) bool {
				return got.GetCapturedAmount().GetMinorUnits() == after.captured && got.GetRefundedAmount().GetMinorUnits() == after.refunded &&
					(got.GetStatus() == voided) == after.voided
			})
			c.amounts(got, got.GetCapturableAmount().GetMinorUnits(), after.captured, after.refunded)
			equal(c, "GetPayment: voided", after.voided, got.GetStatus() == voided)
		}
	}
	return j
}

func beginCapture(c *Case) job {
	p, j := onAuthorized(c, entry{amount: usual, captured: 400})
	req := asked(c, "Capture", &paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.amount(400)})
	other := proto.CloneOf(req)
	other.Amount = c.amount(500)
	j.req, j.other = req, other
	j.done = func(resp proto.Message) {
		r := resp.(*paymentsv1.CaptureResponse)
		if c.later("Capture") {
			c.accepted(p, r.GetPayment())
			return
		}
		equal(c, "payment.id", p.GetId(), r.GetPayment().GetId())
		equal(c, "payment.reference", p.GetReference(), r.GetPayment().GetReference())
		equal(c, "payment.status", captured, r.GetPayment().GetStatus())
		c.money("amount", req.GetAmount(), r.GetAmount())
		c.money("payment.amount", c.amount(usual), r.GetPayment().GetAmount())
		c.amounts(r.GetPayment(), 0, 400, 0)
	}
	return j
}

func beginVoid(c *Case) job {
	p, j := onAuthorized(c, entry{amount: usual, voided: true})
	req := asked(c, "Void", &paymentsv1.VoidRequest{PaymentId: p.GetId(), Reason: "abandoned"})
	other := proto.CloneOf(req)
	other.Reason = "duplicate"
	j.req, j.other = req, other
	j.done = func(resp proto.Message) {
		got := resp.(*paymentsv1.VoidResponse).GetPayment()
		if c.later("Void") {
			c.accepted(p, got)
			return
		}
		equal(c, "payment.id", p.GetId(), got.GetId())
		equal(c, "payment.reference", p.GetReference(), got.GetReference())
		equal(c, "payment.status", voided, got.GetStatus())
		c.money("payment.amount", p.GetAmount(), got.GetAmount())
		c.amounts(got, 0, 0, 0)
	}
	return j
}

func beginReverse(c *Case) job {
	p, j := onAuthorized(c, entry{amount: usual, voided: true})
	req := asked(c, "Reverse", &paymentsv1.ReverseRequest{PaymentId: p.GetId(), Reference: c.reference("reverse")})
	other := proto.CloneOf(req)
	other.Reason = "duplicate"
	j.req, j.other = req, other
	j.done = func(resp proto.Message) {
		r := resp.(*paymentsv1.ReverseResponse)
		if c.later("Reverse") {
			c.accepted(p, r.GetPayment())
			return
		}
		equal(c, "payment.id", p.GetId(), r.GetPayment().GetId())
		equal(c, "payment.status", voided, r.GetPayment().GetStatus())
		if r.GetRefund() != nil {
			c.Fatalf("refund: expected none, since nothing was captured; got %v", r.GetRefund())
		}
	}
	return j
}

func beginAdjust(c *Case) job {
	p, j := onAuthorized(c, entry{amount: usual})
	req := asked(c, "AdjustAuthorization", &paymentsv1.AdjustAuthorizationRequest{
		PaymentId: p.GetId(), Amount: c.amount(usual + 500), Reference: c.reference("adjust"),
	})
	other := proto.CloneOf(req)
	other.Amount = c.amount(usual + 600)
	j.req, j.other, j.once, j.never = req, other, nil, nil // the books have what was asked for at first
	if c.has("GetPayment") {
		j.look = func() {
			got := c.readsUntil(p.GetId(), func(got *paymentsv1.Payment) bool { return proto.Equal(got.GetAuthorizedAmount(), req.GetAmount()) })
			c.money("GetPayment: authorized_amount", req.GetAmount(), got.GetAuthorizedAmount())
			c.amounts(got, usual+500, 0, 0)
		}
	}
	j.done = func(resp proto.Message) {
		got := resp.(*paymentsv1.AdjustAuthorizationResponse).GetPayment()
		if c.later("AdjustAuthorization") {
			c.accepted(p, got)
			return
		}
		equal(c, "payment.id", p.GetId(), got.GetId())
		equal(c, "payment.status", authorized, got.GetStatus())
		c.money("payment.authorized_amount", req.GetAmount(), got.GetAuthorizedAmount())
		c.amounts(got, usual+500, 0, 0)
	}
	return j
}

func beginExtend(c *Case) job {
	p, j := onAuthorized(c, entry{amount: usual})
	j.req = asked(c, "ExtendAuthorization", &paymentsv1.ExtendAuthorizationRequest{PaymentId: p.GetId()})
	j.once, j.never, j.look = nil, nil, nil // an authorization's end is in no books
	j.done = func(resp proto.Message) {
		got := resp.(*paymentsv1.ExtendAuthorizationResponse).GetPayment()
		equal(c, "payment.id", p.GetId(), got.GetId())
		equal(c, "payment.status", authorized, got.GetStatus())
		c.amounts(got, usual, 0, 0)
		before, after := p.GetAuthorizationExpireTime(), got.GetAuthorizationExpireTime()
		if before != nil && after != nil && !after.AsTime().After(before.AsTime()) {
			c.Fatalf("authorization_expire_time: expected later than %s, got %s", before.AsTime(), after.AsTime())
		}
	}
	return j
}

func beginGetPayment(c *Case) job {
	p := c.paid(automatic)
	return job{
		req:   asked(c, "GetPayment", &paymentsv1.GetPaymentRequest{PaymentId: p.GetId()}),
		marks: []string{p.GetId()},
		done: func(resp proto.Message) {
			c.same("GetPayment after Authorize", p, resp.(*paymentsv1.GetPaymentResponse).GetPayment())
		},
	}
}

func beginFindPayment(c *Case) job {
	p := c.paid(automatic)
	return job{
		req:   asked(c, "FindPayment", &paymentsv1.FindPaymentRequest{Reference: p.GetReference()}),
		marks: []string{p.GetReference()},
		done: func(resp proto.Message) {
			found := resp.(*paymentsv1.FindPaymentResponse).GetPayments()
			if len(found) != 1 {
				c.Fatalf("payments: expected the one of this reference, got %d", len(found))
			}
			equal(c, "payments[0].id", p.GetId(), found[0].GetId())
			equal(c, "payments[0].status", captured, found[0].GetStatus())
			c.money("payments[0].amount", p.GetAmount(), found[0].GetAmount())
		},
	}
}

func beginCreateRefund(c *Case) job {
	p := c.paid(automatic)
	j := onPayment(c, p, entry{amount: usual, captured: usual}, entry{amount: usual, captured: usual, refunded: 300})
	req := c.refundRequest(p.GetId(), c.amount(300))
	other := proto.CloneOf(req)
	other.Amount = c.amount(301)
	j.req, j.other = req, other
	j.marks = append(j.marks, req.GetReference())
	j.done = func(resp proto.Message) { c.isRefund(req, resp.(*paymentsv1.CreateRefundResponse).GetRefund()) }
	return j
}

// isRefund ends the case if a refund is not the one that was asked for.
func (c *Case) isRefund(req *paymentsv1.CreateRefundRequest, r *paymentsv1.Refund) {
	if r.GetId() == "" {
		c.Fatalf("refund.id: expected the PSP's id, got none")
	}
	equal(c, "refund.payment_id", req.GetPaymentId(), r.GetPaymentId())
	equal(c, "refund.reference", req.GetReference(), r.GetReference())
	if req.GetAmount() != nil {
		c.money("refund.amount", req.GetAmount(), r.GetAmount())
	}
	switch r.GetStatus() {
	case paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED, paymentsv1.RefundStatus_REFUND_STATUS_PENDING:
	default:
		c.Fatalf("refund.status: expected SUCCEEDED or PENDING, got %s", r.GetStatus())
	}
}

func beginGetRefund(c *Case) job {
	p := c.paid(automatic)
	req := c.refundRequest(p.GetId(), c.amount(300))
	made, err := c.createRefund(req)
	c.ok("CreateRefund", err)
	return job{
		req:   asked(c, "GetRefund", &paymentsv1.GetRefundRequest{RefundId: made.GetId(), PaymentId: p.GetId()}),
		marks: []string{made.GetId()},
		done: func(resp proto.Message) {
			c.isRefund(req, resp.(*paymentsv1.GetRefundResponse).GetRefund())
			c.same("GetRefund after CreateRefund", made, resp.(*paymentsv1.GetRefundResponse).GetRefund())
		},
	}
}
