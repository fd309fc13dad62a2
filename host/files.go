package host

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ownPrefix begins the name of a directory that belongs to one host.
const ownPrefix = "patchbay-"

// openOwnDir makes a directory for this host alone, and removes those of hosts
// that died without doing so. The lock in it lives as long as its host, however
// that ends.
func openOwnDir(parent string) (dir string, done func(), err error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", nil, err
	}
	sweep(parent)
	dir = filepath.Join(parent, fmt.Sprintf("%s%d", ownPrefix, os.Getpid()))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", nil, err
	}
	lock, held, err := tryLock(dir)
	if err != nil || !held {
		return "", nil, errors.Join(fmt.Errorf("%s can't be locked", dir), err)
	}
	return dir, func() {
		_ = os.RemoveAll(dir)
		_ = lock.Close()
	}, nil
}

// sweep removes the directories of this user's hosts that live no more.
func sweep(parent string) {
	dirs, _ := filepath.Glob(filepath.Join(parent, ownPrefix+"*"))
	for _, dir := range dirs {
		if strings.Trim(strings.TrimPrefix(filepath.Base(dir), ownPrefix), "0123456789") != "" {
			continue
		}
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Getuid()) {
			continue
		}
		if lock, held, err := tryLock(dir); err == nil {
			if held {
				_ = os.RemoveAll(dir)
			}
			_ = lock.Close()
		}
	}
}

// tryLock takes the lock of a host's directory if nobody holds it.
func tryLock(dir string) (lock *os.File, held bool, err error) {
	lock, err = os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, false, err
	}
	return lock, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil, nil
}

// makeSecret writes 32 random bytes to a file that does not exist yet.
func makeSecret(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var secret [32]byte
	rand.Read(secret[:])
	_, err = file.Write(secret[:])
	return errors.Join(err, file.Close())
}
