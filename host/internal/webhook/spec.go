package webhook

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/patchbay/patchbay/host/internal/account"
	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/host/internal/linefile"
)

// Spec is where webhooks come in and where their events go, as the host's
// configuration declares it.
type Spec struct {
	Listen string `yaml:"listen"` // empty: no webhooks come in
	// PublicURL is where PSPs find the listener, such as
	// https://hooks.shop.example: some signatures cover the address.
	PublicURL string       `yaml:"public_url"`
	TLS       auth.TLSSpec `yaml:"tls"`
	// TrustedProxies are networks whose X-Forwarded-For is believed.
	TrustedProxies []string      `yaml:"trusted_proxies"`
	Timeout        time.Duration `yaml:"timeout"`    // from the last byte of a webhook to its answer
	InFlight       int           `yaml:"in_flight"`  // webhooks at a time
	PerSecond      float64       `yaml:"per_second"` // in bursts of one second's worth; 0: no limit
	File           FileSpec      `yaml:"file"`
	Target         TargetSpec    `yaml:"target"`
}

// FileSpec is a file of events, one a line.
type FileSpec struct {
	Path    string        `yaml:"path"`
	MaxSize linefile.Size `yaml:"max_size"` // at which it is put aside; 100 MB if it is 0
	Keep    int           `yaml:"keep"`     // how many files that were put aside stay; 0: all
}

// TargetSpec is who gets events over HTTP.
type TargetSpec struct {
	URL     string           `yaml:"url"`
	Secrets []account.Secret `yaml:"secrets"` // each signs, so that one can be replaced
	Timeout time.Duration    `yaml:"timeout"` // of one event; 5 s if it is 0
}

const (
	defaultTimeout  = 8 * time.Second
	defaultInFlight = 64
	defaultSize     = 100 << 20
	targetTimeout   = 5 * time.Second
)

// Complete fills in defaults.
func (s *Spec) Complete() {
	s.Timeout = cmp.Or(s.Timeout, defaultTimeout)
	s.InFlight = cmp.Or(s.InFlight, defaultInFlight)
	s.File.MaxSize = cmp.Or(s.File.MaxSize, defaultSize)
	s.Target.Timeout = cmp.Or(s.Target.Timeout, targetTimeout)
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
}

// Paths are the paths in it.
func (s *Spec) Paths() []*string {
	paths := []*string{&s.TLS.CertFile, &s.TLS.KeyFile, &s.TLS.ClientCAFile, &s.File.Path}
	for i := range s.Target.Secrets {
		paths = append(paths, &s.Target.Secrets[i].File)
	}
	return paths
}

// Check says what is wrong with a declaration that is complete, the address of the
// listener aside.
func (s Spec) Check() error {
	var errs []error
	if err := checkURL(s.PublicURL); s.PublicURL != "" && err != nil {
		errs = append(errs, fmt.Errorf("public_url: %w", err))
	}
	if _, err := s.proxies(); err != nil {
		errs = append(errs, err)
	}
	if s.Timeout < 0 || s.InFlight < 0 || s.PerSecond < 0 || s.Target.Timeout < 0 || s.File.Keep < 0 {
		errs = append(errs, errors.New("timeout, in_flight, per_second and keep can't be negative"))
	}
	if s.File.MaxSize < linefile.MinSize {
		errs = append(errs, fmt.Errorf("file: max_size: must be at least %d bytes", linefile.MinSize))
	}
	errs = append(errs, s.Target.check())
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("webhooks: %w", err)
		}
	}
	return errors.Join(errs...)
}

func (t TargetSpec) check() error {
	if t.URL == "" {
		if len(t.Secrets) > 0 {
			return errors.New("target: url is missing")
		}
		return nil
	}
	if err := checkURL(t.URL); err != nil {
		return fmt.Errorf("target: url: %w", err)
	}
	if u, err := url.Parse(t.URL); err == nil && u.Scheme == "http" && !local(u.Hostname()) {
		return errors.New("target: url: events go over https, or stay on this machine")
	}
	if len(t.Secrets) == 0 {
		return errors.New("target: secrets: at least one is needed, to sign with")
	}
	return nil
}

// checkURL wants the address of a server, without what does not belong to it.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%q is no URL such as https://hooks.shop.example", text)
	case u.User != nil || u.Fragment != "":
		return errors.New("has a user or a fragment, which nobody sends")
	}
	return nil
}

func local(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// proxies are the networks of trusted proxies.
func (s Spec) proxies() ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for i, text := range s.TrustedProxies {
		network, err := netip.ParsePrefix(text)
		if err != nil || network != network.Masked() {
			return nil, fmt.Errorf("trusted_proxies[%d]: %q is no network such as 10.1.0.0/16", i, text)
		}
		networks = append(networks, network)
	}
	return networks, nil
}
