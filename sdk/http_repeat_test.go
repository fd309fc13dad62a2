package sdk

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// arrivals keeps what a PSP was sent.
type arrivals struct {
	mu       sync.Mutex
	requests []*http.Request
}

func (a *arrivals) add(r *http.Request) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests = append(a.requests, r)
	return len(a.requests)
}

func (a *arrivals) all() []*http.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests
}

// forgetful answers its first request and takes a second one over the same
// connection, which it closes without an answer. Further ones it answers.
func forgetful(t *testing.T) (string, *arrivals) {
	t.Helper()
	var got arrivals
	return rawPSP(t, func(conn net.Conn, r *http.Request) bool {
		if got.add(r) == 2 {
			return false
		}
		_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		return err == nil
	}), &got
}

func keyed(ctx context.Context, url, body, header string) *http.Request {
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	req.Header.Set(header, "key-1")
	return req
}

func send(client *http.Client, req *http.Request) error {
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// sendTwice sends a request to a forgetful PSP twice, over one connection, and returns
// what arrived and how the second ended. Where net/http did not keep the connection,
// as it may on a busy machine, all begins anew.
func sendTwice(t *testing.T, client *http.Client, body, header string) (*arrivals, error) {
	t.Helper()
	for range 20 {
		var kept atomic.Bool
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(conn httptrace.GotConnInfo) {
			kept.Store(kept.Load() || conn.Reused)
		}})
		url, got := forgetful(t)
		if err := send(client, keyed(ctx, url, body, header)); err != nil {
			t.Fatal(err)
		}
		err := send(client, keyed(ctx, url, body, header))
		if kept.Load() {
			return got, err
		}
	}
	t.Fatal("no connection was kept")
	return nil, nil
}

// net/http takes a POST with an Idempotency-Key for one that it may send again
// by itself. Whether to repeat a payment is for the host to decide.
func TestHTTPClient_repeatsNoKeyedRequest(t *testing.T) {
	for _, header := range []string{"Idempotency-Key", "X-Idempotency-Key", "PayPal-Request-Id"} {
		for name, body := range map[string]string{"body": "amount=1050", "no body": ""} {
			for over, base := range map[string]http.RoundTripper{"net/http": newTransport(), "another": opaque{newTransport()}} {
				t.Run(header+", "+name+", "+over, func(t *testing.T) {
					got, err := sendTwice(t, HTTPClient(t.Context(), Over(base)), body, header)
					if err == nil || kindOf(t, err) != OutcomeUnknown || len(got.all()) != 2 {
						t.Errorf("got %v after %d requests, want an OutcomeUnknown after 2", err, len(got.all()))
					}
					for _, r := range got.all() {
						if r.Header.Get(header) != "key-1" {
							t.Errorf("it arrived with the header %v", r.Header)
						}
					}
				})
			}
		}
	}
}

// The test above would notice: net/http's own client does repeat.
func TestHTTPClient_repeatsNoKeyedRequest_control(t *testing.T) {
	got, err := sendTwice(t, &http.Client{Transport: newTransport()}, "amount=1050", "Idempotency-Key")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.all()) != 3 {
		t.Errorf("%d requests arrived, want 3: net/http has changed, and so may sendOnce", len(got.all()))
	}
}

// Some PSPs refuse a request without a Content-Length (RFC 9110, section
// 15.5.12).
func TestHTTPClient_tellsTheLength(t *testing.T) {
	url, got := forgetful(t)
	if err := send(HTTPClient(t.Context()), keyed(t.Context(), url, "", "Idempotency-Key")); err != nil {
		t.Fatal(err)
	}
	if r := got.all()[0]; r.Header.Get("Content-Length") != "0" || len(r.TransferEncoding) != 0 {
		t.Errorf("a POST without a body arrived with the header %v and the encoding %v", r.Header, r.TransferEncoding)
	}
}

// What only reads is asked once more, and no more than that.
func TestHTTPClient_repeatsReadsOnce(t *testing.T) {
	for failures, want := range map[int32]int32{0: 1, 1: 2, 5: 2} {
		var arrived atomic.Int32
		url := rawPSP(t, func(conn net.Conn, _ *http.Request) bool {
			if arrived.Add(1) > failures {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			}
			return false
		})
		got, err := ask(HTTPClient(t.Context()), http.MethodGet, url)
		if arrived.Load() != want || (err == nil) != (failures < 2) {
			t.Errorf("after %d failures: got %q %v with %d requests, want %d", failures, got, err, arrived.Load(), want)
		}
	}
}

// flaky dials in vain a number of times.
func flaky(failures int32) (*http.Transport, *atomic.Int32) {
	var dialled atomic.Int32
	base := newTransport()
	dial := base.DialContext
	base.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dialled.Add(1) <= failures {
			return nil, io.ErrUnexpectedEOF
		}
		return dial(ctx, network, addr)
	}
	return base, &dialled
}

// A request that never left is sent once more, whole.
func TestHTTPClient_sendsAgainWhatNeverLeft(t *testing.T) {
	var bodies atomic.Value
	server := psp(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		before, _ := bodies.Load().(string)
		bodies.Store(before + "[" + string(body) + "]")
	})
	for name, test := range map[string]struct {
		failures int32
		body     io.Reader
		arrives  string
	}{
		"at the second dial":    {1, strings.NewReader("amount=1050"), "[amount=1050]"},
		"without a body":        {1, http.NoBody, "[]"},
		"nobody is there":       {2, strings.NewReader("amount=1050"), ""},
		"a body that is spent":  {1, io.MultiReader(strings.NewReader("amount=1050")), ""},
		"with such a body once": {0, io.MultiReader(strings.NewReader("amount=1050")), "[amount=1050]"},
	} {
		t.Run(name, func(t *testing.T) {
			bodies.Store("")
			base, dialled := flaky(test.failures)
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, test.body)
			req.Header.Set("Idempotency-Key", "k")
			err := send(HTTPClient(t.Context(), Over(base)), req)
			if got := bodies.Load(); got != test.arrives || (err == nil) != (test.arrives != "") {
				t.Errorf("got %v after %d dials; %q arrived, want %q", err, dialled.Load(), got, test.arrives)
			}
			if err != nil && kindOf(t, err) != Unavailable {
				t.Errorf("got %v", err)
			}
			if dialled.Load() > 2 {
				t.Errorf("%d dials", dialled.Load())
			}
		})
	}
}

// A body that can't be read again ends the matter.
func TestHTTPClient_bodyThatFails(t *testing.T) {
	base, dialled := flaky(1)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:1", strings.NewReader("x"))
	req.GetBody = func() (io.ReadCloser, error) { return nil, io.ErrClosedPipe }
	if err := send(HTTPClient(t.Context(), Over(base)), req); kindOf(t, err) != Unavailable || dialled.Load() != 1 {
		t.Errorf("got %v after %d dials", err, dialled.Load())
	}
}
