package auth

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// lookEvery is how often a followed file is looked at, at most.
const lookEvery = 500 * time.Millisecond

// followed is what some files say. It is read again when one of them changes;
// what can't be read leaves what was, and is logged.
type followed[T any] struct {
	paths []string
	read  func() (T, error)
	what  string
	log   hclog.Logger

	mu     sync.Mutex
	value  T
	stamp  string // of the files when value was read
	broken string // of the files when they could not be read
	looked time.Time
}

// follow follows files. load has to succeed before get is called.
func follow[T any](log hclog.Logger, what string, read func() (T, error), paths ...string) *followed[T] {
	return &followed[T]{paths: paths, read: read, what: what, log: log}
}

// load reads the files for the first time.
func (f *followed[T]) load() error {
	stamp := f.look()
	value, err := f.read()
	if err == nil {
		f.value, f.stamp, f.looked = value, stamp, time.Now()
	}
	return err
}

// get gives what the files say, or said when they last could be read.
func (f *followed[T]) get() T {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.looked) < lookEvery {
		return f.value
	}
	f.looked = time.Now()
	stamp := f.look()
	if stamp == f.stamp {
		return f.value
	}
	value, err := f.read()
	switch {
	case err == nil:
		f.value, f.stamp, f.broken = value, stamp, ""
		f.log.Info("new "+f.what, "files", strings.Join(f.paths, " "))
	case stamp != f.broken:
		f.broken = stamp
		f.log.Error("new "+f.what+" can't be used; the old ones stay", "files", strings.Join(f.paths, " "), "error", err)
	}
	return f.value
}

// look is how the files look from outside.
func (f *followed[T]) look() string {
	var all strings.Builder
	for _, path := range f.paths {
		info, err := os.Stat(path)
		if err != nil {
			fmt.Fprintln(&all, err)
			continue
		}
		fmt.Fprintln(&all, info.Size(), info.ModTime().UnixNano(), inode(info))
	}
	return all.String()
}
