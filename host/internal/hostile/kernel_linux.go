package hostile

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// onKernel are attacks by system calls that no connector needs.
func onKernel() []attack {
	return []attack{
		{
			name: "user-namespace", what: "becomes root in a user namespace of its own",
			do: func(t targets) {
				pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD), 0, 0)
				if errno == 0 && pid == 0 {
					_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
				}
				if errno == 0 {
					loot("a namespace" + t.Marker)
				}
			},
			left: lootIs,
		}, {
			name: "remount", what: "makes what is read-only writable",
			do: func(t targets) {
				_ = unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND, "")
				_ = unix.Mount("tmpfs", t.Dir, "tmpfs", 0, "")
				if file, err := os.Create(filepath.Join("/", "new-"+t.Attack)); err == nil {
					file.Close()
					loot("writable" + t.Marker)
				}
			},
			left: lootIs, unproven: "the kernel lets only root do that",
		}, {
			name: "bpf", what: "loads a program into the kernel",
			do: func(t targets) {
				attr := [32]byte{0: 2, 4: 4, 8: 4, 12: 1} // an array with one element
				if _, _, errno := unix.Syscall(unix.SYS_BPF, 0, addressOf(attr[:]), 32); errno == 0 {
					loot("a map" + t.Marker)
				}
			},
			left: lootIs, unproven: "most kernels let only root do that",
		}, {
			name: "userfaultfd", what: "asks for userfaultfd, which exploits are made with",
			do: func(t targets) {
				if _, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, 1, 0, 0); errno == 0 { // UFFD_USER_MODE_ONLY
					loot("userfaultfd" + t.Marker)
				}
			},
			left: lootIs,
		}, {
			name: "perf", what: "measures other processes",
			do: func(t targets) {
				attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK}
				attr.Size = uint32(128)
				if _, err := unix.PerfEventOpen(&attr, t.Victim, -1, -1, 0); err == nil {
					loot("perf" + t.Marker)
				}
			},
			left: lootIs, unproven: "most kernels let only root do that",
		},
	}
}
