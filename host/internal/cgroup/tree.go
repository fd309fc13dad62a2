package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

const (
	ownPrefix = "patchbay"      // of a tree's name, with the host's number and one of chance
	hostLeaf  = "patchbay-host" // beside the trees; where hosts and their sweepers are, if need be
)

// claims is how often a directory is made that another host's sweep takes away.
const claims = 10

// Controller is one of the kernel's means to limit a cgroup.
type Controller struct {
	Name string
	Err  error // why the host can't give it; nil if it can
}

// Tree is one host's part of the hierarchy, which has a group for each plugin's
// process. It may be used by many goroutines at once.
type Tree struct {
	dir         string
	lock        *os.File // held as long as the host lives
	controllers []Controller
	made        atomic.Int64
}

// Open makes this process's tree below a cgroup, and removes those of hosts that
// have died. A cgroup that has processes can't give controllers to those below it.
// So if it is this process's own, and need be, the process moves on into a leaf.
func Open(parent string) (*Tree, error) { return open(parent, "cpu", "memory", "pids") }

func open(parent string, controllers ...string) (*Tree, error) {
	sweep(parent)
	t := &Tree{}
	if err := t.claim(parent); err != nil {
		return nil, fmt.Errorf("this host may not manage its cgroup: %w", err)
	}
	if _, err := os.Stat(filepath.Join(t.dir, "cgroup.kill")); err != nil {
		return nil, errors.Join(fmt.Errorf("this kernel is older than Linux 5.14: %w", err), t.Close())
	}
	for _, name := range controllers {
		t.controllers = append(t.controllers, Controller{name, t.enable(name)})
	}
	return t, nil
}

// claim makes the tree's directory and takes its lock.
func (t *Tree) claim(parent string) (err error) {
	for range claims {
		if t.dir, err = os.MkdirTemp(parent, fmt.Sprintf("%s-%d-", ownPrefix, os.Getpid())); err != nil {
			return err
		}
		var held bool
		if t.lock, held, err = tryLock(t.dir); err == nil && held {
			if _, err = os.Stat(t.dir); err == nil {
				return nil
			}
			_ = t.lock.Close()
		}
		_ = os.Remove(t.dir) // mostly another's sweep has come in between, and does it
	}
	return errors.Join(fmt.Errorf("%s does not stay", t.dir), err)
}

// enable has the tree's groups get a controller.
func (t *Tree) enable(controller string) error {
	parent := filepath.Dir(t.dir)
	available, err := words(parent, "cgroup.controllers")
	if err != nil {
		return err
	}
	if !slices.Contains(available, controller) {
		return fmt.Errorf("%s does not have it: version 1 of cgroups does, or nobody has delegated it", parent)
	}
	err = write(parent, "cgroup.subtree_control", "+"+controller)
	if errors.Is(err, syscall.EBUSY) {
		if err := settle(parent); err != nil {
			return err
		}
		err = write(parent, "cgroup.subtree_control", "+"+controller)
	}
	if errors.Is(err, syscall.EBUSY) {
		return fmt.Errorf("%s has other processes beside this host: %w", parent, err)
	}
	if err != nil {
		return err
	}
	return write(t.dir, "cgroup.subtree_control", "+"+controller)
}

// settle moves this process into a leaf below its cgroup.
func settle(parent string) error {
	if own, err := Own(); err != nil || own != parent {
		return err
	}
	leaf := filepath.Join(parent, hostLeaf)
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return write(leaf, "cgroup.procs", "0") // the writing process
}

// leave undoes what settle and enable have done, as far as no other host needs it.
func leave(parent string) {
	leaf := filepath.Join(parent, hostLeaf)
	if own, err := Own(); err != nil || own != leaf {
		return
	}
	enabled, _ := words(parent, "cgroup.subtree_control")
	for _, controller := range enabled {
		_ = write(parent, "cgroup.subtree_control", "-"+controller)
	}
	_ = write(parent, "cgroup.procs", "0")
	_ = os.Remove(leaf)
}

// Dir is the tree's directory.
func (t *Tree) Dir() string { return t.dir }

// Controllers are those that this package uses, given or not.
func (t *Tree) Controllers() []Controller { return slices.Clone(t.controllers) }

func (t *Tree) gives(controller string) bool {
	return slices.ContainsFunc(t.controllers, func(c Controller) bool { return c.Name == controller && c.Err == nil })
}

// Close ends what is left in the tree's groups and removes it.
func (t *Tree) Close() error {
	err := remove(t.dir)
	leave(filepath.Dir(t.dir))
	return errors.Join(err, t.lock.Close())
}

// Sweep does for a host that has died what closing its tree would have done. gone
// says that nothing is left; the tree of a host that lives stays.
func Sweep(dir string) (gone bool, err error) {
	if gone, err = sweepTree(dir); gone {
		leave(filepath.Dir(dir))
	}
	return gone, err
}

func sweepTree(dir string) (gone bool, err error) {
	lock, held, err := tryLock(dir)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist), err
	}
	defer lock.Close()
	if !held {
		return false, errors.New("another process holds its lock")
	}
	err = remove(dir)
	return err == nil, err
}

// sweep removes the trees of hosts that have died.
func sweep(parent string) {
	dirs, _ := filepath.Glob(filepath.Join(parent, ownPrefix+"-*-*"))
	for _, dir := range dirs {
		parts := strings.Split(filepath.Base(dir), "-")
		_, pid := strconv.Atoi(parts[1])
		_, chance := strconv.Atoi(parts[2])
		if len(parts) == 3 && pid == nil && chance == nil {
			_, _ = sweepTree(dir) // the next start tries again
		}
	}
}

// tryLock takes the lock of a tree if nobody holds it. It is on the directory
// itself, which only its user can open.
func tryLock(dir string) (lock *os.File, held bool, err error) {
	if lock, err = os.Open(dir); err != nil {
		return nil, false, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, false, lock.Close()
	}
	return lock, true, nil
}
