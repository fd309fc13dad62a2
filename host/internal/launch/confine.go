package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/patchbay/patchbay/host/internal/sandbox"
)

// socketDirVariable tells a go-plugin server where to make its socket.
const socketDirVariable = "PLUGIN_UNIX_SOCKET_DIR="

// confine has the sandbox start the command that was prepared, in its place.
func (p *process) confine() error {
	if p.spec.Tier == sandbox.None {
		return nil
	}
	for i, variable := range p.cmd.Env {
		if strings.HasPrefix(variable, socketDirVariable) {
			p.cmd.Env[i] = socketDirVariable + sandbox.SocketDir(p.spec.Tier, p.socketDir)
		}
	}
	job := sandbox.Job{
		Tier: p.spec.Tier, Limits: p.spec.Limits, Args: p.cmd.Args, Env: p.cmd.Env,
		SocketDir: p.socketDir, Brokered: p.spec.Egress != nil, Executables: []string{p.spec.Binary.path()},
		Name: p.spec.Name, Groups: p.spec.Groups,
	}
	if p.spec.Binary.bundle {
		job.Program, job.Executables = p.cmd.Path, []string{p.cmd.Path}
		job.Visible = []string{p.spec.Binary.path()}
		if p.spec.Runtime != "" {
			job.Visible = append(job.Visible, sandbox.ForRuntime(p.spec.Runtime)...)
		}
	}
	cell, err := sandbox.Confine(p.cmd, job, p.spec.Binary.file)
	p.cell = cell
	return err
}

// killLeft ends what a process leaves behind in its cgroup, out of its group of
// processes' reach, and finds out what has ended it.
func (p *process) killLeft() {
	if p.cell != nil {
		p.cell.Kill()
		p.outOfMemory = p.cell.OutOfMemory()
	}
}

// confined says what became of the sandbox. It waits until the plugin is executed.
func (p *process) confined() (sandbox.Report, error) {
	if p.cell == nil {
		return sandbox.Report{Tier: p.spec.Tier}, nil
	}
	report, _, err := p.cell.Outcome()
	return report, err
}

// ask asks the process to end. The first process of a namespace is spared the
// signals that it does not handle, which would end any other.
func (p *process) ask() {
	if p.spec.Tier >= sandbox.T3 && !handlesTerm(p.cmd.Process.Pid) {
		p.kill()
		return
	}
	askGroup(p.cmd.Process.Pid)
}

// handlesTerm says whether a process has a handler for SIGTERM, as far as the
// system tells (SigCgt in proc_pid_status(5)).
func handlesTerm(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, found := strings.Cut(string(raw), "SigCgt:")
	mask, parseErr := strconv.ParseUint(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]), 16, 64)
	if err != nil || !found || parseErr != nil {
		return true
	}
	return mask&(1<<(syscall.SIGTERM-1)) != 0
}

// hostPath is where the host finds a socket that the plugin announces.
func (p *process) hostPath(network, address string) (string, error) {
	address = filepath.Clean(address) // ".." after a link would lead elsewhere
	if network != "unix" || filepath.Dir(address) != sandbox.SocketDir(p.spec.Tier, p.socketDir) {
		return "", fmt.Errorf("it asks the host to dial %s %q, which is not in its socket directory", clean(network), clean(address))
	}
	path := sandbox.HostPath(p.spec.Tier, p.cmd.Process.Pid, address)
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return "", fmt.Errorf("it asks the host to dial %s %q, which is no socket", clean(network), clean(address))
	}
	return path, nil
}
