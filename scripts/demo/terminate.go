package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// terminate ends everything and looks for what is left.
func (s *stage) terminate(ctx context.Context) error {
	pids := []int{s.gateway.PID(), s.psp.PID()}
	plugins := map[int]bool{}
	for _, e := range s.gateway.Log.Events() {
		if e.PID != 0 && !plugins[e.PID] {
			plugins[e.PID] = true
			pids = append(pids, e.PID)
		}
	}
	directories, err := filepath.Glob(filepath.Join(s.dir, "run", "*", "plugin-dir*"))
	if err != nil {
		return err
	}
	fmt.Printf("the gateway, the PSP and %d processes of connectors, %d directories for their sockets\n", len(plugins), len(directories))
	if err := expect("directories for sockets", len(directories), 2); err != nil {
		return err
	}
	began := time.Now()
	if err := s.gateway.Stop(); err != nil {
		return err
	}
	fmt.Printf("SIGTERM to the gateway: exit status 0 after %s\n", since(began))
	if err := s.psp.Stop(grace); err != nil {
		return err
	}
	return errors.Join(noProcess(pids), nobodyListens(ctx, s.gateway.Address), s.noFile("run"), s.noFile("state", "store"))
}

func noProcess(pids []int) error {
	var left []int
	for _, pid := range pids {
		if !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			left = append(left, pid)
		}
	}
	fmt.Printf("%d processes: %d left\n", len(pids), len(left))
	if len(left) > 0 {
		return fmt.Errorf("expected all processes to be gone, got %v", left)
	}
	return nil
}

func nobodyListens(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err == nil {
		return errors.Join(fmt.Errorf("expected nobody to listen on %s", address), conn.Close())
	}
	fmt.Printf("nobody listens on %s\n", address)
	return nil
}

// noFile expects a directory of the gateway's to be empty.
func (s *stage) noFile(dir ...string) error {
	path := filepath.Join(append([]string{s.dir}, dir...)...)
	left, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d files left\n", filepath.Join(dir...), len(left))
	if len(left) > 0 {
		return fmt.Errorf("expected %s to be empty, got %v", path, left)
	}
	return nil
}
