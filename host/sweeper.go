package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/cgroup"
)

// SweepCommand is the hidden command of the program at Config.Self that calls
// Sweep with its arguments.
const SweepCommand = "__sweep"

const (
	sweepLimit = 10 * time.Second      // after which the next start's sweep is relied on
	sweepPause = 10 * time.Millisecond // between two looks at a lock that is still held
)

// sweeper is a small process that outlives the host by a moment. A host that is
// killed can't remove its sockets and copies of plugins; this does it for it. It
// waits at a pipe whose other end the host holds, however the host ends.
type sweeper struct {
	cmd  *exec.Cmd
	host *os.File // the end of the pipe whose closing says that the host has ended
}

// start has what lies at the paths removed when the host is gone: directories of
// openOwnDir, Unix sockets and trees of cgroups. A sweeper that can't be started is told, and no
// reason not to serve.
func (s *sweeper) start(self string, log hclog.Logger, paths ...string) {
	if self == "" {
		return
	}
	wait, host, err := os.Pipe()
	if err != nil {
		log.Warn("no sweeper: what a killed host leaves is removed by the next start", "error", err)
		return
	}
	defer wait.Close()
	cmd := exec.Command(self, append([]string{SweepCommand}, paths...)...)
	cmd.Stdin = wait
	cmd.Env = []string{} // nothing of the host's
	cmd.Dir = string(filepath.Separator)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // what ends the host's group leaves it
	if err := cmd.Start(); err != nil {
		host.Close()
		log.Warn("no sweeper: what a killed host leaves is removed by the next start", "error", err)
		return
	}
	s.cmd, s.host = cmd, host
}

// end ends the sweeper when nothing is left for it.
func (s *sweeper) end() {
	if s.cmd != nil {
		_ = s.host.Close()
		_ = s.cmd.Wait()
	}
}

// Sweep waits until the other end of in is closed, which is when the host has
// ended, and removes what the host has left at the paths. What another host has
// taken over in between stays.
func Sweep(in io.Reader, paths ...string) error {
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	var errs []error
	limit := time.Now().Add(sweepLimit)
	for _, path := range paths {
		if path != adminOff {
			errs = append(errs, sweepPath(path, limit))
		}
	}
	return errors.Join(errs...)
}

func sweepPath(path string, limit time.Time) error {
	remove := removeOwnDir
	if dir, ok := strings.CutPrefix(path, groupsPrefix); ok {
		path, remove = dir, cgroup.Sweep
	}
	if socket, ok := strings.CutPrefix(path, "unix:"); ok {
		return removeSocket(socket)
	}
	for {
		gone, err := remove(path)
		if gone {
			return nil
		}
		if time.Now().After(limit) {
			return errors.Join(fmt.Errorf("%s: it can't be removed", path), err)
		}
		time.Sleep(sweepPause) // the kernel lets go of a killed host's lock when it comes to it
	}
}

// removeOwnDir removes a directory of openOwnDir if its host is gone.
func removeOwnDir(dir string) (gone bool, err error) {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	lock, held, err := tryLock(dir)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist), err
	}
	defer lock.Close()
	if !held {
		return false, errors.New("another process holds its lock")
	}
	err = os.RemoveAll(dir)
	return err == nil, err
}

// removeSocket removes a Unix socket that nobody listens on.
func removeSocket(path string) error {
	unlock, err := lockDir(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSocket == 0 {
		return nil // it is gone, or somebody's file: a dial is refused by that too
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		return conn.Close() // another host's
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	default:
		return nil
	}
}

// lockDir makes whoever removes or makes a socket in a directory wait for
// others that do.
func lockDir(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		d.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { d.Close() }, nil
}
