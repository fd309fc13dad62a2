package gateway

import (
	"context"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc/peer"
)

// What a connection may waste before it is heard more slowly: calls of nobody that
// the gateway knows, and calls that are given up before their message is there.
// Every good call makes up for one, so that strangers behind the same proxy do not
// slow the proxy's connection down for others.
const (
	wasteAtOnce    = 20
	wastePerSecond = 20
	creditAtMost   = 200
	sipSize        = 1 << 10 // bytes that are read at a time from who has no credit
	sipAtMost      = time.Second

	// What who has not yet said who it is may send: room for a TLS handshake with
	// certificates and the headers of a call.
	strangeAtOnce    = 32 << 10
	strangePerSecond = 16 << 10
)

// How many connections are accepted a second, so that a crowd of newcomers does not
// hold up who is there; further ones wait in the kernel's queue.
const (
	newcomersAtOnce    = 50
	newcomersPerSecond = 500
)

// visitors are the connections that a listener accepts.
type visitors struct {
	net.Listener
	pace *rate.Limiter
}

func newVisitors(l net.Listener) visitors {
	return visitors{l, rate.NewLimiter(newcomersPerSecond, newcomersAtOnce)}
}

// Accept implements net.Listener.
func (l visitors) Accept() (net.Conn, error) {
	_ = l.pace.Wait(context.Background()) // which never ends
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &visitor{Conn: conn, gone: make(chan struct{}), credit: wasteAtOnce, room: strangeAtOnce, at: time.Now()}, nil
}

// visitor is a connection to the gateway. One that wastes calls is read slowly: what
// it sends waits at its end and not in the gateway's memory or CPU.
type visitor struct {
	net.Conn
	gone chan struct{}
	once sync.Once

	mu     sync.Mutex
	known  bool    // it has said who it is
	credit float64 // calls that it may waste
	room   float64 // bytes that it may send while it is not known
	at     time.Time
}

// Read implements net.Conn.
func (v *visitor) Read(p []byte) (int, error) {
	wait, trusted := v.standing(time.Now())
	if !trusted && len(p) > sipSize {
		p = p[:sipSize]
	}
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-v.gone:
		}
	}
	n, err := v.Conn.Read(p)
	if !trusted {
		v.mu.Lock()
		v.room -= float64(n)
		v.mu.Unlock()
	}
	return n, err
}

// Close implements net.Conn.
func (v *visitor) Close() error {
	v.once.Do(func() { close(v.gone) })
	return v.Conn.Close()
}

// RemoteAddr implements net.Conn. It leads from a call back to its connection.
func (v *visitor) RemoteAddr() net.Addr { return visitorAddr{v.Conn.RemoteAddr(), v} }

type visitorAddr struct {
	net.Addr
	visitor *visitor
}

// standing says how long to wait before more is read, and whether much may be read
// at once.
func (v *visitor) standing(now time.Time) (wait time.Duration, trusted bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.accrue(now)
	debt := max(0, -v.credit/wastePerSecond)
	if !v.known {
		debt = max(debt, -v.room/strangePerSecond)
	}
	return min(time.Duration(debt*float64(time.Second)), sipAtMost), v.known && debt == 0
}

// accrue adds what time restores.
func (v *visitor) accrue(now time.Time) {
	passed := now.Sub(v.at).Seconds()
	if v.credit < wasteAtOnce {
		v.credit = min(v.credit+passed*wastePerSecond, wasteAtOnce)
	}
	v.room = min(v.room+passed*strangePerSecond, strangeAtOnce)
	v.at = now
}

// called counts a call that has ended.
func (v *visitor) called(wasted bool, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.accrue(now)
	if wasted {
		v.credit--
	} else {
		v.credit = min(v.credit+1, creditAtMost)
	}
}

// introduced notes that the connection has said who it is.
func (v *visitor) introduced() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known = true
}

// visitorOf is the connection of a call, or nil.
func visitorOf(ctx context.Context) *visitor {
	if p, ok := peer.FromContext(ctx); ok {
		if addr, ok := p.Addr.(visitorAddr); ok {
			return addr.visitor
		}
	}
	return nil
}

// introduced tells the connection of a call that its caller is known.
func introduced(ctx context.Context) {
	if v := visitorOf(ctx); v != nil {
		v.introduced()
	}
}

// heard tells the connection of a call that has ended whether it was wasted.
func heard(ctx context.Context, wasted bool) {
	if v := visitorOf(ctx); v != nil {
		v.called(wasted, time.Now())
	}
}
