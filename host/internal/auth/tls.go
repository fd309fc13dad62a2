package auth

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/go-hclog"
)

// TLSSpec is how the gateway's listener encrypts, as the host's configuration
// declares it. The files are followed: what they say counts for connections from
// then on.
type TLSSpec struct {
	CertFile   string `yaml:"cert_file"`
	KeyFile    string `yaml:"key_file"`
	MinVersion string `yaml:"min_version"` // "1.3", which is the default, or "1.2"

	// ClientCAFile holds the certificates that callers' certificates are signed
	// with.
	ClientCAFile string `yaml:"client_ca_file"`
	// RequireClientCert refuses connections without such a certificate.
	RequireClientCert bool `yaml:"require_client_cert"`
}

// Enabled says whether there is anything to encrypt with.
func (s TLSSpec) Enabled() bool { return s.CertFile != "" }

func (s TLSSpec) check() error {
	switch {
	case (s.CertFile == "") != (s.KeyFile == ""):
		return errors.New("tls: cert_file and key_file belong together")
	case s.CertFile == "" && (s.ClientCAFile != "" || s.MinVersion != "" || s.RequireClientCert):
		return errors.New("tls: cert_file and key_file are missing")
	case s.MinVersion != "" && s.MinVersion != "1.2" && s.MinVersion != "1.3":
		return fmt.Errorf("tls: min_version: %q is neither 1.2 nor 1.3", s.MinVersion)
	case s.RequireClientCert && s.ClientCAFile == "":
		return errors.New("tls: require_client_cert needs client_ca_file")
	}
	return nil
}

// The protocols that a listener speaks within TLS (RFC 7301, section 6).
const (
	HTTP1 = "http/1.1"
	HTTP2 = "h2"
)

// NewTLS makes the configuration of a listener for one protocol; nil if there is
// nothing to encrypt with.
func NewTLS(spec TLSSpec, protocol string, log hclog.Logger) (*tls.Config, error) {
	if err := spec.check(); err != nil || !spec.Enabled() {
		return nil, err
	}
	paths := []string{spec.CertFile, spec.KeyFile}
	if spec.ClientCAFile != "" {
		paths = append(paths, spec.ClientCAFile)
	}
	read := func() (*tls.Config, error) { return spec.read(protocol) }
	current := follow(log, "certificates", read, paths...)
	if err := current.load(); err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return &tls.Config{
		MinVersion:         current.value.MinVersion,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return current.get(), nil },
	}, nil
}

// read makes the configuration that the files say.
func (s TLSSpec) read(protocol string) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}}
	if s.MinVersion == "1.2" {
		config.MinVersion = tls.VersionTLS12
	}
	if s.ClientCAFile == "" {
		return config, nil
	}
	raw, err := os.ReadFile(s.ClientCAFile)
	if err != nil {
		return nil, err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("%s has no certificates", s.ClientCAFile)
	}
	config.ClientAuth = tls.VerifyClientCertIfGiven
	if s.RequireClientCert {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	config.SessionTicketsDisabled = true // a resumed session would not see that a CA is gone
	return config, nil
}
