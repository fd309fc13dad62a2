package launch

import "syscall"

// killGroup ends a plugin and every child that stayed in its session's first
// process group.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// askGroup asks for the same.
func askGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGTERM) }
