package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// nowhere is connectortest.Nowhere, which imports this package.
const nowhere = "http://127.0.0.1:2"

// What is known of a request that failed, by how it failed.
func TestHTTPClient_outcome(t *testing.T) {
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	cut := func(answer string) string {
		return rawPSP(t, func(conn net.Conn, _ *http.Request) bool {
			_, _ = io.WriteString(conn, answer)
			return false
		})
	}
	for name, test := range map[string]struct {
		url  string
		post Kind
	}{
		"dial refused":       {nowhere, Unavailable},
		"no such scheme":     {"gopher://127.0.0.1", Unavailable},
		"untrusted TLS":      {untrusted.URL, Unavailable},
		"TLS with plain":     {strings.Replace(cut("HTTP/1.1 200 OK\r\n\r\n"), "http:", "https:", 1), Unavailable},
		"closed, no answer":  {cut(""), OutcomeUnknown},
		"reset, no answer":   {rawPSP(t, func(conn net.Conn, _ *http.Request) bool { return reset(conn) }), OutcomeUnknown},
		"answer is no HTTP":  {cut("220 mail.example ESMTP\r\n"), OutcomeUnknown},
		"header cut":         {cut("HTTP/1.1 200 OK\r\nContent-"), OutcomeUnknown},
		"body cut":           {cut("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"id\":"), OutcomeUnknown},
		"chunk cut":          {cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id"), OutcomeUnknown},
		"last chunk missing": {cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), OutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			for method, want := range map[string]Kind{http.MethodPost: test.post, http.MethodDelete: test.post, http.MethodGet: Unavailable} {
				if got, err := ask(HTTPClient(t.Context()), method, test.url); err == nil || kindOf(t, err) != want {
					t.Errorf("%s: got %q %v, want %v", method, got, err, want)
				}
			}
		})
	}
}

// The request has left, whole or in part, when the call's time is over.
func TestHTTPClient_outOfTime(t *testing.T) {
	var arrived atomic.Int32
	slowBody := rawPSP(t, func(conn net.Conn, _ *http.Request) bool {
		arrived.Add(1)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{")
		_, _ = conn.Read(make([]byte, 1)) // until the client leaves
		return false
	})
	silent := rawPSP(t, func(conn net.Conn, _ *http.Request) bool {
		arrived.Add(1)
		_, _ = conn.Read(make([]byte, 1))
		return false
	})
	for name, url := range map[string]string{"no answer": silent, "half an answer": slowBody} {
		for method, want := range map[string]Kind{http.MethodPost: OutcomeUnknown, http.MethodGet: Unavailable} {
			err := outOfTime(t, &arrived, func(ctx context.Context) error {
				_, err := ask(HTTPClient(ctx), method, url)
				return err
			})
			if kindOf(t, err) != want || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, %s: got %v", name, method, err)
			}
		}
	}
}

// outOfTime asks a PSP that does not answer in time, and counts what arrives. Where
// nothing had arrived when the time was over, it asks again with twice as much.
func outOfTime(t *testing.T, arrived *atomic.Int32, ask func(context.Context) error) error {
	t.Helper()
	for limit := 150 * time.Millisecond; limit < time.Minute; limit *= 2 {
		before := arrived.Load()
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		err := ask(ctx)
		cancel()
		if arrived.Load() > before {
			return err
		}
	}
	t.Fatal("no request arrived")
	return nil
}

// A call that is over before its request begins has surely done nothing, whatever
// carries the request.
func TestHTTPClient_noTimeLeft(t *testing.T) {
	var arrived atomic.Int32
	server := psp(t, func(http.ResponseWriter, *http.Request) { arrived.Add(1) })
	over, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(5*time.Millisecond)) // too late to answer
	defer cancelLate()
	for _, base := range []http.RoundTripper{transport, opaque{http.DefaultTransport}} {
		for name, ctx := range map[string]context.Context{"cancelled": over, "late": late} {
			body := &closable{Reader: strings.NewReader("amount=1050")}
			req, _ := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, body)
			resp, err := HTTPClient(ctx, Over(base)).Do(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			if kindOf(t, err) != Unavailable || !body.closed.Load() {
				t.Errorf("%s over %T: got %v, body closed: %v", name, base, err, body.closed.Load())
			}
		}
	}
	if arrived.Load() != 0 {
		t.Errorf("%d requests arrived", arrived.Load())
	}
}

type closable struct {
	io.Reader
	closed atomic.Bool
}

func (c *closable) Close() error {
	c.closed.Store(true)
	return nil
}

// opaque is a transport that is not net/http's but honours httptrace.
type opaque struct{ http.RoundTripper }

// deaf is a transport that tells nobody what it does.
type deaf struct{ err error }

func (d deaf) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return nil, d.err
}

// Where a transport does not say whether bytes were sent, they count as sent.
func TestOver(t *testing.T) {
	lost := deaf{errors.New("no idea")}
	for method, want := range map[string]Kind{http.MethodPost: OutcomeUnknown, http.MethodGet: Unavailable} {
		if _, err := ask(HTTPClient(t.Context(), Over(lost)), method, "http://psp.example"); kindOf(t, err) != want || !errors.Is(err, lost.err) {
			t.Errorf("%s: got %v", method, err)
		}
	}
	if _, err := ask(HTTPClient(t.Context(), Over(opaque{http.DefaultTransport})), http.MethodPost, nowhere); kindOf(t, err) != Unavailable {
		t.Errorf("a transport that does say: got %v", err)
	}
}

// An error of the client is an error of the connector, wherever it is wrapped.
func TestHTTPClient_errorsReachTheCaller(t *testing.T) {
	for url, want := range map[string]string{
		nowhere: "CONNECTOR_UNAVAILABLE",
		rawPSP(t, func(net.Conn, *http.Request) bool { return false }): "CONNECTOR_UNAVAILABLE", // it only reads
	} {
		conn := serve(t, newConnector(func(ctx context.Context) error {
			_, err := ask(HTTPClient(ctx), http.MethodGet, url)
			return fmt.Errorf("read the payment: %w", err)
		}))
		for _, call := range operationCalls() {
			if call.method != "GetPayment" {
				continue
			}
			if _, err := call.invoke(t.Context(), conn); failureOf(err).Reason != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
}
