package egress

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/sdk/wire"
)

// TLS goes from end to end: the PSP's own certificate is what the plugin checks.
func TestDeclaredHostIsReachedOverTLS(t *testing.T) {
	psp := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(append([]byte(r.TLS.ServerName+" "), body...))
	}))
	defer psp.Close()
	_, port, _ := net.SplitHostPort(psp.Listener.Addr().String())
	config := dev()
	config.Resolver = resolving("example.com=127.0.0.1")
	f := newFixture(t, config, "example.com:"+port, "127.0.0.1:"+port)

	client := f.client()
	trusted := x509.NewCertPool()
	trusted.AddCert(psp.Certificate()) // which is for example.com
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: trusted}
	resp, err := client.Post("https://example.com:"+port, "text/plain", strings.NewReader("amount=1050"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || string(got) != "example.com amount=1050" {
		t.Errorf("got %q, %v", got, err)
	}
	if n := f.count("connections_total", "example.com:"+port, "opened"); n != 1 {
		t.Errorf("%v connections are counted", n)
	}
	if f.count("bytes_total", "example.com:"+port, "sent") == 0 || f.count("bytes_total", "example.com:"+port, "received") == 0 {
		t.Error("no bytes are counted")
	}

	stranger := f.client() // trusts whom the system trusts
	if resp, err := stranger.Get("https://example.com:" + port); err == nil {
		_ = resp.Body.Close()
		t.Error("a certificate that nobody vouches for was accepted")
	} else if untrusted := (*tls.CertificateVerificationError)(nil); !errors.As(err, &untrusted) {
		t.Errorf("got %v, want the certificate to be refused", err)
	}
}

func TestUndeclaredIsRefusedAndHearsNothing(t *testing.T) {
	psp := newSilent(t)
	declared := newSilent(t)
	config := dev()
	config.Resolver = resolving("psp.example=127.0.0.1", "other.example=127.0.0.1", "a.b.wild.example=127.0.0.1", "wild.example=127.0.0.1")
	f := newFixture(t, config, "psp.example:"+declared.port(), "*.wild.example:"+declared.port(), declared.address())
	for name, to := range map[string]string{
		"another address":         psp.address(),
		"another name":            "other.example:" + psp.port(),
		"a name, another port":    "psp.example:" + psp.port(),
		"the wildcard's own name": "wild.example:" + declared.port(),
		"a name that ends alike":  "notwild.example:" + declared.port(),
		"the name as a part":      "psp.example.evil.example:" + declared.port(),
		"IPv6 in disguise":        "[::ffff:127.0.0.1]:" + psp.port(),
		"IPv6 loopback":           "[::1]:" + psp.port(),
		"a short address":         "127.1:" + psp.port(),
		"a number":                "2130706433:" + psp.port(),
		"a hexadecimal number":    "0x7f000001:" + psp.port(),
		"an octal address":        "0177.0.0.1:" + psp.port(),
		"localhost":               "localhost:" + psp.port(),
		"metadata":                "169.254.169.254:80",
		"a wildcard":              "*.wild.example:" + declared.port(),
		"a network":               "127.0.0.0/8:" + declared.port(),
		"a zone":                  "[fe80::1%25lo]:" + psp.port(),
		"no port":                 "psp.example",
		"a user":                  "psp.example:443@other.example:" + psp.port(),
	} {
		t.Run(name, func(t *testing.T) {
			if status, message := f.refused(to); status != http.StatusForbidden && status != http.StatusBadRequest {
				t.Errorf("CONNECT %s: got %d %s", to, status, message)
			}
		})
	}
	if psp.heard()+declared.heard() != 0 {
		t.Errorf("%d connections arrived", psp.heard()+declared.heard())
	}
	if n := f.count("connections_total", "undeclared", "denied"); n < 15 {
		t.Errorf("%v denials are counted", n)
	}
	if d := f.denials.Now(); d.Count < 15 || d.Host == "" || d.Reason == "" || d.Time.IsZero() {
		t.Errorf("got %+v", d)
	}
}

func TestDeclaredIsReached(t *testing.T) {
	psp := newSilent(t)
	port := psp.port()
	config := dev()
	config.Resolver = resolving("psp.example=127.0.0.1", "a.wild.example=127.0.0.1", "a.b.wild.example=127.0.0.1", "localhost=127.0.0.1")
	f := newFixture(t, config, "psp.example:"+port, "*.wild.example:"+port, "127.0.0.0/8:"+port, "localhost:"+port)
	for i, to := range []string{
		psp.address(), "127.0.0.1:" + port, "psp.example:" + port, "PSP.Example:" + port, "psp.example.:" + port,
		"a.wild.example:" + port, "a.b.wild.example:" + port, "localhost:" + port,
	} {
		conn, err := f.connect(to)
		if err != nil {
			t.Errorf("%s: %v", to, err)
			continue
		}
		wait(t, to+" is reached", func() bool { return psp.heard() == i+1 })
		_ = conn.Close()
	}
}

// Only CONNECT is a way out, for http too.
func TestOnlyConnect(t *testing.T) {
	psp := newSilent(t)
	f := newFixture(t, dev(), psp.address())
	for _, raw := range []string{
		"GET http://" + psp.address() + "/ HTTP/1.1\r\nHost: " + psp.address() + "\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: " + psp.address() + "\r\nContent-Length: 0\r\n\r\n",
		"CONNECT /" + psp.address() + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT  HTTP/1.1\r\n\r\n",
		"\x16\x03\x01\x00\x05hello\r\n\r\n",
		"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
	} {
		line, err := f.ask(raw)
		if err == nil && !strings.HasPrefix(line, "HTTP/1.1 4") {
			t.Errorf("%.40q: got %q", raw, line)
		}
	}
	if psp.heard() != 0 {
		t.Errorf("%d connections arrived", psp.heard())
	}
}

// What says no says why, to the guest without what it has no business to know.
func TestRefusals(t *testing.T) {
	config := Config{Resolver: resolving("inside.example=10.9.8.7", "closed.example=127.0.0.1")}
	f := newFixture(t, config, "inside.example:443", "nowhere.example:443")
	for to, want := range map[string]struct {
		status  int
		message string
	}{
		"evil.example:443":    {http.StatusForbidden, `evil.example:443 is not among the hosts in the manifest's field egress`},
		"inside.example:443":  {http.StatusForbidden, "not public"},
		"nowhere.example:443": {http.StatusBadGateway, "can't be resolved"},
	} {
		if status, message := f.refused(to); status != want.status || !strings.Contains(message, want.message) || strings.Contains(message, "10.9.8.7") {
			t.Errorf("%s: got %d %q", to, status, message)
		}
	}
	if log := f.log.String(); !strings.Contains(log, "10.9.8.7") || !strings.Contains(log, "evil.example:443") {
		t.Errorf("the log does not tell: %s", log)
	}

	gone := deaf(t)
	f = newFixture(t, dev(), gone)
	if status, message := f.refused(gone); status != http.StatusBadGateway || !strings.Contains(message, "can't be reached") {
		t.Errorf("got %d %q", status, message)
	}
	if n := f.count("connections_total", gone, "unreachable"); n != 1 || f.denials.Now().Count != 0 {
		t.Errorf("counted %v, %d denials", n, f.denials.Now().Count)
	}
}

// A redirect leads nowhere that is not declared.
func TestRedirectToAPrivateAddress(t *testing.T) {
	inside := newSilent(t)
	psp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+inside.address()+"/latest/meta-data", http.StatusFound)
	}))
	defer psp.Close()
	f := newFixture(t, dev(), psp.Listener.Addr().String())
	resp, err := f.client().Get(psp.URL) // a client that follows
	var refused *wire.TunnelError
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.As(err, &refused) || !refused.Denied() || inside.heard() != 0 {
		t.Errorf("got %v; %d connections arrived", err, inside.heard())
	}
}

