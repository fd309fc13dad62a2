package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/telemetry/otlptest"
	"github.com/patchbay/patchbay/sdk/wire"
)

// What a call must not leave in a span.
const (
	markedCard = "4000056655665556"
	markedCVC  = "7391"
	markedKey  = "sk_sandbox_markedapikey"
	callersKey = "marked-idempotency-key"
	refusedRef = "refused-with-all-it-knows"
)

const callersTrace = "0af7651916cd43dd8448eb211c80319c"

// watchedPSP stands before the sandbox's PSP. It keeps what it is sent, and
// refuses one payment with an error that quotes everything secret.
type watchedPSP struct {
	next http.Handler

	mu       sync.Mutex
	requests []pspRequest
}

type pspRequest struct{ parent, auth, key, body string }

func (p *watchedPSP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	seen := pspRequest{r.Header.Get("traceparent"), r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key"), string(body)}
	p.mu.Lock()
	p.requests = append(p.requests, seen)
	p.mu.Unlock()
	if strings.Contains(seen.body, refusedRef) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		text := fmt.Sprint("no luck with ", markedCard, " ", markedCVC, " ", seen.auth, " ", seen.key)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": text, "message": text, "param": text, "nothing_done": true}})
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.next.ServeHTTP(w, r)
}

func (p *watchedPSP) seen() []pspRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// newTracedStack is a gateway that sends its spans to a receiver as the
// environment says, and a PSP that is watched.
func newTracedStack(t *testing.T, env map[string]string, more ...string) (*stack, *watchedPSP, *otlptest.Receiver) {
	t.Helper()
	receiver := otlptest.Start(t)
	for key, value := range map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.Endpoint, "OTEL_BSP_SCHEDULE_DELAY": "20"} {
		t.Setenv(key, value)
	}
	for key, value := range env {
		t.Setenv(key, value)
	}
	s := prepareStack(t)
	target, err := url.Parse(s.pspURL)
	if err != nil {
		t.Fatal(err)
	}
	psp := &watchedPSP{next: httputil.NewSingleHostReverseProxy(target)}
	server := httptest.NewServer(psp)
	t.Cleanup(server.Close)
	s.pspURL = server.URL
	s.manifest("1.0.0")
	s.serve("--dev", strings.Join(more, ""))
	return s, psp, receiver
}

// pay makes a payment whose card, code, API key and idempotency key are marked.
func (s *stack) pay(reference string) error {
	req := payment(reference)
	req.GetPaymentMethod().GetCard().Number = markedCard
	req.GetPaymentMethod().GetCard().SecurityCode = markedCVC
	_, err := s.payments.Authorize(s.to("sandbox",
		"x-connector-config", fmt.Sprintf(`{"base_url":%q,"api_key":%q}`, s.pspURL, markedKey),
		"idempotency-key", callersKey+reference, "x-request-id", "request-"+reference,
		"traceparent", "00-"+callersTrace+"-b7ad6b7169203331-01"), req)
	return err
}

