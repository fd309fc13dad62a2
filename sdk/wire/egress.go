package wire

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// EgressEnv names the environment variable that tells a plugin where the host's
// egress broker is: "unix:" and a path, or "http://" and an address. The broker is
// an HTTP proxy that takes CONNECT alone.
const EgressEnv = "PATCHBAY_EGRESS"

// TunnelError is a proxy's refusal to open a tunnel. Nothing has gone through it.
type TunnelError struct {
	Status  int    // of HTTP; 403 where the proxy does not allow the destination
	Message string // for people; at most maxRefusal bytes
}

// Error implements error.
func (e *TunnelError) Error() string { return e.Message }

// Denied says whether the destination is not allowed.
func (e *TunnelError) Denied() bool { return e.Status == http.StatusForbidden }

// maxRefusal bounds how much of a proxy's refusal is read.
const maxRefusal = 1 << 10

// OpenTunnel asks the proxy at the other end of a connection for a tunnel to a
// host and port, within the context's time (RFC 9110, section 9.3.6). It returns
// the connection to go on with, or closes it. A refusal is a *TunnelError.
func OpenTunnel(ctx context.Context, conn net.Conn, authority string) (_ net.Conn, err error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !stop() && err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			_ = conn.Close()
		}
	}()
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: authority}, Host: authority, Header: http.Header{}}
	if err := req.Write(conn); err != nil {
		return nil, fmt.Errorf("ask for a tunnel: %w", err)
	}
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, req)
	if err != nil {
		return nil, fmt.Errorf("ask for a tunnel: %w", err)
	}
	defer resp.Body.Close() // of a tunnel it is empty
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
		message := strings.TrimSpace(string(text))
		if message == "" {
			message = "the proxy answered " + resp.Status
		}
		return nil, &TunnelError{Status: resp.StatusCode, Message: message}
	}
	if in.Buffered() > 0 { // the other end speaks first
		return &readAhead{Conn: conn, in: in}, nil
	}
	return conn, nil
}

// readAhead is a connection of which a part has been read already.
type readAhead struct {
	net.Conn
	in *bufio.Reader
}

// Read implements io.Reader.
func (r *readAhead) Read(p []byte) (int, error) { return r.in.Read(p) }
