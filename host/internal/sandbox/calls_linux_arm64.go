package sandbox

import (
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// auditArch is the one architecture whose calls are let through. 32-bit ARM's are
// other calls with the same numbers.
const auditArch = unix.AUDIT_ARCH_AARCH64

// foreignNumbers is empty: the architecture has one set of numbers.
func foreignNumbers() []bpf.Instruction { return nil }

// refusedHere are refused calls that only this architecture has.
func refusedHere() []uint32 { return []uint32{unix.SYS_KEXEC_FILE_LOAD} }

// forks make processes; here clone alone does.
func forks() []uint32 { return nil }
