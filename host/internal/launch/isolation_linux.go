package launch

import (
	"fmt"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolated puts a plugin into a session of its own and has the kernel end it
// when the host dies, however the host dies.
func isolated() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// executablePath names the open, verified copy for execution. The number is moved out of
// the way of the files that the child is given.
func executablePath(b *Binary) (path string, done func(), err error) {
	fd, err := unix.FcntlInt(b.file.Fd(), unix.F_DUPFD_CLOEXEC, 100)
	if err != nil {
		return "", nil, fmt.Errorf("duplicate the binary's descriptor: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd), func() { _ = unix.Close(fd) }, nil
}

// ended says whether a child has ended by now, be it reaped or not.
func ended(pid int) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == unix.ECHILD || err == nil && info.Signo != 0
}

// reap waits for a child, ends what it left behind while its id can't be taken
// by another, and gives the child's end.
func reap(cmd *exec.Cmd) error {
	for unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	killGroup(cmd.Process.Pid)
	return cmd.Wait()
}
