package sandbox

import (
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// auditArch is the one architecture whose calls are let through. i386's are other
// calls with the same numbers.
const auditArch = unix.AUDIT_ARCH_X86_64

// x32Bit marks the calls of x32, which have the same architecture.
const x32Bit = 0x40000000

// foreignNumbers ends a process that calls by x32's numbers.
func foreignNumbers() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: x32Bit, SkipFalse: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
	}
}

// refusedHere are refused calls that only this architecture has.
func refusedHere() []uint32 {
	return []uint32{
		unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS_USTAT, unix.SYS_SYSFS,
		unix.SYS__SYSCTL, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_CREATE_MODULE, unix.SYS_GET_KERNEL_SYMS, unix.SYS_QUERY_MODULE,
		unix.SYS_MKNOD, unix.SYS_SYMLINK,
	}
}

// forks make processes.
func forks() []uint32 { return []uint32{unix.SYS_FORK, unix.SYS_VFORK} }
