package sdk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/patchbay/patchbay/sdk/wire"
)

// brokerTime bounds connecting to a PSP through the broker, the broker's own
// attempts included.
const brokerTime = 12 * time.Second

// brokerDialer dials through the host's egress broker. It asks for a tunnel
// whatever the scheme is: the broker takes nothing else.
func brokerDialer(broker string) func(ctx context.Context, network, address string) (net.Conn, error) {
	network, at, invalid := parseBroker(broker)
	var dialer net.Dialer
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		if invalid != nil {
			return nil, invalid
		}
		ctx, cancel := context.WithTimeout(ctx, brokerTime)
		defer cancel()
		conn, err := dialer.DialContext(ctx, network, at)
		if err == nil {
			conn, err = wire.OpenTunnel(ctx, conn, address)
		}
		var refused *wire.TunnelError
		if err != nil && !errors.As(err, &refused) {
			return nil, fmt.Errorf("the host's egress broker: %w", err)
		}
		return conn, err
	}
}

// parseBroker reads the address of a broker.
func parseBroker(broker string) (network, address string, err error) {
	if path, ok := strings.CutPrefix(broker, "unix:"); ok {
		return "unix", path, nil
	}
	u, err := url.Parse(broker)
	if err != nil || u.Scheme != "http" || u.Port() == "" {
		return "", "", fmt.Errorf("%s=%q is neither unix: and a path nor http:// and an address", wire.EgressEnv, broker)
	}
	return "tcp", u.Host, nil
}

// refusedEgress is the error of a request for which the broker opened no tunnel,
// or nil. Such a request has not left.
func refusedEgress(err error) *Error {
	var refused *wire.TunnelError
	switch {
	case !errors.As(err, &refused):
		return nil
	case refused.Denied():
		return Errorf(Misconfigured, wire.ReasonEgressDenied, "the gateway does not let this connector connect: %w", refused)
	default:
		return Errorf(Unavailable, "", "the gateway could not connect: %w", refused)
	}
}
