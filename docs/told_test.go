package docs_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// flow is a way of a payment through the sandbox connector.
type flow struct {
	steps    []step
	payments string // what is told of the payment, in that order
	refunds  string // and of its refund
}

// flows are the ways; the tokens are in the sandbox's README.
func flows() map[string]flow {
	return map[string]flow{
		"captured at once":   {[]step{automatic("tok_approve"), get}, "CAPTURED CAPTURED", ""},
		"captured":           {[]step{manual("tok_approve"), capture(1000, false), get}, "AUTHORIZED CAPTURED CAPTURED", ""},
		"captured in parts":  {[]step{manual("tok_approve"), capture(400, true), capture(300, true), capture(300, false)}, "AUTHORIZED PARTIALLY_CAPTURED PARTIALLY_CAPTURED CAPTURED", ""},
		"rest released":      {[]step{manual("tok_approve"), capture(400, false), get}, "AUTHORIZED CAPTURED CAPTURED", ""},
		"voided":             {[]step{manual("tok_approve"), void, get}, "AUTHORIZED VOIDED VOIDED", ""},
		"declined":           {[]step{manual("tok_decline_do_not_honor"), get}, "DECLINED DECLINED", ""},
		"challenged":         {[]step{automatic("tok_challenge"), get, answer("approve"), get}, "REQUIRES_ACTION REQUIRES_ACTION CAPTURED", ""},
		"challenged, voided": {[]step{manual("tok_challenge"), answer("approve"), get, void}, "REQUIRES_ACTION AUTHORIZED VOIDED", ""},
		"challenge failed":   {[]step{automatic("tok_challenge"), answer("decline"), get}, "REQUIRES_ACTION DECLINED", ""},
		"given up":           {[]step{automatic("tok_challenge"), void, get}, "REQUIRES_ACTION VOIDED VOIDED", ""},
		"lost":               {[]step{lost(automatic("tok_approve")), automatic("tok_approve")}, "UNKNOWN CAPTURED", ""},
		"lost, declined":     {[]step{lost(manual("tok_decline_lost_card")), manual("tok_decline_lost_card")}, "UNKNOWN DECLINED", ""},
		"capture lost":       {[]step{manual("tok_approve"), lost(capture(1000, false)), get}, "AUTHORIZED UNKNOWN CAPTURED", ""},
		"void lost":          {[]step{manual("tok_approve"), lost(void), get}, "AUTHORIZED UNKNOWN VOIDED", ""},
		"refunded":           {[]step{automatic("tok_approve"), refund, get}, "CAPTURED CAPTURED", "SUCCEEDED SUCCEEDED"},
		"refund lost":        {[]step{automatic("tok_approve"), lost(refund), refund, get}, "CAPTURED CAPTURED", "UNKNOWN SUCCEEDED SUCCEEDED"},
	}
}

// toldOfPayments drives the sandbox connector, and holds what it tells of payments
// and refunds against statuses.md.
func toldOfPayments(t *testing.T, conn *grpc.ClientConn) {
	all := lifecycles(t)
	for name, f := range flows() {
		t.Run(name, func(t *testing.T) {
			p := &told{
				T: t, payments: paymentsv1.NewPaymentServiceClient(conn), refunds: paymentsv1.NewRefundServiceClient(conn),
				payment: observer{lifecycle: all["PaymentStatus"]}, refund: observer{lifecycle: all["RefundStatus"]},
			}
			for _, do := range f.steps {
				do(p)
			}
			if got := strings.Join(p.payment.told, " "); got != f.payments {
				t.Errorf("told of the payment: %s, want %s", got, f.payments)
			}
			if got := strings.Join(p.refund.told, " "); got != f.refunds {
				t.Errorf("told of the refund: %s, want %s", got, f.refunds)
			}
			p.staysFinal()
		})
	}
}

// told is one payment of the sandbox and what is told of it.
type told struct {
	*testing.T
	payments paymentsv1.PaymentServiceClient
	refunds  paymentsv1.RefundServiceClient

	payment, refund observer
	id, page        string // of the payment, and of its challenge
	losing          bool   // the PSP is to carry calls out and give no answer
}

// call is the context of one call, and what the PSP is to do with it. Equal names
// are equal keys.
func (p *told) call(name string) (context.Context, *structpb.Struct) {
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	p.Cleanup(cancel)
	ctx = metadata.AppendToOutgoingContext(ctx, "x-connector", "sandbox", "idempotency-key", p.Name()+"/"+name)
	if !p.losing {
		return ctx, nil
	}
	unanswered := &structpb.Struct{Fields: map[string]*structpb.Value{"outcome": structpb.NewStringValue("unknown")}}
	return ctx, &structpb.Struct{Fields: map[string]*structpb.Value{"simulate": structpb.NewStructValue(unanswered)}}
}

