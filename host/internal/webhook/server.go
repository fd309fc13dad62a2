package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/net/netutil"
)

// The limits of a listener that anybody may reach; net/http's own have hardly any.
const (
	headerTime     = 5 * time.Second  // for the handshake and the headers
	requestTime    = 10 * time.Second // for headers and body
	answerTime     = 5 * time.Second  // for the answer, besides the webhook's own time
	idleTime       = 30 * time.Second
	maxHeaders     = 32 << 10 // bytes
	maxConnections = 1024
)

// Server serves a receiver on one listener.
type Server struct {
	listener net.Listener
	http     *http.Server
}

// NewServer makes a server; config is nil for plain text. It speaks HTTP/1.1, as
// every PSP does.
func NewServer(listener net.Listener, config *tls.Config, handler *Receiver, log hclog.Logger) *Server {
	listener = netutil.LimitListener(listener, maxConnections)
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &Server{listener: listener, http: &http.Server{
		Handler: handler, Protocols: protocols,
		ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: requestTime + handler.config.Timeout + answerTime,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHeaders,
		ErrorLog: log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}}
}

// Serve answers PSPs until Stop.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Stop takes no new webhooks and waits until those it has are answered, or until
// the context ends; then they are cut off, and will be sent again.
func (s *Server) Stop(ctx context.Context) {
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}
