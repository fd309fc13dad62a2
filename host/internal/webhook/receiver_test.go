package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/host/internal/telemetry/otlptest"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

const (
	isVerified  = paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED
	isFetchBack = paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_FETCH_BACK_REQUIRED
	isUnsigned  = paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_UNSIGNED
	isRejected  = paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED
)

// The PSP is acknowledged only what is believed and held; everything else fails
// closed.
func TestAnswers(t *testing.T) {
	event := &paymentsv1.WebhookEvent{Id: "evt_1", Type: "payment.captured", ObjectId: "pay_1"}
	fails := func(code codes.Code, reason string) error {
		return wire.Failure{Code: code, Reason: reason, Sent: wire.SentNever, Message: "as asked"}.Err()
	}
	h := newHarness(t)
	for _, test := range []struct {
		name     string
		response *paymentsv1.HandleWebhookResponse
		err      error
		status   int
		held     int
		outcome  string
	}{
		{"verified", answered(isVerified, 200, event), nil, 200, 1, `verification="verified"} outcome="held"`},
		{"two events", answered(isVerified, 202, event, event), nil, 202, 2, ""},
		{"no events", answered(isVerified, 200), nil, 200, 0, ""},
		{"rejected", answered(isRejected, 498), nil, 498, 0, `outcome="rejected",verification="rejected"`},
		{"rejected and acknowledged", answered(isRejected, 200), nil, 401, 0, ""},
		{"rejected with events", answered(isRejected, 200, event), nil, 401, 0, ""},
		{"rejected without an answer", answered(isRejected, 0), nil, 401, 0, ""},
		{"unsigned and acknowledged", answered(isUnsigned, 200, event), nil, 401, 0, `outcome="rejected",verification="unsigned"`},
		{"nothing said of it", answered(0, 200, event), nil, 401, 0, `outcome="rejected",verification=""`},
		{"a verification of the future", answered(17, 200, event), nil, 401, 0, ""},
		{"verified without an answer", answered(isVerified, 0, event), nil, 503, 0, ""},
		{"verified with a status that is none", answered(isVerified, 99999, event), nil, 503, 0, ""},
		{"connector fails", nil, fails(codes.Internal, "ACME"), 503, 0, `outcome="unavailable",verification=""`},
		{"connector can't read it", nil, fails(codes.InvalidArgument, "ACME"), 400, 0, `outcome="malformed"`},
		{"connector's configuration is wrong", nil, fails(codes.FailedPrecondition, "CONFIG_INVALID"), 503, 0, ""},
		{"connector is refused by its PSP", nil, fails(codes.ResourceExhausted, wire.ReasonRateLimited), 429, 0, `outcome="limited"`},
		{"connector is gone", nil, fails(codes.Unavailable, wire.ReasonUnavailable), 503, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			h.plugin.answers(test.response, test.err)
			before := len(h.held())
			got := h.post("", "{}")
			if got.status != test.status || len(h.held())-before != test.held {
				t.Errorf("answered %d with %d events held, want %d and %d", got.status, len(h.held())-before, test.status, test.held)
			}
			if (got.status == 429 || got.status == 503) && got.header.Get("Retry-After") == "" {
				t.Error("it does not say when to come again")
			}
			if strings.Contains(got.body, "as asked") {
				t.Errorf("strangers are told %q", got.body)
			}
			for _, label := range strings.Split(test.outcome, "} ") {
				if !strings.Contains(h.scrape(), label) {
					t.Errorf("the metrics lack %s", label)
				}
			}
		})
	}
}

