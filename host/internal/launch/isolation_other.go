//go:build !linux

package launch

import (
	"os/exec"
	"syscall"
)

// isolated puts a plugin into a session of its own.
func isolated() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// executablePath names the verified copy. Without /proc it is found by its name,
// which only the host's own user can change.
func executablePath(b *Binary) (path string, done func(), err error) {
	return b.path(), func() {}, nil
}

// ended says whether a child has ended and was reaped.
func ended(pid int) bool { return syscall.Kill(pid, 0) != nil }

// reap waits for a child and ends what it left behind.
func reap(cmd *exec.Cmd) error {
	err := cmd.Wait()
	killGroup(cmd.Process.Pid)
	return err
}
