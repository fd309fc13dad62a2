package hostile

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// onProcesses are attacks on the host's process and on others of its user.
func onProcesses() []attack {
	return []attack{
		{
			name: "read-environment", what: "reads the host's environment in /proc",
			do: func(t targets) {
				raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", t.Host))
				loot(string(raw))
			},
			left: func(_ *field, g *guest) bool { return g.said("PATH=") },
		}, {
			name: "read-memory", what: "reads the host's memory with process_vm_readv",
			do: func(t targets) {
				got := make([]byte, t.Length)
				local := []unix.Iovec{{Base: &got[0], Len: uint64(t.Length)}}
				n, _ := unix.ProcessVMReadv(t.Host, local, []unix.RemoteIovec{{Base: t.Address, Len: t.Length}}, 0)
				loot(string(got[:max(n, 0)]))
			},
			left: lootIs,
		}, {
			name: "read-proc-mem", what: "reads the host's memory in /proc",
			do: func(t targets) {
				got := make([]byte, t.Length)
				if file, err := os.Open(fmt.Sprintf("/proc/%d/mem", t.Host)); err == nil {
					n, _ := file.ReadAt(got, int64(t.Address))
					loot(string(got[:n]))
				}
			},
			left: lootIs,
		}, {
			name: "trace", what: "traces a process of the same user",
			do: func(t targets) {
				_, _, _ = unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(t.Victim), 0, 0, 0, 0)
			},
			seen: func(f *field, _ *guest) bool { return f.victim.traced() },
		}, {
			name: "kill", what: "kills a process of the same user",
			do:   func(t targets) { _ = syscall.Kill(t.Victim, syscall.SIGKILL) },
			seen: func(f *field, _ *guest) bool { return f.victim.ended() },
		}, {
			name: "steal-descriptor", what: "takes an open file of the host with pidfd_getfd",
			do: func(t targets) {
				if pidfd, err := unix.PidfdOpen(t.Host, 0); err == nil {
					for fd := range 3 {
						if got, err := unix.PidfdGetfd(pidfd, fd, 0); err == nil {
							loot("descriptor " + fmt.Sprint(got) + t.Marker)
						}
					}
				}
			},
			left: lootIs,
		}, {
			name: "leave-child", what: "leaves a child in a session of its own that lives on after the end",
			do: func(t targets) {
				child := exec.Command("/proc/self/exe", childArgument, t.Key)
				child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
				_ = child.Start()
			},
			left: func(f *field, _ *guest) bool { return f.lives(childArgument, f.key) },
		}, {
			name: "ignore-stop", what: "does not end when it is asked to",
			do:     func(targets) { signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP) },
			left:   func(_ *field, g *guest) bool { return g.pid != 0 && alive(g.pid) },
			always: "the host kills what does not end",
		}, {
			name: "shared-memory", what: "leaves shared memory for other processes of the user",
			do: func(t targets) { _, _ = unix.SysvShmGet(t.IPC, 4096, unix.IPC_CREAT|0o600) },
			seen: func(f *field, _ *guest) bool {
				id, err := unix.SysvShmGet(f.ipc, 0, 0)
				if err == nil {
					_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
				}
				return err == nil
			},
		}, {
			name: "keyring", what: "adds a key to the user's keyring",
			do: func(t targets) { _, _ = unix.AddKey("user", t.Key, []byte("x"), unix.KEY_SPEC_USER_KEYRING) },
			seen: func(f *field, _ *guest) bool {
				id, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, "user", f.key, 0)
				if err == nil {
					_, _ = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_USER_KEYRING, 0, 0)
				}
				return err == nil
			},
		},
	}
}

// childArgument marks a child that is to live on.
const childArgument = "__lives-on"

// Child is what a child that is to live on does; it returns at once in any other
// process. It ends by itself when nobody has ended it for a minute.
func Child() {
	if len(os.Args) > 1 && os.Args[1] == childArgument {
		time.Sleep(time.Minute)
		os.Exit(0)
	}
}

// address is where a text is in this process's memory.
func address(text []byte) uintptr { return uintptr(unsafe.Pointer(&text[0])) }