// A thousand denials are all counted, and the log stays readable.
func TestDenialsDoNotFloodTheLog(t *testing.T) {
	const denials = 1000
	f := newFixture(t, Config{})
	client := f.client()
	for range denials {
		if resp, err := client.Get("http://evil.example"); err == nil {
			_ = resp.Body.Close()
			t.Fatal("it was let out")
		}
	}
	if n := f.count("connections_total", "undeclared", "denied"); n != denials || f.denials.Now().Count != denials {
		t.Errorf("the metric has %v, operators see %d", n, f.denials.Now().Count)
	}
	if lines := strings.Count(f.log.String(), "\n"); lines < 1 || lines > 3*refusalsAtOnce {
		t.Errorf("the log has %d lines", lines)
	}
	if series := seriesOf(t, f); series > 2 {
		t.Errorf("the metrics have %d series", series)
	}
}

// What a guest invents makes no series.
func TestSeriesAreBounded(t *testing.T) {
	f := newFixture(t, Config{})
	for _, to := range []string{"a.example:1", "b.example:2", "c.example:3", "d.example:4"} {
		f.refused(to)
	}
	if series := seriesOf(t, f); series != 1 {
		t.Errorf("%d series of connections", series)
	}
}

func seriesOf(t *testing.T, f *fixture) int {
	t.Helper()
	families, err := f.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "patchbay_egress_connections_total" {
			return len(family.GetMetric())
		}
	}
	return 0
}

func TestConnectionsPerHost(t *testing.T) {
	psp, other := newSilent(t), newSilent(t)
	config := dev()
	config.ConnectionsPerHost = 2
	f := newFixture(t, config, psp.address(), other.address())
	first, err := f.connect(psp.address())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.connect(psp.address()); err != nil {
		t.Fatal(err)
	}
	if status, message := f.refused(psp.address()); status != http.StatusServiceUnavailable || !strings.Contains(message, "2 connections") {
		t.Errorf("got %d %q", status, message)
	}
	if _, err := f.connect(other.address()); err != nil {
		t.Errorf("another host is full too: %v", err)
	}
	_ = first.Close()
	wait(t, "there is room again", func() bool {
		conn, err := f.connect(psp.address())
		return err == nil && conn != nil
	})
	if n := f.count("connections_total", psp.address(), "limited"); n < 1 {
		t.Errorf("counted %v", n)
	}
}