// The connector's acknowledgement goes out as it is, but for what is the
// connection's. A question by GET is its to answer too.
func TestAcknowledgement(t *testing.T) {
	h := newHarness(t)
	h.plugin.handle = func(_ context.Context, r *paymentsv1.HttpRequest) (*paymentsv1.HandleWebhookResponse, error) {
		a := answered(isVerified, 200)
		a.Acknowledgement.Body = []byte(r.GetMethod() + " [accepted]")
		a.Acknowledgement.Headers = []*paymentsv1.HttpHeader{
			{Name: "content-type", Value: "text/csv"}, {Name: "X-Psp", Value: "a"}, {Name: "x-psp", Value: "b\r\nX-Evil: 1"},
			{Name: "Transfer-Encoding", Value: "gzip"}, {Name: "Content-Length", Value: "1"}, {Name: "x-request-id", Value: "guest"},
		}
		return a, nil
	}
	for method, want := range map[string]int{"POST": 200, "GET": 200, "PUT": 405, "DELETE": 405, "OPTIONS": 405, "BREW": 405} {
		req, err := http.NewRequestWithContext(t.Context(), method, h.url+"?bt_challenge=x", nil)
		if err != nil {
			t.Fatal(err)
		}
		got := h.do(req)
		if got.status != want || want == 200 && got.body != method+" [accepted]" || want == 405 && got.header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: %d %q %v", method, got.status, got.body, got.header)
		}
		if want != 200 {
			continue
		}
		if got.header.Get("Content-Type") != "text/csv" || len(got.header.Values("X-Psp")) != 2 || got.header.Get("X-Evil") != "" || got.header.Get("X-Request-Id") == "guest" {
			t.Errorf("headers %v", got.header)
		}
	}
	if all := h.held(); len(all) != 0 {
		t.Errorf("held %v", all)
	}
}

// What a connector gets is the request as it came, at the public address, with the
// account's configuration.
func TestWhatTheConnectorGets(t *testing.T) {
	h := newHarness(t, func(s *Spec) { s.TrustedProxies = []string{"127.0.0.0/8", "10.0.0.0/8"} })
	body := "\x00\xff{\"a\": 1}\n"
	got := h.post(h.url+"?a=1&a=%20&b", body, "X-Sig", "one", "x-sig", "two", "A-First", "\xe9", "X-Forwarded-For", "203.0.113.9, 10.1.2.3", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if got.status != 200 {
		t.Fatalf("answered %d %s", got.status, got.body)
	}
	call, r := h.plugin.seen()
	if r.GetMethod() != "POST" || r.GetUrl() != "https://hooks.example/in/webhooks/acme/acme-eu?a=1&a=%20&b" || string(r.GetBody()) != body || r.GetRemoteIp() != "203.0.113.9" {
		t.Errorf("got %s %s %q from %s", r.GetMethod(), r.GetUrl(), r.GetBody(), r.GetRemoteIp())
	}
	var headers []string
	for _, header := range r.GetHeaders() {
		headers = append(headers, header.GetName()+"="+header.GetValue())
	}
	if all := strings.Join(headers, " "); !strings.HasPrefix(all, "Host=127.0.0.1:") || !strings.Contains(all, " A-First=\uFFFD ") || !strings.HasSuffix(all, " X-Sig=one X-Sig=two") {
		t.Errorf("headers %s", all)
	}
	if call.GetAccount() != "acme-eu" || !strings.Contains(string(call.GetConfig()), secretKey) || call.GetRequestId() != got.header.Get("X-Request-Id") || call.GetTraceparent() != "" {
		t.Errorf("call %v", call)
	}
	e := h.held()[0]
	if e.Connector != "acme" || e.Account != "acme-eu" || e.Version != "1.0.0" || e.RequestID != call.GetRequestId() || time.Since(e.ReceiveTime) > patience || e.FetchedBack || e.Event.ID != "evt_1" {
		t.Errorf("held %+v", e)
	}
	info, err := os.Stat(h.file())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
}

// Connectors and accounts that are not there can't be told from pairs that do not
// belong together; what is odd in an address is no way around that.
func TestAddresses(t *testing.T) {
	h := newHarness(t)
	base := strings.TrimSuffix(h.url, "/acme/acme-eu")
	root := strings.TrimSuffix(base, "/webhooks")
	var first response
	for i, path := range []string{
		base + "/acme/nobody", base + "/nobody/acme-eu", base + "/nobody/orphan2", base + "/other/acme-eu", base + "/acme/", base + "/acme", base + "/", base, root + "/",
		base + "/acme@1.0.0/acme-eu", base + "//acme-eu", base + "/acme/acme-eu/", base + "/acme/acme-eu/x", base + "/acme//acme-eu", base + "/acme/..%2facme-eu", base + "/acme/./acme-eu",
		root + "//webhooks/acme/acme-eu", root + "/Webhooks/acme/acme-eu", base + "/%61cme/acme-eu",
	} {
		got := h.post(path, "{}")
		if i == 0 {
			first = got
		}
		if got.status != 404 || got.body != first.body || len(got.header) != len(first.header) {
			t.Errorf("%s: %d %q", path, got.status, got.body)
		}
	}
	if got := h.post(base+"/nobody/orphan", "{}"); got.status != 404 || got.body != first.body {
		t.Errorf("a connector that does not run: %d %q", got.status, got.body)
	}
	if got := h.post(base+"/acme/a%2Fb%20c", "{}"); got.status != 200 || h.held()[0].Account != "a/b c" {
		t.Errorf("a name with odd letters: %d %q", got.status, got.body)
	}
	if len(h.held()) != 1 {
		t.Errorf("held %v", h.held())
	}
	if text := h.scrape(); strings.Contains(text, `patchbay_webhooks_total{connector="other"`) || !strings.Contains(text, `patchbay_webhooks_total{connector="",outcome="unknown"`) {
		t.Error("what strangers invent became a label")
	}
}

// A body may have 3 MiB, whether its length is known before or not.
func TestBodies(t *testing.T) {
	h := newHarness(t)
	for size, want := range map[int]int{0: 200, small - 1: 200, small: 200, small + 1: 200, maxBody: 200, maxBody + 1: 413} {
		for _, known := range []bool{true, false} {
			var got response
			wait(t, "it is answered", func() bool {
				var body io.Reader = bytes.NewReader(make([]byte, size))
				if !known {
					body = io.MultiReader(body)
				}
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url, body)
				if err != nil {
					t.Fatal(err)
				}
				got, err = exchange(req)
				if reset := errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET); err != nil && (want == 200 || !reset) {
					t.Fatal(err)
				}
				return err == nil // who still sends when it is refused may miss the answer
			})
			if got.status != want {
				t.Errorf("%d bytes, known %v: answered %d, want %d", size, known, got.status, want)
			}
			if _, r := h.plugin.seen(); want == 200 && len(r.GetBody()) != size {
				t.Errorf("%d bytes became %d", size, len(r.GetBody()))
			}
		}
	}
}

