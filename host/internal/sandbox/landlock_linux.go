package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Rights on files, and on directories for all that is in them.
const (
	read    = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	write   = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	remake  = unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR
	ofFiles = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | write | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// landlock closes the file system but for what the plugin needs, and keeps it from
// signalling others and from abstract sockets where the kernel knows how to
// (Linux 6.12). TCP is not its affair: it misses Multipath TCP, and UDP on all but
// the newest kernels, so seccomp and namespaces see to the network.
//
// In T3 it says again what the namespaces say, for the day that one of them fails.
func (s *shim) landlock() error {
	abi, err := landlockABI()
	if s.Tier >= T3 && err != nil {
		s.missing = append(s.missing, "Landlock")
		return nil
	}
	if err != nil {
		return err
	}
	if abi < 6 && s.Tier < T3 {
		s.missing = append(s.missing, fmt.Sprintf("limits of signals and abstract sockets (Landlock has version %d of 6)", abi))
	}
	attr := handled(abi)
	fd, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return fmt.Errorf("create a ruleset: %w", errno)
	}
	ruleset := int(fd)
	defer unix.Close(ruleset)
	for _, r := range s.rules() {
		if err := r.add(ruleset, attr.Handled_access_fs); err != nil {
			return fmt.Errorf("allow %s: %w", r.path, err)
		}
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// landlockABI is the kernel's version of Landlock.
func landlockABI() (int, error) {
	abi, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, fmt.Errorf("the kernel has no Landlock: %w", errno)
	}
	return int(abi), nil
}

// handled is all that a version of Landlock knows of files and scopes:
// https://docs.kernel.org/userspace-api/landlock.html#previous-limitations
func handled(abi int) unix.LandlockRulesetAttr {
	last := uint64(unix.LANDLOCK_ACCESS_FS_MAKE_SYM)
	switch {
	case abi >= 9:
		last = unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
	case abi >= 5:
		last = unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	case abi >= 3:
		last = unix.LANDLOCK_ACCESS_FS_TRUNCATE
	case abi == 2:
		last = unix.LANDLOCK_ACCESS_FS_REFER
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: last<<1 - 1}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return attr
}

// rule is what may be done beneath a path, or with an open file.
type rule struct {
	path   string
	fd     int // used if there is no path
	rights uint64
}

// rules are what the plugin may do with files.
func (s *shim) rules() []rule {
	rules := []rule{
		// Go-plugin reserves a socket's name with a file.
		{path: s.Dir, rights: read&^unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
			unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX},
		{path: "/proc/self", rights: read &^ unix.LANDLOCK_ACCESS_FS_EXECUTE},
	}
	for _, device := range devices() {
		rules = append(rules, rule{path: device, rights: unix.LANDLOCK_ACCESS_FS_READ_FILE | write})
	}
	for _, path := range s.Visible {
		rules = append(rules, rule{path: path, rights: read})
	}
	if s.Tier >= T3 {
		rules = append(rules, rule{path: ownTemp, rights: (read | write | remake) &^ unix.LANDLOCK_ACCESS_FS_EXECUTE})
	}
	if s.Program == "" {
		rules = append(rules, rule{fd: programFD, rights: read})
	}
	return rules
}

// add allows a rule of what a ruleset handles. What does not exist needs none.
func (r rule) add(ruleset int, handled uint64) error {
	beneath := r.fd
	if r.path != "" {
		fd, err := unix.Open(r.path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		beneath = fd
	}
	var stat unix.Stat_t
	if err := unix.Fstat(beneath, &stat); err != nil {
		return os.NewSyscallError("stat", err)
	}
	rights := r.rights & handled
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= ofFiles
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(beneath)}
	_, _, errno := unix.RawSyscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
