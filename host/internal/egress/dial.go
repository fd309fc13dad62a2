package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/sdk/wire"
)

// How long it may take to find a host's addresses, to connect to one, and in all.
const (
	resolveWithin = 5 * time.Second
	addressWithin = 5 * time.Second
	dialWithin    = 10 * time.Second
)

// dial connects to a declared destination, or says why it does not.
func (b *Broker) dial(ctx context.Context, declared []manifest.Endpoint, to manifest.Endpoint) (net.Conn, *refusal) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	if b.config.Proxy != nil && !private(to) {
		return b.dialProxy(ctx, to)
	}
	found, refused := b.addresses(ctx, to)
	if refused != nil {
		return nil, refused
	}
	var permitted []netip.Addr
	var forbidden error
	for _, addr := range found {
		if err := b.config.Policy.permits(declared, addr, to.Port); err != nil {
			forbidden = err
			continue
		}
		permitted = append(permitted, addr)
	}
	if len(permitted) == 0 {
		r := refuse(denied, "%s %v", to, forbidden)
		r.detail = fmt.Sprint(found)
		return nil, r
	}
	var err error
	for _, addr := range permitted {
		var conn net.Conn
		if conn, err = dialAddress(ctx, netip.AddrPortFrom(addr, to.Port)); err == nil {
			return conn, nil
		}
	}
	r := refuse(unreachable, "%s can't be reached", to)
	r.detail = err.Error()
	return nil, r
}

// private says whether a destination is, as it is written, not on the Internet.
func private(to manifest.Endpoint) bool {
	return to.Name == localhost || to.Network.IsValid() && !public(to.Network.Addr())
}

// dialAddress connects to an address that was checked; nothing is looked up.
func dialAddress(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	dialer := net.Dialer{Timeout: addressWithin}
	return dialer.DialContext(ctx, "tcp", to.String())
}

// addresses gives those of a destination.
func (b *Broker) addresses(ctx context.Context, to manifest.Endpoint) ([]netip.Addr, *refusal) {
	if to.Network.IsValid() {
		return []netip.Addr{to.Network.Addr()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveWithin)
	defer cancel()
	name := to.Name
	if strings.Contains(name, ".") {
		name += "." // whole: the resolver's search list must not make another host of it
	}
	found, err := b.config.Resolver.LookupNetIP(ctx, "ip", name)
	if err == nil && len(found) == 0 {
		err = errors.New("it has no addresses")
	}
	if err != nil {
		r := refuse(unresolvable, "%s can't be resolved", to.Name)
		r.detail = err.Error()
		return nil, r
	}
	return found, nil
}

// dialProxy has the operator's proxy connect to a destination.
func (b *Broker) dialProxy(ctx context.Context, to manifest.Endpoint) (net.Conn, *refusal) {
	dialer := net.Dialer{Timeout: addressWithin}
	conn, err := dialer.DialContext(ctx, "tcp", b.config.Proxy.Host)
	if err == nil {
		conn, err = wire.OpenTunnel(ctx, conn, to.String())
	}
	if err != nil {
		r := refuse(unreachable, "%s can't be reached through the host's proxy", to)
		r.detail = err.Error()
		return nil, r
	}
	return conn, nil
}
