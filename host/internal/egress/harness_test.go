package egress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/patchbay/patchbay/host/internal/logtest"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/sdk/wire"
)

// patience bounds every wait for something that comes in a fraction of it.
const patience = 10 * time.Second

// fixture is a gate on a Unix socket, as a plugin has it.
type fixture struct {
	t       testing.TB
	socket  string
	denials *Denials
	metrics *prometheus.Registry
	log     *logtest.Log
	close   func() // takes the listener away and waits until nothing is left
}

// newFixture serves a gate to the declared endpoints until the test ends.
func newFixture(t testing.TB, config Config, declared ...string) *fixture {
	t.Helper()
	f := &fixture{t: t, denials: &Denials{}, metrics: prometheus.NewRegistry(), log: &logtest.Log{}}
	guest := Guest{Connector: "acme", Denials: f.denials, Log: hclog.New(&hclog.LoggerOptions{Output: f.log, Level: hclog.Debug})}
	for _, text := range declared {
		e, err := manifest.ParseEndpoint(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		guest.Egress = append(guest.Egress, e)
	}
	f.socket = filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", f.socket)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		New(config, f.metrics).Gate(guest).Serve(listener)
		close(served)
	}()
	f.close = sync.OnceFunc(func() {
		_ = listener.Close()
		select {
		case <-served:
		case <-time.After(patience):
			t.Error("the gate does not end")
		}
	})
	t.Cleanup(f.close)
	return f
}

// dev is the policy of a developer's machine.
func dev() Config { return Config{Policy: Policy{Private: DevPrivate()}} }

// dial connects to the gate.
func (f *fixture) dial() net.Conn {
	f.t.Helper()
	conn, err := net.Dial("unix", f.socket)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// connect asks for a tunnel.
func (f *fixture) connect(to string) (net.Conn, error) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	return wire.OpenTunnel(ctx, f.dial(), to)
}

// refused asks for a tunnel that is not opened, and gives the status.
func (f *fixture) refused(to string) (status int, message string) {
	f.t.Helper()
	conn, err := f.connect(to)
	var refusal *wire.TunnelError
	if !errors.As(err, &refusal) {
		if err == nil {
			_ = conn.Close()
		}
		f.t.Fatalf("CONNECT %s: got %v, want a refusal", to, err)
	}
	return refusal.Status, refusal.Message
}

// client sends requests through the gate.
func (f *fixture) client() *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", f.socket)
		if err != nil {
			return nil, err
		}
		return wire.OpenTunnel(ctx, conn, address)
	}}
	f.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// count is a counter or gauge of a host; label is the result or direction.
func (f *fixture) count(metric, host, label string) float64 {
	f.t.Helper()
	families, err := f.metrics.Gather()
	if err != nil {
		f.t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == "patchbay_egress_"+metric && has(m, "connector", "acme") && has(m, "host", host) &&
				(label == "" || has(m, "result", label) || has(m, "direction", label)) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

func has[M interface{ GetLabel() []L }, L interface {
	GetName() string
	GetValue() string
}](m M, name, value string) bool {
	for _, l := range m.GetLabel() {
		if l.GetName() == name && l.GetValue() == value {
			return true
		}
	}
	return false
}

// wait waits for a condition.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// silent is a listener on loopback that counts who comes.
type silent struct {
	net.Listener
	mu   sync.Mutex
	came []net.Conn
}

func newSilent(t *testing.T) *silent {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &silent{Listener: l}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.came = append(s.came, conn)
			s.mu.Unlock()
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, conn := range s.came {
			_ = conn.Close()
		}
	})
	return s
}

func (s *silent) heard() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.came)
}

func (s *silent) address() string { return s.Addr().String() }

func (s *silent) port() string {
	_, port, _ := net.SplitHostPort(s.address())
	return port
}

// deaf is an address at which nobody listens, nor can: a connection begins there.
func deaf(t *testing.T) string {
	t.Helper()
	conn, err := net.Dial("tcp", newSilent(t).address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

// names is a resolver whose answers a test sets: each look-up takes the next one,
// and the last stays.
type names struct {
	mu      sync.Mutex
	answers map[string][][]netip.Addr
	asked   []string
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, host)
	host = strings.TrimSuffix(host, ".")
	answers := n.answers[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(answers) > 1 {
		n.answers[host] = answers[1:]
	}
	return answers[0], nil
}

// resolving makes a resolver of "name=address,address" for one answer each.
func resolving(answers ...string) *names {
	n := &names{answers: map[string][][]netip.Addr{}}
	for _, answer := range answers {
		name, list, _ := strings.Cut(answer, "=")
		var addrs []netip.Addr
		for text := range strings.SplitSeq(list, ",") {
			addrs = append(addrs, netip.MustParseAddr(text))
		}
		n.answers[name] = append(n.answers[name], addrs)
	}
	return n
}

// ask sends raw text to the gate and gives the answer's first line.
func (f *fixture) ask(raw string) (string, error) {
	conn := f.dial()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, raw); err != nil {
		return "", fmt.Errorf("write: %w", err)
	}
	return bufio.NewReader(conn).ReadString('\n')
}
