package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// The PSP has committed, and the caller does not know. A repeat with the same
// key tells, whether or not it asks for the same simulation.
func TestSimulate_unknown(t *testing.T) {
	both(t, func(t *testing.T, h *connectortest.Harness) {
		pay(t, h, "warm", automatic) // a connection that is kept is lost too
		lost := simulate(t, `{"outcome":"unknown"}`)
		req := order("tok_approve", manual)
		req.ConnectorOptions = lost
		first, err := h.Payments.Authorize(h.Context(key("a")), req)
		if err != nil || first.GetPayment().GetStatus() != unknown || first.GetPayment().GetId() != "" {
			t.Fatalf("got %v %v, want the status UNKNOWN", first, err)
		}
		again, err := h.Payments.Authorize(h.Context(key("a")), req)
		if err != nil || again.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED {
			t.Fatalf("the repeat: got %v %v", again, err)
		}
		id := again.GetPayment().GetId()

		capture := &paymentsv1.CaptureRequest{PaymentId: id, Amount: dollars(600), ConnectorOptions: lost}
		if resp, err := h.Payments.Capture(h.Context(key("b")), capture); err != nil || resp.GetPayment().GetStatus() != unknown {
			t.Errorf("Capture: got %v %v", resp, err)
		}
		capture.ConnectorOptions = nil
		if resp, err := h.Payments.Capture(h.Context(key("b")), capture); err != nil || resp.GetAmount().GetMinorUnits() != 600 {
			t.Errorf("Capture again: got %v %v", resp, err)
		}
		refund := &paymentsv1.CreateRefundRequest{PaymentId: id, Reference: "r", ConnectorOptions: lost}
		if resp, err := h.Refunds.CreateRefund(h.Context(key("c")), refund); err != nil || resp.GetRefund().GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN {
			t.Errorf("CreateRefund: got %v %v", resp, err)
		}
		read, err := h.Payments.GetPayment(h.Context(key("d")), &paymentsv1.GetPaymentRequest{PaymentId: id})
		if err != nil {
			t.Fatal(err)
		}
		check(t, read.GetPayment(), want{paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1000, 0, 600, 600})
		_, err = h.Payments.GetPayment(h.Context(key("e")), &paymentsv1.GetPaymentRequest{PaymentId: id, ConnectorOptions: lost})
		if got := failureOf(err); got.code != codes.Unavailable {
			t.Errorf("a read: got %+v, want UNAVAILABLE", got)
		}
	})
}

func TestSimulate_failuresOfThePSP(t *testing.T) {
	h, url := start(t)
	req := order("tok_approve", automatic)
	req.ConnectorOptions = simulate(t, `{"outcome":"rate_limited"}`)
	_, err := h.Payments.Authorize(h.Context(key("a")), req)
	if got, want := failureOf(err), (failure{codes.ResourceExhausted, "RATE_LIMITED", "NEVER", "", time.Second}); got != want {
		t.Errorf("rate_limited: got %+v, want %+v", got, want)
	}
	req.ConnectorOptions = simulate(t, `{"outcome":"error_500"}`)
	resp, err := h.Payments.Authorize(h.Context(key("a")), req)
	if err != nil || resp.GetPayment().GetStatus() != unknown {
		t.Errorf("error_500: got %v %v, want the status UNKNOWN", resp, err)
	}
	if n := len(charges(t, url)); n != 0 {
		t.Errorf("%d charges, want none", n)
	}
}

func TestSimulate_delay(t *testing.T) {
	h, url := start(t)
	req := order("tok_approve", automatic)
	req.ConnectorOptions = simulate(t, `{"delay_ms":100}`)
	began := time.Now()
	resp, err := h.Payments.Authorize(h.Context(key("a")), req)
	if err != nil || resp.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
		t.Fatalf("got %v %v", resp, err)
	}
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("it took %v, want at least 100 ms", took)
	}

	if got := charges(t, url); len(got) != 1 || got[0].Attempts != 1 {
		t.Errorf("charges %+v, want 1 with 1 attempt", got)
	}
}

