package sdk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/trace"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

const (
	hostsTrace = "0af7651916cd43dd8448eb211c80319c"
	hostsSpan  = "b7ad6b7169203331"
)

// traced is a call's context whose trace is sampled, and whose spans the host
// takes or not.
func traced(t *testing.T, spans bool) context.Context {
	t.Helper()
	ctx, err := wire.OutgoingContext(t.Context(), &connectorv1.CallContext{
		Traceparent: "00-" + hostsTrace + "-" + hostsSpan + "-01", Tracestate: "shop=1", Spans: spans,
	})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// spansOf reads a trailer. Each span is of the host's trace.
func spansOf(t *testing.T, trailer metadata.MD) []*tracev1.Span {
	t.Helper()
	if len(trailer) == 0 {
		return nil
	}
	values := trailer.Get(wire.SpansTrailer)
	if len(values) != 1 {
		t.Fatalf("the trailer is %v", trailer)
	}
	spans, err := wire.DecodeSpans(values[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, span := range spans {
		if trace.TraceID(span.GetTraceId()).String() != hostsTrace || span.GetStartTimeUnixNano() == 0 || span.GetEndTimeUnixNano() < span.GetStartTimeUnixNano() {
			t.Errorf("span %v", span)
		}
	}
	return spans
}

// attributes are those of a span as text.
func attributes(span *tracev1.Span) string {
	var all []string
	for _, kv := range span.GetAttributes() {
		all = append(all, kv.GetKey()+"="+strings.NewReplacer(`string_value:"`, "", `int_value:`, "", `"`, "").Replace(kv.GetValue().String()))
	}
	return strings.Join(all, " ")
}

// tracedPSP keeps the trace contexts that it is sent.
type tracedPSP struct {
	mu      sync.Mutex
	parents []string
	states  []string
}

func (p *tracedPSP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.parents, p.states = append(p.parents, r.Header.Get("traceparent")), append(p.states, r.Header.Get("tracestate"))
	p.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/no/") {
		w.WriteHeader(http.StatusTeapot)
	}
}

// asking is a connector that asks the URLs, one after the other.
func asking(urls ...string) complete {
	return newConnector(func(ctx context.Context) error {
		for _, url := range urls {
			if _, err := ask(HTTPClient(ctx), http.MethodPost, url); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestSpans_ofAnOperation(t *testing.T) {
	seen := &tracedPSP{}
	server := psp(t, seen.ServeHTTP)
	base := strings.Replace(server.URL, "http://", "http://user:hidden@", 1)
	conn := serve(t, asking(base+"/v1/charges/4242424242424242?key=hidden", base+"/no/such"))
	var trailer metadata.MD
	if _, err := paymentsv1.NewPaymentServiceClient(conn).Authorize(traced(t, true), authorizeRequest(), grpc.Trailer(&trailer)); err != nil {
		t.Fatal(err)
	}
	spans := spansOf(t, trailer)
	if len(spans) != 3 {
		t.Fatalf("spans: %v", spans)
	}
	operation, first, second := spans[0], spans[1], spans[2]
	if trace.SpanID(operation.GetParentSpanId()).String() != hostsSpan || operation.GetName() != "patchbay.payments.v1.PaymentService/Authorize" ||
		operation.GetKind() != tracev1.Span_SPAN_KIND_SERVER || !strings.Contains(attributes(operation), "rpc.grpc.status_code=0") {
		t.Errorf("operation: %v", operation)
	}
	for i, request := range spans[1:] {
		if string(request.GetParentSpanId()) != string(operation.GetSpanId()) || request.GetName() != "POST" || request.GetKind() != tracev1.Span_SPAN_KIND_CLIENT {
			t.Errorf("request: %v", request)
		}
		if want := "00-" + hostsTrace + "-" + trace.SpanID(request.GetSpanId()).String() + "-01"; seen.parents[i] != want || seen.states[i] != "shop=1" {
			t.Errorf("the PSP saw %q and %q, want %q", seen.parents[i], seen.states[i], want)
		}
		if all := request.String(); strings.Contains(all, "hidden") || strings.Contains(all, "4242424242424242") {
			t.Errorf("secrets in %s", all)
		}
	}
	for _, want := range []string{"http.request.method=POST", "server.address=127.0.0.1", "server.port=", "url.full=" + server.URL + "/v1/charges/", "http.response.status_code=200"} {
		if got := attributes(first); !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	if second.GetStatus().GetCode() != tracev1.Status_STATUS_CODE_ERROR || !strings.Contains(attributes(second), "error.type=418") || first.GetStatus() != nil {
		t.Errorf("the refusal's span: %v", second)
	}
}

// TestSpans_ofAFailure ends in a request that has no answer, and is sent again
// since it never left.
func TestSpans_ofAFailure(t *testing.T) {
	conn := serve(t, asking("http://127.0.0.1:1/"))
	var trailer metadata.MD
	if _, err := paymentsv1.NewPaymentServiceClient(conn).Authorize(traced(t, true), authorizeRequest(), grpc.Trailer(&trailer)); err == nil {
		t.Fatal("no error")
	}
	spans := spansOf(t, trailer)
	if len(spans) != 3 || !strings.Contains(attributes(spans[2]), "http.request.resend_count=1") || !strings.Contains(attributes(spans[2]), "error.type=CONNECTOR_UNAVAILABLE") {
		t.Fatalf("spans: %v", spans)
	}
	if operation := spans[0]; operation.GetStatus().GetCode() != tracev1.Status_STATUS_CODE_ERROR || operation.GetStatus().GetMessage() != "" {
		t.Errorf("operation: %v", operation)
	}
}

func TestSpans_ofAStream(t *testing.T) {
	conn := serve(t, uploads(func(*paymentsv1.EvidenceMetadata, io.Reader) (*paymentsv1.UploadEvidenceResponse, error) {
		return nil, errors.New("as asked")
	}))
	stream, err := paymentsv1.NewDisputeServiceClient(conn).UploadEvidence(traced(t, true))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(evidence(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.CloseAndRecv(); err == nil {
		t.Fatal("no error")
	}
	spans := spansOf(t, stream.Trailer())
	if len(spans) != 1 || spans[0].GetName() != "patchbay.payments.v1.DisputeService/UploadEvidence" || spans[0].GetStatus().GetCode() != tracev1.Status_STATUS_CODE_ERROR {
		t.Errorf("spans: %v", spans)
	}
}

// TestSpans_onlyWhereTheHostTakesThem leaves the trace as it came.
func TestSpans_onlyWhereTheHostTakesThem(t *testing.T) {
	seen := &tracedPSP{}
	conn := serve(t, asking(psp(t, seen.ServeHTTP).URL))
	var trailer metadata.MD
	if _, err := paymentsv1.NewPaymentServiceClient(conn).Authorize(traced(t, false), authorizeRequest(), grpc.Trailer(&trailer)); err != nil {
		t.Fatal(err)
	}
	if len(trailer) != 0 {
		t.Errorf("the trailer is %v", trailer)
	}
	if want := "00-" + hostsTrace + "-" + hostsSpan + "-01"; len(seen.parents) != 1 || seen.parents[0] != want {
		t.Errorf("the PSP saw %q, want %q", seen.parents, want)
	}
}

// TestSpans_areLimited asks too often, and at too long a URL.
func TestSpans_areLimited(t *testing.T) {
	server := psp(t, (&tracedPSP{}).ServeHTTP)
	for name, test := range map[string]struct {
		path    string
		dropped string
	}{
		"in number": {"/", "patchbay.dropped_spans=9"}, // 40 and the operation, of which 32 fit
		"in bytes":  {"/" + strings.Repeat("x", 1000), "patchbay.dropped_spans=34"},
	} {
		t.Run(name, func(t *testing.T) {
			var urls []string
			for range 40 {
				urls = append(urls, server.URL+test.path)
			}
			conn := serve(t, asking(urls...))
			var trailer metadata.MD
			if _, err := paymentsv1.NewPaymentServiceClient(conn).Authorize(traced(t, true), authorizeRequest(), grpc.Trailer(&trailer)); err != nil {
				t.Fatal(err)
			}
			if n := len(trailer.Get(wire.SpansTrailer)[0]); n > wire.MaxSpansBytes || n < wire.MaxSpansBytes/2 {
				t.Errorf("the trailer has %d bytes", n)
			}
			if got := attributes(spansOf(t, trailer)[0]); !strings.Contains(got, test.dropped) {
				t.Errorf("the operation has %s, want %s", got, test.dropped)
			}
		})
	}
}
