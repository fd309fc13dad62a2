package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of the kernel's times for user space: USER_HZ is 100 on every
// architecture that Go runs on (proc_pid_stat(5), sysconf(3)).
const tick = 10 * time.Millisecond

// cpuKnown says whether cpuTime can tell: it needs Linux's /proc.
func cpuKnown() bool {
	_, err := os.Stat("/proc/self/stat")
	return err == nil
}

// cpuTime is the user and system time that a process has taken; 0 where that is
// not known.
func cpuTime(pid int) (time.Duration, error) {
	if !cpuKnown() {
		return 0, nil
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the name in parentheses and may hold anything; utime
	// and stime are the 14th and 15th.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	var sum time.Duration
	for _, field := range fields[11:13] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ticks) * tick
	}
	return sum, nil
}

// ownCPUTime is the same of this process, and finer.
func ownCPUTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
