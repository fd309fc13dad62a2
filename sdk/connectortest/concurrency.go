package connectortest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
)

func concurrencyScenarios() []Scenario {
	needs := Needs{Operations: []string{"Authorize"}}
	return []Scenario{
		{
			ID: "concurrency/payments", Needs: needs, Proves: cells(Happy, "Authorize"), run: manyPayments,
			Summary: "Fifty payments at once are fifty payments, each with its own answer",
		},
		{
			ID: "concurrency/captures", Needs: Needs{Operations: []string{"Authorize", "Capture"}}, Proves: cells(State, "Capture"), run: capturesAtOnce,
			Summary: "Of captures of the whole amount at once with keys of their own exactly one takes it",
		},
		{
			ID: "concurrency/refunds", Needs: Needs{Operations: []string{"Authorize", "CreateRefund"}}, Proves: cells(State, "CreateRefund"), run: refundsAtOnce,
			Summary: "Of refunds of the whole amount at once with keys of their own exactly one gives it back",
		},
		{
			ID: "concurrency/capture-or-void", Needs: Needs{Operations: []string{"Authorize", "Capture", "Void"}}, Proves: cells(State, "Capture", "Void"), run: captureOrVoid,
			Summary: "Of a capture and a void at once exactly one succeeds",
		},
		{
			ID: "concurrency/not-one-by-one", Needs: Needs{Operations: []string{"Authorize"}, Driver: true}, Proves: cells(Faults, "Authorize"), run: notOneByOne, phase: waiting,
			Summary: "A call to a PSP that does not answer holds up no other call",
		},
		{
			ID: "concurrency/accounts", Needs: Needs{Operations: []string{"Authorize"}, Plan: func(p *Plan) string {
				if len(p.RefusedAccount) == 0 {
					return "refused_account in test.yaml is missing"
				}
				return ""
			}}, Proves: cells(Secrecy, "Authorize"), run: accountsAtOnce,
			Summary: "Calls at once with different accounts each use their own",
		},
	}
}

// atOnce runs calls at the same time and gives their errors.
func atOnce(calls ...func() error) []error {
	errs := make([]error, len(calls))
	var wait sync.WaitGroup
	for i, call := range calls {
		wait.Go(func() { errs[i] = call() })
	}
	wait.Wait()
	return errs
}

func manyPayments(c *Case) {
	const many = 50
	requests, payments := make([]*paymentsv1.AuthorizeRequest, many), make([]*paymentsv1.Payment, many)
	calls := make([]func() error, many)
	for i := range many {
		requests[i] = c.authorizeRequest(automatic)
		requests[i].Amount = c.amount(int64(1000 + i))
		calls[i] = func() (err error) {
			payments[i], err = c.authorize(requests[i])
			return err
		}
	}
	for _, err := range atOnce(calls...) {
		c.ok("Authorize", err)
	}
	ids := map[string]bool{}
	for i, p := range payments {
		equal(c, "payment.reference", requests[i].GetReference(), p.GetReference())
		c.money("payment.amount", requests[i].GetAmount(), p.GetAmount())
		units := requests[i].GetAmount().GetMinorUnits()
		c.booked(p.GetReference(), p.GetAmount().GetCurrencyCode(), entry{amount: units, captured: units})
		ids[p.GetId()] = true
	}
	equal(c, "ids of the payments", many, len(ids))
}

// one ends the case if not exactly one of some calls succeeded, and the others were
// refused for the state.
func (c *Case) one(what string, errs []error, operations ...string) {
	succeeded := 0
	for _, err := range errs {
		if err == nil {
			succeeded++
			continue
		}
		c.forbidden(what, err)
	}
	if succeeded > 1 && slices.ContainsFunc(operations, c.later) {
		return // accepted; which one is carried out is in the books
	}
	equal(c, what+" that succeeded", 1, succeeded)
}

func capturesAtOnce(c *Case) {
	p := c.paid(manual)
	calls := make([]func() error, together)
	for i := range calls {
		calls[i] = func() error {
			_, err := c.capture(&paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.amount(usual)})
			return err
		}
	}
	c.one("captures", atOnce(calls...), "Capture")
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual})
}

func refundsAtOnce(c *Case) {
	p := c.paid(automatic)
	calls := make([]func() error, together)
	for i := range calls {
		req := c.refundRequest(p.GetId(), c.amount(usual))
		calls[i] = func() error {
			_, err := c.createRefund(req)
			return err
		}
	}
	c.one("refunds", atOnce(calls...), "CreateRefund")
	c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual, refunded: usual})
}

func captureOrVoid(c *Case) {
	p := c.paid(manual)
	errs := atOnce(
		func() error {
			_, err := c.capture(&paymentsv1.CaptureRequest{PaymentId: p.GetId(), Amount: c.all("Capture", nil, usual)})
			return err
		},
		func() error {
			_, err := c.void(p.GetId())
			return err
		},
	)
	c.one("capture and void", errs, "Capture", "Void")
	switch {
	case errs[0] == nil && errs[1] == nil:
		c.oneOf(p.GetReference(), entry{amount: usual, captured: usual}, entry{amount: usual, voided: true})
	case errs[0] == nil:
		c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, captured: usual})
	default:
		c.booked(p.GetReference(), c.plan.Currency, entry{amount: usual, voided: true})
	}
}

func notOneByOne(c *Case) {
	ctx, release := context.WithCancel(c.ctx)
	defer release()
	var stuck []*paymentsv1.AuthorizeRequest
	var ended []<-chan error
	for range together {
		req := c.authorizeRequest(automatic)
		defer c.fault(pspdriver.Fault{Kind: pspdriver.TimeoutBefore}, req.GetReference())()
		stuck = append(stuck, req)
		ended = append(ended, c.inBackground(row{operation: "Authorize"}, job{req: req}, withContext(ctx)))
	}
	c.until(fmt.Sprintf("the PSP is asked for all %d payments while it answers none", together), func() bool {
		return !slices.ContainsFunc(stuck, func(req *paymentsv1.AuthorizeRequest) bool { return len(c.sent(req.GetReference())) == 0 })
	})
	c.paid(automatic)
	for _, end := range ended {
		select {
		case err := <-end:
			c.Fatalf("Authorize at a PSP that does not answer: expected that it waits, got %s", failureText(err))
		default:
		}
	}
	release()
	for _, end := range ended {
		if err := <-end; status.Code(err) != codes.Canceled {
			c.Fatalf("Authorize that its caller gives up: expected CANCELLED, got %s", failureText(err))
		}
	}
}

func accountsAtOnce(c *Case) {
	wrong, err := c.plan.accountAt(c.psp.url, c.plan.RefusedAccount)
	if err != nil {
		c.Fatalf("%v", err)
	}
	var calls []func() error
	for i := range 2 * together {
		req, opts := c.authorizeRequest(automatic), []callOption{}
		if i%2 == 1 {
			opts = append(opts, withAccount(wrong))
		}
		calls = append(calls, func() error {
			_, err := c.authorize(proto.CloneOf(req), opts...)
			return err
		})
	}
	for i, err := range atOnce(calls...) {
		if i%2 == 0 {
			c.ok("Authorize with the right account", err)
		} else if err == nil {
			c.Fatalf("Authorize with an account that the PSP refuses: expected an error, got an answer")
		}
	}
}
