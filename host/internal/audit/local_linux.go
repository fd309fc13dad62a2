package audit

import (
	"net"

	"golang.org/x/sys/unix"
)

// userOf asks for the credentials that the peer had when it connected (unix(7),
// SO_PEERCRED).
func userOf(conn net.Conn) (user LocalUser) {
	local, ok := conn.(*net.UnixConn)
	if !ok {
		return user
	}
	raw, err := local.SyscallConn()
	if err != nil {
		return user
	}
	_ = raw.Control(func(fd uintptr) {
		if found, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			user.UID, user.PID, user.Known = int(found.Uid), int(found.Pid), true
		}
	})
	return user
}
