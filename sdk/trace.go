package sdk

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/sdk/wire"
)

// spans are those of one call: its operation and each request to the PSP. They go
// to the host with the answer, since a connector reaches nothing but its PSP. A
// nil one records nothing.
type spans struct {
	trace     trace.SpanContext // of the host's span
	operation *tracev1.Span

	mu      sync.Mutex
	done    bool // what comes later is nobody's
	psp     []*tracev1.Span
	dropped int
}

// startSpans begins the operation's span, if the host takes it.
func startSpans(wanted bool, call Call, method string) *spans {
	if !wanted {
		return nil
	}
	parent := wire.SpanParent(call.TraceParent, call.TraceState)
	if !parent.IsSampled() {
		return nil
	}
	service, name, _ := strings.Cut(method[1:], "/")
	s := &spans{trace: parent}
	id := parent.SpanID()
	s.operation = s.span(id[:], method[1:], tracev1.Span_SPAN_KIND_SERVER,
		stringAttribute("rpc.system", "grpc"), stringAttribute("rpc.service", service), stringAttribute("rpc.method", name))
	return s
}

// span begins a span of the trace.
func (s *spans) span(parent []byte, name string, kind tracev1.Span_SpanKind, attributes ...*commonv1.KeyValue) *tracev1.Span {
	id := s.trace.TraceID()
	span := &tracev1.Span{
		TraceId: id[:], SpanId: make([]byte, 8), ParentSpanId: parent, Name: name, Kind: kind,
		StartTimeUnixNano: uint64(time.Now().UnixNano()), Attributes: attributes,
	}
	rand.Read(span.GetSpanId())
	return span
}

// request begins the span of one request to the PSP, and gives it the trace
// context that the PSP gets. Header, body and query stay out of it.
func (s *spans) request(req *http.Request, resend int) *pspSpan {
	if s == nil {
		return nil
	}
	method := req.Method
	switch method {
	case "":
		method = http.MethodGet
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		method = "_OTHER"
	}
	span := s.span(s.operation.GetSpanId(), method, tracev1.Span_SPAN_KIND_CLIENT,
		stringAttribute("http.request.method", method), stringAttribute("server.address", req.URL.Hostname()), stringAttribute("url.full", shownURL(req.URL)))
	if port := portOf(req.URL); port > 0 {
		span.Attributes = append(span.Attributes, intAttribute("server.port", port))
	}
	if resend > 0 {
		span.Attributes = append(span.Attributes, intAttribute("http.request.resend_count", resend))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.done:
	case len(s.psp) >= wire.MaxSpans-1:
		s.dropped++
	default:
		s.psp = append(s.psp, span)
	}
	return &pspSpan{spans: s, span: span}
}

// shownURL is a URL without what may be secret in it.
func shownURL(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: wire.RedactText(strings.ToValidUTF8(u.Path, "\uFFFD"))}
	return shown.String()
}

func portOf(u *url.URL) int {
	if port, err := strconv.Atoi(u.Port()); err == nil {
		return port
	}
	return map[string]int{"http": 80, "https": 443}[u.Scheme]
}

// pspSpan is the span of one request to the PSP; a nil one records nothing.
type pspSpan struct {
	spans *spans
	span  *tracev1.Span
}

// context is the trace context for the PSP.
func (p *pspSpan) context() (traceparent, tracestate string) {
	return wire.TraceContext(p.spans.trace.WithSpanID(trace.SpanID(p.span.GetSpanId())))
}

// end ends the span with what came back: an answer's status, or an error.
func (p *pspSpan) end(answer int, failed *Error) {
	if p == nil {
		return
	}
	p.spans.mu.Lock()
	defer p.spans.mu.Unlock()
	if p.spans.done {
		return
	}
	p.span.EndTimeUnixNano = uint64(time.Now().UnixNano())
	fault := ""
	if answer > 0 {
		p.span.Attributes = append(p.span.Attributes, intAttribute("http.response.status_code", answer))
	}
	switch {
	case failed != nil:
		fault = kinds[failed.Kind].reason
	case answer >= http.StatusBadRequest:
		fault = strconv.Itoa(answer)
	}
	markFailed(p.span, fault)
}

// trailer ends the operation's span with the operation's error, and gives all
// spans as the host takes them; nil if there are none.
func (s *spans) trailer(err error) metadata.MD {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	now := uint64(time.Now().UnixNano())
	s.operation.EndTimeUnixNano = now
	for _, span := range s.psp {
		if span.GetEndTimeUnixNano() == 0 {
			span.EndTimeUnixNano = now
		}
	}
	code := status.Code(err)
	s.operation.Attributes = append(s.operation.Attributes, intAttribute("rpc.grpc.status_code", int(code)))
	if serverFailed(code) {
		markFailed(s.operation, strconv.Itoa(int(code)))
	}
	raw, err := wire.EncodeSpans(s.fitting())
	if err != nil { // only text that is not UTF-8 can cause it
		return nil
	}
	return metadata.MD{wire.SpansTrailer: {raw}}
}

// fitting are the spans that fit into the trailer, the operation's first. It
// says how many do not.
func (s *spans) fitting() []*tracev1.Span {
	const around = 64 // the messages around the spans, and the count of those left out
	left := wire.MaxSpansBytes - around - sizeOf(s.operation)
	kept := []*tracev1.Span{s.operation}
	for _, span := range s.psp {
		if left -= sizeOf(span); left < 0 {
			break
		}
		kept = append(kept, span)
	}
	if dropped := s.dropped + len(s.psp) + 1 - len(kept); dropped > 0 {
		s.operation.Attributes = append(s.operation.Attributes, intAttribute(wire.SpanDroppedSpans, dropped))
	}
	return kept
}

func sizeOf(span *tracev1.Span) int { return 1 + protowire.SizeBytes(proto.Size(span)) }

// serverFailed says which codes mean that the server is at fault (OpenTelemetry
// semantic conventions, "gRPC", "gRPC Status").
func serverFailed(code codes.Code) bool {
	switch code {
	case codes.Unknown, codes.DeadlineExceeded, codes.Unimplemented, codes.Internal, codes.Unavailable, codes.DataLoss:
		return true
	default:
		return false
	}
}

// markFailed marks a span as failed, without the error's text: nobody knows what a PSP
// wrote into it.
func markFailed(span *tracev1.Span, kind string) {
	if kind != "" {
		span.Status = &tracev1.Status{Code: tracev1.Status_STATUS_CODE_ERROR}
		span.Attributes = append(span.Attributes, stringAttribute("error.type", kind))
	}
}

func stringAttribute(key, value string) *commonv1.KeyValue {
	return &commonv1.KeyValue{Key: key, Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: value}}}
}

func intAttribute(key string, value int) *commonv1.KeyValue {
	return &commonv1.KeyValue{Key: key, Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: int64(value)}}}
}
