package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/patchbay/patchbay/scripts/internal/local"
)

// terminate ends the gateway as an operator does, and looks for what is left of
// it and of all that went before it.
func (s *stage) terminate(ctx context.Context) {
	gateway := s.letGo()
	if err := gateway.Stop(stopTime); err != nil {
		s.report.violate("SIGTERM: %v", err)
	}
	if !errors.Is(syscall.Kill(gateway.PID(), 0), syscall.ESRCH) {
		s.report.violate("the gateway's process %d is left", gateway.PID())
	}
	var left []string
	look := func() (bool, error) {
		left = s.processes()
		return len(left) == 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.afterlife)
	defer cancel()
	if err := local.Until(ctx, look); err != nil {
		s.report.violate("processes are left: %s", strings.Join(left, ", "))
	}
	files := s.files()
	for _, file := range files {
		s.report.violate("a file is left: %s", file)
	}
	if conn, err := net.Dial("tcp", s.config.Listen); err == nil {
		_ = conn.Close()
		s.report.violate("somebody listens on %s", s.config.Listen)
	}
	s.report.left = fmt.Sprintf("after SIGTERM %d processes, %d sockets and files are left", len(left), len(files))
}

// files are those in the gateway's directories that should have gone with it.
func (s *stage) files() (left []string) {
	for _, pattern := range []string{"run/*", "state/store/*", "state/*.sock", "state/*.incoming", "state/*/*.incoming"} {
		found, err := filepath.Glob(filepath.Join(s.dir, pattern))
		if err != nil {
			panic(err) // the patterns are constants
		}
		left = append(left, found...)
	}
	return left
}

// processes are those of connectors, which are executed or at home in the stage's
// directory, and the gateway's sweepers, whose arguments lie in it.
func (s *stage) processes() (left []string) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range all {
		home, _ := os.Readlink(filepath.Join(process, "cwd"))
		program, _ := os.Readlink(filepath.Join(process, "exe"))
		arguments, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		if strings.HasPrefix(home, s.dir) || strings.HasPrefix(program, s.dir) || sweeps(arguments) && bytes.Contains(arguments, []byte(s.dir)) {
			left = append(left, filepath.Base(process))
		}
	}
	return left
}

// sweeps says whether a command line is that of a gateway's sweeper.
func sweeps(arguments []byte) bool { return bytes.Contains(arguments, []byte("\x00__sweep\x00")) }

// connectors are the processes that the gateway runs for the connector.
func (s *stage) connectors() (pids []int) {
	parent := s.gatewayPID()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		raw, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:]) // state, parent, …
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err == nil && len(fields) > 1 && string(fields[0]) != "Z" && string(fields[1]) == strconv.Itoa(parent) && syscall.Kill(pid, 0) == nil {
			if arguments, err := os.ReadFile(filepath.Join(filepath.Dir(stat), "cmdline")); err == nil && !sweeps(arguments) {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