// What is unsigned is fetched from the PSP, and only what was fetched is held,
// under an id that nobody can choose.
func TestFetchBack(t *testing.T) {
	h := newHarness(t)
	data, err := structpb.NewStruct(map[string]any{"forged": true})
	if err != nil {
		t.Fatal(err)
	}
	hint := func(id, eventType, object string) *paymentsv1.WebhookEvent {
		return &paymentsv1.WebhookEvent{Id: id, Type: eventType, ObjectId: object, OccurTime: timestamppb.Now(), ConnectorData: data}
	}
	status := paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED
	h.plugin.get = func(id string) (*paymentsv1.Payment, error) {
		switch id {
		case "gone":
			return nil, wire.Failure{Code: codes.InvalidArgument, Reason: "PAYMENT_NOT_FOUND", Sent: wire.SentNever}.Err()
		case "empty":
			return nil, nil
		}
		return &paymentsv1.Payment{Id: id, Status: status}, nil
	}
	send := func(events ...*paymentsv1.WebhookEvent) int {
		h.plugin.answers(answered(isFetchBack, 200, events...), nil)
		return h.post("", "id=pay_1").status
	}
	for name, event := range map[string]*paymentsv1.WebhookEvent{
		"is not there":              hint("e", "payment", "gone"),
		"is answered with nothing":  hint("e", "payment", "empty"),
		"has no id":                 hint("e", "payment", ""),
		"is not said":               hint("e", "", "pay_1"),
		"is not known":              hint("e", "invoice.paid", "pay_1"),
		"is not offered":            hint("e", "refund.succeeded", "re_1"),
		"is too long to be fetched": hint("e", "payment", strings.Repeat("x", 300)),
	} {
		if got := send(event); got != 503 {
			t.Errorf("what %s: answered %d, want 503", name, got)
		}
	}
	if got := send(hint("e", "payment", "pay_1"), hint("e", "payment", "gone")); got != 503 || len(h.held()) != 0 {
		t.Errorf("half of it: answered %d, held %v", got, h.held())
	}
	for _, id := range []string{"e1", "e1", "chosen"} { // and again, and with another id
		if got := send(hint(id, "payment.captured", "pay_1")); got != 200 {
			t.Fatalf("answered %d", got)
		}
	}
	status = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	if got := send(hint("e1", "payment.captured", "pay_1")); got != 200 {
		t.Fatalf("answered %d", got)
	}
	all := h.held()
	if len(all) != 4 || all[0].ID != all[1].ID || all[0].ID != all[2].ID || all[0].ID == all[3].ID {
		t.Fatalf("held %+v", all)
	}
	for i, e := range all {
		if !e.FetchedBack || e.Event.Payment == nil || e.Event.Payment.ID != "pay_1" || e.Event.ObjectID != "pay_1" || e.Event.ID != "" || e.Event.Type != "" || e.Event.OccurTime != "" {
			t.Errorf("%d: %+v %+v", i, e, e.Event.Payment)
		}
	}
	if raw, err := os.ReadFile(h.file()); err != nil || bytes.Contains(raw, []byte("forged")) {
		t.Errorf("what anybody can have written is held: %s %v", raw, err)
	}
	if got := send(); got != 200 || len(h.held()) != 4 { // nothing to believe
		t.Errorf("no events: %d", got)
	}
}

