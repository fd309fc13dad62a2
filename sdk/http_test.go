package sdk

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// psp serves HTTP on the loopback interface until the test ends.
func psp(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// rawPSP answers each connection's requests by hand and returns its address.
// serve gets the connection after a request has been read, and says whether the
// connection stays open.
func rawPSP(t *testing.T, serve func(net.Conn, *http.Request) bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveRaw(conn, serve)
		}
	}()
	return "http://" + listener.Addr().String()
}

func serveRaw(conn net.Conn, serve func(net.Conn, *http.Request) bool) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil || !serve(conn, req) {
			return
		}
	}
}

// reset ends a connection so that the peer's read fails at once.
func reset(conn net.Conn) bool {
	_ = conn.(*net.TCPConn).SetLinger(0)
	return false
}

// ask sends a request and reads the whole answer.
func ask(client *http.Client, method, url string) (string, error) {
	req, err := http.NewRequest(method, url, strings.NewReader("amount=1050"))
	if err != nil {
		return "", err
	}
	if method == http.MethodGet {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// kindOf says what an error of the client means.
func kindOf(t *testing.T, err error) Kind {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	return e.Kind
}

func TestHTTPClient_answers(t *testing.T) {
	var parent, state atomic.Value
	server := psp(t, func(w http.ResponseWriter, r *http.Request) {
		parent.Store(r.Header.Get("traceparent"))
		state.Store(r.Header.Get("tracestate"))
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(append([]byte(r.Method+" "), body...))
	})
	for _, call := range []Call{{}, {TraceParent: "00-1-2-01"}, {TraceParent: "00-1-2-01", TraceState: "a=b"}} {
		client := HTTPClient(WithCall(t.Context(), call))
		if got, err := ask(client, http.MethodPost, server.URL); err != nil || got != "POST amount=1050" {
			t.Errorf("got %q %v", got, err)
		}
		if got, err := ask(client, http.MethodGet, server.URL); err != nil || got != "GET " {
			t.Errorf("got %q %v", got, err)
		}
		if parent.Load() != call.TraceParent || state.Load() != call.TraceState {
			t.Errorf("passed %v %v, want %v %v", parent.Load(), state.Load(), call.TraceParent, call.TraceState)
		}
	}
}

func TestHTTPClient_leavesTheRequestAlone(t *testing.T) {
	server := psp(t, func(http.ResponseWriter, *http.Request) {})
	req, _ := http.NewRequest(http.MethodPost, server.URL, nil)
	req.Header.Set("Idempotency-Key", "k")
	resp, err := HTTPClient(WithCall(t.Context(), Call{TraceParent: "00-1-2-01"})).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if len(req.Header) != 1 || req.Header.Get("Idempotency-Key") != "k" {
		t.Errorf("the request's header is now %v", req.Header)
	}
}

func TestHTTPClient_followsNoRedirect(t *testing.T) {
	var followed atomic.Bool
	elsewhere := psp(t, func(http.ResponseWriter, *http.Request) { followed.Store(true) })
	server := psp(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		req, _ := http.NewRequest(method, server.URL, nil)
		resp, err := HTTPClient(t.Context()).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusTemporaryRedirect || resp.Header.Get("Location") != elsewhere.URL || followed.Load() {
			t.Errorf("%s: got %d, followed %v", method, resp.StatusCode, followed.Load())
		}
	}
}

func TestHTTPClient_limitsAnswers(t *testing.T) {
	size := 0
	server := psp(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.CopyN(w, zeros{}, int64(size))
	})
	for _, size = range []int{0, 1, maxAnswer - 1, maxAnswer} {
		if got, err := ask(HTTPClient(t.Context()), http.MethodPost, server.URL); err != nil || len(got) != size {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
	for _, size = range []int{maxAnswer + 1, 3 * maxAnswer} {
		for method, want := range map[string]Kind{http.MethodPost: OutcomeUnknown, http.MethodGet: Unavailable} {
			got, err := ask(HTTPClient(t.Context()), method, server.URL)
			if err == nil || kindOf(t, err) != want || !strings.Contains(err.Error(), "larger than 4194304 bytes") || len(got) > maxAnswer+1 {
				t.Errorf("%s, %d bytes: got %d, %v", method, size, len(got), err)
			}
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// bounded remembers the deadline of the last request.
type bounded struct {
	http.RoundTripper
	deadline time.Time
}

func (b *bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	b.deadline, _ = req.Context().Deadline()
	return b.RoundTripper.RoundTrip(req)
}

// A PSP that is too slow costs the call its outcome, not its answer: when the
// client gives up, the call still has time.
func TestHTTPClient_leavesTimeToAnswer(t *testing.T) {
	for method, want := range map[string]Kind{http.MethodPost: OutcomeUnknown, http.MethodGet: Unavailable} {
		for name, bound := range map[string]func(context.Context) context.Context{
			"the call's context":   func(call context.Context) context.Context { return call },
			"a context of its own": func(context.Context) context.Context { return context.Background() },
		} {
			t.Run(method+" with "+name, func(t *testing.T) {
				t.Parallel()
				var arrived atomic.Int32
				server := psp(t, func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					arrived.Add(1)
					<-r.Context().Done()
				})
				err := outOfTime(t, &arrived, func(call context.Context) error {
					base := &bounded{RoundTripper: transport}
					req, _ := http.NewRequestWithContext(bound(call), method, server.URL, nil)
					err := send(HTTPClient(call, Over(base)), req)
					if deadline, _ := call.Deadline(); deadline.Sub(base.deadline) < 20*time.Millisecond {
						t.Errorf("the request may last until %v, and the call until %v", base.deadline, deadline)
					}
					return err
				})
				if kindOf(t, err) != want || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestAnswerInTime(t *testing.T) {
	for _, test := range []struct {
		call, request time.Duration // 0: no deadline
		least, most   time.Duration
	}{
		{0, 0, 29 * time.Second, 30 * time.Second},
		{10 * time.Second, 0, 9 * time.Second, 9500 * time.Millisecond},
		{0, 10 * time.Second, 9 * time.Second, 9500 * time.Millisecond},
		{10 * time.Second, time.Hour, 9 * time.Second, 9500 * time.Millisecond},
		{time.Hour, 10 * time.Second, 9 * time.Second, 9500 * time.Millisecond},
		{2 * time.Hour, 2 * time.Hour, 113 * time.Minute, 114 * time.Minute},
		{-time.Second, 0, -2 * time.Second, -time.Second},
	} {
		before, transport := time.Now(), &pspTransport{}
		if test.call != 0 {
			transport.deadline = before.Add(test.call)
		}
		ctx, cancelRequest := context.WithCancel(t.Context())
		if test.request != 0 {
			ctx, cancelRequest = context.WithDeadline(t.Context(), before.Add(test.request))
		}
		bounded, cancel := transport.answerInTime(ctx)
		deadline, ok := bounded.Deadline()
		after := time.Now()
		if least, most := deadline.Sub(before), deadline.Sub(after); !ok || least < test.least || most > test.most {
			t.Errorf("call %v, request %v: %v to %v is left, want %v to %v", test.call, test.request, most, least, test.least, test.most)
		}
		cancel()
		cancelRequest()
	}
}
