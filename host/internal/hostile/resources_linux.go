package hostile

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/patchbay/patchbay/host/internal/sandbox"
)

// limits are what the plugin may use while it is hostile. It tries to get twice
// that, and no more: these tests share a machine.
func limits() sandbox.Limits {
	return sandbox.Limits{Memory: 256 << 20, Processes: 48, OpenFiles: 128, FileSize: fileLimit}
}

// onResources are attempts to use up what all share.
func onResources() []attack {
	l := limits()
	return []attack{
		{
			name: "fork-bomb", what: "makes processes without end",
			do: func(t targets) {
				for range 2 * l.Processes {
					// The child does not come back to Go.
					if pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0); errno == 0 && pid == 0 {
						for {
							_, _, _ = unix.RawSyscall(unix.SYS_PPOLL, 0, 0, 0)
						}
					}
				}
			},
			seen: func(_ *field, g *guest) bool { return g.processes() > l.Processes },
		}, {
			name: "thread-bomb", what: "makes threads without end",
			do: func(targets) {
				var there sync.WaitGroup
				there.Add(2 * l.Processes)
				for range 2 * l.Processes {
					go func() {
						runtime.LockOSThread()
						there.Done()
						time.Sleep(time.Minute)
					}()
				}
				there.Wait() // where there may be no more of them, the Go runtime ends the process
			},
			seen: func(_ *field, g *guest) bool { return g.threads() > l.Processes }, remains: 2,
		}, {
			name: "memory", what: "fills memory",
			do:   fillMemory,
			seen: func(_ *field, g *guest) bool { return g.memory() > l.Memory }, always: limited,
		}, {
			name: "descriptors", what: "opens files without end", always: limited,
			do: func(targets) {
				_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20})
				for range 2 * l.OpenFiles {
					_, _ = unix.Open("/dev/null", unix.O_RDONLY, 0)
				}
			},
			seen: func(_ *field, g *guest) bool { return g.files() > l.OpenFiles },
		}, {
			name: "large-file", what: "writes a file that is larger than allowed", always: limited,
			do: func(t targets) {
				for _, path := range []string{t.Attack, t.Dir + "/" + t.Attack} {
					if file, err := os.Create(path); err == nil {
						_, _ = file.Write(make([]byte, 2*l.FileSize))
					}
				}
			},
			seen: func(f *field, g *guest) bool { return f.largest(g.attack.name, g.job) > l.FileSize },
		}, {
			name: "core-dump", what: "raises its limit of core dumps", always: limited,
			do: func(targets) {
				_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{Cur: 1 << 30, Max: 1 << 30})
			},
			seen: func(_ *field, g *guest) bool { return g.coreLimit() != 0 },
		},
	}
}

func fillMemory(targets) {
	got, err := unix.Mmap(-1, 0, int(2*limits().Memory), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return
	}
	for i := 0; i < len(got); i += os.Getpagesize() {
		got[i] = 1
	}
}

// limited is why T1 stops an attack already.
const limited = "T1's limits stop it"

func addressOf(bytes []byte) uintptr { return uintptr(unsafe.Pointer(&bytes[0])) }
