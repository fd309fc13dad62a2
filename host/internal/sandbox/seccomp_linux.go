//go:build linux && (amd64 || arm64)

package sandbox

import (
	"fmt"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// seccompSupported says whether there is a filter for this architecture.
const seccompSupported = true

// Where struct seccomp_data has what the filter looks at: the call's number, the
// architecture, and the low half of the first argument.
const (
	offNumber = 0
	offArch   = 4
	offFirst  = 16
)

// namespaceFlags make namespaces, by clone.
const namespaceFlags = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// assemble makes the filter for the kernel.
func (s *shim) assemble() ([]unix.SockFilter, error) {
	program, err := bpf.Assemble(s.instructions())
	if err != nil {
		return nil, err
	}
	filter := make([]unix.SockFilter, len(program))
	for i, op := range program {
		filter[i] = unix.SockFilter{Code: op.Op, Jt: op.Jt, Jf: op.Jf, K: op.K}
	}
	return filter, nil
}

// seccomp refuses this thread, and what it executes, the system calls that no
// connector needs and that attacks on kernels are made of.
func (s *shim) seccomp() error {
	prog := unix.SockFprog{Len: uint16(len(s.filter)), Filter: &s.filter[0]}
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return fmt.Errorf("load the filter: %w", errno)
	}
	return nil
}

// instructions are the program. A call that it does not name is allowed, unless it is
// newer than this list: that one does not exist, which programs know how to take.
func (s *shim) instructions() []bpf.Instruction {
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS}, // numbers mean other calls there
		bpf.LoadAbsolute{Off: offNumber, Size: 4},
	}
	program = append(program, foreignNumbers()...)
	program = append(program,
		bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: lastKnown, SkipFalse: 1},
		refuse(unix.ENOSYS),
	)
	program = append(program, onCall(unix.SYS_CLONE3, refuse(unix.ENOSYS))...) // its flags can't be seen; libraries fall back to clone
	for _, call := range append(refused(), refusedHere()...) {
		program = append(program, onCall(call, refuse(unix.EPERM))...)
	}
	if s.NoFork {
		for _, call := range forks() {
			program = append(program, onCall(call, refuse(unix.EAGAIN))...)
		}
	}
	program = append(program, onCall(unix.SYS_CLONE, s.onClone()...)...)
	program = append(program, onCall(unix.SYS_SOCKET, s.onSocket()...)...)
	return append(program, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
}

// onClone lets threads and, if there may be any, processes pass, without new
// namespaces.
func (s *shim) onClone() []bpf.Instruction {
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offFirst, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: namespaceFlags, SkipFalse: 1},
		refuse(unix.EPERM),
	}
	if s.NoFork {
		program = append(program,
			bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD, SkipTrue: 1},
			refuse(unix.EAGAIN),
		)
	}
	return append(program, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
}

// onSocket lets Unix sockets pass, and those of the internet where the network is
// the plugin's own, or is not guarded at all.
func (s *shim) onSocket() []bpf.Instruction {
	families := []uint32{unix.AF_UNIX}
	if s.Tier >= T3 || !s.Brokered {
		families = append(families, unix.AF_INET, unix.AF_INET6)
	}
	program := []bpf.Instruction{bpf.LoadAbsolute{Off: offFirst, Size: 4}}
	for _, family := range families {
		program = append(program,
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: family, SkipFalse: 1},
			bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
		)
	}
	return append(program, refuse(unix.EAFNOSUPPORT))
}

// onCall does something if the number that is loaded is that of a call. What it
// does has to end the program.
func onCall(number uint32, do ...bpf.Instruction) []bpf.Instruction {
	return append([]bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpEqual, Val: number, SkipFalse: uint8(len(do))}}, do...)
}

func refuse(errno unix.Errno) bpf.Instruction {
	return bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)}
}
