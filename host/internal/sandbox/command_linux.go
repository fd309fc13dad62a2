package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/patchbay/patchbay/host/internal/cgroup"
)

// Cell is a process while it is being confined.
type Cell struct {
	child   []*os.File
	control *net.UnixConn
	orders  []byte
	write   *os.File // the orders' end

	told     chan struct{} // closed when the rest is known
	report   Report
	listener net.Listener
	err      error
	ready    bool

	group *cgroup.Group // nil if it has none
}

// Confine makes a command start a job. The command has one extra file, which the
// plugin keeps. program is the open file that is executed if the job names none.
// Started or Abandon has to follow, and Clear in the end.
func Confine(cmd *exec.Cmd, job Job, program *os.File) (*Cell, error) {
	cell, err := confine(cmd, job.orders(), program)
	if err != nil {
		return nil, err
	}
	if err := cell.join(cmd, job); err != nil {
		cell.report.Missing = append(cell.report.Missing, fmt.Sprintf("a cgroup (%v)", err))
	}
	if job.Limits.CPU > 0 && (cell.group == nil || !cell.group.LimitsCPU()) {
		cell.report.Missing = append(cell.report.Missing, "a limit of processor time")
	}
	return cell, nil
}

// join has a command start in a cgroup of its own, if the job says where.
func (c *Cell) join(cmd *exec.Cmd, job Job) (err error) {
	if job.Groups == nil {
		return nil
	}
	limits := cgroup.Limits{CPU: job.Limits.CPU, Memory: job.Limits.Memory, Processes: job.Limits.Processes}
	if c.group, err = job.Groups.Make(job.Name, limits); err != nil {
		return err
	}
	cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, c.group.FD()
	return nil
}

func confine(cmd *exec.Cmd, o orders, program *os.File) (_ *Cell, err error) {
	cell := &Cell{told: make(chan struct{}), report: Report{Tier: o.Tier, Missing: o.missing()}}
	defer func() {
		if err != nil {
			cell.Abandon()
		}
	}()
	if err := cell.open(o); err != nil {
		return nil, fmt.Errorf("prepare the sandbox: %w", err)
	}
	if program == nil {
		program = cell.child[0] // the number must not be another file's
	}
	cmd.Path, cmd.Args, cmd.Env, cmd.Dir, cmd.Err = "/proc/self/exe", []string{"patchbay", shimArgument}, []string{}, "", nil
	cmd.ExtraFiles = append(cmd.ExtraFiles, cell.child[0], cell.child[1], program)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: namespaces(o)}
	if o.Tier >= T3 {
		cmd.SysProcAttr.AmbientCaps = shimCapabilities()
	}
	return cell, nil
}

// orders are those that have a shim do a job.
func (j Job) orders() orders {
	o := orders{
		Tier: j.Tier, UID: os.Getuid(), GID: os.Getgid(), Args: j.Args, Env: j.Env, Program: j.Program,
		Dir: SocketDir(j.Tier, j.SocketDir), Mountpoint: j.SocketDir, Visible: j.visible(), Brokered: j.Brokered, Limits: j.Limits,
	}
	// Root's processes are not counted, and below T3 all of the user's are.
	o.NoFork = j.Limits.Processes > 0 && (j.Tier < T3 || o.UID == 0)
	return o
}

// missing is what the orders can't have.
func (o orders) missing() []string {
	var missing []string
	if o.Tier >= T2 && !o.Brokered {
		missing = append(missing, "a network of its own")
	}
	return missing
}

// open makes the socket and the pipe of a shim.
func (c *Cell) open(o orders) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	host, child := os.NewFile(uintptr(pair[0]), "control"), os.NewFile(uintptr(pair[1]), "control")
	defer host.Close()
	orders, write, err := os.Pipe()
	if err != nil {
		child.Close()
		return err
	}
	c.child, c.write = []*os.File{orders, child}, write
	conn, err := net.FileConn(host)
	if err != nil {
		return err
	}
	c.control = conn.(*net.UnixConn)
	c.orders, err = json.Marshal(o)
	return err
}

// Abandon gives a cell up whose command did not start.
func (c *Cell) Abandon() {
	for _, file := range append(c.child, c.write) {
		file.Close() // a nil file only answers an error
	}
	if c.control != nil {
		_ = c.control.Close()
	}
}

// Started gives the shim its orders, and hears what becomes of them.
func (c *Cell) Started() {
	go func() {
		defer close(c.told)
		defer c.control.Close()
		c.give()
		for c.hear() {
			continue
		}
	}()
}

// give hands the orders over. A shim that has ended does not take them; that it
// has ended is seen when it is heard.
func (c *Cell) give() {
	for _, file := range c.child {
		file.Close()
	}
	_, _ = c.write.Write(c.orders)
	_ = c.write.Close()
}

// hear takes one message; false if there are no more, since the shim has become
// the plugin or has ended.
func (c *Cell) hear() bool {
	raw, rights := make([]byte, 16<<10), make([]byte, unix.CmsgSpace(4))
	n, r, _, _, err := c.control.ReadMsgUnix(raw, rights)
	if err != nil || n == 0 {
		return false
	}
	var m message
	if err := json.Unmarshal(raw[:n], &m); err != nil {
		c.err = fmt.Errorf("what its shim says is not understood: %w", err)
		return false
	}
	c.ready = m.Ready
	c.report.Missing = append(c.report.Missing, m.Missing...)
	if m.Error != "" {
		c.err = errors.New(m.Error)
	}
	if r > 0 {
		c.listener, err = receiveListener(rights[:r])
		c.err = errors.Join(c.err, err)
	}
	return true
}

// receiveListener takes the listening socket that came with a message.
func receiveListener(rights []byte) (net.Listener, error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return nil, fmt.Errorf("the shim's listener did not come: %w", err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return nil, fmt.Errorf("the shim's listener did not come: %w", err)
	}
	unix.CloseOnExec(fds[0])
	file := os.NewFile(uintptr(fds[0]), "egress")
	defer file.Close()
	return net.FileListener(file)
}

// Kill ends all that is left of the process and of what it has started, as far as
// it has a cgroup.
func (c *Cell) Kill() {
	if c.group != nil {
		c.group.Kill()
	}
}

// OutOfMemory says whether the process and what it has started have come to their
// limit of memory, as far as they have a cgroup.
func (c *Cell) OutOfMemory() bool { return c.group != nil && c.group.OutOfMemory() }

// Clear removes what was made for the process, which is killed if it lives. It may
// be called again.
func (c *Cell) Clear() error {
	if c.group == nil {
		return nil
	}
	return c.group.Remove()
}

// Outcome waits until the process is confined and executes its program, or has
// failed to. The listener is the way out of a brokered job in T3, and nil
// otherwise.
func (c *Cell) Outcome() (Report, net.Listener, error) {
	<-c.told
	return c.report, c.listener, c.err
}
