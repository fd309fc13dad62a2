package node_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

const (
	captured = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	unknown  = paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN
)

// The connector is small, and stays so.
func TestSize(t *testing.T) {
	files, err := filepath.Glob("src/*.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	lines := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines += bytes.Count(raw, []byte("\n"))
	}
	if lines > 300 {
		t.Errorf("the connector has %d lines, and README.md promises at most 300", lines)
	}
}

// The lock file pins by digest, and names no registry: each machine has its own.
func TestLockNamesNoRegistry(t *testing.T) {
	raw, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte(`"resolved"`)) || !bytes.Contains(raw, []byte(`"integrity": "sha512-`)) {
		t.Error("package-lock.json has addresses of a registry, or no digests")
	}
}

func TestConnector(t *testing.T) {
	s := newStack(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *stack)
	}{
		{"started by hand", testStartedByHand},
		{"description", testDescription},
		{"authorize", testAuthorize},
		{"decline", testDecline},
		{"capture and refund in parts", testParts},
		{"lost answer", testLostAnswer},
		{"refusals", testRefusals},
		{"answers that are none", testAnswers},
		{"nobody answers in time", testDeadline},
		{"webhooks", testWebhooks},
		{"strangers", testStrangers},
		{"killed in mid-call", testKilled},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

// A person who starts it learns what it is.
func testStartedByHand(t *testing.T, s *stack) {
	out, err := exec.Command("node", filepath.Join(s.root, "plugins", "connector-sandbox-node", "src", "main.mjs")).CombinedOutput()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != 1 || !strings.Contains(string(out), "gateway") {
		t.Errorf("got %v and %q, want an explanation and exit code 1", err, out)
	}
}

// What the connector says of itself is complete, with comments and rules.
func testDescription(t *testing.T, s *stack) {
	d := s.version().GetDescription()
	offered := map[string]connectorv1.IdempotencyKind{}
	for _, service := range d.GetServices() {
		for _, op := range service.GetOperations() {
			offered[op.GetName()] = op.GetIdempotency().GetKind()
		}
	}
	for _, name := range []string{"Authorize", "Capture", "CreateRefund"} {
		if offered[name] != connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY {
			t.Errorf("%s: got %s, want NATIVE_KEY", name, offered[name])
		}
	}
	secret := d.GetConfigSchema().GetFields()["properties"].GetStructValue().GetFields()["api_key"].GetStructValue().GetFields()["writeOnly"]
	if len(offered) != 5 || d.GetWebhookVerificationMode() != connectorv1.WebhookVerificationMode_WEBHOOK_VERIFICATION_MODE_SIGNATURE || !secret.GetBoolValue() {
		t.Errorf("got %v", d)
	}
	for _, file := range d.GetDescriptors().GetFile() {
		if file.GetName() != "patchbay/payments/v1/money.proto" {
			continue
		}
		if len(file.GetSourceCodeInfo().GetLocation()) == 0 || proto.Size(file.GetMessageType()[0].GetField()[0].GetOptions()) == 0 {
			t.Error("money.proto has lost its comments or its rules")
		}
		return
	}
	t.Error("the descriptors lack money.proto")
}

func testAuthorize(t *testing.T, s *stack) {
	for range 2 { // the second is a repeat
		got, err := s.payments.Authorize(call(t, "idempotency-key", "a"), order("paid", "4242424242424242"))
		if err != nil {
			t.Fatal(err)
		}
		p := got.GetPayment()
		if p.GetStatus() != captured || p.GetReference() != "paid" || !proto.Equal(p.GetCapturedAmount(), dollars(1050)) || p.GetCreateTime().AsTime().IsZero() {
			t.Errorf("got %v", p)
		}
		if done := s.charges(t, "paid"); len(done) != 1 || done[0].ID != p.GetId() || len(done[0].IdempotencyKey) != 43 || done[0].Captured != 1050 {
			t.Errorf("the PSP has %+v, want one charge of 1050 with a derived key", done)
		}
	}
	if done := s.charges(t, "paid"); done[0].Attempts != 2 {
		t.Errorf("the PSP saw %d requests, want 2 with the same key", done[0].Attempts)
	}
}

func testDecline(t *testing.T, s *stack) {
	got, err := s.payments.Authorize(call(t), order("declined", "4000000000009995"))
	d := got.GetPayment().GetDecline()
	if err != nil || got.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED {
		t.Fatalf("got %v %v, want an answer that says DECLINED", got, err)
	}
	if d.GetCode() != "insufficient_funds" || d.GetHardness() != paymentsv1.DeclineHardness_DECLINE_HARDNESS_SOFT ||
		d.GetActor() != paymentsv1.DeclineActor_DECLINE_ACTOR_CARDHOLDER || d.GetNetworkCode() != "51" {
		t.Errorf("got %v", d)
	}
	if done := s.charges(t, "declined"); len(done) != 0 {
		t.Errorf("the PSP has %+v, want no charge", done)
	}
}

func testParts(t *testing.T, s *stack) {
	req := order("parts", "4242424242424242")
	req.CaptureMethod = paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL
	authorized, err := s.payments.Authorize(call(t), req)
	if err != nil || authorized.GetPayment().GetCapturableAmount().GetMinorUnits() != 1050 {
		t.Fatalf("got %v %v", authorized, err)
	}
	id := authorized.GetPayment().GetId()
	part, err := s.payments.Capture(call(t), &paymentsv1.CaptureRequest{PaymentId: id, Amount: dollars(400), MoreToCome: true})
	if err != nil || part.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED ||
		!proto.Equal(part.GetAmount(), dollars(400)) || part.GetCaptureId() == "" {
		t.Errorf("a part: got %v %v", part, err)
	}
	rest, err := s.payments.Capture(call(t), &paymentsv1.CaptureRequest{PaymentId: id})
	if err != nil || rest.GetPayment().GetStatus() != captured || !proto.Equal(rest.GetAmount(), dollars(650)) {
		t.Errorf("the rest: got %v %v", rest, err)
	}
	back, err := s.refunds.CreateRefund(call(t), &paymentsv1.CreateRefundRequest{PaymentId: id, Reference: "back", Amount: dollars(300)})
	if r := back.GetRefund(); err != nil || r.GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED || r.GetId() == "" || !proto.Equal(r.GetAmount(), dollars(300)) {
		t.Errorf("refund: got %v %v", back, err)
	}
	if done := s.charges(t, "parts"); len(done) != 1 || done[0].Captured != 1050 || done[0].Refunded != 300 {
		t.Errorf("the PSP has %+v", done)
	}
}

// The PSP does it and the connection breaks: an answer that says so, and a repeat
// with the same key that brings the lost one.
func testLostAnswer(t *testing.T, s *stack) {
	req := order("lost", "4242424242424242")
	req.ConnectorOptions = simulate(t, "unknown")
	got, err := s.payments.Authorize(call(t, "idempotency-key", "lost"), req)
	if p := got.GetPayment(); err != nil || p.GetStatus() != unknown || p.GetReference() != "lost" || !proto.Equal(p.GetAmount(), dollars(1050)) {
		t.Fatalf("got %v %v, want the status UNKNOWN", got, err)
	}
	got, err = s.payments.Authorize(call(t, "idempotency-key", "lost"), req)
	if err != nil || got.GetPayment().GetStatus() != captured {
		t.Fatalf("the repeat: got %v %v", got, err)
	}
	back, err := s.refunds.CreateRefund(call(t), &paymentsv1.CreateRefundRequest{
		PaymentId: got.GetPayment().GetId(), Reference: "lost-back", Amount: dollars(50), ConnectorOptions: simulate(t, "unknown"),
	})
	if err != nil || back.GetRefund().GetStatus() != paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN {
		t.Errorf("refund: got %v %v, want the status UNKNOWN", back, err)
	}
	if done := s.charges(t, "lost"); len(done) != 1 || done[0].Captured != 1050 || done[0].Refunded != 50 {
		t.Errorf("the PSP has %+v, want one charge", done)
	}
}

func testRefusals(t *testing.T, s *stack) {
	paid, err := s.payments.Authorize(call(t, "idempotency-key", "used"), order("refusals", "4242424242424242"))
	if err != nil {
		t.Fatal(err)
	}
	var heard atomic.Int32
	undeclared := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	defer undeclared.Close()
	authorize := func(req *paymentsv1.AuthorizeRequest, headers ...string) error {
		_, err := s.payments.Authorize(call(t, headers...), req)
		return err
	}
	limited, wallet := order("x", "4242424242424242"), order("x", "")
	limited.ConnectorOptions = simulate(t, "rate_limited")
	wallet.PaymentMethod.Method = &paymentsv1.PaymentMethod_BankRedirect{BankRedirect: &paymentsv1.BankRedirect{Type: "ideal"}}
	_, tooMuch := s.refunds.CreateRefund(call(t), &paymentsv1.CreateRefundRequest{PaymentId: paid.GetPayment().GetId(), Reference: "r", Amount: dollars(1051)})
	_, noPayment := s.payments.Capture(call(t), &paymentsv1.CaptureRequest{PaymentId: "pay_none"})
	for name, c := range map[string]struct {
		err  error
		want failure
	}{
		"number":  {authorize(order("x", "4000000000000416")), failure{codes.InvalidArgument, "INCORRECT_NUMBER", "NEVER", "payment_method.card.number", "", false}},
		"key":     {authorize(order("another", "4242424242424242"), "idempotency-key", "used"), failure{codes.FailedPrecondition, "IDEMPOTENCY_KEY_REUSED", "NEVER", "", "IDEMPOTENCY_KEY_REUSED", false}},
		"amount":  {tooMuch, failure{codes.FailedPrecondition, "AMOUNT_TOO_LARGE", "NEVER", "amount.minor_units", "AMOUNT_TOO_LARGE", false}},
		"payment": {noPayment, failure{codes.InvalidArgument, "PAYMENT_NOT_FOUND", "NEVER", "payment_id", "", false}},
		"method":  {authorize(wallet), failure{codes.Unimplemented, "OPERATION_UNSUPPORTED", "NEVER", "payment_method", "", false}},
		"rate":    {authorize(limited), failure{codes.ResourceExhausted, "RATE_LIMITED", "NEVER", "", "", true}},
		"API key": {authorize(order("x", "4242424242424242"), with(s.psp, `, "api_key": "sk_sandbox_wrong"`)...), failure{codes.FailedPrecondition, "CREDENTIALS_REJECTED", "NEVER", "", "", false}},
		"nobody":  {authorize(order("x", "4242424242424242"), with(connectortest.Nowhere, "")...), failure{codes.Unavailable, "CONNECTOR_UNAVAILABLE", "NEVER", "", "", true}},
		"egress":  {authorize(order("x", "4242424242424242"), with(undeclared.URL, "")...), failure{codes.FailedPrecondition, "EGRESS_DENIED", "NEVER", "", "", false}},
		"config":  {authorize(order("x", "4242424242424242"), "x-connector-config", `{"base_url": "ftp://x"}`), failure{codes.FailedPrecondition, "CONFIG_INVALID", "NEVER", "base_url", "", false}},
	} {
		if got := failureOf(c.err); got != c.want {
			t.Errorf("%s: got %+v, want %+v: %v", name, got, c.want, c.err)
		}
	}
	if heard.Load() != 0 {
		t.Error("a PSP that the manifest does not name was called")
	}
}

// Of an answer that is none, or of another payment, nothing is believed.
func testAnswers(t *testing.T, s *stack) {
	answer := func(reference string, amount int) string {
		return fmt.Sprintf(`{"id":"pay_1","reference":%q,"status":"captured","currency":"USD","amount":%[2]d,"authorized":%[2]d,"capturable":0,"captured":%[2]d,"refunded":0}`, reference, amount)
	}
	for name, c := range map[string]struct {
		status int
		body   string
		want   paymentsv1.PaymentStatus
		reason string
	}{
		"right":          {201, answer("x", 1050), captured, ""},
		"a new word":     {201, strings.Replace(answer("x", 1050), "captured", "pondering", 1), unknown, ""},
		"internal error": {500, `{"error":{"code":"internal_error"}}`, unknown, ""},
		"a proxy's":      {502, `<html>Bad Gateway</html>`, unknown, ""},
		"no JSON":        {200, `OK`, unknown, ""},
		"null":           {200, `null`, unknown, ""},
		"no id":          {200, strings.Replace(answer("x", 1050), `"pay_1"`, `""`, 1), unknown, ""},
		"a redirect":     {307, ``, unknown, ""},
		"another's":      {200, answer("y", 1050), 0, "INTEGRITY_MISMATCH"},
		"another amount": {200, answer("x", 1051), 0, "INTEGRITY_MISMATCH"},
	} {
		s.standIn.answer(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" { // where the redirect leads
				_, _ = io.WriteString(w, answer("x", 1050))
				return
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		got, err := s.payments.Authorize(call(t, with(s.standIn.url, "")...), order("x", "4242424242424242"))
		if f := failureOf(err); got.GetPayment().GetStatus() != c.want || f.reason != c.reason || c.reason != "" && f.sent != "MAYBE" {
			t.Errorf("%s: got %v %v", name, got, err)
		}
	}
}

// slow makes the stand-in one whose first answer never comes.
func slow(t *testing.T, s *stack) (base string, arrived <-chan struct{}, keys <-chan string) {
	t.Helper()
	first, seen := make(chan struct{}, 1), make(chan string, 8)
	release := make(chan struct{})
	s.standIn.answer(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		seen <- r.Header.Get("Idempotency-Key")
		if len(seen) == 1 {
			first <- struct{}{}
			<-release
			return
		}
		_, _ = io.WriteString(w, `{"id":"pay_1","reference":"x","status":"captured","currency":"USD","amount":1050,"authorized":1050,"capturable":0,"captured":1050,"refunded":0}`)
	})
	t.Cleanup(func() { close(release) })
	return s.standIn.url, first, seen
}

func testDeadline(t *testing.T, s *stack) {
	var got *paymentsv1.AuthorizeResponse
	var err error
	for _, deadline := range []time.Duration{2 * time.Second, 8 * time.Second} { // a busy machine may miss the first
		base, _, _ := slow(t, s)
		ctx, cancel := context.WithTimeout(call(t, with(base, "")...), deadline)
		got, err = s.payments.Authorize(ctx, order("x", "4242424242424242"))
		cancel()
		if err == nil {
			break
		}
	}
	if err != nil || got.GetPayment().GetStatus() != unknown {
		t.Errorf("got %v %v, want the status UNKNOWN before the deadline", got, err)
	}
}

// Without the host's certificate nobody gets in.
func testStrangers(t *testing.T, s *stack) {
	sockets, err := filepath.Glob(filepath.Join(s.root, "run", "*", "*", "connector.sock"))
	if own := fmt.Sprintf("/proc/%d/root/run/connector/connector.sock", s.pid()); len(sockets) == 0 {
		sockets = []string{own} // in the sandbox it has a file system of its own
	}
	if err != nil || len(sockets) != 1 {
		t.Fatalf("found the sockets %v, want one: %v", sockets, err)
	}
	conn, err := tls.Dial("unix", sockets[0], &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // it is the stranger who does not care
	if err == nil {
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, err = conn.Read(make([]byte, 1)) // TLS 1.3 refuses after the client's handshake
		_ = conn.Close()
	}
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a stranger was let in: %v", err)
	}
}

// The connector is killed while the PSP works; the gateway gives the call, with the
// same key, to the next process.
func testKilled(t *testing.T, s *stack) {
	base, arrived, keys := slow(t, s)
	pid, generation := s.pid(), s.version().GetGeneration()
	type result struct {
		got *paymentsv1.AuthorizeResponse
		err error
	}
	done := make(chan result, 1)
	ctx := metadata.AppendToOutgoingContext(call(t, with(base, "")...), "idempotency-key", "killed")
	go func() {
		got, err := s.payments.Authorize(ctx, order("x", "4242424242424242"))
		done <- result{got, err}
	}()
	<-arrived
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.err != nil || r.got.GetPayment().GetStatus() != captured {
		t.Errorf("got %v %v, want the answer that the next process has", r.got, r.err)
	}
	if first, second := <-keys, <-keys; first != second || len(first) != 43 {
		t.Errorf("the PSP got the keys %q and %q, want the same twice", first, second)
	}
	s.wait("the next process serves", func() bool { return s.version().GetGeneration() > generation && s.pid() != pid })
	if _, err := s.payments.Authorize(call(t), order("after", "4242424242424242")); err != nil || len(s.charges(t, "after")) != 1 {
		t.Errorf("after the restart: %v, and the PSP has %v", err, s.charges(t, "after"))
	}
}

// order is a request with a card.
func order(reference, number string) *paymentsv1.AuthorizeRequest {
	return &paymentsv1.AuthorizeRequest{
		Reference: reference,
		Amount:    dollars(1050),
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
			Number: number, ExpiryMonth: 12, ExpiryYear: 2030, SecurityCode: "123", HolderName: "Test Card",
		}}},
	}
}

func dollars(cents int64) *paymentsv1.Money {
	return &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: cents}
}

func simulate(t *testing.T, outcome string) *structpb.Struct {
	t.Helper()
	options, err := structpb.NewStruct(map[string]any{"simulate": map[string]any{"outcome": outcome}})
	if err != nil {
		t.Fatal(err)
	}
	return options
}