// The call is over while the PSP delays its answer: the PSP pays all the same, and
// whoever asks again is told of that payment.
func TestSimulate_delayOutlivesTheCall(t *testing.T) {
	p := psp.New()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	done := make(chan struct{}) // the PSP is, with the request that was delayed
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(psp.SimulateHeader) == "" {
			p.ServeHTTP(w, r)
			return
		}
		defer close(done)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		end()
		<-r.Context().Done() // the connector has left
		p.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		p.Close()
		server.Close()
	})
	config := map[string]string{"base_url": server.URL}
	raw, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	req := order("tok_approve", automatic)
	req.ConnectorOptions = simulate(t, `{"delay_ms":300}`)
	late, err := sandbox.New().Authorize(sdk.WithCall(ctx, sdk.Call{IdempotencyKey: key("b"), Config: raw}), req)
	var failed *sdk.Error
	if !errors.As(err, &failed) || failed.Kind != sdk.OutcomeUnknown {
		t.Fatalf("past its end: got %v %v, want an OutcomeUnknown", late, err)
	}
	h := connectortest.Start(t, sandbox.New(), config)
	req.ConnectorOptions = nil
	resp, err := h.Payments.Authorize(h.Context(key("b")), req)
	if err != nil || resp.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
		t.Fatalf("the repeat: got %v %v", resp, err)
	}
	<-done
	if got := charges(t, server.URL); len(got) != 1 || got[0].Attempts != 2 {
		t.Errorf("charges %+v, want 1 with 2 attempts", got)
	}
}

// doomedEnv makes the test binary a connector's process: its value is the PSP's
// address and its argument the outcome.
const doomedEnv = "PATCHBAY_TEST_DOOMED"

// doomed authorizes a payment and writes "answered" if the call returns, or
// "hangs" if it outlives its context.
func doomed(url, outcome string) {
	config, err := json.Marshal(map[string]string{"base_url": url})
	if err != nil {
		panic(err)
	}
	ctx, end := context.WithCancel(context.Background())
	defer end()
	ctx = sdk.WithCall(ctx, sdk.Call{IdempotencyKey: key("doomed"), Config: config})
	req := order("tok_approve", automatic)
	req.ConnectorOptions = &structpb.Struct{Fields: map[string]*structpb.Value{
		"simulate": structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
			"outcome": structpb.NewStringValue(outcome),
		}}),
	}}
	before := attempts(url)
	answered := make(chan error, 1)
	go func() {
		_, err := sandbox.New().Authorize(ctx, req)
		answered <- err
	}()
	var outlived <-chan time.Time
	if outcome == "hang" {
		for attempts(url) == before && len(answered) == 0 {
		}
		end() // now that the PSP has done it
		outlived = time.After(500 * time.Millisecond)
	}
	select {
	case err := <-answered:
		fmt.Println("answered", err)
	case <-outlived:
		fmt.Println("hangs")
	}
}

// attempts counts how often payments were asked for of which the PSP has a charge.
func attempts(url string) (n int) {
	res, err := http.Get(url + "/ledger")
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	var told struct{ Charges []charge }
	if err := json.NewDecoder(res.Body).Decode(&told); err != nil {
		panic(err)
	}
	for _, c := range told.Charges {
		n += c.Attempts
	}
	return n
}

func TestSimulate_endOfTheProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, url, outcome string) (out string, killed bool) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), self, outcome)
		cmd.Env = append(os.Environ(), doomedEnv+"="+url)
		raw, err := cmd.Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			ws, ok := exit.Sys().(syscall.WaitStatus)
			killed = ok && ws.Signaled() && ws.Signal() == syscall.SIGKILL
			if !killed {
				t.Fatalf("it ended with %v: %s", err, exit.Stderr)
			}
		}
		return string(raw), killed
	}
	for _, c := range []struct {
		outcome       string
		killed, again bool // in the first run, and in the second with the same key
		charges       int
		outAgain      string
	}{
		{"crash", true, true, 1, ""},
		{"crash_once", true, false, 1, "answered <nil>\n"},
		{"crash_before", true, true, 0, ""},
		{"hang", false, false, 1, "hangs\n"},
	} {
		t.Run(c.outcome, func(t *testing.T) {
			t.Parallel()
			url := newPSP(t)
			out, killed := run(t, url, c.outcome)
			if killed != c.killed || (killed && out != "") {
				t.Errorf("killed %t, %q, want %t", killed, out, c.killed)
			}
			if n := len(charges(t, url)); n != c.charges {
				t.Errorf("%d charges, want %d", n, c.charges)
			}
			out, killed = run(t, url, c.outcome)
			if killed != c.again || out != c.outAgain {
				t.Errorf("the second time: killed %t, %q, want %t, %q", killed, out, c.again, c.outAgain)
			}
			for _, got := range charges(t, url) {
				if got.Attempts != 2 {
					t.Errorf("charge %+v, want 2 attempts", got)
				}
			}
			if n := len(charges(t, url)); n != c.charges {
				t.Errorf("%d charges after the second time, want %d", n, c.charges)
			}
		})
	}
}
