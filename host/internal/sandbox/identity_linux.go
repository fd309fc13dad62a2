package sandbox

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// shimCapabilities are what a shim needs in its own namespaces: mounts and the
// user's mapping, the loopback interface, and dropping the rest. Go makes them
// ambient, since the shim is not root and would lose them when it is executed.
func shimCapabilities() []uintptr {
	return []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP, unix.CAP_SETUID, unix.CAP_SETGID}
}

// mapUser makes the host's user, whoever that is, nobody in here. The shim does it
// itself: a host that is not dumpable can't write its children's maps.
func (s *shim) mapUser() error {
	for _, file := range []struct{ name, text string }{
		{"setgroups", "deny"},
		{"uid_map", fmt.Sprintf("%d %d 1", nobody, s.UID)},
		{"gid_map", fmt.Sprintf("%d %d 1", nobody, s.GID)},
	} {
		if err := os.WriteFile("/proc/self/"+file.name, []byte(file.text), 0); err != nil {
			return err
		}
	}
	return nil
}

// dropCapabilities leaves this thread none, and no way to gain any.
func dropCapabilities() error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("ambient: %w", err)
	}
	for capability := uintptr(0); ; capability++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		if err == unix.EINVAL && capability > unix.CAP_AUDIT_READ {
			break // there are no more
		}
		if err != nil {
			return fmt.Errorf("bounding set: %w", err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&header, &none[0])
}
