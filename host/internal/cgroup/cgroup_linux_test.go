package cgroup

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// actVariable has this binary be a process of a test: see acts.
const actVariable = "CGROUP_TEST_ACT"

func TestMain(m *testing.M) {
	if act, ok := acts[os.Getenv(actVariable)]; ok {
		if err := act(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// report is the line of JSON that an act writes.
type report struct {
	Tree        string            // its directory
	Child       int               // a process that it has left
	Controllers map[string]string // with their errors
	Own, After  string            // where it was with the tree, and after closing it
}

var acts = map[string]func(args []string) error{
	// sleeps, and starts another process that does in a session of its own
	"leaves a child": func([]string) error {
		pid, err := sleepAway(nil)
		if err != nil {
			return err
		}
		return tellAndSleep(report{Child: pid})
	},
	// a host with one group, in which a process sleeps
	"host": func(args []string) error {
		tree, err := open(args[0], args[1:]...)
		if err != nil {
			return err
		}
		group, err := tree.Make("sleeper", Limits{})
		if err != nil {
			return err
		}
		pid, err := sleepAway(group)
		if err != nil {
			return err
		}
		return tellAndSleep(report{Tree: tree.Dir(), Child: pid})
	},
	// sweeps a tree
	"sweeper": func(args []string) error {
		gone, err := Sweep(args[0])
		after, ownErr := Own()
		if !gone {
			err = errors.Join(err, errors.New("it is left"))
		}
		return errors.Join(err, ownErr, json.NewEncoder(os.Stdout).Encode(report{After: after}))
	},
	// a host that wants controllers
	"controllers": func(args []string) error {
		tree, err := open(args[0], args[1:]...)
		if err != nil {
			return err
		}
		r := report{Tree: tree.Dir(), Controllers: map[string]string{}}
		for _, c := range tree.Controllers() {
			r.Controllers[c.Name] = fmt.Sprint(c.Err)
		}
		if r.Own, err = Own(); err != nil {
			return err
		}
		if err := tree.Close(); err != nil {
			return err
		}
		r.After, err = Own()
		return errors.Join(err, json.NewEncoder(os.Stdout).Encode(r))
	},
}

// sleepAway starts a process that sleeps in a session of its own, in a group unless
// that is nil.
func sleepAway(group *Group) (pid int, err error) {
	cmd := exec.Command("sleep", "3600")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if group != nil {
		cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, group.FD()
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	return cmd.Process.Pid, nil
}

func tellAndSleep(r report) error {
	err := json.NewEncoder(os.Stdout).Encode(r)
	for err == nil {
		time.Sleep(time.Hour)
	}
	return err
}

// act starts this binary as a process of a test, in the cgroup dir unless that is
// empty, and gives what it reports.
func act(t *testing.T, dir, name string, args ...string) (*exec.Cmd, report) {
	t.Helper()
	return actAs(t, nil, dir, name, args...)
}

// actAs is act as another user, or as this one if that is nil.
func actAs(t *testing.T, user *syscall.Credential, dir, name string, args ...string) (*exec.Cmd, report) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...) // which any user reaches
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	cmd.Env = append(os.Environ(), actVariable+"="+name)
	cmd.Stderr = os.Stderr
	if dir != "" {
		file, err := os.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(file.Fd())
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it may have been waited for
	})
	var r report
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err := errors.Join(err, json.Unmarshal(line, &r)); err != nil {
		t.Fatalf("%s reports %q: %v", name, line, err)
	}
	return cmd, r
}

// fresh is a cgroup for one test.
func fresh(t *testing.T) string {
	t.Helper()
	own, err := Own()
	if err != nil {
		t.Skipf("skipped: needs version 2 of cgroups: %v", err)
	}
	dir, err := os.MkdirTemp(own, "cgroup-test-")
	if err != nil {
		t.Skipf("skipped: needs a cgroup that this user may manage: %v", err)
	}
	t.Cleanup(func() {
		if err := remove(dir); err != nil {
			t.Errorf("the test's cgroup is left: %v", err)
		}
	})
	return dir
}

// placeOf is the path of a process's cgroup, or "" if it runs no more.
func placeOf(t *testing.T, pid int) string {
	t.Helper()
	process, err := procfs.NewProc(pid)
	if err != nil {
		return ""
	}
	stat, statErr := process.Stat()
	places, err := process.Cgroups()
	at := slices.IndexFunc(places, func(c procfs.Cgroup) bool { return c.HierarchyID == 0 })
	if err != nil || statErr != nil || stat.State == "Z" || at < 0 {
		return ""
	}
	return places[at].Path
}

// untilGone waits for a process to end, reaped or not.
func untilGone(t *testing.T, pid int) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); placeOf(t, pid) != ""; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("process %d lives on", pid)
		}
	}
}