// see takes in what is told of the payment.
func (p *told) see(payment *paymentsv1.Payment, err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
	if payment.GetId() != "" {
		p.id = payment.GetId()
	}
	p.page = payment.GetNextAction().GetRedirect().GetUrl()
	p.observed(&p.payment, strings.TrimPrefix(payment.GetStatus().String(), "PAYMENT_STATUS_"))
}

func (p *told) observed(o *observer, now string) {
	p.Helper()
	before := slices.Clone(o.told)
	if !o.observe(now) {
		p.Errorf("statuses.md has no %s after %q", now, before)
	}
}

// staysFinal tries to move a payment whose status is final.
func (p *told) staysFinal() {
	p.Helper()
	last := p.payment.told[len(p.payment.told)-1]
	if !p.payment.lifecycle[last].final {
		return
	}
	ctx, _ := p.call("final")
	_, captures := p.payments.Capture(ctx, &paymentsv1.CaptureRequest{PaymentId: p.id})
	_, voids := p.payments.Void(ctx, &paymentsv1.VoidRequest{PaymentId: p.id})
	if status.Code(captures) != codes.FailedPrecondition || status.Code(voids) != codes.FailedPrecondition {
		p.Errorf("%s is final, and Capture ends with %v, Void with %v", last, captures, voids)
	}
	get(p)
	if now := p.payment.told[len(p.payment.told)-1]; now != last {
		p.Errorf("%s is final, and became %s", last, now)
	}
}

// step is one thing that is done with a payment.
type step func(*told)

func automatic(token string) step {
	return authorize(token, paymentsv1.CaptureMethod_CAPTURE_METHOD_AUTOMATIC)
}

func manual(token string) step {
	return authorize(token, paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL)
}

func authorize(token string, method paymentsv1.CaptureMethod) step {
	return func(p *told) {
		p.Helper()
		ctx, options := p.call("authorize")
		resp, err := p.payments.Authorize(ctx, &paymentsv1.AuthorizeRequest{
			Reference: "order-1001", Amount: dollars(1000), CaptureMethod: method, ConnectorOptions: options,
			PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_CardToken{CardToken: &paymentsv1.CardToken{Token: token}}},
		})
		p.see(resp.GetPayment(), err)
	}
}

func capture(cents int64, moreToCome bool) step {
	return func(p *told) {
		p.Helper()
		ctx, options := p.call(fmt.Sprint("capture ", len(p.payment.told)))
		resp, err := p.payments.Capture(ctx, &paymentsv1.CaptureRequest{
			PaymentId: p.id, Amount: dollars(cents), MoreToCome: moreToCome, ConnectorOptions: options,
		})
		p.see(resp.GetPayment(), err)
	}
}

func void(p *told) {
	p.Helper()
	ctx, options := p.call("void")
	resp, err := p.payments.Void(ctx, &paymentsv1.VoidRequest{PaymentId: p.id, ConnectorOptions: options})
	p.see(resp.GetPayment(), err)
}

func get(p *told) {
	p.Helper()
	ctx, _ := p.call("get")
	resp, err := p.payments.GetPayment(ctx, &paymentsv1.GetPaymentRequest{PaymentId: p.id})
	p.see(resp.GetPayment(), err)
}

// refund refunds the payment, and reads the refund if it is known.
func refund(p *told) {
	p.Helper()
	seen := func(r *paymentsv1.Refund, err error) {
		p.Helper()
		if err != nil {
			p.Fatal(err)
		}
		p.observed(&p.refund, strings.TrimPrefix(r.GetStatus().String(), "REFUND_STATUS_"))
	}
	ctx, options := p.call("refund")
	made, err := p.refunds.CreateRefund(ctx, &paymentsv1.CreateRefundRequest{
		PaymentId: p.id, Reference: "refund-1", Amount: dollars(1000), ConnectorOptions: options,
	})
	seen(made.GetRefund(), err)
	if id := made.GetRefund().GetId(); id != "" {
		resp, err := p.refunds.GetRefund(ctx, &paymentsv1.GetRefundRequest{RefundId: id})
		seen(resp.GetRefund(), err)
	}
}

// answer visits the page of the challenge as the payer's browser does.
func answer(outcome string) step {
	return func(p *told) {
		p.Helper()
		resp, err := http.Get(p.page + "?outcome=" + outcome)
		if err != nil {
			p.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
			p.Fatalf("the page of the challenge: %s, %v", resp.Status, err)
		}
	}
}

// lost makes the PSP carry a step out and give no answer.
func lost(do step) step {
	return func(p *told) {
		p.Helper()
		p.losing = true
		defer func() { p.losing = false }()
		do(p)
	}
}

func dollars(cents int64) *paymentsv1.Money {
	return &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: cents}
}
