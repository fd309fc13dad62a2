package egress

import (
	"context"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patchbay/patchbay/host/internal/manifest"
)

const (
	// maxConnections bounds the connections that an instance has to its gate.
	maxConnections = 2048
	// askWithin is how long a guest may take to say where it wants to.
	askWithin = 5 * time.Second
	// maxAsk bounds what it may say, in bytes.
	maxAsk = 4 << 10
	// maxTarget bounds how much of a destination is shown, in bytes.
	maxTarget = 300
)

// Gate is the way out of one instance.
type Gate struct {
	broker     *Broker
	guest      Guest
	hosts      []*host
	undeclared counters
	log        limitedLog

	ctx     context.Context // of everything that goes through it
	tunnels sync.WaitGroup
}

// host is one declared endpoint.
type host struct {
	manifest.Endpoint
	counters
	connections atomic.Int64
}

// Serve serves one instance on a listener until that is closed. Then it ends all
// connections, and returns when they are gone. It is called once.
func (g *Gate) Serve(listener net.Listener) {
	var cancel context.CancelFunc
	g.ctx, cancel = context.WithCancel(context.Background())
	server := &http.Server{
		Handler:           g,
		ReadHeaderTimeout: askWithin,
		IdleTimeout:       askWithin,
		MaxHeaderBytes:    maxAsk,
		ErrorLog:          stdlog.New(io.Discard, "", 0), // a guest's slips are not the host's
		BaseContext:       func(net.Listener) context.Context { return g.ctx },
	}
	if err := server.Serve(&boundedListener{Listener: listener}); !errors.Is(err, net.ErrClosed) {
		g.guest.Log.Error("the way out of the connector is closed", "error", err)
	}
	cancel()
	_ = server.Close()
	g.tunnels.Wait()
}

// ServeHTTP implements http.Handler.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		w.Header().Set("Allow", http.MethodConnect)
		http.Error(w, "only CONNECT is taken, for http too", http.StatusMethodNotAllowed)
		return
	}
	g.tunnels.Add(1)
	defer g.tunnels.Done()
	target := strings.ToValidUTF8(r.RequestURI[:min(len(r.RequestURI), maxTarget)], "")
	to, h, refused := g.admit(r.RequestURI)
	if refused == nil {
		defer h.leave()
		refused = g.connect(w, r, h, to)
	}
	if h == nil {
		g.undeclared.count(refused.result)
	} else if refused != nil {
		h.count(refused.result)
	}
	if refused == nil {
		return
	}
	if refused.result == denied {
		g.guest.Denials.add(target, refused.forOperators())
	}
	g.log.refused(target, refused)
	refused.write(w)
}

// admit finds the declared host of a destination and counts a connection to it,
// which is the caller's to take back.
func (g *Gate) admit(target string) (manifest.Endpoint, *host, *refusal) {
	name, port, err := net.SplitHostPort(target)
	if err == nil && !strings.Contains(name, ":") {
		target = net.JoinHostPort(strings.TrimSuffix(name, "."), port) // a dot at the end changes no host
	}
	to, err := manifest.ParseEndpoint(target)
	if err == nil && !to.Single() {
		err = errors.New("is more than one host")
	}
	if err != nil {
		return to, nil, refuse(denied, "the connector asks for no host and port: %v", err)
	}
	i := slices.IndexFunc(g.hosts, func(h *host) bool { return h.Covers(to) })
	if i < 0 {
		return to, nil, refuse(denied, "%s is not among the hosts in the manifest's field egress", to)
	}
	h := g.hosts[i]
	if most := int64(g.broker.config.ConnectionsPerHost); h.connections.Add(1) > most {
		h.connections.Add(-1)
		return to, h, refuse(limited, "the connector has %d connections to %s, and no more are allowed", most, h)
	}
	h.open.Inc()
	return to, h, nil
}

func (h *host) leave() {
	h.open.Dec()
	h.connections.Add(-1)
}

// connect dials a destination and carries bytes until one end is done.
func (g *Gate) connect(w http.ResponseWriter, r *http.Request, h *host, to manifest.Endpoint) *refusal {
	remote, refused := g.broker.dial(r.Context(), g.guest.Egress, to)
	if refused != nil {
		return refused
	}
	h.count(opened)
	guest, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = remote.Close()
		return nil
	}
	_ = guest.SetDeadline(time.Time{})
	early, _ := buffered.Peek(buffered.Reader.Buffered()) // the guest did not wait for the answer
	t := &tunnel{guest: guest, remote: remote, idle: g.broker.config.IdleTimeout, sent: h.sent, received: h.received}
	t.carry(g.ctx, early)
	return nil
}

// boundedListener closes connections at once that are too many.
type boundedListener struct {
	net.Listener
	open atomic.Int64
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= maxConnections {
			return &boundedConn{Conn: conn, leave: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
		}
		l.open.Add(-1)
		_ = conn.Close()
	}
}

// boundedConn is one of a bounded number of connections.
type boundedConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// CloseWrite tells the guest that nothing more comes.
func (c *boundedConn) CloseWrite() error { return closeWrite(c.Conn) }
