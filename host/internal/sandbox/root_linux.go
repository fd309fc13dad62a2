package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// outside is where the host's files are while the new root is furnished.
const outside = "/outside"

// makeRoot moves the shim into a file system of its own, in memory, with what the
// plugin may see and nothing else. It ends read-only, but for the directories of
// sockets and of temporary files, which are small.
func (s *shim) makeRoot() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to itself: %w", err)
	}
	if err := pivot(s.Mountpoint); err != nil {
		return err
	}
	if err := s.ownDirectories(); err != nil { // first: what is shown may lie in one of them
		return err
	}
	for _, path := range s.Visible {
		if err := show(path, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV); err != nil {
			return fmt.Errorf("show %s: %w", path, err)
		}
	}
	for _, device := range devices() {
		if err := show(device, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC); err != nil {
			return fmt.Errorf("show %s: %w", device, err)
		}
	}
	// Before the host's own is gone: the kernel lets a user namespace have a view
	// of processes only where there already is a full one.
	s.mountProc()
	if err := unix.Unmount(outside, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the host's files: %w", err)
	}
	if err := os.Remove(outside); err != nil {
		return err
	}
	return unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
}

// devices are those that every program may use.
func devices() []string { return []string{"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"} }

// pivot makes an empty file system in memory the root. What was the root is
// outside of it.
func pivot(mountpoint string) error {
	const flags = unix.MS_NOSUID | unix.MS_NODEV
	if err := unix.Mount("tmpfs", mountpoint, "tmpfs", flags, "mode=0755,size=256k,nr_inodes=1024"); err != nil {
		return fmt.Errorf("mount a file system in memory: %w", err)
	}
	if err := os.Mkdir(filepath.Join(mountpoint, outside), 0o700); err != nil {
		return err
	}
	if err := unix.PivotRoot(mountpoint, filepath.Join(mountpoint, outside)); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	return unix.Chdir("/")
}

// show mounts a file or directory of the host at the same path, with attributes
// for it and all that is mounted in it. What does not exist is left out.
func show(path string, attributes uint64) error {
	source, err := resolveOutside(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if err := makeTarget(path, info.IsDir()); err != nil {
		return err
	}
	if err := unix.Mount(source, path, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	return unix.MountSetattr(unix.AT_FDCWD, path, unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attributes})
}

// makeTarget makes what a mount can cover.
func makeTarget(path string, dir bool) error {
	if dir {
		return os.MkdirAll(path, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o444)
	if err != nil {
		return err
	}
	return file.Close()
}

// resolveOutside finds a path of the host from inside the new root. Links are
// followed as the host would follow them.
func resolveOutside(path string) (string, error) {
	for range 40 { // as many as the kernel follows
		linked, at, err := firstLink(path)
		if err != nil {
			return "", err
		}
		if !linked {
			return outside + path, nil
		}
		target, err := os.Readlink(outside + at)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(at), target)
		}
		path = filepath.Join(target, path[len(at):])
	}
	return "", unix.ELOOP
}

// firstLink finds the first component of a host's path that is a link.
func firstLink(path string) (linked bool, at string, err error) {
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		info, err := os.Lstat(outside + path[:i])
		if err != nil {
			return false, "", err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return true, path[:i], nil
		}
	}
	return false, "", nil
}

// ownDirectories are where the plugin may write: little, and nothing that can be
// executed.
func (s *shim) ownDirectories() error {
	size := "size=100%"
	if s.Limits.FileSize > 0 {
		size = fmt.Sprintf("size=%d", s.Limits.FileSize)
	}
	for dir, options := range map[string]string{
		ownSocketDir: "mode=0700,size=64k,nr_inodes=64",
		ownTemp:      "mode=0700,nr_inodes=4096," + size,
	} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, options); err != nil {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	return nil
}

// mountProc shows the plugin its own processes, and nothing of the system. Runtimes
// read there about themselves, and do without where a container hides parts of
// the host's.
func (s *shim) mountProc() {
	if err := os.Mkdir("/proc", 0o555); err != nil {
		return
	}
	err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "subset=pid")
	if err != nil {
		_ = os.Remove("/proc")
	}
}
