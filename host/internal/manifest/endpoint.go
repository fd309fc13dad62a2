package manifest

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Endpoint is where connections may go: a host and a port.
type Endpoint struct {
	// Name is a host name in lower case, without a dot at its end; empty if Network
	// is set.
	Name string
	// Below means all names that end in Name, any number of labels before it, and
	// not Name itself. It is written "*.Name".
	Below bool
	// Network holds addresses; one address is a network of its whole length.
	Network netip.Prefix
	Port    uint16
}

// The shortest prefixes that a manifest may name: more is no host any more.
const (
	shortestIPv4 = 8
	shortestIPv6 = 32
)

var (
	labelPattern = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)
	// numberPattern is a last label that some resolvers take for a part of an
	// address: 127.1, 0x7f000001.
	numberPattern = regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`)
	privateIPv6   = netip.MustParsePrefix("fc00::/7")
)

// ParseEndpoint reads an endpoint: "api.stripe.com:443", "*.adyenpayments.com:443",
// "10.1.2.3:8443", "10.0.0.0/8:443", "[fd00::1]:443" or "[fd00::/8]:443".
func ParseEndpoint(text string) (Endpoint, error) {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 || strings.HasSuffix(text, "]") {
		return Endpoint{}, errors.New("has no port; write host:port, such as api.example.com:443")
	}
	host, digits := strings.ToLower(text[:colon]), text[colon+1:]
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || port == 0 || digits[0] == '0' {
		return Endpoint{}, fmt.Errorf("%q is no port from 1 to 65535", digits)
	}
	e := Endpoint{Port: uint16(port)}
	inner, bracketed := strings.CutPrefix(host, "[")
	switch {
	case bracketed:
		host, bracketed = strings.CutSuffix(inner, "]")
		if !bracketed || !strings.Contains(host, ":") {
			return Endpoint{}, errors.New("brackets are for IPv6 addresses, such as [fd00::1]:443")
		}
		e.Network, err = parseNetwork(host)
	case strings.Contains(host, ":"):
		err = errors.New("an IPv6 address goes into brackets, such as [fd00::1]:443")
	case strings.Contains(host, "/") || isAddress(host):
		e.Network, err = parseNetwork(host)
	default:
		e.Name, e.Below, err = parseName(host)
	}
	return e, err
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// parseNetwork reads an address or a network.
func parseNetwork(host string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		switch {
		case addr.Zone() != "":
			return netip.Prefix{}, errors.New("an address with a zone is of one machine only")
		case addr.Is4In6():
			return netip.Prefix{}, fmt.Errorf("is an IPv4 address in disguise; write %s", addr.Unmap())
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(host)
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a network", host)
	case network.Addr().Is4In6():
		return netip.Prefix{}, errors.New("is an IPv4 network in disguise; write it as one")
	case network != network.Masked():
		return netip.Prefix{}, fmt.Errorf("has bits outside of its mask; write %s", network.Masked())
	case network.Addr().Is4() && network.Bits() < shortestIPv4,
		network.Addr().Is6() && network.Bits() < shortestIPv6 && !privateIPv6.Contains(network.Addr()):
		return netip.Prefix{}, fmt.Errorf("%s is too large; name the hosts", network)
	}
	return network, nil
}

// parseName reads a host name, or "*." and a name.
func parseName(host string) (name string, below bool, err error) {
	name, below = strings.CutPrefix(host, "*.")
	labels := strings.Split(name, ".")
	switch {
	case len(name) > 253:
		return "", false, errors.New("is longer than a host name can be")
	case strings.Contains(name, "*"):
		return "", false, errors.New("a wildcard stands alone at the front, such as *.example.com:443")
	case below && len(labels) < 2:
		return "", false, fmt.Errorf("*.%s is too much; name the hosts", name)
	case numberPattern.MatchString(labels[len(labels)-1]):
		return "", false, fmt.Errorf("%q is neither a name nor a whole address", name)
	}
	for _, label := range labels {
		if !labelPattern.MatchString(label) {
			return "", false, fmt.Errorf("%q is not a host name; write names of other scripts in Punycode (xn--…)", name)
		}
	}
	return name, below, nil
}

// String is the endpoint as it is written.
func (e Endpoint) String() string {
	port := ":" + strconv.Itoa(int(e.Port))
	switch {
	case !e.Network.IsValid() && e.Below:
		return "*." + e.Name + port
	case !e.Network.IsValid():
		return e.Name + port
	}
	host := e.Network.String()
	if e.Single() {
		host = e.Network.Addr().String()
	}
	if e.Network.Addr().Is6() {
		host = "[" + host + "]"
	}
	return host + port
}

// Single says whether it is one host: a name or one address.
func (e Endpoint) Single() bool {
	if e.Network.IsValid() {
		return e.Network.IsSingleIP()
	}
	return !e.Below
}

// Covers says whether every connection to the other endpoint is one to this, by
// what is written: no name is resolved.
func (e Endpoint) Covers(other Endpoint) bool {
	switch {
	case e.Port != other.Port || e.Network.IsValid() != other.Network.IsValid():
		return false
	case e.Network.IsValid():
		return e.Network.Bits() <= other.Network.Bits() && e.Network.Contains(other.Network.Addr())
	case e.Below:
		return strings.HasSuffix(other.Name, "."+e.Name) || other.Below && other.Name == e.Name
	default:
		return !other.Below && other.Name == e.Name
	}
}

// maxEgress bounds how many endpoints a manifest has.
const maxEgress = 64

// checkEgress holds the endpoints against the rules of how they are written.
func (d document) checkEgress(m *Manifest) error {
	if len(m.Egress) > maxEgress {
		return d.errorf("egress", "has more than %d hosts", maxEgress)
	}
	for i, text := range m.Egress {
		if _, err := ParseEndpoint(text); err != nil {
			return d.errorf(EgressField(i), "%q: %v", text, err)
		}
	}
	return nil
}

// EgressField names one of the endpoints in an error.
func EgressField(i int) string { return fmt.Sprintf("egress[%d]", i) }

// Endpoints are the declared endpoints of a manifest that Parse has accepted.
func (m Manifest) Endpoints() []Endpoint {
	var endpoints []Endpoint
	for _, text := range m.Egress {
		if e, err := ParseEndpoint(text); err == nil {
			endpoints = append(endpoints, e)
		}
	}
	return endpoints
}