func isThere(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return err == nil
}

// hugetlb gives a test a controller to try with, one that nothing else depends on.
func hugetlb(t *testing.T) (parent string) {
	t.Helper()
	parent = fresh(t)
	top := filepath.Dir(parent)
	before, _ := words(top, "cgroup.subtree_control")
	if err := write(top, "cgroup.subtree_control", "+hugetlb"); err != nil {
		t.Skipf("skipped: needs a controller to try with, hugetlb, in %s: %v", top, err)
	}
	if !slices.Contains(before, "hugetlb") {
		t.Cleanup(func() { _ = write(top, "cgroup.subtree_control", "-hugetlb") }) // it may be in use elsewhere by now
	}
	return parent
}

func TestKillReachesWhatHasLeftTheSession(t *testing.T) {
	tree, err := Open(fresh(t))
	if err != nil {
		t.Fatal(err)
	}
	group, err := tree.Make("plugin", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	cmd, r := act(t, group.dir, "leaves a child")
	for _, pid := range []int{cmd.Process.Pid, r.Child} {
		if place := placeOf(t, pid); !strings.HasSuffix(group.dir, place) || !strings.HasSuffix(place, "/plugin-1") {
			t.Errorf("process %d is in %q, not in %q", pid, place, group.dir)
		}
	}
	group.Kill()
	untilGone(t, cmd.Process.Pid)
	untilGone(t, r.Child)
	for range 2 {
		if err := group.Remove(); err != nil || isThere(t, group.dir) {
			t.Errorf("the group is left: %v", err)
		}
	}
	if err := tree.Close(); err != nil || isThere(t, tree.Dir()) {
		t.Errorf("the tree is left: %v", err)
	}
}

func TestRemoveEndsWhatRuns(t *testing.T) {
	tree, err := Open(fresh(t))
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	group, err := tree.Make("plugin", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	cmd, _ := act(t, group.dir, "leaves a child")
	if err := group.Remove(); err != nil || isThere(t, group.dir) {
		t.Errorf("the group is left: %v", err)
	}
	untilGone(t, cmd.Process.Pid)
}

func TestSweepTakesOnlyDeadHostsTrees(t *testing.T) {
	parent := fresh(t)
	others := filepath.Join(parent, ownPrefix+"-1-x") // no name of ours
	if err := os.Mkdir(others, 0o755); err != nil {
		t.Fatal(err)
	}
	dead, left := act(t, "", "host", parent)
	_, alive := act(t, "", "host", parent)
	if gone, err := Sweep(left.Tree); gone || err == nil {
		t.Errorf("the tree of a host that lives: gone %t, %v", gone, err)
	}
	if err := dead.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = dead.Wait()
	if placeOf(t, left.Child) == "" {
		t.Error("what the dead host has started is gone before the sweep")
	}
	tree, err := Open(parent)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	untilGone(t, left.Child)
	if isThere(t, left.Tree) {
		t.Error("the dead host's tree is left")
	}
	if placeOf(t, alive.Child) == "" || !isThere(t, alive.Tree) || !isThere(t, others) {
		t.Error("more than the dead host's tree is gone")
	}
	if gone, err := Sweep(left.Tree); !gone || err != nil && !os.IsNotExist(err) {
		t.Errorf("a tree that is gone: %t, %v", gone, err)
	}
}

// TestHostMovesIntoALeafForControllers does so as this user, and as one to whom a
// cgroup is delegated as service managers do it.
func TestHostMovesIntoALeafForControllers(t *testing.T) {
	t.Run("own", func(t *testing.T) { moveIntoALeaf(t, hugetlb(t), nil) })
	t.Run("delegated", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("skipped: needs root, to delegate a cgroup to another user")
		}
		nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
		parent := hugetlb(t)
		for _, file := range []string{"", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"} { // see "delegation" in cgroups(7)
			if err := os.Chown(filepath.Join(parent, file), int(nobody.Uid), int(nobody.Gid)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
		moveIntoALeaf(t, parent, nobody)
	})
}

func moveIntoALeaf(t *testing.T, parent string, user *syscall.Credential) {
	t.Helper()
	_, r := actAs(t, user, parent, "controllers", parent, "hugetlb", "nosuch")
	if got := r.Controllers["hugetlb"]; got != "<nil>" {
		t.Errorf("the controller is not given: %s", got)
	}
	if got := r.Controllers["nosuch"]; !strings.Contains(got, "does not have it") {
		t.Errorf("of a controller that there is not: %s", got)
	}
	if want := filepath.Join(parent, hostLeaf); r.Own != want || r.After != parent {
		t.Errorf("it ran in %s and then %s, want %s and %s", r.Own, r.After, want, parent)
	}
	if enabled, err := words(parent, "cgroup.subtree_control"); err != nil || len(enabled) > 0 {
		t.Errorf("it has left enabled: %v, %v", enabled, err)
	}
	for _, dir := range []string{r.Own, r.Tree} {
		if isThere(t, dir) {
			t.Errorf("%s is left", dir)
		}
	}
}

// TestSweeperLeavesTheLeaf kills a host that has moved into a leaf, in which its
// sweeper is too.
func TestSweeperLeavesTheLeaf(t *testing.T) {
	parent := hugetlb(t)
	host, left := act(t, parent, "host", parent, "hugetlb")
	leaf := filepath.Join(parent, hostLeaf)
	if place := placeOf(t, host.Process.Pid); !strings.HasSuffix(place, "/"+hostLeaf) {
		t.Fatalf("the host is in %q", place)
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	_, r := act(t, leaf, "sweeper", left.Tree)
	if r.After != parent || isThere(t, leaf) || isThere(t, left.Tree) {
		t.Errorf("the sweeper is in %s; there are %s: %t, %s: %t", r.After, leaf, isThere(t, leaf), left.Tree, isThere(t, left.Tree))
	}
	untilGone(t, left.Child)
}

func TestOthersInTheCgroupKeepControllersAway(t *testing.T) {
	parent := hugetlb(t)
	act(t, parent, "leaves a child")
	_, r := act(t, parent, "controllers", parent, "hugetlb")
	if got := r.Controllers["hugetlb"]; !strings.Contains(got, "has other processes") {
		t.Errorf("got %s", got)
	}
	if r.After != parent {
		t.Errorf("it stays in %s", r.After)
	}
}

func TestOpenWhereItMayNot(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "nowhere")); err == nil || !strings.Contains(err.Error(), "may not manage") {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "5.14") {
		t.Errorf("a directory that is no cgroup: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestLimitsAsTheKernelReadsThem looks at what is written only. That the kernel
// keeps it is for machines that have the controllers: see TestLimitOfProcessorTime
// of package launch.
func TestLimitsAsTheKernelReadsThem(t *testing.T) {
	all := []Controller{{Name: "cpu"}, {Name: "memory"}, {Name: "pids"}}
	for name, test := range map[string]struct {
		controllers []Controller
		limits      Limits
		want        map[string]string // "" is unwritten
	}{
		"all":            {all, Limits{CPU: 1.5, Memory: 512 << 20, Processes: 64}, map[string]string{"cpu.max": "150000 100000", "memory.max": "536870912", "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "64"}},
		"none":           {all, Limits{}, map[string]string{"cpu.max": "", "memory.max": "", "pids.max": ""}},
		"least":          {all, Limits{CPU: 0.001, Processes: 8}, map[string]string{"cpu.max": "1000 100000", "pids.max": "16"}},
		"rounded":        {all, Limits{CPU: 0.29}, map[string]string{"cpu.max": "29000 100000"}},
		"one controller": {[]Controller{{Name: "cpu", Err: os.ErrPermission}, {Name: "pids"}}, Limits{CPU: 1, Memory: 1 << 20, Processes: 20}, map[string]string{"cpu.max": "", "memory.max": "", "pids.max": "20"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range []string{"cpu.max", "memory.max", "memory.swap.max", "memory.oom.group", "pids.max"} {
				if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			tree := &Tree{controllers: test.controllers}
			if err := tree.limit(dir, test.limits); err != nil {
				t.Fatal(err)
			}
			for file, want := range test.want {
				if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(got) != want {
					t.Errorf("%s has %q, want %q; %v", file, got, want, err)
				}
			}
			if err := os.Remove(filepath.Join(dir, "memory.swap.max")); err != nil {
				t.Fatal(err)
			}
			if err := tree.limit(dir, test.limits); err != nil {
				t.Errorf("a kernel without swap: %v", err)
			}
		})
	}
}

func TestLimitThatCanNotBeWritten(t *testing.T) {
	tree := &Tree{controllers: []Controller{{Name: "cpu"}}, dir: t.TempDir()}
	if _, err := tree.Make("plugin", Limits{CPU: 1}); err == nil || !strings.Contains(err.Error(), `"100000 100000"`) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(tree.dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestOutOfMemory(t *testing.T) {
	for events, want := range map[string]bool{
		"low 0\nhigh 0\nmax 7\noom 0\noom_kill 3\n": false,
		"low 0\nhigh 0\nmax 7\noom 1\noom_kill 3\n": true,
		"": false,
	} {
		g := &Group{dir: t.TempDir()}
		if err := os.WriteFile(filepath.Join(g.dir, "memory.events"), []byte(events), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := g.OutOfMemory(); got != want {
			t.Errorf("of %q: %t", events, got)
		}
	}
}
