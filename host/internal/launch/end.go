package launch

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// EndedError is the error of a launch whose process ended by itself.
type EndedError struct {
	End    End
	reason error // in words, those of the end included
}

// Error implements error.
func (e *EndedError) Error() string { return e.reason.Error() }

// Unwrap gives the reason.
func (e *EndedError) Unwrap() error { return e.reason }

// End says how a process ended.
type End struct {
	Code      int            // the exit code; -1 if a signal ended it
	Signal    syscall.Signal // the signal that ended it, or 0
	ByHost    bool           // the host killed it
	LastWords []string       // what it wrote at the end, on stderr
	// OutOfMemory says that it has come to its own limit of memory, as far as a
	// cgroup keeps that.
	OutOfMemory bool
}

// FromOutside says whether somebody else killed the process: an operator, or the
// kernel for want of memory, other than the process's own limit.
func (e End) FromOutside() bool { return e.Signal == syscall.SIGKILL && !e.ByHost && !e.OutOfMemory }

// String says it in a line.
func (e End) String() string {
	how := fmt.Sprintf("exit status %d", e.Code)
	if e.Signal != 0 {
		how = "signal: " + e.Signal.String()
	}
	if e.OutOfMemory {
		how += ", at its limit of memory"
	}
	return how + e.words()
}

func (e End) words() string {
	if len(e.LastWords) == 0 {
		return ""
	}
	return "; its last words: " + strings.Join(e.LastWords, " | ")
}

// end waits for the process's end.
func (p *process) end() End {
	<-p.exited
	p.mu.Lock()
	defer p.mu.Unlock()
	end := End{LastWords: p.out.tail()}
	var status *exec.ExitError
	if errors.As(p.err, &status) {
		end.Code = status.ExitCode()
		if w, ok := status.Sys().(syscall.WaitStatus); ok && w.Signaled() {
			end.Signal = w.Signal()
			end.ByHost = p.byHost && end.Signal == syscall.SIGKILL
			end.OutOfMemory = p.outOfMemory && end.Signal == syscall.SIGKILL && !end.ByHost
		}
	}
	return end
}
