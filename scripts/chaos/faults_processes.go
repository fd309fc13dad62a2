package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/patchbay/patchbay/scripts/internal/local"
)

// processFaults are those of the gateway's process and of its connectors'.
func processFaults() []fault {
	return []fault{
		{"kill -9 of the connector", killConnector},
		{"kill -9 of the connector, again and again", killConnectorOften},
		{"SIGSTOP of the connector", stopConnector},
		{"kill -9 of the gateway", killGateway},
		{"kill -9 of the gateway while it starts", killStartingGateway},
		{"SIGSTOP of the gateway", stopGateway},
		{"no descriptors left", exhaustDescriptors},
	}
}

func killConnector(_ context.Context, s *stage, _ *rand.Rand) error {
	return signalAll(s.connectors(), syscall.SIGKILL)
}

func killConnectorOften(ctx context.Context, s *stage, choose *rand.Rand) error {
	for range 3 + choose.IntN(5) {
		err := signalAll(s.connectors(), syscall.SIGKILL)
		if err != nil || !pause(ctx, between(choose, 1, 200*time.Millisecond)) {
			return err
		}
	}
	return nil
}

// stopConnector stops the connector for a moment, or for the gateway to find.
func stopConnector(ctx context.Context, s *stage, choose *rand.Rand) error {
	pids := s.connectors()
	if err := signalAll(pids, syscall.SIGSTOP); err != nil || choose.IntN(2) == 0 {
		return err
	}
	pause(ctx, between(choose, 1, 1500*time.Millisecond))
	return signalAll(pids, syscall.SIGCONT)
}

// killGateway kills the gateway and starts it again at once. What it ran goes with
// it.
func killGateway(ctx context.Context, s *stage, _ *rand.Rand) error {
	pids := s.connectors()
	s.killGateway()
	if err := s.startGateway(); err != nil {
		return err
	}
	return errors.Join(s.gone(ctx, pids), s.ready(ctx))
}

func killStartingGateway(ctx context.Context, s *stage, choose *rand.Rand) error {
	for range 1 + choose.IntN(3) {
		s.killGateway()
		if err := s.startGateway(); err != nil {
			return err
		}
		pause(ctx, between(choose, 1, 150*time.Millisecond))
	}
	pids := s.connectors()
	s.killGateway()
	if err := s.startGateway(); err != nil {
		return err
	}
	return errors.Join(s.gone(ctx, pids), s.ready(ctx))
}

func stopGateway(ctx context.Context, s *stage, choose *rand.Rand) error {
	pid := []int{s.gatewayPID()}
	if err := signalAll(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	pause(ctx, between(choose, 1, 800*time.Millisecond))
	return signalAll(pid, syscall.SIGCONT)
}

// exhaustDescriptors leaves the gateway not one descriptor to open, and callers
// who want connections.
func exhaustDescriptors(ctx context.Context, s *stage, choose *rand.Rand) error {
	lift, err := limitDescriptors(s.gatewayPID(), 3)
	if err != nil {
		return err
	}
	err = s.knock(ctx, 20)
	pause(ctx, between(choose, 200*time.Millisecond, 800*time.Millisecond))
	return errors.Join(err, lift())
}

// gone waits until connectors' processes have ended, as their gateway has.
func (s *stage) gone(ctx context.Context, pids []int) error {
	ctx, cancel := context.WithTimeout(ctx, s.afterlife)
	defer cancel()
	for _, pid := range pids {
		err := local.Until(ctx, func() (bool, error) { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH), nil })
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("process %d lives %s after its gateway", pid, s.afterlife)
		}
	}
	return nil
}

// signalAll signals processes, of which some may have ended.
func signalAll(pids []int, signal syscall.Signal) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal process %d: %w", pid, err)
		}
	}
	return nil
}
