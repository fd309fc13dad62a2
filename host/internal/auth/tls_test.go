package auth

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/logtest"
)

const patience = 20 * time.Second

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func replace(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path+".tmp", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
}

func certPEM(raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

// files are a listener's certificate on disk.
type files struct {
	t    *testing.T
	spec TLSSpec
}

func newFiles(t *testing.T, cert tls.Certificate) files {
	t.Helper()
	dir := t.TempDir()
	f := files{t, TLSSpec{CertFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key")}}
	f.put(cert)
	return f
}

func (f files) put(cert tls.Certificate) {
	f.t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		f.t.Fatal(err)
	}
	replace(f.t, f.spec.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	replace(f.t, f.spec.CertFile, certPEM(cert.Certificate[0]))
}

func (f files) clientCA(a authority) {
	f.t.Helper()
	replace(f.t, f.spec.ClientCAFile, certPEM(a.cert.Raw))
}

// listen serves the files and returns the address; each connection is told the
// name in its client's certificate.
func (f files) listen(log hclog.Logger) string {
	f.t.Helper()
	config, err := NewTLS(f.spec, HTTP2, log)
	if err != nil {
		f.t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		f.t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { greet(conn.(*tls.Conn)) })
		}
	})
	f.t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

func greet(conn *tls.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if conn.Handshake() != nil {
		return
	}
	name := "nobody"
	if chains := conn.ConnectionState().VerifiedChains; len(chains) > 0 {
		name = chains[0][0].Subject.CommonName
	}
	_, _ = conn.Write([]byte(name))
}

// connect gives the serial number of the listener's certificate and the greeting.
func connect(address string, config *tls.Config) (serial int64, version uint16, greeting string, err error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", address, config)
	if err != nil {
		return 0, 0, "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	var text [64]byte
	n, err := conn.Read(text[:])
	if n > 0 {
		err = nil // the end may come with it
	}
	state := conn.ConnectionState()
	return state.PeerCertificates[0].SerialNumber.Int64(), state.Version, string(text[:n]), err
}

func trusting(a authority, certs ...tls.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{RootCAs: pool, ServerName: "localhost", Certificates: certs}
}

// A new certificate counts without a restart; a broken one leaves the old one, and
// is logged once.
func TestCertificatesAreFollowed(t *testing.T) {
	ca := newAuthority(t, "ca")
	f := newFiles(t, ca.sign("gateway", 10))
	var log logtest.Log
	address := f.listen(hclog.New(&hclog.LoggerOptions{Output: &log}))
	serial := func() int64 {
		t.Helper()
		n, version, _, err := connect(address, trusting(ca))
		if err != nil || version != tls.VersionTLS13 {
			t.Fatalf("version %x, %v", version, err)
		}
		return n
	}
	if n := serial(); n != 10 {
		t.Fatalf("serial number %d", n)
	}
	f.put(ca.sign("gateway", 11))
	wait(t, "the new certificate is used", func() bool { return serial() == 11 })
	replace(t, f.spec.CertFile, []byte("half a certi"))
	wait(t, "the broken one is logged", func() bool { return serial() == 11 && strings.Contains(log.String(), "the old ones stay") })
	f.put(ca.sign("gateway", 12))
	wait(t, "the next one is used", func() bool { return serial() == 12 })
	if !strings.Contains(log.String(), "new certificates: files=") {
		t.Errorf("the log does not say what happened:\n%s", log.String())
	}
}

func TestClientCertificates(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	f := newFiles(t, ca.sign("gateway", 10))
	f.spec.ClientCAFile = filepath.Join(t.TempDir(), "clients.crt")
	f.clientCA(ca)
	address := f.listen(hclog.NewNullLogger())
	greeting := func(certs ...tls.Certificate) string {
		_, _, text, err := connect(address, trusting(ca, certs...))
		if err != nil {
			return "refused"
		}
		return text
	}
	shop, stranger := ca.sign("shop", 20), other.sign("shop", 21)
	if got := []string{greeting(), greeting(shop), greeting(stranger)}; strings.Join(got, " ") != "nobody shop nobody" && strings.Join(got, " ") != "nobody shop refused" {
		t.Errorf("without, with and with another's certificate: %v", got)
	}
	f.clientCA(other) // the first one's callers are shut out, the other's come in
	wait(t, "the new authority counts", func() bool { return greeting(stranger) == "shop" })
	if got := greeting(shop); got == "shop" {
		t.Error("a certificate of the old authority still counts")
	}

	f.spec.RequireClientCert = true
	address = f.listen(hclog.NewNullLogger())
	if got := greeting(); got != "refused" {
		t.Errorf("without the certificate that is required: %s", got)
	}
}

func TestMinVersion(t *testing.T) {
	ca := newAuthority(t, "ca")
	f := newFiles(t, ca.sign("gateway", 10))
	old := trusting(ca)
	old.MaxVersion = tls.VersionTLS12
	if _, _, _, err := connect(f.listen(hclog.NewNullLogger()), old); err == nil {
		t.Error("TLS 1.2 was accepted")
	}
	f.spec.MinVersion = "1.2"
	if _, version, _, err := connect(f.listen(hclog.NewNullLogger()), old); err != nil || version != tls.VersionTLS12 {
		t.Errorf("TLS 1.2 by choice: version %x, %v", version, err)
	}
}

func TestTLSErrors(t *testing.T) {
	for reason, spec := range map[string]TLSSpec{
		"belong together":       {CertFile: "a"},
		"are missing":           {ClientCAFile: "a"},
		"neither 1.2 nor 1.3":   {CertFile: "a", KeyFile: "b", MinVersion: "1.1"},
		"needs client_ca_file":  {CertFile: "a", KeyFile: "b", RequireClientCert: true},
		"no such file or direc": {CertFile: "/nowhere", KeyFile: "/nowhere"},
	} {
		if _, err := NewTLS(spec, HTTP2, hclog.NewNullLogger()); err == nil || !strings.Contains(err.Error(), reason) || !strings.HasPrefix(err.Error(), "tls: ") {
			t.Errorf("got %v, want %q", err, reason)
		}
	}
	if config, err := NewTLS(TLSSpec{}, HTTP2, hclog.NewNullLogger()); config != nil || err != nil {
		t.Errorf("nothing to encrypt with: %v, %v", config, err)
	}
}
