// Package egress is the only way out of a plugin. A gate takes HTTP CONNECT on
// whatever listener one instance is given and dials what its manifest declares, and
// nothing else: names are resolved here, and what is dialled is the very address
// that was checked. TLS stays between plugin and PSP.
package egress

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/patchbay/patchbay/host/internal/manifest"
)

// Defaults of what the operator can set.
const (
	DefaultConnectionsPerHost = 512
	DefaultIdleTimeout        = 5 * time.Minute
)

// Resolver gives the addresses of a name; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Config is what the operator sets for all plugins. The zero value of a field means
// its default.
type Config struct {
	Policy Policy
	// Proxy is an HTTP proxy that dials in the host's place, and resolves names in
	// its place too; nil if there is none. What is on a private network is dialled
	// without it.
	Proxy *url.URL
	// ConnectionsPerHost bounds an instance's connections to one declared host.
	ConnectionsPerHost int
	// IdleTimeout ends connections on which nothing moves.
	IdleTimeout time.Duration
	Resolver    Resolver
	Log         hclog.Logger
}

// Broker opens gates.
type Broker struct {
	config  Config
	metrics metrics
}

// New returns a broker that counts into a registry.
func New(config Config, registry prometheus.Registerer) *Broker {
	if config.ConnectionsPerHost == 0 {
		config.ConnectionsPerHost = DefaultConnectionsPerHost
	}
	if config.IdleTimeout == 0 {
		config.IdleTimeout = DefaultIdleTimeout
	}
	if config.Resolver == nil {
		config.Resolver = net.DefaultResolver
	}
	return &Broker{config: config, metrics: newMetrics(registry)}
}

// Guest is the instance that a gate is for.
type Guest struct {
	Connector string
	Egress    []manifest.Endpoint
	Denials   *Denials // gets what is denied
	Log       hclog.Logger
}

// Gate makes the way out of one instance.
func (b *Broker) Gate(guest Guest) *Gate {
	g := &Gate{broker: b, guest: guest, log: limitedLog{log: guest.Log, rate: newLogRate()}}
	for _, e := range guest.Egress {
		g.hosts = append(g.hosts, &host{Endpoint: e, counters: b.metrics.of(guest.Connector, e.String())})
	}
	g.undeclared = b.metrics.of(guest.Connector, undeclared)
	return g
}

// ParseProxy reads the address of a proxy, such as http://proxy.example:3128.
func ParseProxy(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" || u.Port() == "" || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "":
		return nil, fmt.Errorf("%q is not a proxy's address such as http://proxy.example:3128", u.Redacted())
	case u.User != nil:
		return nil, fmt.Errorf("%s: a proxy that wants credentials is not supported, and they don't belong here", u.Redacted())
	}
	return u, nil
}
