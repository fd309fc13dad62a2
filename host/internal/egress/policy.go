package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"code.dny.dev/ssrf"
	"golang.org/x/net/publicsuffix"

	"github.com/patchbay/patchbay/host/internal/manifest"
)

// localhost is the one name that says by itself that it is of this machine
// (RFC 6761, section 6.3).
const localhost = "localhost"

// Policy is what the operator allows beyond the public Internet. The zero value
// allows nothing.
type Policy struct {
	// Private are networks that are not public and that manifests may name hosts
	// of.
	Private []netip.Prefix
}

// DevPrivate are the networks that a developer's own machine allows: loopback and
// private ones (RFC 1918, RFC 4193). Link-local addresses, where clouds serve
// metadata and credentials, are not among them.
func DevPrivate() []netip.Prefix {
	var networks []netip.Prefix
	for _, text := range []string{"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"} {
		networks = append(networks, netip.MustParsePrefix(text))
	}
	return networks
}

// Check says why a manifest may not name an endpoint.
func (p Policy) Check(e manifest.Endpoint) error {
	switch {
	case e.Name == localhost:
		return p.checkNetwork(e, netip.MustParsePrefix("127.0.0.1/32"))
	case e.Network.IsValid() && !public(e.Network.Addr()):
		return p.checkNetwork(e, e.Network)
	case e.Below:
		if suffix, _ := publicsuffix.PublicSuffix(e.Name); suffix == e.Name {
			return fmt.Errorf("%s: anybody can have a name below %s; name the hosts", e, e.Name)
		}
	}
	return nil
}

func (p Policy) checkNetwork(e manifest.Endpoint, network netip.Prefix) error {
	if never(network.Addr()) {
		return fmt.Errorf("%s is the address of no single host", e)
	}
	if !slices.ContainsFunc(p.Private, func(allowed netip.Prefix) bool {
		return allowed.Bits() <= network.Bits() && allowed.Contains(network.Addr())
	}) {
		return fmt.Errorf("%s is not public; the host's configuration has to allow it under egress.allow_private", e)
	}
	return nil
}

// errNotPublic is what guests are told of an address that they may not reach;
// the address itself is the operator's matter.
var errNotPublic = errors.New("has an address that is not public; the manifest has to list the address itself, and the host's configuration to allow it")

// permits says why a connection may not go to an address that a name or the guest
// itself has given.
func (p Policy) permits(declared []manifest.Endpoint, addr netip.Addr, port uint16) error {
	addr = addr.Unmap().WithZone("")
	if ssrf.IPv6NAT64Prefix.Contains(addr) && p.allows(addr) { // what counts is whom the translator dials
		raw := addr.As16()
		addr = netip.AddrFrom4([4]byte(raw[12:]))
	}
	switch {
	case never(addr):
		return errNotPublic
	case public(addr):
		return nil
	case p.allows(addr) && listed(declared, addr, port):
		return nil
	}
	return errNotPublic
}

func (p Policy) allows(addr netip.Addr) bool {
	return slices.ContainsFunc(p.Private, func(allowed netip.Prefix) bool { return allowed.Contains(addr) })
}

// listed says whether a manifest names an address itself.
func listed(declared []manifest.Endpoint, addr netip.Addr, port uint16) bool {
	exact := manifest.Endpoint{Network: netip.PrefixFrom(addr, addr.BitLen()), Port: port}
	return slices.ContainsFunc(declared, func(e manifest.Endpoint) bool {
		return e.Covers(exact) || e.Name == localhost && e.Port == port && addr.IsLoopback()
	})
}

// public says whether an address is one of the Internet at large, by IANA's
// registries of special-purpose addresses.
func public(addr netip.Addr) bool { return ssrf.New(ssrf.WithAnyPort()).SafeAddr(addr.Unmap()) == nil }

// never says whether nobody may ever connect to an address.
func never(addr netip.Addr) bool {
	return addr.IsUnspecified() || addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
