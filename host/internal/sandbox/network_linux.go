package sandbox

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// openWayOut brings the loopback interface of the plugin's own network up and
// listens there. The host serves that socket: whoever connects to it can only be
// this plugin. The network has no other interface.
func (s *shim) openWayOut() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := bringUp(socket, "lo"); err != nil {
		return fmt.Errorf("bring the loopback interface up: %w", err)
	}
	at := netip.MustParseAddrPort(EgressAddress)
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}); err != nil {
		return fmt.Errorf("bind %s: %w", at, err)
	}
	s.egress = socket
	return unix.Listen(socket, unix.SOMAXCONN)
}

func bringUp(socket int, name string) error {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	request.SetUint16(request.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
}
