package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// TestChaos is a short run.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: builds the programs and runs them")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+"/", "../../host/cmd/patchbay", "../../plugins/sandbox/cmd/connector-sandbox", "./connector-misfit")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := os.CreateTemp(t.TempDir(), "summary")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	least := []string{"kill -9 of the gateway", "kill -9 of the connector", "reload storm", "PSP answers 500"}
	failed := play(t.Context(), options{bin: bin, duration: 12 * time.Second, seed: 20, callers: 16, rate: 200, afterlife: 5 * promisedAfterlife, least: least}, out)
	summary, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", summary)
	if failed != nil {
		t.Error(failed)
	}
	for _, fault := range least {
		if bytes.Contains(summary, []byte("      0  "+fault+"\n")) || !bytes.Contains(summary, []byte("  "+fault+"\n")) {
			t.Errorf("the run had no %s", fault)
		}
	}
	if skipped := bytes.Contains(summary, []byte("NOT APPLIED")); skipped && runtime.GOOS == "linux" {
		t.Log("NOT RUN: some faults; see NOT APPLIED above")
	}
}

// TestPlan: equal seeds give equal plans, others give others, and each fault
// comes once in each round.
func TestPlan(t *testing.T) {
	written := func(seed uint64) string {
		var plan strings.Builder
		printPlan(&plan, seed, 40)
		return plan.String()
	}
	plan := written(7)
	if again := written(7); again != plan {
		t.Error("one seed gave two plans")
	}
	if written(8) == plan {
		t.Error("two seeds gave one plan")
	}
	for _, l := range lanes() {
		var round []string
		for s := range l.plan(7) {
			if len(round) == len(l.faults) {
				break
			}
			round = append(round, s.fault.name)
		}
		slices.Sort(round)
		if n := len(slices.Compact(round)); n != len(l.faults) {
			t.Errorf("the first %d %s have %d different faults", len(l.faults), l.name, n)
		}
	}
}

// TestContradictions gives the verdict cases of both kinds: what is right, and
// what a wrong gateway would have told.
func TestContradictions(t *testing.T) {
	auto := ask{reference: "r", token: approve, automatic: true}
	manual, declined := ask{reference: "r", token: approve}, ask{reference: "r", token: decline}
	is := func(a ask, s paymentsv1.PaymentStatus) told { return told{ask: a, id: "pay_1", status: s} }
	never := wire.Failure{Code: codes.Unavailable, Reason: wire.ReasonUnavailable, Sent: wire.SentNever}.Err()
	const (
		captured, authorized = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED
		refused, unknown     = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED, paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN
	)
	one, reserved := []charge{{ID: "pay_1", Captured: amount}}, []charge{{ID: "pay_1"}}
	two := append(slices.Clone(one), charge{ID: "pay_2"})
	for name, test := range map[string]struct {
		told    told
		charges []charge
		wrong   bool
	}{
		"captured":                      {is(auto, captured), one, false},
		"captured, and missing":         {is(auto, captured), nil, true},
		"captured, twice":               {is(auto, captured), two, true},
		"captured, another":             {is(auto, captured), []charge{{ID: "pay_9", Captured: amount}}, true},
		"captured, a part of it":        {is(auto, captured), reserved, true},
		"captured, a declined card":     {is(declined, captured), one, true},
		"authorized":                    {is(manual, authorized), reserved, false},
		"authorized, and captured":      {is(manual, authorized), one, true},
		"authorized instead":            {is(auto, authorized), reserved, true},
		"declined":                      {is(declined, refused), nil, false},
		"declined, and charged":         {is(auto, refused), one, true},
		"never sent":                    {told{ask: auto, err: never}, nil, false},
		"never sent, and charged":       {told{ask: auto, err: never}, one, true},
		"unknown, charged":              {is(auto, unknown), one, false},
		"unknown, not charged":          {is(auto, unknown), nil, false},
		"unknown, charged twice":        {is(auto, unknown), two, true},
		"a lost connection":             {told{ask: auto, err: status.Error(codes.Unavailable, "EOF")}, one, false},
		"a lost connection, twice":      {told{ask: auto, err: errors.New("EOF")}, two, true},
		"pending, which nobody expects": {is(auto, paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING), nil, true},
	} {
		if err := test.told.contradicts(test.charges); (err != nil) != test.wrong {
			t.Errorf("%s: got %v, want a contradiction: %v", name, err, test.wrong)
		}
	}
}

// TestPanicsAreFound reads a log as the gateway writes it.
func TestPanicsAreFound(t *testing.T) {
	const panicked = `{"@level":"error","@message":"the gateway's own code has panicked; please report it"}`
	for log, want := range map[string]bool{`{"@message":"panic","@module":"patchbay.plugin"}`: false, panicked: true} {
		s := &stage{dir: t.TempDir(), report: newReport()}
		if err := os.WriteFile(filepath.Join(s.dir, "gateway.log"), []byte(log+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if s.findPanics(); s.report.violated() != want {
			t.Errorf("%s: found %v, want %v", log, !want, want)
		}
	}
}
