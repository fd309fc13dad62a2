package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
)

// told is what a command for operators said.
type told struct {
	stdout, stderr string
	code           int
}

// operator runs "patchbay plugins" against the gateway.
func (s *stack) operator(args ...string) told {
	s.t.Helper()
	cmd := s.command(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return told{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func (s *stack) command(args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*patience)
	s.t.Cleanup(cancel)
	config := filepath.Join(s.root(), "patchbay.yaml")
	return exec.CommandContext(ctx, filepath.Join(s.bin, "patchbay"), append([]string{"plugins", "--config", config}, args...)...)
}

func (s *stack) root() string { return filepath.Dir(s.plugins) }

// operates runs a command that has to succeed, and returns what it prints.
func (s *stack) operates(args ...string) string {
	s.t.Helper()
	told := s.operator(args...)
	if told.code != 0 || told.stderr != "" {
		s.t.Fatalf("plugins %s: exit code %d\n%s%s", strings.Join(args, " "), told.code, told.stdout, told.stderr)
	}
	return told.stdout
}

// row is what a program reads of a plugin.
type row struct {
	Name, Version, File, State, Generation, PID, SHA256 string

	ServesUnpinned bool `json:"serves_unpinned"`
	InFlight       int  `json:"in_flight"` // calls that its process has
	Pinned         bool
	Declared       *struct{ Version, Aside string }
	Problem        *struct{ Reason string }
}

// list reads the plugins as a program does.
func (s *stack) list(args ...string) (rows []row) {
	s.t.Helper()
	var answer struct{ Plugins []row }
	raw := s.operates(append([]string{"list", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(raw), &answer); err != nil {
		s.t.Fatalf("%v in %s", err, raw)
	}
	return answer.Plugins
}

// follow runs a command that goes on, and gives its lines. They end with it.
func (s *stack) follow(args ...string) <-chan string {
	s.t.Helper()
	cmd := s.command(args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
		_ = cmd.Wait()
	}()
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for range lines {
			continue // until the process is gone
		}
	})
	return lines
}

// next waits for a line, and says if there is one.
func (s *stack) next(lines <-chan string) (line string, ok bool) {
	s.t.Helper()
	select {
	case line, ok = <-lines:
		return line, ok
	case <-time.After(patience):
		s.t.Fatal("waited in vain for a line")
		return "", false
	}
}

// servedBy makes a payment and says who answered.
func (s *stack) servedBy(connector, reference string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.to(connector), patience)
	defer cancel()
	var headers metadata.MD
	if _, err := s.payments.Authorize(ctx, payment(reference), grpc.Header(&headers)); err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(headers.Get("x-connector"), ",")
}

// addVersion has a further version of the sandbox connector run beside the first.
func (s *stack) addVersion(version string) {
	s.t.Helper()
	s.put("sandbox-"+version+".yaml", fmt.Appendf(nil, "name: sandbox\nversion: %s\ncommand: connector-sandbox\negress: [%q]\n", version, s.pspHost()), 0o644)
	s.operates("reload")
}

// declareRecorder has this test binary be a connector that does as it is asked.
func (s *stack) declareRecorder(version, more string) {
	s.t.Helper()
	s.put("recorder.yaml", fmt.Appendf(nil, "name: recorder\nversion: %s\ncommand: recorder\nenv: {%s: recorder, %s: tells its arguments}\nargs: [hello, world]\n%s",
		version, launchtest.IDEnv, launchtest.BehaviourEnv, more), 0o644)
}

func TestOperatorsPin(t *testing.T) {
	s := newStack(t)
	s.addVersion("1.1.0")
	for asked, want := range map[string]string{"sandbox": "sandbox@1.1.0", "sandbox@1.0.0": "sandbox@1.0.0", "sandbox@1.1.0": "sandbox@1.1.0"} {
		if got := s.servedBy(asked, "before-"+asked); got != want {
			t.Errorf("%s is served by %s", asked, got)
		}
	}
	if got := s.operates("pin", "sandbox@1.0.0"); got != "sandbox@1.0.0 serves the calls that pin no version\n" {
		t.Errorf("told %q", got)
	}
	table := s.operates("list", "sandbox")
	for _, want := range []string{
		`^NAME +VERSION +STATE +UNPINNED +GENERATION +PID +SANDBOX +IN FLIGHT +MEMORY +CPU +AGE +NOTE\n`,
		`\nsandbox +1\.1\.0 +serving +- +\d+ +\d+ +T[123] +0 `, `\nsandbox +1\.0\.0 +serving +pinned +\d+ +\d+ +T[123] +0 `,
	} {
		if !regexp.MustCompile(want).MatchString(table) {
			t.Errorf("%s is not in:\n%s", want, table)
		}
	}
	if got := s.servedBy("sandbox", "pinned"); got != "sandbox@1.0.0" {
		t.Errorf("served by %s", got)
	}
	if got := s.servedBy("sandbox@1.1.0", "other"); got != "sandbox@1.1.0" {
		t.Errorf("a caller's pin is served by %s", got)
	}

	s.stopGateway()
	s.startGateway()
	if got := s.servedBy("sandbox", "restarted"); got != "sandbox@1.0.0" {
		t.Errorf("after a restart of the gateway served by %s", got)
	}
	if got := s.operates("pin", "sandbox", "--none"); got != "sandbox@1.1.0 serves the calls that pin no version\n" {
		t.Errorf("told %q", got)
	}
	if got := s.servedBy("sandbox", "no-pin"); got != "sandbox@1.1.0" {
		t.Errorf("served by %s", got)
	}
	s.stopGateway()
	s.startGateway()
	if got := s.servedBy("sandbox", "no-pin-restarted"); got != "sandbox@1.1.0" {
		t.Errorf("after a restart of the gateway served by %s", got)
	}
}
