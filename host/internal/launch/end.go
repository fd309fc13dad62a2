package launch

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// ErrEnded is what the error of a launch is if its process ended by itself.
var ErrEnded = errors.New("the process ended by itself")

// endedError is an ErrEnded with words of its own.
type endedError struct{ error }

// Is implements errors.Is.
func (endedError) Is(target error) bool { return target == ErrEnded }

// End says how a process ended.
type End struct {
	Code      int            // the exit code; -1 if a signal ended it
	Signal    syscall.Signal // the signal that ended it, or 0
	ByHost    bool           // the host killed it
	LastWords []string       // what it wrote at the end, on stderr
}

// FromOutside says whether somebody else killed the process: an operator, or the
// kernel for want of memory.
func (e End) FromOutside() bool { return e.Signal == syscall.SIGKILL && !e.ByHost }

// String says it in a line.
func (e End) String() string {
	how := fmt.Sprintf("exit status %d", e.Code)
	if e.Signal != 0 {
		how = "signal: " + e.Signal.String()
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
		}
	}
	return end
}
