package sandbox

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/patchbay/patchbay/plugins/sandbox/psp"
)

// inProcessURL is the address of the PSP in this process. Nothing else resolves
// it (RFC 2606, section 2): the page of a challenge can be opened only where the
// PSP runs on its own.
const inProcessURL = "http://psp.sandbox.invalid"

// inProcess is a PSP that lives in this process, from the first call to the end
// of the process.
type inProcess struct {
	// transport gives the way to the PSP, and starts it the first time.
	transport func() http.RoundTripper
}

func newInProcess() *inProcess {
	return &inProcess{transport: sync.OnceValue(func() http.RoundTripper {
		ln := make(pipeListener)
		server := &http.Server{Handler: psp.New(), ReadHeaderTimeout: 10 * time.Second}
		go func() { _ = server.Serve(ln) }() // it serves as long as the process lives
		return &http.Transport{DialContext: ln.dial, MaxIdleConnsPerHost: 64}
	})}
}

// pipeListener is a net.Listener whose connections never leave the process. Nobody
// closes it.
type pipeListener chan net.Conn

// dial has the shape of http.Transport's DialContext; there is one place to go to.
func (l pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l pipeListener) Accept() (net.Conn, error) { return <-l, nil }

// Close implements net.Listener.
func (pipeListener) Close() error { return nil }

// Addr implements net.Listener.
func (pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "sandbox-psp", Net: "pipe"} }
