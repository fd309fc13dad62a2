package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// afterKill is how long a command's output may stay open after its end.
const afterKill = 5 * time.Second

// run runs a command and returns what it printed. It leads a process group of its
// own, which is killed when its time is over or it has printed too much, so that
// nothing of it stays. It has the host's environment, since clients of vaults need
// theirs, and no input. What it writes on stderr goes nowhere: it may quote a
// secret.
func run(argv []string, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var out limited
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout = &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = afterKill
	out.full = cancel
	err := cmd.Start()
	if err != nil && ctx.Err() == nil {
		return "", fmt.Errorf("the command %s can't be started: %w", argv[0], errors.Unwrap(err))
	}
	if err == nil {
		err = cmd.Wait()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it left behind
	}
	value := strings.TrimSuffix(out.text.String(), "\n")
	switch {
	case out.over:
		return "", fmt.Errorf("the command %s printed more than %d bytes", argv[0], maxSecret)
	case ctx.Err() != nil:
		return "", fmt.Errorf("the command %s did not end within %s", argv[0], timeout)
	case err != nil:
		return "", fmt.Errorf("the command %s failed: %w", argv[0], err)
	case value == "":
		return "", fmt.Errorf("the command %s printed nothing", argv[0])
	}
	return value, nil
}

// limited keeps output up to the limit and calls full at the first byte over it.
type limited struct {
	text bytes.Buffer
	over bool
	full func()
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.text.Len()+len(p) > maxSecret {
		l.over = true
		l.full()
		return 0, errors.New("too much output")
	}
	return l.text.Write(p)
}
