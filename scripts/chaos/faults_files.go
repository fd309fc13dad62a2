package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// fileFaults are those of the directory of manifests, and of who writes there.
func fileFaults() []fault {
	return []fault{
		{"reload storm", reloadStorm},
		{"reloads by operators", operatorsReload},
		{"rollback by an operator", operatorRollsBack},
		{"binary replaced", replaceBinary},
		{"binary written in place, slowly", writeBinarySlowly},
		{"half-written manifest", writeManifestSlowly},
		{"manifest vanishes for a moment", hideManifest},
		{"clock jumps, as files tell it", jumpTimes},
		{"disk full", fillDisk},
		{"next version does not start", misfitStart},
		{"next version: answers too much", misfitServes("oversized")},
		{"next version: panics after the charge", misfitServes("panics")},
		{"next version: garbage on stdout and stderr", misfitServes("noisy")},
	}
}

// reloadStorm declares one version after the other faster than they can start.
func reloadStorm(ctx context.Context, s *stage, choose *rand.Rand) error {
	for range 5 + choose.IntN(10) {
		if err := s.declareNext(""); err != nil || !pause(ctx, between(choose, 1, 60*time.Millisecond)) {
			return err
		}
	}
	return nil
}

// operatorsReload has several operators ask for a new process at once. What they
// are told is their affair; that they are told something is the fault's.
func operatorsReload(ctx context.Context, s *stage, _ *rand.Rand) error {
	var all sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		all.Go(func() { errs[i] = s.operator(ctx, "reload", connector) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func operatorRollsBack(ctx context.Context, s *stage, choose *rand.Rand) error {
	if err := s.operator(ctx, "rollback", connector); err != nil || !pause(ctx, between(choose, 1, 300*time.Millisecond)) {
		return err
	}
	return s.declareNext("")
}

func replaceBinary(_ context.Context, s *stage, choose *rand.Rand) error {
	return s.putBinary(fmt.Appendf(nil, "build %d", choose.Uint64()))
}

// writeBinarySlowly overwrites the binary as cp does over a slow line, with or
// without a manifest that says which bytes are meant.
func writeBinarySlowly(ctx context.Context, s *stage, choose *rand.Rand) error {
	content := slices.Concat(s.binary, fmt.Appendf(nil, "build %d", choose.Uint64()))
	if choose.IntN(2) == 0 {
		if err := s.declareNext(digestOf(content)); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(s.path(binaryName), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	half := len(content) / 2
	_, first := file.Write(content[:half])
	pause(ctx, between(choose, 1, 700*time.Millisecond))
	_, second := file.Write(content[half:])
	return errors.Join(first, second, file.Close())
}

func writeManifestSlowly(ctx context.Context, s *stage, choose *rand.Rand) error {
	half := oneOf(choose, "", "name: sand", "name: sandbox\nversion: 9.9", "name: [\n", "name: sandbox\nversion: 99.0.0\ncommand: nowhere\n", "\x00\xff")
	if err := os.WriteFile(s.path(manifestName), []byte(half), 0o600); err != nil {
		return err
	}
	pause(ctx, between(choose, 1, 500*time.Millisecond))
	return s.declareNext("")
}

func hideManifest(ctx context.Context, s *stage, choose *rand.Rand) error {
	if err := os.Remove(s.path(manifestName)); err != nil {
		return err
	}
	pause(ctx, between(choose, 1, 500*time.Millisecond))
	return s.declareNext("")
}

// jumpTimes gives files the times of another century. The machine's clock belongs
// to others; a test in scripts/layers sees to it that the host's own waiting does
// not depend on it.
func jumpTimes(_ context.Context, s *stage, choose *rand.Rand) error {
	at := time.Unix(choose.Int64N(1<<33), 0)
	return errors.Join(os.Chtimes(s.path(manifestName), at, at), os.Chtimes(s.path(binaryName), at, at))
}

// fillDisk keeps the gateway from writing more than a little of any file, while a
// new binary asks to be copied. Nothing changes when there is room again.
func fillDisk(ctx context.Context, s *stage, choose *rand.Rand) error {
	lift, err := limitFileSize(s.gatewayPID(), 64<<10)
	if err != nil {
		return err
	}
	err = s.putBinary(fmt.Appendf(nil, "build %d", choose.Uint64()))
	pause(ctx, between(choose, 200*time.Millisecond, 800*time.Millisecond))
	return errors.Join(err, lift())
}

// misfitStart declares a next version that never gets as far as serving.
func misfitStart(ctx context.Context, s *stage, choose *rand.Rand) error {
	return s.misfit(ctx, oneOf(choose, "exits", "silent", "garbage", "flood", "next-protocol", "elsewhere"), choose)
}

// misfitServes declares a next version that serves, and should not.
func misfitServes(trait string) func(context.Context, *stage, *rand.Rand) error {
	return func(ctx context.Context, s *stage, choose *rand.Rand) error { return s.misfit(ctx, trait, choose) }
}

func (s *stage) misfit(ctx context.Context, trait string, choose *rand.Rand) error {
	command, err := filepath.Abs(filepath.Join(s.bin, "connector-misfit"))
	if err != nil {
		return err
	}
	if err := s.declare(fmt.Sprintf("command: %s\nargs: [%s]\nstart_timeout: 2s\n", command, trait)); err != nil {
		return err
	}
	pause(ctx, between(choose, 300*time.Millisecond, 900*time.Millisecond))
	return s.declareNext("")
}
