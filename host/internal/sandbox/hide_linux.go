package sandbox

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Hide keeps other processes of the same user out of this one's memory, and its
// memory out of core dumps. What it starts afterwards is not hidden.
func Hide() error {
	dumpable := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	core := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	if err := errors.Join(dumpable, core); err != nil {
		return fmt.Errorf("hide the memory of this process: %w", err)
	}
	return nil
}
