package sdk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/patchbay/patchbay/sdk/wire"
)

const (
	// maxAnswer bounds a PSP's answer.
	maxAnswer = 4 << 20
	// defaultHTTPTime bounds a request of a call that has no deadline.
	defaultHTTPTime = 30 * time.Second
)

// transport keeps the connections to PSPs, for the whole process. All of them go
// through the host's egress broker, if there is one.
var transport http.RoundTripper = outbound(os.Getenv(wire.EgressEnv))

// outbound makes the transport for a broker's address; empty if there is none.
func outbound(broker string) *http.Transport {
	t := newTransport()
	if broker != "" {
		t.Proxy, t.DialContext = nil, brokerDialer(broker)
	}
	return t
}

func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   10 * time.Second,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       60 * time.Second, // below the usual limits of load balancers
		ExpectContinueTimeout: time.Second,
	}
}

// HTTPOption changes the client that HTTPClient returns.
type HTTPOption func(*pspTransport)

// Over sends requests over another transport, which must not repeat any by
// itself. It must honour net/http/httptrace, as http.Transport does, for the
// client to know whether bytes were sent; where it does not, every failure
// counts as sent.
func Over(rt http.RoundTripper) HTTPOption {
	return func(t *pspTransport) { t.base = rt }
}

// HTTPClient returns a client for the requests of one call. It
//
//   - connects through the host's egress broker, which reaches what the manifest
//     declares under egress and refuses all else as Misconfigured, EGRESS_DENIED;
//   - ends each request early enough for the connector to answer within the
//     call's deadline, whatever context the request itself has;
//   - passes the trace context on;
//   - follows no redirects, since one would carry credentials elsewhere;
//   - limits answers to 4 MiB;
//   - sends again only what is surely harmless: what never left, and GET and HEAD
//     once more.
//
// Its errors, those of reading the body included, hold an *Error for errors.As:
// Unavailable where no byte of the request was sent or the request only reads,
// OutcomeUnknown where the PSP may have got it.
func HTTPClient(ctx context.Context, opts ...HTTPOption) *http.Client {
	t := &pspTransport{base: transport, call: callOf(ctx)}
	t.deadline, _ = ctx.Deadline()
	for _, opt := range opts {
		opt(t)
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// pspTransport sends requests to a PSP and knows what became of them.
type pspTransport struct {
	base     http.RoundTripper
	call     *callValue
	deadline time.Time // of the call; zero if it has none
}

// RoundTrip implements http.RoundTripper.
func (t *pspTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := t.answerInTime(req.Context())
	resp, failed := t.attempt(ctx, req, 0)
	if failed != nil && failed.Kind == Unavailable && ctx.Err() == nil {
		if again, ok := rewound(req); ok {
			resp, failed = t.attempt(ctx, again, 1)
		}
	}
	if failed != nil {
		cancel()
		return nil, failed
	}
	resp.Body = &answerBody{ReadCloser: resp.Body, left: maxAnswer, harmless: harmless(req), host: req.URL.Host, cancel: cancel}
	return resp, nil
}

// attempt sends the request once, within a span of its own.
func (t *pspTransport) attempt(ctx context.Context, req *http.Request, resend int) (resp *http.Response, failed *Error) {
	if err := ctx.Err(); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, Errorf(Unavailable, "", "there was no time left to ask %s: %w", req.URL.Host, err)
	}
	span := t.call.spans.request(req, resend)
	defer func() {
		answer := 0
		if resp != nil {
			answer = resp.StatusCode
		}
		span.end(answer, failed)
	}()
	_, known := t.base.(*http.Transport)
	var tracing, written atomic.Bool
	tracing.Store(known)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { tracing.Store(true) },
		GotConn: func(got httptrace.GotConnInfo) {
			if overHTTP2(got.Conn) { // where it may be written after its time is over
				written.Store(true)
			}
		},
		WroteHeaders: func() { written.Store(true) },
	})
	out := req.Clone(ctx)
	if !harmless(req) {
		sendOnce(out, known)
	}
	t.passTrace(out, span)
	resp, err := t.base.RoundTrip(out)
	if err == nil {
		return resp, nil
	}
	if never := tracing.Load() && !written.Load(); never || harmless(req) {
		if refused := refusedEgress(err); refused != nil {
			return nil, refused
		}
		return nil, Errorf(Unavailable, "", "no answer from %s: %w", req.URL.Host, err)
	}
	return nil, lost(req.URL.Host, err)
}

// overHTTP2 says whether a connection carries several requests at a time. Another
// goroutine than that of the request writes them to it, and is not waited for.
func overHTTP2(conn net.Conn) bool {
	secured, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	return ok && secured.ConnectionState().NegotiatedProtocol == "h2"
}

// passTrace names the trace to the PSP, and the span if there is one.
func (t *pspTransport) passTrace(out *http.Request, span *pspSpan) {
	parent, state := t.call.TraceParent, t.call.TraceState
	if span != nil {
		parent, state = span.context()
	}
	if parent == "" {
		return
	}
	out.Header.Set(wire.TraceParentHeader, parent)
	if state != "" {
		out.Header.Set(wire.TraceStateHeader, state)
	}
}

// sendOnce keeps net/http from repeating a request behind our back: it takes one
// with an Idempotency-Key for harmless even after it has left (net/http, type
// Transport).
func sendOnce(out *http.Request, overNetHTTP bool) {
	if overNetHTTP { // which looks only for the canonical spelling; to a server it is all the same
		for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
			if values, ok := out.Header[name]; ok {
				delete(out.Header, name)
				out.Header[strings.ToLower(name)] = values
			}
		}
		return
	}
	out.GetBody = nil // it repeats only what it can read again
	if out.Body == nil || out.Body == http.NoBody {
		out.Body = io.NopCloser(strings.NewReader(""))
	}
}

// lost is the error of a request that may have arrived.
func lost(host string, err error) *Error {
	if errors.Is(err, context.DeadlineExceeded) {
		return Errorf(OutcomeUnknown, "", "no answer from %s in time: %w", host, err)
	}
	return Errorf(OutcomeUnknown, "", "the answer from %s was lost: %w", host, err)
}

// harmless says whether a request only reads (RFC 9110, section 9.2.1).
func harmless(req *http.Request) bool {
	return req.Method == http.MethodGet || req.Method == http.MethodHead || req.Method == ""
}

// rewound returns the request ready to be sent again, if it can be.
func rewound(req *http.Request) (*http.Request, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, false
	}
	again := *req
	again.Body = body
	return &again, true
}

// answerInTime leaves the connector a twentieth of its time, at least 20 ms, to
// say that a PSP was too slow.
func (t *pspTransport) answerInTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !t.deadline.IsZero() && (!ok || t.deadline.Before(deadline)) {
		deadline, ok = t.deadline, true
	}
	if !ok {
		return context.WithTimeout(ctx, defaultHTTPTime)
	}
	left := time.Until(deadline)
	return context.WithDeadline(ctx, deadline.Add(-max(20*time.Millisecond, left/20)))
}

// answerBody gives the errors of reading an answer their meaning.
type answerBody struct {
	io.ReadCloser
	left     int64
	harmless bool
	host     string
	cancel   context.CancelFunc
}

// Read implements io.Reader.
func (b *answerBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		err = fmt.Errorf("it is larger than %d bytes", maxAnswer)
	}
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return n, err
	case b.harmless:
		return n, Errorf(Unavailable, "", "the answer from %s can't be read: %w", b.host, err)
	default:
		return n, lost(b.host, err)
	}
}

// Close implements io.Closer.
func (b *answerBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
