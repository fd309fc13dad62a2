package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A process that was started as a shim is one before the program's packages are
// initialised, which takes ten times as long as all that a shim does: see
// docs/adr/0008-shim.md.
var _ = runShim()

// runShim returns at once in any other process, and in a shim never.
func runShim() struct{} { //nolint:unparam // a variable has to have a value
	if len(os.Args) == 2 && os.Args[1] == shimArgument {
		shimMain()
	}
	return struct{}{}
}

// shimMain is the shim. What is taken away is taken from this thread, which
// executes the plugin.
func shimMain() {
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	for _, fd := range []int{ordersFD, controlFD, programFD} {
		unix.CloseOnExec(fd)
	}
	err := launch()
	tell(message{Error: err.Error()}, -1)
	os.Exit(1)
}

// launch does what it is ordered. If it succeeds it does not return.
func launch() error {
	var o orders
	if err := readOrders(&o); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	s := &shim{orders: o, egress: -1}
	for _, step := range s.steps() {
		if err := step.do(); err != nil {
			return fmt.Errorf("it can't be sandboxed: %s: %w", step.name, err)
		}
	}
	return s.become()
}

func readOrders(o *orders) error {
	file := os.NewFile(ordersFD, "orders")
	defer file.Close()
	return json.NewDecoder(file).Decode(o)
}

// shim is a process that takes from itself what the plugin is not to have.
type shim struct {
	orders
	egress  int // the listening socket of the way out; -1 if there is none
	missing []string
	program call              // what is done in the end
	filter  []unix.SockFilter // seccomp's
}

// call are the arguments of execveat.
type call struct {
	dir   int
	path  *byte
	args  []*byte
	env   []*byte
	flags int
}

type step struct {
	name string
	do   func() error
}

// steps are in the only order in which each still may be done: mounts need
// capabilities, dropping them comes before the file system is closed, and seccomp
// refuses most of what came before it.
func (s *shim) steps() []step {
	all := []step{{"offer it to a kernel short of memory", goFirst}}
	if s.Tier >= T3 {
		all = append(all,
			step{"map the user", s.mapUser},
			step{"make a root of its own", s.makeRoot},
		)
		if s.Brokered {
			all = append(all, step{"open the way out", s.openWayOut})
		}
		all = append(all, step{"drop capabilities", dropCapabilities})
	}
	all = append(all,
		step{"change the directory", func() error { return unix.Chdir(s.Dir) }},
		step{"refuse new privileges", func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }},
		step{"die with the host", dieWithHost},
	)
	if s.Tier >= T2 {
		all = append(all, step{"Landlock", s.landlock})
	}
	all = append(all,
		step{"report", func() error { tell(message{Missing: s.missing}, s.egress); return nil }},
		step{"close files", func() error { return unix.CloseRange(plainFD+1, ^uint(0), unix.CLOSE_RANGE_CLOEXEC) }},
		step{"prepare the end", s.prepare}, // the limit of memory may be below what this process has
		step{"set limits", s.setLimits},
	)
	if s.Tier >= T2 {
		all = append(all, step{"seccomp", s.seccomp})
	}
	return all
}

// tell sends the host a message, with a file unless it is -1. That it can't be
// sent means that the host is gone.
func tell(m message, file int) {
	raw, err := json.Marshal(m)
	if err != nil {
		return
	}
	var rights []byte
	if file >= 0 {
		rights = unix.UnixRights(file)
	}
	_ = unix.Sendmsg(controlFD, raw, rights, nil, unix.MSG_NOSIGNAL)
}

// dieWithHost has the kernel end this process with the thread that started it.
// Go asked for that, but of another thread than this one. Whoever had died before
// is seen by the socket, which then has no other end.
func dieWithHost() error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	fds := []unix.PollFd{{Fd: controlFD, Events: unix.POLLIN}}
	if _, err := unix.Poll(fds, 0); err == nil && fds[0].Revents&unix.POLLHUP != 0 {
		os.Exit(1)
	}
	return nil
}

// prepare makes all that is needed for the last steps, which must not ask for
// memory.
func (s *shim) prepare() (err error) {
	s.program = call{dir: unix.AT_FDCWD}
	if s.Program == "" { // there may be no /proc to name a descriptor by
		s.program.dir, s.program.flags = programFD, unix.AT_EMPTY_PATH
	}
	if s.program.path, err = syscall.BytePtrFromString(s.Program); err != nil {
		return err
	}
	if s.program.args, err = syscall.SlicePtrFromStrings(s.Args); err != nil {
		return err
	}
	if s.program.env, err = syscall.SlicePtrFromStrings(s.Env); err != nil {
		return err
	}
	if s.Tier >= T2 {
		s.filter, err = s.assemble()
	}
	return err
}

// become executes the plugin.
func (s *shim) become() error {
	if s.Check {
		tell(message{Ready: true}, -1)
		_, _ = io.Copy(io.Discard, os.NewFile(controlFD, "control"))
		os.Exit(0)
	}
	p := s.program
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(p.dir), uintptr(unsafe.Pointer(p.path)),
		uintptr(unsafe.Pointer(&p.args[0])), uintptr(unsafe.Pointer(&p.env[0])), uintptr(p.flags), 0)
	return fmt.Errorf("it can't be executed: %w", errno)
}
