package main

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// limitFileSize bounds the files that a process may write, as a full disk would,
// until the limit is lifted.
func limitFileSize(pid int, bytes uint64) (lift func() error, err error) {
	return limit(pid, unix.RLIMIT_FSIZE, bytes)
}

// limitDescriptors bounds the descriptors of a process; those that it has stay.
func limitDescriptors(pid int, most uint64) (lift func() error, err error) {
	return limit(pid, unix.RLIMIT_NOFILE, most)
}

// limit lowers a soft limit of another process. One that has ended has no limits.
func limit(pid, resource int, value uint64) (lift func() error, err error) {
	var was unix.Rlimit
	if err := unix.Prlimit(pid, resource, nil, &was); err != nil {
		return nil, refused(err)
	}
	if err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: min(value, was.Max), Max: was.Max}, nil); err != nil {
		return nil, refused(err)
	}
	return func() error {
		if err := unix.Prlimit(pid, resource, &was, nil); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("lift a limit: %w", err)
		}
		return nil
	}, nil
}

func refused(err error) error {
	return unable{fmt.Sprintf("prlimit of the gateway's process: %v", err)}
}
