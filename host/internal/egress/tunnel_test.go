package egress

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// peer serves each connection with a function until the test ends.
func peer(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// ended waits until the other end of a connection is done, and gives what it sent
// before.
func ended(t *testing.T, conn net.Conn) string {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(conn)
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatal("the connection does not end")
	}
	return string(got)
}

// Each end may say that it is done and go on listening.
func TestHalfClose(t *testing.T) {
	address := peer(t, func(conn net.Conn) {
		asked, _ := io.ReadAll(conn) // until the guest is done
		_, _ = fmt.Fprintf(conn, "%d bytes", len(asked))
	})
	f := newFixture(t, dev(), address)
	conn, err := f.connect(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got := ended(t, conn); got != "1048576 bytes" {
		t.Errorf("got %q", got)
	}
}

// A guest that sends before it is answered loses nothing, nor does a host that
// speaks first.
func TestNobodyWaitsForTheOther(t *testing.T) {
	address := peer(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "welcome\n")
		line, _ := bufio.NewReader(conn).ReadString('\n')
		_, _ = io.WriteString(conn, "you said "+line)
	})
	f := newFixture(t, dev(), address)
	conn := f.dial()
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\nhello\n", address, address); err != nil {
		t.Fatal(err)
	}
	if got := ended(t, conn); got != established+"welcome\nyou said hello\n" {
		t.Errorf("got %q", got)
	}
}

// A host that says nothing, one that nobody reads from, and a guest that has gone
// without a host's taking note hold nothing for ever.
func TestIdleConnectionsEnd(t *testing.T) {
	silence := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	flood := func(conn net.Conn) { _, _ = io.Copy(conn, endless{}) }
	for name, test := range map[string]struct {
		serve func(net.Conn)
		leave bool // the guest does
	}{
		"nothing is said": {silence, false},
		"nothing is read": {flood, false},
		"half open":       {func(net.Conn) { <-t.Context().Done() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			address := peer(t, test.serve)
			config := dev()
			config.IdleTimeout = 50 * time.Millisecond
			f := newFixture(t, config, address)
			var conn net.Conn
			wait(t, "it is open", func() (ok bool) { // it may end before this end knows of it
				var err error
				conn, err = f.connect(address)
				return err == nil
			})
			if test.leave {
				_ = conn.Close()
			}
			wait(t, "it is counted out", func() bool { return f.count("connections_open", address, "") == 0 })
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A connection on which something moves now and then stays.
func TestSlowConnectionsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const idle, pauses = 5 * time.Minute, 8
		guest, inside := net.Pipe()
		outside, host := net.Pipe()
		bytes := prometheus.NewCounter(prometheus.CounterOpts{Name: "bytes"})
		tunnel := &tunnel{guest: inside, remote: outside, idle: idle, sent: bytes, received: bytes}
		go tunnel.carry(t.Context(), nil)
		go func() { _, _ = io.Copy(io.Discard, host) }()
		var sending sync.WaitGroup
		defer sending.Wait()
		sending.Go(func() {
			defer host.Close()
			for range pauses {
				time.Sleep(idle * 3 / 4) // of the test's own clock
				if _, err := io.WriteString(host, "."); err != nil {
					return
				}
			}
		})
		got, err := io.ReadAll(guest)
		if want := established + strings.Repeat(".", pauses); string(got) != want || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// With the listener everything goes: tunnels, and dials that are under way.
func TestCloseEndsEverything(t *testing.T) {
	psp := newSilent(t)
	dialling := make(chan struct{})
	config := dev()
	config.Resolver = stuck{dialling}
	f := newFixture(t, config, psp.address(), "slow.example:443")
	tunnel, err := f.connect(psp.address())
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error, 1)
	conn := f.dial()
	go func() {
		_, err := io.WriteString(conn, "CONNECT slow.example:443 HTTP/1.1\r\nHost: slow.example:443\r\n\r\n")
		if err == nil {
			_, err = io.ReadAll(conn)
		}
		waiting <- err
	}()
	<-dialling
	f.close()
	ended(t, tunnel)
	if err := <-waiting; err != nil {
		t.Logf("whoever waited for a connection was told: %v", err)
	}
	if n := f.count("connections_open", psp.address(), "") + f.count("connections_open", "slow.example:443", ""); n != 0 {
		t.Errorf("%v connections are counted", n)
	}
	if _, err := net.Dial("unix", f.socket); err == nil {
		t.Error("the socket still listens")
	}
}

// stuck is a resolver that never answers.
type stuck struct{ asked chan struct{} }

func (s stuck) LookupNetIP(ctx context.Context, _, _ string) (none []netip.Addr, err error) {
	close(s.asked)
	<-ctx.Done()
	return nil, ctx.Err()
}

// A guest that says nothing, or half of it, is left after a while; meanwhile
// others are served.
func TestHalfOpenGuests(t *testing.T) {
	psp := newSilent(t)
	f := newFixture(t, dev(), psp.address())
	for i := range 200 {
		conn := f.dial()
		if i%2 == 0 {
			_, _ = io.WriteString(conn, "CONNECT "+psp.address()+" HTTP/1.1\r\nHo")
		}
	}
	if _, err := f.connect(psp.address()); err != nil {
		t.Fatal(err)
	}
	wait(t, "the host is reached", func() bool { return psp.heard() == 1 })
}

// Too many connections to the gate are closed at once, and it goes on.
func TestTooManyGuests(t *testing.T) {
	l := &boundedListener{Listener: newPipe()}
	l.open.Store(maxConnections - 1)
	pipe := l.Listener.(*pipeListener)
	first, second := pipe.dial(), make(chan net.Conn, 1)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go func() { second <- pipe.dial() }()
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	if got := ended(t, <-second); got != "" {
		t.Errorf("got %q", got)
	}
	_ = conn.Close()
	_ = conn.Close() // counts once
	go func() { _ = pipe.dial() }()
	if err := <-accepted; err != nil {
		t.Errorf("got %v", err)
	}
	if n := l.open.Load(); n != maxConnections {
		t.Errorf("%d are counted", n)
	}
	_ = first.Close()
}

// pipeListener is a listener of connections in memory.
type pipeListener struct{ conns chan net.Conn }

func newPipe() *pipeListener                      { return &pipeListener{make(chan net.Conn, 1)} }
func (p *pipeListener) Accept() (net.Conn, error) { return <-p.conns, nil }
func (p *pipeListener) Close() error              { return nil }
func (p *pipeListener) Addr() net.Addr            { return nil }
func (p *pipeListener) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

// proxy is an HTTP proxy that takes CONNECT and dials one address whatever it is
// asked for.
func proxy(t *testing.T, to string, status int) (*url.URL, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.RequestURI)
		mu.Unlock()
		if status != http.StatusOK {
			http.Error(w, "blocked by policy 10.0.0.1", status)
			return
		}
		remote, err := net.Dial("tcp", to)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer remote.Close()
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, established)
		go func() { _, _ = io.Copy(remote, conn) }()
		_, _ = io.Copy(conn, remote)
	}))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return at, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return asked
	}
}

