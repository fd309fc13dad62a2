package egress

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// established is the answer to a CONNECT that has succeeded.
const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// chunk is how many bytes are carried at a time.
const chunk = 32 << 10

// lingering is how long nothing may move once one end is done: the other has
// mostly gone too, and could not say so.
const lingering = 30 * time.Second

// tunnel carries bytes between a guest and a host outside.
type tunnel struct {
	guest, remote  net.Conn
	idle           time.Duration
	sent, received prometheus.Counter

	moved atomic.Int64 // when bytes moved last, in nanoseconds since it began
	half  atomic.Bool  // one end is done
	began time.Time
}

// carry carries until both ends are done, nothing has moved for too long, or the
// context ends; then both connections are closed. early is what the guest has sent
// already.
func (t *tunnel) carry(ctx context.Context, early []byte) {
	t.began = time.Now()
	stop := context.AfterFunc(ctx, t.close)
	defer stop()
	timer := time.NewTimer(min(t.idle, lingering))
	done := make(chan struct{})
	go t.watch(timer, done)
	defer close(done)
	defer t.close()

	if _, err := t.guest.Write([]byte(established)); err != nil {
		return
	}
	if _, err := t.remote.Write(early); err != nil {
		return
	}
	t.sent.Add(float64(len(early)))
	var ways sync.WaitGroup
	ways.Go(func() { t.copy(t.remote, t.guest, t.sent) })
	ways.Go(func() { t.copy(t.guest, t.remote, t.received) })
	ways.Wait()
}

// copy carries one way. When its source ends, the other end is told so and may
// still answer; when either end fails, both are closed.
func (t *tunnel) copy(to, from net.Conn, bytes prometheus.Counter) {
	buffer := make([]byte, chunk)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			t.moved.Store(int64(time.Since(t.began)))
			bytes.Add(float64(n))
			if _, failed := to.Write(buffer[:n]); failed != nil {
				t.close()
				return
			}
			t.moved.Store(int64(time.Since(t.began)))
		}
		if err != nil {
			t.half.Store(true)
			if closeWrite(to) != nil {
				t.close()
			}
			return
		}
	}
}

// watch closes a tunnel in which nothing moves.
func (t *tunnel) watch(timer *time.Timer, done <-chan struct{}) {
	defer timer.Stop()
	for {
		select {
		case <-done:
			return
		case <-timer.C:
		}
		limit := t.idle
		if t.half.Load() {
			limit = min(limit, lingering)
		}
		left := limit - (time.Since(t.began) - time.Duration(t.moved.Load()))
		if left <= 0 {
			t.close()
			return
		}
		timer.Reset(min(left, lingering))
	}
}

func (t *tunnel) close() {
	_ = t.guest.Close()
	_ = t.remote.Close()
}

// closeWrite ends one direction of a connection, or all of it where the connection
// has no directions.
func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return conn.Close()
}
