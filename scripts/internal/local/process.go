// Package local runs the project's programs on this machine: the gateway, and
// the sandbox's PSP beside it.
package local

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Process is a program that was started here. It is in a process group of its
// own, so that Ctrl-C reaches only who started it, which then stops one after the
// other.
type Process struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // of Wait; read after exited
}

// Start starts a program. What it writes goes to the writers until it has ended;
// nil discards.
func Start(stdout, stderr io.Writer, path string, args ...string) (*Process, error) {
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &Process{name: filepath.Base(path), cmd: cmd, exited: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Ended says that the process has ended, as the error of those who wanted
// something of it. It waits for the end.
func (p *Process) Ended() error {
	<-p.exited
	if p.err != nil {
		return fmt.Errorf("%s has ended: %w", p.name, p.err)
	}
	return fmt.Errorf("%s has ended", p.name)
}

// Stop asks the process to end, kills it after the grace, and returns when it is
// gone: with an error if it had to be killed or did not exit with 0. About a
// process that has ended before, only Ended tells.
func (p *Process) Stop(grace time.Duration) error {
	if p.gone() {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.Kill()
		return fmt.Errorf("%s did not end within %s and was killed", p.name, grace)
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w", p.name, p.err)
	}
	return nil
}

// Kill ends the process at once, as kill -9 does, and returns when it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.exited
}

func (p *Process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// ByLine calls f with each whole line that is written to it.
func ByLine(f func(line []byte)) io.Writer { return &byLine{f: f} }

type byLine struct {
	f    func([]byte)
	rest []byte
}

// Write implements io.Writer.
func (w *byLine) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.f(line)
		w.rest = rest
	}
}
