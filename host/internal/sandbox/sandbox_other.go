//go:build !linux

package sandbox

import (
	"context"
	"net"
	"os"
	"os/exec"
	"runtime"

	"github.com/patchbay/patchbay/host/internal/cgroup"
)

// Inspect finds what this machine can enforce.
func Inspect(context.Context, string, *cgroup.Tree) Machine {
	return Machine{Tier: T1, Mechanisms: []Mechanism{{
		Name:   "sandbox and limits",
		Detail: runtime.GOOS + " has no sandbox here; Linux has one. A plugin gets an environment and a session of its own",
	}}}
}

// Hide does nothing: this system has no such thing.
func Hide() error { return nil }

// Cell is a process that is not confined: this system has no way to do it.
type Cell struct{ report Report }

// Confine leaves a command as it is, but for its environment.
func Confine(cmd *exec.Cmd, job Job, _ *os.File) (*Cell, error) {
	cmd.Env = job.Env
	return &Cell{Report{Tier: T1, Missing: []string{"limits"}}}, nil
}

// Abandon gives a cell up.
func (*Cell) Abandon() {}

// Started lets the process go on.
func (*Cell) Started() {}

// Kill does nothing: the process has no cgroup.
func (*Cell) Kill() {}

// OutOfMemory says no: nobody counts.
func (*Cell) OutOfMemory() bool { return false }

// Clear has nothing to remove.
func (*Cell) Clear() error { return nil }

// Outcome is what became of it.
func (c *Cell) Outcome() (Report, net.Listener, error) { return c.report, nil, nil }

// ForRuntime are the paths that an interpreter needs.
func ForRuntime(path string) []string { return []string{path} }