// TestTraceFromCallerToPSP follows one payment through gateway, connector and
// PSP, each a process of its own.
func TestTraceFromCallerToPSP(t *testing.T) {
	s, psp, receiver := newTracedStack(t, nil)
	if err := s.pay("plain"); err != nil {
		t.Fatal(err)
	}
	spans := receiver.Wait(t, 4)
	if len(spans) != 4 {
		t.Errorf("%d spans, want 4: %v", len(spans), spans)
	}
	parent := "\xb7\xad\x6b\x71\x69\x20\x33\x31"
	for _, want := range []struct {
		service, name string
		kind          tracev1.Span_SpanKind
	}{
		{"patchbay", "patchbay.payments.v1.PaymentService/Authorize", tracev1.Span_SPAN_KIND_SERVER},
		{"patchbay", "patchbay.payments.v1.PaymentService/Authorize", tracev1.Span_SPAN_KIND_CLIENT},
		{"patchbay-connector-sandbox", "patchbay.payments.v1.PaymentService/Authorize", tracev1.Span_SPAN_KIND_SERVER},
		{"patchbay-connector-sandbox", "POST", tracev1.Span_SPAN_KIND_CLIENT},
	} {
		children := otlptest.Children(otlptest.Span{Span: &tracev1.Span{SpanId: []byte(parent)}}, spans)
		if len(children) != 1 {
			t.Fatalf("%s of %s: %d spans in its place: %v", want.name, want.service, len(children), spans)
		}
		got := children[0]
		if got.Service != want.service || got.GetName() != want.name || got.GetKind() != want.kind || fmt.Sprintf("%x", got.GetTraceId()) != callersTrace {
			t.Errorf("got %s %v, want %+v", got.Service, got, want)
		}
		parent = string(got.GetSpanId())
	}
	if seen := psp.seen(); len(seen) != 1 || seen[0].parent != fmt.Sprintf("00-%s-%x-01", callersTrace, parent) {
		t.Errorf("the PSP saw %v, want the span %x", seen, parent)
	}
}

// TestNothingSecretIsInASpan makes a payment that succeeds and one that the PSP
// refuses in words that quote all that it was given.
func TestNothingSecretIsInASpan(t *testing.T) {
	s, psp, receiver := newTracedStack(t, nil)
	if err := s.pay("approved"); err != nil {
		t.Fatal(err)
	}
	if err := s.pay(refusedRef); !strings.Contains(status.Convert(err).Message(), "no luck with "+wire.Mask) {
		t.Fatalf("the PSP's words did not come as far as the gateway: %v", err)
	}
	spans := receiver.Wait(t, 8)
	var secrets []string
	marked := regexp.MustCompile(`\b` + markedCVC + `\b`)
	for _, request := range psp.seen() {
		secrets = append(secrets, request.key)
	}
	if last := psp.seen()[len(psp.seen())-1]; !strings.Contains(last.body, markedCard) || !strings.Contains(last.body, markedCVC) || !strings.Contains(last.auth, markedKey) || len(last.key) != 43 {
		t.Fatalf("what is looked for never travelled: %+v", last)
	}
	secrets = append(secrets, markedCard, markedKey, callersKey)
	told := ""
	for _, span := range spans {
		text := texts(span)
		told += text
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in the span %s", secret, text)
			}
		}
		if marked.MatchString(text) {
			t.Errorf("the security code is in the span %s", text)
		}
	}
	for _, control := range []string{"request-approved", "request-" + refusedRef, "500", s.pspURL + "/"} {
		if !strings.Contains(told, control) {
			t.Errorf("%q, which is no secret, is in no span: the search finds nothing", control)
		}
	}
}

// texts is all text of a span.
func texts(span otlptest.Span) string {
	all := []string{span.GetName(), span.GetTraceState(), span.GetStatus().GetMessage()}
	for _, kv := range span.GetAttributes() {
		all = append(all, kv.GetKey()+"="+span.Attribute(kv.GetKey()))
	}
	for _, event := range span.GetEvents() {
		all = append(all, event.String())
	}
	return strings.Join(all, "\n") + "\n"
}

// TestTracingOffSendsNothing has a receiver that nobody is to know of.
func TestTracingOffSendsNothing(t *testing.T) {
	s, psp, receiver := newTracedStack(t, map[string]string{"OTEL_SDK_DISABLED": "true"})
	if err := s.pay("quiet"); err != nil {
		t.Fatal(err)
	}
	if seen := psp.seen(); len(seen) != 1 || seen[0].parent != "00-"+callersTrace+"-b7ad6b7169203331-01" {
		t.Errorf("the PSP saw %v, want the caller's own trace context", seen)
	}
	if err := s.gateway.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-s.ended // what was left would have been sent by now
	if n := receiver.Exports(); n > 0 {
		t.Errorf("%d exports: %v", n, receiver.Spans())
	}
}
