package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Limits bound what all processes in a group may use together. Zero is no limit.
type Limits struct {
	CPU       float64 // cores
	Memory    int64   // bytes
	Processes int     // processes and threads
}

// period is that of the limit of processor time, and leastQuota the least that
// the kernel takes of one, both in microseconds (CONFIG_CFS_BANDWIDTH).
const (
	period     = 100_000
	leastQuota = 1_000
)

// leastProcesses is what a process needs before it executes the plugin. A smaller
// limit is not kept by the group, which it is in by then.
const leastProcesses = 16

// setting is the text for one of a group's files.
type setting struct {
	controller, file, text string
	optional               bool // a kernel may lack it
}

func (l Limits) settings() []setting {
	var all []setting
	if l.CPU > 0 {
		quota := max(int64(math.Round(l.CPU*period)), leastQuota)
		all = append(all, setting{"cpu", "cpu.max", fmt.Sprintf("%d %d", quota, period), false})
	}
	if l.Memory > 0 {
		all = append(all,
			setting{"memory", "memory.max", strconv.FormatInt(l.Memory, 10), false},
			setting{"memory", "memory.swap.max", "0", true}, // no CONFIG_SWAP, or swapaccount=0
			setting{"memory", "memory.oom.group", "1", false},
		)
	}
	if l.Processes > 0 {
		all = append(all, setting{"pids", "pids.max", strconv.Itoa(max(l.Processes, leastProcesses)), false})
	}
	return all
}

// Group is the cgroup of one plugin's process and of all that it starts.
type Group struct {
	tree *Tree
	dir  string
	file *os.File
}

// Make makes a group. Limits whose controller the tree does not have are not kept.
// A group that can't keep the others is not made. Remove has to follow.
func (t *Tree) Make(name string, limits Limits) (*Group, error) {
	dir := filepath.Join(t.dir, fmt.Sprintf("%s-%d", name, t.made.Add(1)))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	err := t.limit(dir, limits)
	file, openErr := os.Open(dir)
	g := &Group{t, dir, file}
	if err := errors.Join(err, openErr); err != nil {
		return nil, errors.Join(err, g.Remove())
	}
	return g, nil
}

// limit writes limits to a group's files.
func (t *Tree) limit(dir string, limits Limits) error {
	for _, s := range limits.settings() {
		if !t.gives(s.controller) {
			continue
		}
		if err := write(dir, s.file, s.text); err != nil && (!s.optional || !errors.Is(err, fs.ErrNotExist)) {
			return fmt.Errorf("limit it to %q: %w", s.text, err)
		}
	}
	return nil
}

// FD is for starting a process in the group: see syscall.SysProcAttr.CgroupFD.
func (g *Group) FD() int { return int(g.file.Fd()) }

// LimitsCPU says whether the group keeps a limit of processor time.
func (g *Group) LimitsCPU() bool { return g.tree.gives("cpu") }

// OutOfMemory says whether the group has come to its limit of memory, upon which
// the kernel ends all that is in it.
func (g *Group) OutOfMemory() bool {
	events, _ := words(g.dir, "memory.events")
	at := slices.Index(events, "oom") + 1
	return at > 0 && at < len(events) && events[at] != "0"
}

// Kill ends all that is in the group.
func (g *Group) Kill() { _ = kill(g.dir) } // one that is removed has nothing to end

// Remove ends all that is in the group and removes it. It may be called again.
func (g *Group) Remove() error {
	_ = g.file.Close() // one that is nil or closed only answers an error
	return remove(g.dir)
}
