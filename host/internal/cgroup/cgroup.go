// Package cgroup gives each plugin's process a cgroup of its own, below the one
// that the host runs in. It keeps limits for all that a plugin starts together,
// and none of it escapes when it is ended, whatever its session or parent. It needs
// version 2 of Linux's cgroups, and a place in it that the host may manage: see
// cgroups(7) and the kernel's Documentation/admin-guide/cgroup-v2.rst.
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// Own is the directory of the cgroup that this process runs in. Where version 2 is
// mounted differs; beside version 1 it is not at /sys/fs/cgroup.
func Own() (string, error) {
	self, selfErr := procfs.Self()
	places, err := self.Cgroups()
	mounts, mountsErr := procfs.GetMounts()
	if err := errors.Join(selfErr, err, mountsErr); err != nil {
		return "", fmt.Errorf("this system tells of no cgroups: %w", err)
	}
	for _, place := range places {
		if place.Path != filepath.Clean(place.Path) {
			continue // it is outside of the namespace: "/../…"
		}
		for _, mount := range mounts {
			below, err := filepath.Rel(mount.Root, place.Path)
			if place.HierarchyID == 0 && mount.FSType == "cgroup2" && err == nil && filepath.IsLocal(below) {
				return filepath.Join(mount.MountPoint, below), nil
			}
		}
	}
	return "", errors.New("version 2 of cgroups is not mounted where this process is in it")
}

// write writes to one of a cgroup's files, which the kernel makes.
func write(dir, file, text string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// words are those of one of a cgroup's files.
func words(dir, file string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, file))
	return strings.Fields(string(raw)), err
}

const (
	patience = 10 * time.Second     // for processes to end that were killed
	pause    = 2 * time.Millisecond // between two looks
)

// kill ends all processes in a cgroup and below, those too that are just made
// (Linux 5.14).
func kill(dir string) error { return write(dir, "cgroup.kill", "1") }

// remove ends all processes in a cgroup and below and removes it. That it is not
// there is no error.
func remove(dir string) error {
	killed := kill(dir)
	limit := time.Now().Add(patience)
	err := removeAll(dir)
	for errors.Is(err, syscall.EBUSY) && time.Now().Before(limit) {
		time.Sleep(pause) // what is killed ends when the kernel comes to it
		err = removeAll(dir)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(killed, err)
}

// removeAll removes a cgroup and those below. Files can't be removed, and go with
// their directory.
func removeAll(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if entry.IsDir() {
			err = errors.Join(err, removeAll(filepath.Join(dir, entry.Name())))
		}
	}
	if err != nil {
		return err
	}
	return os.Remove(dir)
}
