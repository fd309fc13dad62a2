package gateway

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/host/internal/audit"
	"github.com/patchbay/patchbay/host/internal/telemetry"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// recorded opens an audit log that flushes before answers leave.
func recorded(t *testing.T, path string) func(*Config) {
	t.Helper()
	log, err := audit.Open(audit.Spec{File: path, Flush: "sync"}, hclog.NewNullLogger(), telemetry.NewMetrics().Registry)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return func(c *Config) { c.Audit = log }
}

func recordsIn(t *testing.T, path string) (all []audit.Record, raw string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		var r audit.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, r)
	}
	return all, string(content)
}

// Every call leaves one record with its outcome, before its answer, and no secret.
func TestRecords(t *testing.T) {
	const card, code, key = "4000056655665556", "987", "sk_marked_account"
	path := filepath.Join(t.TempDir(), "audit.log")
	spec := limited("shop", 0, 0)
	spec.InlineConfig = true
	h := newHarness(t, declared(t, spec), recorded(t, path))
	inst, err := h.registry.Acquire("acme", "")
	if err != nil {
		t.Fatal(err)
	}
	inst.Digest = strings.Repeat("d", 64)
	inst.Release()
	request := valid()
	request.GetPaymentMethod().GetCard().Number, request.GetPaymentMethod().GetCard().SecurityCode = card, code
	pay := func(headers ...string) {
		_, _ = h.payments.Authorize(h.ctx(append(headers, "x-request-id", "req-1", "idempotency-key", "key-1")...), request)
	}
	right := []string{"x-api-key", "shop", "x-connector", "acme", "x-connector-config", `{"api_key":"` + key + `"}`}
	answer := func(status paymentsv1.PaymentStatus, err error) func() {
		return func() {
			h.plugin.authorize = func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
				return &paymentsv1.AuthorizeResponse{Payment: &paymentsv1.Payment{Status: status}}, err
			}
			pay(right...)
		}
	}
	for _, test := range []struct {
		name                       string
		call                       func()
		code, status, reason, sent string
	}{
		{"captured", answer(paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, nil), "OK", "PAYMENT_STATUS_CAPTURED", "", ""},
		{"declined", answer(paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED, nil), "OK", "PAYMENT_STATUS_DECLINED", "", ""},
		{"unknown", answer(0, wire.Failure{Code: codes.Unknown, Reason: wire.ReasonOutcomeUnknown, Sent: wire.SentMaybe, Message: card}.Err()), "Unknown", "", wire.ReasonOutcomeUnknown, "MAYBE"},
		{"refused by the PSP", answer(0, wire.Failure{Code: codes.FailedPrecondition, Reason: wire.ReasonCredentialsRejected, Sent: wire.SentNever, Message: key}.Err()), "FailedPrecondition", "", wire.ReasonCredentialsRejected, "NEVER"},
		{"nobody", func() { pay("x-api-key", key, "x-connector", "acme") }, "Unauthenticated", "", wire.ReasonUnauthenticated, "NEVER"},
		{"unknown connector", func() { pay("x-api-key", "shop", "x-connector", "nope") }, "NotFound", "", wire.ReasonConnectorUnknown, "NEVER"},
		{"own service", func() {
			_, _ = gatewayv1.NewConnectorServiceClient(h.conn).ListConnectors(h.ctx("x-api-key", "shop"), &gatewayv1.ListConnectorsRequest{})
		}, "OK", "", "", ""},
		{"own service, by nobody", func() { _ = h.invoke("/patchbay.gateway.v1.BulkService/Process") }, "Unauthenticated", "", wire.ReasonUnauthenticated, "NEVER"},
		{"stream", func() { _ = h.invoke("/acme.v1.EchoService/Repeat", right...) }, "OK", "", "", ""},
		{"one answer to a stream", func() { _ = h.invoke("/acme.v1.EchoService/Collect", right...) }, "OK", "", "", ""},
		{"forbidden service", func() { _ = h.invoke("/plugin.GRPCController/Shutdown", right...) }, "Unimplemented", "", wire.ReasonOperationUnsupported, "NEVER"},
	} {
		before, _ := recordsIn(t, path)
		test.call()
		all, _ := recordsIn(t, path)
		if len(all) != len(before)+1 {
			t.Fatalf("%s: %d records, want 1", test.name, len(all)-len(before))
		}
		r := all[len(all)-1]
		if r.Code != test.code || r.Status != test.status || r.Reason != test.reason || r.Sent != test.sent || r.Kind != audit.KindCall || time.Since(r.Time) > time.Minute || r.Peer == "" || r.RequestID == "" {
			t.Errorf("%s: %+v", test.name, r)
		}
	}
	all, raw := recordsIn(t, path)
	first := all[0]
	if first.Caller != "shop" || first.Connector != "acme" || first.Version != "1.0.0" || first.Digest != inst.Digest || first.Generation != 1 || first.RequestID != "req-1" ||
		first.Method != "patchbay.payments.v1.PaymentService/Authorize" || first.KeySHA256 != sum("key-1") || first.Amounts["amount"] != (audit.Amount{CurrencyCode: "USD", MinorUnits: 1050}) {
		t.Errorf("got %+v", first)
	}
	for _, secret := range []string{card, code, key, "key-1", "order-1"} {
		if strings.Contains(raw, `"`+secret) || strings.Contains(raw, card) || strings.Contains(raw, key) {
			t.Errorf("the log has %q", secret)
		}
	}
}

// While records can't be kept that must be, nothing is handed over; what was
// handed over before is answered as it happened.
func TestFailingAudit(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("SKIPPED: there is no /dev/full, the disk that is always full")
	}
	path := filepath.Join(t.TempDir(), "audit")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	h := newHarness(t, recorded(t, path))
	answer, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid())
	if err != nil || answer.GetPayment().GetId() != "pay_1" {
		t.Fatalf("a call that was handed over: %v, %v", answer, err)
	}
	for range 3 {
		_, err = h.payments.Authorize(h.ctx("x-connector", "acme"), valid())
		if f := expect(t, err, codes.Unavailable, wire.ReasonUnavailable, wire.SentNever); f.RetryAfter == 0 {
			t.Error("no RetryInfo")
		}
	}
	expect(t, h.invoke("/acme.v1.EchoService/Chat", "x-connector", "acme"), codes.Unavailable, wire.ReasonUnavailable, wire.SentNever)
	if n := h.plugin.calls.Load(); n != 1 {
		t.Errorf("%d calls reached the connector, want 1", n)
	}
	good := path + ".log"
	if err := os.Symlink(good, path+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; <-time.After(10 * time.Millisecond) {
		if _, err = h.payments.Authorize(h.ctx("x-connector", "acme"), valid()); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it does not recover: %v", err)
		}
	}
	if all, _ := recordsIn(t, good); len(all) < 6 || all[0].Code != "OK" || all[1].Code != "Unavailable" {
		t.Errorf("what could not be written is not there now: %+v", all)
	}
}
