package pspdriver

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// Proxy returns the PSP at an address as a handler. The PSP sees the driver's
// host, so that addresses that it makes lead through the driver; where the PSP cuts
// a connection, the connector's is cut too.
func Proxy(psp *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(psp)
			r.Out.Host = r.In.Host
		},
		Transport:    &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
}

// Server is a driver that listens.
type Server struct {
	URL string

	driver *Driver
	server *http.Server
	served chan error
}

// Listen serves a driver in front of a PSP until Close.
func Listen(ctx context.Context, psp http.Handler, address string) (*Server, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	driver := New(psp)
	s := &Server{
		URL:    "http://" + ln.Addr().String(),
		driver: driver,
		server: &http.Server{Handler: driver, ReadHeaderTimeout: 10 * time.Second},
		served: make(chan error, 1),
	}
	go func() { s.served <- s.server.Serve(ln) }()
	return s, nil
}

// Close ends the server and all its connections.
func (s *Server) Close() error {
	s.driver.Close()
	return s.server.Close()
}

// Run serves a driver in front of the PSP at an address until the context ends.
// Once it listens it writes its own address to ready, on a line of its own.
func Run(ctx context.Context, psp *url.URL, address string, ready io.Writer) error {
	s, err := Listen(ctx, Proxy(psp), address)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(ready, s.URL); err != nil {
		_ = s.Close()
		return err
	}
	select {
	case err := <-s.served:
		return err
	case <-ctx.Done():
		return s.Close()
	}
}
