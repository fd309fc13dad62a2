package pspdriver

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"
)

// htmlPage is what answers in a PSP's place when something before it has failed.
const htmlPage = "<!doctype html><html><head><title>Error</title></head><body>Something went wrong.</body></html>"

// exchange is one request on its way through the driver.
type exchange struct {
	driver *Driver
	w      http.ResponseWriter
	r      *http.Request
	fault  Fault
	record *Request
}

func (e exchange) serve() {
	switch e.fault.Kind {
	case "":
		e.pass()
	case TimeoutBefore:
		e.withhold()
	case ResetBefore:
		e.reset()
	case Status:
		e.send(reply{status: e.fault.Status, body: []byte(e.fault.Body)})
	default:
		e.after(e.ask())
	}
}

// after does what happens instead of, or to, the PSP's answer.
func (e exchange) after(told reply) {
	switch e.fault.Kind {
	case TimeoutAfter:
		e.withhold()
		return
	case ResetAfter:
		e.reset()
		return
	case Slow:
		select {
		case <-time.After(time.Duration(e.fault.DelayMS) * time.Millisecond):
		case <-e.driver.closing:
		}
	case Truncated:
		e.truncate(told)
		return
	case Answer:
		told.body = []byte(e.fault.Body)
		if e.fault.Status != 0 {
			told.status = e.fault.Status
		}
	case Malformed:
		told.header.Set("Content-Type", "text/html; charset=utf-8")
		told.body = []byte(htmlPage)
	case Huge:
		told.body = append(told.body, bytes.Repeat([]byte(" "), max(0, HugeBody-len(told.body)))...)
	case UnknownWord:
		changed, err := replace(told.body, e.fault.Path, e.fault.Value)
		if err != nil {
			e.driver.records.change(e.record, func(r *Request) { r.FaultError = err.Error() })
		} else {
			told.body = changed
		}
	}
	e.send(told)
}

// reply is an HTTP answer that is held back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// ask has the PSP answer, whether or not the client still waits: what a PSP has
// begun it finishes.
func (e exchange) ask() reply {
	held := &holder{reply: reply{header: http.Header{}}}
	e.driver.psp.ServeHTTP(held, e.r.WithContext(context.WithoutCancel(e.r.Context())))
	if held.status == 0 {
		held.status = http.StatusOK
	}
	e.answered(held.status)
	return held.reply
}

func (e exchange) answered(status int) {
	e.driver.records.change(e.record, func(r *Request) { r.Answered = status })
}

// pass hands the request on and notes how it was answered.
func (e exchange) pass() {
	noting := &statusNoter{ResponseWriter: e.w}
	e.driver.psp.ServeHTTP(noting, e.r)
	e.answered(max(noting.status, http.StatusOK))
}

// withhold answers never: it waits until the client or the driver gives up.
func (e exchange) withhold() {
	select {
	case <-e.r.Context().Done():
	case <-e.driver.closing:
	}
	panic(http.ErrAbortHandler)
}

// reset ends the connection with a TCP reset.
func (e exchange) reset() {
	conn := e.hijack()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // what is not sent is thrown away, and the far side is told
	}
	_ = conn.Close()
}

// truncate sends half of what it announces.
func (e exchange) truncate(told reply) {
	conn := e.hijack()
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		told.status, http.StatusText(told.status), told.header.Get("Content-Type"), len(told.body), told.body[:len(told.body)/2])
}

func (e exchange) hijack() net.Conn {
	conn, _, err := http.NewResponseController(e.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}

func (e exchange) send(told reply) {
	header := e.w.Header()
	maps.Copy(header, told.header)
	for name, value := range e.fault.Header {
		header.Set(name, value)
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
	}
	header.Set("Content-Length", strconv.Itoa(len(told.body)))
	e.w.WriteHeader(told.status)
	_, _ = e.w.Write(told.body) // the client may be gone
}

// holder is an http.ResponseWriter that keeps the answer.
type holder struct{ reply }

// Header implements http.ResponseWriter.
func (h *holder) Header() http.Header { return h.header }

// WriteHeader implements http.ResponseWriter.
func (h *holder) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// Write implements http.ResponseWriter.
func (h *holder) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	h.body = append(h.body, p...)
	return len(p), nil
}

// statusNoter notes the status of an answer that it lets pass.
type statusNoter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (s *statusNoter) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the writer beneath.
func (s *statusNoter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