// With a proxy, names go to it as they are, and what is private goes without it.
func TestUpstreamProxy(t *testing.T) {
	psp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "psp got "+r.Host)
	}))
	defer psp.Close()
	config := dev()
	var asked func() []string
	config.Proxy, asked = proxy(t, psp.Listener.Addr().String(), http.StatusOK)
	config.Resolver = resolving() // knows no name
	f := newFixture(t, config, "psp.example:80", psp.Listener.Addr().String())
	for address, want := range map[string]string{"http://psp.example": "psp.example", psp.URL: psp.Listener.Addr().String()} {
		resp, err := f.client().Get(address)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(got) != "psp got "+want {
			t.Errorf("%s: got %q", address, got)
		}
	}
	if got := asked(); len(got) != 1 || got[0] != "CONNECT psp.example:80" {
		t.Errorf("the proxy was asked for %q", got)
	}
	if status, _ := f.refused("evil.example:80"); status != http.StatusForbidden || len(asked()) != 1 {
		t.Errorf("got %d; the proxy was asked for %q", status, asked())
	}
}

// A proxy's no is none of the manifest's: it is told apart.
func TestUpstreamProxyRefuses(t *testing.T) {
	config := dev()
	config.Proxy, _ = proxy(t, "", http.StatusForbidden)
	f := newFixture(t, config, "psp.example:443")
	if status, message := f.refused("psp.example:443"); status != http.StatusBadGateway || strings.Contains(message, "10.0.0.1") || !strings.Contains(message, "proxy") {
		t.Errorf("got %d %q", status, message)
	}
	if !strings.Contains(f.log.String(), "blocked by policy") {
		t.Errorf("the log does not tell: %s", f.log)
	}
}
