package sdk

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay/patchbay/sdk/wire"
)

// egressProxy is an HTTP proxy that takes CONNECT alone, as a host's broker does.
type egressProxy struct {
	*httptest.Server
	// refuse gives the status and text of a refusal, or 0.
	refuse func(authority string) (int, string)

	mu    sync.Mutex
	asked []string
}

func newEgressProxy(t *testing.T, network string) (*egressProxy, string) {
	t.Helper()
	p := &egressProxy{refuse: func(string) (int, string) { return 0, "" }}
	p.Server = httptest.NewUnstartedServer(p)
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Listener.Close()
	p.Listener = listener
	p.Start()
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
	if network == "unix" {
		return p, "unix:" + address
	}
	return p, "http://" + listener.Addr().String()
}

// ServeHTTP implements http.Handler.
func (p *egressProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.RequestURI)
	p.mu.Unlock()
	if r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
		return
	}
	if status, text := p.refuse(r.RequestURI); status != 0 {
		http.Error(w, text, status)
		return
	}
	remote, err := net.Dial("tcp", r.RequestURI)
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
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(remote, conn)
		_ = remote.Close()
	}()
	_, _ = io.Copy(conn, remote)
}

func (p *egressProxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

// through is a client whose requests go through a broker.
func through(t *testing.T, broker string) *http.Client {
	t.Helper()
	base := outbound(broker)
	t.Cleanup(base.CloseIdleConnections)
	return HTTPClient(t.Context(), Over(base))
}

// Every connection goes through the broker, those to this machine and those
// without TLS as well.
func TestEgress_everythingGoesThroughTheBroker(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // is not what counts
	for _, network := range []string{"unix", "tcp"} {
		broker, address := newEgressProxy(t, network)
		plain := psp(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "plain") })
		if got, err := ask(through(t, address), http.MethodPost, plain.URL); err != nil || got != "plain" {
			t.Errorf("%s: got %q %v", network, got, err)
		}
		encrypted := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.TLS.ServerName) }))
		t.Cleanup(encrypted.Close)
		base := outbound(address)
		base.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com"}
		base.TLSClientConfig.RootCAs.AddCert(encrypted.Certificate())
		t.Cleanup(base.CloseIdleConnections)
		if got, err := ask(HTTPClient(t.Context(), Over(base)), http.MethodPost, encrypted.URL); err != nil || got != "example.com" {
			t.Errorf("%s: got %q %v", network, got, err)
		}
		if _, err := ask(through(t, address), http.MethodPost, encrypted.URL); kindOf(t, err) != Unavailable || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: a certificate that nobody vouches for: got %v", network, err)
		}
		want := []string{"CONNECT " + plain.Listener.Addr().String(), "CONNECT " + encrypted.Listener.Addr().String()}
		if got := broker.requests(); len(got) < 3 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("%s: the broker was asked for %v, want %v", network, got, want)
		}
	}
}

// Where the broker opens no tunnel nothing has left, whatever the reason.
func TestEgress_refusals(t *testing.T) {
	broker, address := newEgressProxy(t, "unix")
	for name, test := range map[string]struct {
		status int
		text   string
		kind   Kind
		code   string
		tries  int
	}{
		"denied":       {http.StatusForbidden, "evil.example:80 is not among the hosts in the manifest's field egress", Misconfigured, wire.ReasonEgressDenied, 1},
		"unresolvable": {http.StatusBadGateway, "evil.example can't be resolved", Unavailable, "", 2},
		"full":         {http.StatusServiceUnavailable, "no more connections", Unavailable, "", 2},
		"no reason":    {http.StatusTeapot, "", Unavailable, "", 2},
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			broker.refuse = func(string) (int, string) { return test.status, test.text }
			before := len(broker.requests())
			_, err := ask(through(t, address), method, "http://evil.example/v1")
			var e *Error
			if !errors.As(err, &e) || e.Kind != test.kind || e.Code != test.code || !strings.Contains(e.Message, test.text) {
				t.Errorf("%s, %s: got %v (%+v)", name, method, err, e)
			}
			if tries := len(broker.requests()) - before; tries != test.tries {
				t.Errorf("%s, %s: %d tries", name, method, tries)
			}
			if e != nil && e.failure().Sent != wire.SentNever {
				t.Errorf("%s, %s: sent is %s", name, method, e.failure().Sent)
			}
		}
	}
}

// Through the tunnel as without it: what may have arrived is not called unsent.
func TestEgress_outcome(t *testing.T) {
	_, address := newEgressProxy(t, "unix")
	silence := rawPSP(t, func(net.Conn, *http.Request) bool { return false })
	var arrived atomic.Int32
	late := rawPSP(t, func(conn net.Conn, _ *http.Request) bool {
		arrived.Add(1)
		_, _ = conn.Read(make([]byte, 1))
		return false
	})
	for name, test := range map[string]struct {
		url  string
		post Kind
	}{
		"closed without an answer": {silence, OutcomeUnknown},
		"no answer in time":        {late, OutcomeUnknown},
		"nobody listens":           {nowhere, Unavailable},
	} {
		for method, want := range map[string]Kind{http.MethodPost: test.post, http.MethodGet: Unavailable} {
			base := outbound(address)
			asked := func(ctx context.Context) error {
				_, err := ask(HTTPClient(ctx, Over(base)), method, test.url)
				return err
			}
			var err error
			if test.url == late {
				err = outOfTime(t, &arrived, asked)
			} else {
				err = asked(t.Context())
			}
			if err == nil || kindOf(t, err) != want {
				t.Errorf("%s, %s: got %v, want %v", name, method, err, want)
			}
			base.CloseIdleConnections()
		}
	}
}

// A POST over a connection that the PSP has closed in the meantime, with the broker
// refusing another: whether the first left is not known to be no.
func TestEgress_refusedAfterAConnectionWasLost(t *testing.T) {
	broker, address := newEgressProxy(t, "unix")
	var opened sync.Map
	broker.refuse = func(authority string) (int, string) {
		if _, again := opened.LoadOrStore(authority, nil); again {
			return http.StatusForbidden, "no longer"
		}
		return 0, ""
	}
	got, err := sendTwice(t, through(t, address), "amount=1050", "Idempotency-Key")
	if err == nil || kindOf(t, err) != OutcomeUnknown || len(got.all()) != 2 {
		t.Errorf("got %v after %d requests", err, len(got.all()))
	}
}

// A broker that is gone, hangs or is no proxy lets nothing out.
func TestEgress_noBroker(t *testing.T) {
	heard := 0
	server := psp(t, func(http.ResponseWriter, *http.Request) { heard++ })
	hangs, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hangs.Close()
	mail := rawPSP(t, func(conn net.Conn, _ *http.Request) bool {
		_, _ = io.WriteString(conn, "220 mail.example ESMTP\r\n")
		return false
	})
	for name, address := range map[string]string{
		"gone":        "unix:" + filepath.Join(t.TempDir(), "none"),
		"hangs":       "http://" + hangs.Addr().String(),
		"no proxy":    mail,
		"no address":  "broker",
		"other words": "https://127.0.0.1:3128",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, err := ask(HTTPClient(ctx, Over(outbound(address))), http.MethodPost, server.URL); kindOf(t, err) != Unavailable {
			t.Errorf("%s: got %v", name, err)
		}
		cancel()
	}
	if heard != 0 {
		t.Errorf("%d requests found another way", heard)
	}
}
