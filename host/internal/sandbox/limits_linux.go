package sandbox

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// setLimits sets what the kernel keeps for each process. Address space is not
// among it: Go and V8 reserve far more of it than they use. What counts is memory
// that can be written and is shared with nobody (RLIMIT_DATA).
//
// RLIMIT_NPROC counts the processes of a user in its namespace, which in T3 is
// the plugin's own (Linux 5.14); below that it would count the host's, and is not
// used. See orders.NoFork.
func (s *shim) setLimits() error {
	limits := []struct {
		name     string
		resource int
		value    uint64
		none     bool
	}{
		{"core dumps", unix.RLIMIT_CORE, 0, false},
		{"message queues", unix.RLIMIT_MSGQUEUE, 0, false},
		{"locked memory", unix.RLIMIT_MEMLOCK, 0, false},
		{"open files", unix.RLIMIT_NOFILE, uint64(s.Limits.OpenFiles), s.Limits.OpenFiles == 0},
		{"file size", unix.RLIMIT_FSIZE, uint64(s.Limits.FileSize), s.Limits.FileSize == 0},
		{"processes", unix.RLIMIT_NPROC, uint64(s.Limits.Processes), s.Limits.Processes == 0 || s.Tier < T3},
		{"memory", unix.RLIMIT_DATA, uint64(s.Limits.Memory), s.Limits.Memory == 0},
	}
	for _, l := range limits {
		if l.none {
			continue
		}
		var now unix.Rlimit
		if err := unix.Getrlimit(l.resource, &now); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		value := min(l.value, now.Max) // an operator's own limit may be stricter
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

// goFirst has the kernel end the plugin before anything else when the machine has
// no memory left. Where it can't be said the plugin is as likely as others.
func goFirst() error {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	return nil
}