// The same event has the same id whenever it comes; another account's never has.
func TestIDs(t *testing.T) {
	d := &delivery{connector: "acme", account: "eu", version: "1.0.0"}
	event := func(d *delivery, id string) string { return d.event(&paymentsv1.WebhookEvent{Id: id}, false).ID }
	first := event(d, "evt_1")
	if again := event(&delivery{connector: "acme", account: "eu", version: "2.0.0", requestID: "x"}, "evt_1"); again != first || len(first) != 43 || strings.Contains(first, ".") {
		t.Errorf("%s, then %s", first, again)
	}
	seen := map[string]string{first: "the first"}
	for name, id := range map[string]string{
		"another event":     event(d, "evt_2"),
		"another account":   event(&delivery{connector: "acme", account: "us"}, "evt_1"),
		"another connector": event(&delivery{connector: "acmee", account: "u"}, "evt_1"),
		"moved letters":     event(&delivery{connector: "acm", account: "eeu"}, "evt_1"),
		"no id":             event(d, ""),
		"no id, another":    d.event(&paymentsv1.WebhookEvent{ObjectId: "x"}, false).ID,
	} {
		if seen[id] != "" {
			t.Errorf("%s has the id of %s", name, seen[id])
		}
		seen[id] = name
	}
}

// Too many at a time and too many a second are refused at once; a connector that
// hangs is given up in time.
func TestLimits(t *testing.T) {
	h := newHarness(t, func(s *Spec) { s.InFlight = 1; s.Timeout = 500 * time.Millisecond })
	began, done := make(chan bool, 2), make(chan response, 1)
	h.plugin.handle = func(ctx context.Context, _ *paymentsv1.HttpRequest) (*paymentsv1.HandleWebhookResponse, error) {
		began <- true
		<-ctx.Done()
		return nil, ctx.Err()
	}
	wait(t, "the second at a time is refused", func() bool { // if it comes while the first still hangs
		go func() { done <- h.post("", "{}") }()
		select {
		case <-began:
			if got := h.post("", "{}"); got.status != 503 || got.header.Get("Retry-After") != "1" {
				t.Errorf("the second at a time: %d", got.status)
			}
		case first := <-done: // its time was over before the connector was asked
			done <- first
		}
		select {
		case first := <-done:
			if first.status != 503 {
				t.Errorf("of a connector that hangs: %d", first.status)
			}
		case <-time.After(patience):
			t.Fatal("a connector that hangs holds the PSP")
		}
		for len(began) > 0 {
			<-began
		}
		return strings.Contains(h.scrape(), `outcome="limited"`)
	})
	paced := newHarness(t, func(s *Spec) { s.PerSecond = 0.001 })
	seen := map[int]int{}
	for range 10 {
		seen[paced.post("", "{}").status]++
	}
	if seen[200] != 1 || seen[429] != 9 {
		t.Errorf("with one in a thousand seconds: %v", seen)
	}
}

