package sdk

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// heldConn writes nothing while it is held.
type heldConn struct {
	net.Conn
	hold     *atomic.Pointer[chan struct{}] // closed to let go; nil if it is not held
	arrivals chan struct{}                  // of writes that are held
}

// Write implements net.Conn.
func (c heldConn) Write(b []byte) (int, error) {
	if hold := c.hold.Load(); hold != nil {
		c.arrivals <- struct{}{}
		<-*hold
	}
	return c.Conn.Write(b)
}

// Over HTTP/2 a request may leave after its sender was told that its time is over.
func TestHTTPClient_writtenTooLate(t *testing.T) {
	deleted := make(chan int, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			deleted <- r.ProtoMajor
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	var hold atomic.Pointer[chan struct{}]
	arrivals := make(chan struct{}, 100)
	base := server.Client().Transport.(*http.Transport).Clone()
	t.Cleanup(base.CloseIdleConnections)
	base.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return heldConn{conn, &hold, arrivals}, err
	}
	if _, err := ask(HTTPClient(t.Context(), Over(base)), http.MethodGet, server.URL); err != nil {
		t.Fatal(err)
	}

	release := make(chan struct{})
	hold.Store(&release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrivals
		cancel()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := HTTPClient(ctx, Over(base)).Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	close(release)
	if proto := <-deleted; proto != 2 {
		t.Errorf("it came over HTTP/%d", proto)
	}
	if got := kindOf(t, err); got != OutcomeUnknown {
		t.Errorf("the PSP has deleted, and the caller is told %v: %v", got, err)
	}
}
