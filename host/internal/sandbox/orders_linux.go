package sandbox

import "golang.org/x/sys/unix"

// The files that a shim is given beside the standard ones. Of these the plugin
// keeps the first alone.
const (
	plainFD   = 3 // the plugin's own; the shim leaves it alone
	ordersFD  = 4 // orders as JSON, until the end of file
	controlFD = 5 // a socket of the host, for messages
	programFD = 6 // what is executed, unless the orders have a path
)

// shimArgument is the one argument of a shim.
const shimArgument = "__launch"

// nobody is the user and group that a plugin in T3 believes to be.
const nobody = 65534

// orders tell a shim what to do.
type orders struct {
	Tier       Tier
	UID, GID   int // the host's
	Args, Env  []string
	Program    string
	Dir        string   // the working directory, where the sockets are
	Mountpoint string   // of T3: any directory of the host's user
	Visible    []string // paths
	Brokered   bool
	NoFork     bool // seccomp refuses further processes
	Limits     Limits
	Check      bool // do everything but execute
}

// message is what a shim tells the host.
type message struct {
	Missing []string `json:",omitempty"`
	Error   string   `json:",omitempty"`
	Ready   bool     `json:",omitempty"` // of one that only checks: everything is done
}

// namespaces are those that a tier brings.
func namespaces(o orders) uintptr {
	if o.Tier < T3 {
		return 0
	}
	flags := uintptr(unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS)
	if o.Brokered {
		flags |= unix.CLONE_NEWNET
	}
	return flags
}
