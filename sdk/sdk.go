// Package sdk is what a connector is written with.
//
// A connector is a type with a Describe method and one method for each
// operation that its PSP offers, in the manner of database/sql/driver: what it
// implements is what it serves and what it says of itself. Serve does the rest:
//
//	func main() { sdk.Serve(acme.New()) }
//
// The package sees to validation, deadlines, panics, the integrity of answers
// and the translation of errors, so that a connector only translates between
// its PSP's API and patchbay.payments.v1. Methods are called concurrently.
package sdk

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/patchbay/patchbay/sdk/wire"
)

// Connector is what every connector implements, beside the interfaces of the
// operations that it offers.
type Connector interface {
	// Describe says what the connector is. It is called once, before any call
	// is served.
	Describe() Description
}

// Option changes how a connector is served.
type Option func(*Server)

// Serve serves the connector to the host that started this process, and returns
// when the host ends it. It is the whole of a connector's main. Called any other
// way, the process explains itself on stderr and exits with 1.
func Serve(c Connector, opts ...Option) {
	log := hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: os.Stderr, JSONFormat: true})
	server, err := NewServer(c, append([]Option{WithLogger(log)}, opts...)...)
	var certificates *tls.Config
	if err == nil {
		certificates, err = hostTLS(os.Getenv(wire.TLSFileEnv))
	}
	if err != nil { // go-plugin would return from an error of its TLSProvider with exit code 0
		log.Error("this connector can't be served", "error", err)
		os.Exit(1)
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  wire.ProtocolVersion,
			MagicCookieKey:   wire.CookieKey,
			MagicCookieValue: wire.CookieValue,
		},
		Plugins:     plugin.PluginSet{wire.PluginName: &registration{server: server}},
		GRPCServer:  func(opts []grpc.ServerOption) *grpc.Server { return grpc.NewServer(server.serverOptions(opts)...) },
		TLSProvider: func() (*tls.Config, error) { return certificates, nil },
		Logger:      hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
	})
}

// registration hands the services to go-plugin's server.
type registration struct {
	plugin.NetRPCUnsupportedPlugin
	plugin.GRPCPlugin
	server *Server
}

// GRPCServer implements plugin.GRPCPlugin.
func (r *registration) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	r.server.Register(s)
	return nil
}

// hostTLS serves with the certificate that the host made for this process and
// admits only the host. Without one it is nil, and go-plugin makes its own
// (AutoMTLS).
func hostTLS(fd string) (*tls.Config, error) {
	if fd == "" {
		return nil, nil
	}
	n, err := strconv.ParseUint(fd, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%s=%q is no file number", wire.TLSFileEnv, fd)
	}
	file := os.NewFile(uintptr(n), "host certificates")
	defer file.Close()
	raw, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read the host's certificates: %w", err)
	}
	return parseHostTLS(raw)
}

// parseHostTLS reads the connector's certificate, its key and the host's
// certificate, in that order.
func parseHostTLS(raw []byte) (*tls.Config, error) {
	var blocks []*pem.Block
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		blocks = append(blocks, block)
	}
	if len(blocks) != 3 {
		return nil, fmt.Errorf("want 3 PEM blocks from the host, got %d", len(blocks))
	}
	own, err := tls.X509KeyPair(pem.EncodeToMemory(blocks[0]), pem.EncodeToMemory(blocks[1]))
	if err != nil {
		return nil, fmt.Errorf("the connector's certificate: %w", err)
	}
	host := x509.NewCertPool()
	if !host.AppendCertsFromPEM(pem.EncodeToMemory(blocks[2])) {
		return nil, errors.New("the host's certificate can't be read")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{own},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    host,
		MinVersion:   tls.VersionTLS13,
	}, nil
}
