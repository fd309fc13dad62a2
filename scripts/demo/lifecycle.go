package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/scripts/internal/local"
)

const (
	// enough is how many payments are made before and after something happens.
	enough = 300
	// atPSP is how long the PSP may take for a payment when the connector is
	// killed, so that there are calls that have reached it.
	atPSP = 40 * time.Millisecond
)

func anyOutcome(outcome) bool { return true }

// swap replaces the sandbox's connector by another version while callers pay.
func (s *stage) swap(ctx context.Context) error {
	before, err := s.sandbox(ctx)
	if err != nil {
		return err
	}
	l := startLoad(ctx, s.conn, "swap", 0)
	err = s.swapUnder(ctx, l, before.GetVersions()[0].GetGeneration())
	outcomes := l.stop()
	s.told = append(s.told, outcomes...)
	if err != nil {
		return err
	}
	by := map[string]int{}
	for _, o := range outcomes {
		by[o.servedBy]++
	}
	failed := failures(outcomes)
	fmt.Printf("%d callers made %d payments: %d by sandbox@0.1.0, %d by sandbox@0.2.0, %d failed\n",
		callers, len(outcomes), by["sandbox@0.1.0"], by["sandbox@0.2.0"], len(failed))
	if len(failed) > 0 {
		return fmt.Errorf("expected no payment to fail, got %v", tally(failed))
	}
	return nil
}

func (s *stage) swapUnder(ctx context.Context, l *load, generation uint64) error {
	if err := l.until(ctx, anyOutcome); err != nil {
		return err
	}
	fmt.Println("edit sandbox.yaml: version 0.1.0 becomes 0.2.0")
	edited := time.Now()
	if err := s.declare("sandbox", "0.2.0"); err != nil {
		return err
	}
	err := local.Until(ctx, func() (bool, error) {
		now, err := s.sandbox(ctx)
		if err != nil || now.GetVersions()[0].GetVersion() != "0.2.0" {
			return false, err
		}
		v := now.GetVersions()[0]
		fmt.Printf("GetConnector: version %s, generation %d, after %s (200 ms of that to be sure that nobody is still writing)\n",
			v.GetVersion(), v.GetGeneration(), since(edited))
		return true, expect("a new generation", v.GetGeneration() > generation, true)
	})
	if err != nil {
		return err
	}
	return l.until(ctx, func(o outcome) bool { return o.servedBy == "sandbox@0.2.0" })
}

// breakManifest makes a mistake in a manifest, and mends it.
func (s *stage) breakManifest(ctx context.Context) error {
	fmt.Println("edit sandbox.yaml: command becomes comand")
	if err := s.writeManifest("sandbox", "name: sandbox\nversion: 0.3.0\ncomand: connector-sandbox\n"); err != nil {
		return err
	}
	var problem *gatewayv1.Problem
	err := local.Until(ctx, func() (bool, error) {
		now, err := s.sandbox(ctx)
		for _, p := range now.GetProblems() {
			problem = p
		}
		return problem != nil, err
	})
	if err != nil {
		return err
	}
	fmt.Printf("GetConnector: %s:%d: %s %s\n", problem.GetFile(), problem.GetLine(), problem.GetField(), problem.GetReason())
	if err := errors.Join(expect("the line", problem.GetLine(), int32(3)), expect("the field", problem.GetField(), "comand")); err != nil {
		return err
	}
	var answer paymentsv1.AuthorizeResponse
	if err := s.call(ctx, "sandbox@0.2.0", paymentService+"/Authorize",
		`{"reference": "order-1005", "amount": {"currency_code": "USD", "minor_units": 1050}, "payment_method": {"card_token": {"token": "tok_approve"}}}`, &answer); err != nil {
		return err
	}
	if err := expect("the status", answer.GetPayment().GetStatus(), paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED); err != nil {
		return err
	}
	fmt.Println("edit sandbox.yaml: as it was")
	if err := s.declare("sandbox", "0.2.0"); err != nil {
		return err
	}
	return local.Until(ctx, func() (bool, error) {
		now, err := s.sandbox(ctx)
		return len(now.GetProblems()) == 0, err
	})
}

// kill ends the sandbox's connector as a crash would, while callers pay.
func (s *stage) kill(ctx context.Context) error {
	l := startLoad(ctx, s.conn, "kill", atPSP)
	killed, err := s.killUnder(ctx, l)
	outcomes := l.stop()
	s.told = append(s.told, outcomes...)
	if err != nil {
		return err
	}
	inFlight, first := aroundKill(outcomes, killed)
	fmt.Printf("the first payment begun after the kill was made %s after it, some 5 to 40 ms of that at the PSP\n", first.Sub(killed).Round(100*time.Microsecond))
	fmt.Printf("%d calls were in flight and were told:\n", len(inFlight))
	for told, count := range tally(inFlight) {
		fmt.Printf("  %d  %s\n", count, told)
	}
	failed := failures(outcomes)
	fmt.Printf("%d callers made %d payments, %d failed\n", callers, len(outcomes), len(failed))
	if len(failed) > 0 { // the PSP knows a repeat by its key, so that the gateway may hand calls over again
		return fmt.Errorf("expected no payment to fail, got %v", tally(failed))
	}
	return nil
}

func (s *stage) killUnder(ctx context.Context, l *load) (killed time.Time, err error) {
	if err := l.until(ctx, anyOutcome); err != nil {
		return killed, err
	}
	serving, found := s.lastStart("sandbox")
	if !found {
		return killed, errors.New("expected the log to tell the connector's process")
	}
	fmt.Printf("kill -9 %d (generation %d)\n", serving.PID, serving.Generation)
	killed = time.Now()
	if err := syscall.Kill(serving.PID, syscall.SIGKILL); err != nil {
		return killed, err
	}
	again, err := s.gateway.Find(ctx, func(e local.Event) bool {
		return e.Message == "serving" && e.Connector == "sandbox" && e.Generation > serving.Generation
	})
	if err != nil {
		return killed, err
	}
	fmt.Printf("generation %d serves, as process %d, %s later\n", again.Generation, again.PID, again.At.Sub(killed).Round(100*time.Microsecond))
	return killed, l.until(ctx, outcome.paid)
}

// aroundKill gives the calls that were in flight when the process was killed, and
// the end of the first payment that was begun afterwards.
func aroundKill(outcomes []outcome, killed time.Time) (inFlight []outcome, first time.Time) {
	for _, o := range outcomes {
		switch {
		case o.began.Before(killed) && o.ended.After(killed):
			inFlight = append(inFlight, o)
		case o.began.After(killed) && o.paid() && (first.IsZero() || o.ended.Before(first)):
			first = o.ended
		}
	}
	return inFlight, first
}

// lastStart is the last time that the gateway told of a connector's new process.
func (s *stage) lastStart(connector string) (last local.Event, found bool) {
	for _, e := range s.gateway.Log.Events() {
		if e.Connector == connector && (e.Message == "serving" || e.Message == "swapped") {
			last, found = e, true
		}
	}
	return last, found
}
