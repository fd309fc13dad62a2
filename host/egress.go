package host

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/patchbay/patchbay/host/internal/egress"
)

// EgressConfig is what plugins may reach beyond the hosts on the Internet that
// their manifests name.
type EgressConfig struct {
	// AllowPrivate are networks that are not public and that manifests may name
	// hosts of, such as 10.1.0.0/16.
	AllowPrivate []string `yaml:"allow_private"`
	// Proxy dials in the gateway's place, such as http://proxy.example:3128.
	Proxy string `yaml:"proxy"`
	// ConnectionsPerHost bounds a plugin's connections to one host.
	ConnectionsPerHost int `yaml:"connections_per_host"`
	// IdleTimeout ends connections on which nothing moves.
	IdleTimeout time.Duration `yaml:"idle_timeout"`
}

// egress reads what plugins may reach.
func (c *Config) egress() (egress.Config, error) {
	read := egress.Config{ConnectionsPerHost: c.Egress.ConnectionsPerHost, IdleTimeout: c.Egress.IdleTimeout}
	var errs []error
	for i, text := range c.Egress.AllowPrivate {
		network, err := netip.ParsePrefix(text)
		if err != nil || network != network.Masked() || network.Addr().Is4In6() {
			errs = append(errs, fmt.Errorf("egress.allow_private[%d]: %q is no network such as 10.1.0.0/16", i, text))
			continue
		}
		read.Policy.Private = append(read.Policy.Private, network)
	}
	if c.Dev {
		read.Policy.Private = append(read.Policy.Private, egress.DevPrivate()...)
	}
	if c.Egress.Proxy != "" {
		proxy, err := egress.ParseProxy(c.Egress.Proxy)
		if err != nil {
			errs = append(errs, fmt.Errorf("egress.proxy: %w", err))
		}
		read.Proxy = proxy
	}
	if c.Egress.ConnectionsPerHost < 0 || c.Egress.IdleTimeout < 0 {
		errs = append(errs, errors.New("egress: connections_per_host and idle_timeout are not below 0"))
	}
	return read, errors.Join(errs...)
}
