// Package sandbox confines one plugin's process: what it sees, what it reaches and
// how much it may use. On Linux the host's own binary is started in the plugin's
// place as a shim, takes everything away from itself, and becomes the plugin by
// executing it. Elsewhere there is no shim, and the tier says so.
package sandbox

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/patchbay/patchbay/host/internal/cgroup"
)

// Tier is how well a plugin is confined. A higher one has all of those below.
type Tier int

// The tiers. docs/security.md tells what a plugin can do in each.
const (
	// None is no tier: nobody has looked what the machine can enforce.
	None Tier = iota
	// T1: an environment and a session of its own, and on Linux limits, no core
	// dumps and no new privileges.
	T1
	// T2: Landlock and seccomp. Of the file system it has what it needs, of
	// sockets Unix ones alone.
	T2
	// T3: namespaces. It has no network, no file and no process but its own.
	T3
)

// String is the tier's name, such as "T3".
func (t Tier) String() string {
	if t == None {
		return "none"
	}
	return fmt.Sprintf("T%d", int(t))
}

// ParseTier reads a tier's name.
func ParseTier(name string) (Tier, error) {
	all := []Tier{None, T1, T2, T3}
	if i := slices.IndexFunc(all, func(t Tier) bool { return t.String() == name }); i >= 0 {
		return all[i], nil
	}
	return None, fmt.Errorf("%q is none of the tiers none, T1, T2, T3", name)
}

// Mode is what a manifest asks for.
type Mode string

// The modes.
const (
	Require Mode = "require" // T2 or better, or it does not start
	Prefer  Mode = "prefer"  // the best that the machine can enforce
	Off     Mode = "off"     // T1
)

// Limits bound what a plugin's process may use. Zero is no limit.
type Limits struct {
	Memory    int64   // bytes of private, writable memory
	Processes int     // processes and threads
	OpenFiles int     // descriptors
	FileSize  int64   // bytes of a file, and of all that it writes in T3
	CPU       float64 // cores
}

// Job is what is to run.
type Job struct {
	Tier   Tier
	Limits Limits
	Args   []string // with the program's name
	Env    []string
	// Program is the path of what is executed. If it is empty the open file
	// File names is, which nobody can have exchanged.
	Program string
	// Visible are files and directories that it may read beside those that
	// every program needs.
	Visible []string
	// Executables are the paths of what it executes, for finding the libraries
	// that they need.
	Executables []string
	// SocketDir is a directory of the host's user for this process alone. Its
	// sockets are there, except in T3; see the function of that name.
	SocketDir string
	// Brokered says that it reaches the network through a listener that the host
	// serves, and in no other way. Otherwise it has the host's network.
	Brokered bool
	// Name is for people, in the name of its cgroup.
	Name string
	// Groups is where it gets a cgroup; nil if it gets none.
	Groups *cgroup.Tree
}

// Report is what became of a job's confinement.
type Report struct {
	Tier Tier
	// Missing are mechanisms that the tier would have and the machine lacks, and
	// limits that can't be kept; empty if there are none.
	Missing []string
}

// String is the report in one line.
func (r Report) String() string {
	if len(r.Missing) == 0 {
		return r.Tier.String()
	}
	return fmt.Sprintf("%s without %s", r.Tier, join(r.Missing))
}

// join makes one enumeration of words.
func join(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// Where things are for a plugin in T3.
const (
	ownSocketDir = "/run/connector" // its working directory, too
	ownTemp      = "/tmp"
	// EgressAddress is where a plugin in T3 finds the way out.
	EgressAddress = "127.0.0.1:3128"
)

// SocketDir is where a process of a tier has its sockets, as it sees it. dir is
// the job's.
func SocketDir(tier Tier, dir string) string {
	if tier >= T3 {
		return ownSocketDir
	}
	return dir
}

// HostPath is where the host finds a path in the socket directory of a process.
// What is in it is the process's own doing: whoever opens it must not trust it.
func HostPath(tier Tier, pid int, path string) string {
	if tier >= T3 {
		return fmt.Sprintf("/proc/%d/root%s", pid, filepath.Clean(path))
	}
	return path
}

// Mechanism is one of the kernel's means.
type Mechanism struct {
	Name     string `json:"name"`
	Enforced bool   `json:"enforced"`
	Detail   string `json:"detail,omitempty"` // which version, or why not
}

// Machine is what a machine can enforce.
type Machine struct {
	Tier       Tier
	Mechanisms []Mechanism
	// Groups is where plugins get a cgroup each; nil if they get none.
	Groups *cgroup.Tree
	// Controllers are the limits that cgroups could keep. No tier depends on them.
	Controllers []Mechanism
}

// Resolve is the tier that a mode leads to on this machine.
func (m Machine) Resolve(mode Mode) (Tier, error) {
	switch {
	case mode == Off:
		return min(m.Tier, T1), nil
	case mode == Require && m.Tier < T2:
		return None, fmt.Errorf("it must be sandboxed (sandbox: %s), and this machine can't enforce more than tier %s; patchbay doctor says why", Require, m.Tier)
	default:
		return m.Tier, nil
	}
}