// Who forges is logged, without a flood, and nothing secret is.
func TestLog(t *testing.T) {
	began := time.Now()
	h := newHarness(t)
	r := answered(isRejected, 401)
	r.RejectionReason = "the card 4242424242424242 is wrong\nsee"
	h.plugin.answers(r, nil)
	for range 50 {
		h.post("", "{}", "X-Sig", "sig_marked")
	}
	text := h.log.String()
	atMost := 10 + int(time.Since(began).Seconds()) // and then one a second
	if n := strings.Count(text, "a webhook is refused"); n < 1 || n > atMost {
		t.Errorf("%d lines for 50 forged webhooks, want at most %d", n, atMost)
	}
	for _, secret := range []string{"4242424242424242", "sig_marked", secretKey} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}

// A webhook is a trace of its own with its calls in it, whatever its sender says.
func TestTrace(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	receiver := otlptest.Start(t)
	tracing, err := telemetry.NewTracing(t.Context(), receiver.Endpoint, telemetry.NewMetrics(), hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tracing.Close(context.Background()) })
	h := newTracedHarness(t, tracing)
	h.plugin.answers(answered(isFetchBack, 200, &paymentsv1.WebhookEvent{Type: "payment", ObjectId: "pay_1"}), nil)
	h.plugin.get = func(id string) (*paymentsv1.Payment, error) { return &paymentsv1.Payment{Id: id}, nil }
	if got := h.post(h.url+"?token=marked", "{}", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Sig", "marked"); got.status != 200 {
		t.Fatalf("answered %d", got.status)
	}
	spans := receiver.Wait(t, 5) // the webhook, two calls and their hand-overs
	roots := otlptest.Children(otlptest.Span{Span: &tracev1.Span{}}, spans)
	if len(spans) != 5 || len(roots) != 1 || roots[0].GetName() != "/webhooks/{connector}/{account}" {
		t.Fatalf("spans %v", spans)
	}
	if calls := otlptest.Children(roots[0], spans); len(calls) != 2 || roots[0].Attribute("http.response.status_code") != "200" || roots[0].Attribute("patchbay.connector") != "acme" {
		t.Errorf("calls %v of %v", calls, roots[0])
	}
	for _, span := range spans {
		if text := span.String(); strings.Contains(text, "marked") || fmt.Sprintf("%x", span.GetTraceId()) == "0af7651916cd43dd8448eb211c80319c" {
			t.Errorf("span %s", text)
		}
	}
}

// Strangers that are slow or say too much lose their connection.
func TestSlowSenders(t *testing.T) {
	h := newHarness(t)
	address := strings.TrimPrefix(strings.TrimSuffix(h.url, "/webhooks/acme/acme-eu"), "http://")
	for name, test := range map[string]struct{ sent, want string }{
		"half a header":      {"POST /webhooks/acme/acme-eu HTTP/1.1\r\nHost: x\r\n", ""},
		"half a body":        {"POST /webhooks/acme/acme-eu HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{", "HTTP/1.1 400"},
		"too many headers":   {"POST /webhooks/acme/acme-eu HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-A: "+strings.Repeat("a", 1000)+"\r\n", 60) + "\r\n", "HTTP/1.1 431"},
		"HTTP/2 without TLS": {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Fprint(conn, test.sent); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			raw, err := io.ReadAll(conn)
			if took := time.Since(began); err != nil && !strings.Contains(err.Error(), "reset") || took > requestTime+5*time.Second || !strings.HasPrefix(string(raw), test.want) {
				t.Errorf("after %s: %q, %v", took, raw, err)
			}
		})
	}
}
