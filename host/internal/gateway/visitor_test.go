package gateway

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// visit accepts one connection, whose other end has sent as much as it can.
func visit(t *testing.T) *visitor {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write(bytes.Repeat([]byte{'x'}, 64<<10)); err != nil {
		t.Fatal(err)
	}
	accepted, err := newVisitors(listener).Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = accepted.Close() })
	return accepted.(*visitor)
}

// A connection gains trust by good calls and loses it by wasted ones; time restores
// it.
func TestVisitorCredit(t *testing.T) {
	v := visit(t)
	now := v.at
	if wait, trusted := v.standing(now); wait != 0 || trusted {
		t.Errorf("a new connection: wait %s, trusted %t", wait, trusted)
	}
	v.introduced()
	v.called(false, now)
	if wait, trusted := v.standing(now); wait != 0 || !trusted {
		t.Errorf("after a good call: wait %s, trusted %t", wait, trusted)
	}
	for range 2 * creditAtMost { // a proxy with as many good calls as wasted ones
		v.called(false, now)
		v.called(true, now)
	}
	if wait, trusted := v.standing(now); wait != 0 || !trusted {
		t.Errorf("after as many good calls as wasted ones: wait %s, trusted %t", wait, trusted)
	}
	for range wasteAtOnce + 11 {
		v.called(true, now)
	}
	if wait, trusted := v.standing(now); wait != 500*time.Millisecond || trusted {
		t.Errorf("10 calls in debt: wait %s, trusted %t; want to wait for 10 at %d a second", wait, trusted, wastePerSecond)
	}
	for range 1000 {
		v.called(true, now)
	}
	if wait, _ := v.standing(now); wait != sipAtMost {
		t.Errorf("deep in debt: wait %s, want %s", wait, sipAtMost)
	}
	if wait, trusted := v.standing(now.Add(time.Hour)); wait != 0 || !trusted {
		t.Errorf("an hour later: wait %s, trusted %t", wait, trusted)
	}
}

// A stranger is heard by the sip, and closing does not wait for it.
func TestVisitorIsHeardSlowly(t *testing.T) {
	arrived := time.Now()
	v := visit(t)
	buffer := make([]byte, 32<<10)
	n, err := v.Read(buffer)
	if err != nil || n > sipSize {
		t.Fatalf("%d bytes of a stranger are read at once: %v", n, err)
	}
	if _, err := io.CopyN(io.Discard, v, strangeAtOnce); err != nil {
		t.Fatal(err)
	}
	if wait, _ := v.standing(v.at); wait == 0 && time.Since(arrived).Seconds()*strangePerSecond < float64(n) {
		t.Errorf("a stranger may send more than %d bytes", strangeAtOnce)
	}
	v.introduced()
	if n, err := io.ReadAtLeast(v, buffer, 2*sipSize); err != nil || n < 2*sipSize {
		t.Fatalf("%d bytes of who is known are read: %v", n, err)
	}
	for range 100 * wasteAtOnce {
		v.called(true, time.Now())
	}
	began, ended := time.Now(), make(chan error, 1)
	go func() {
		_, err := v.Read(buffer)
		ended <- err
	}()
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil && time.Since(began) < sipAtMost {
		t.Error("who is deep in debt is heard at once")
	}
	if took := time.Since(began); took > 5*sipAtMost {
		t.Errorf("closing took %s", took)
	}
}
