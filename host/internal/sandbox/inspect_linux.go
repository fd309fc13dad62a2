package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/patchbay/patchbay/host/internal/cgroup"
)

// inspection bounds how long one look at the machine may take.
const inspection = 10 * time.Second

// Inspect finds what this machine can enforce, by having shims do it. dir is a
// directory of the host's user for what they need. The way out is tried too, and
// the cgroups unless groups is nil.
func Inspect(ctx context.Context, dir string, groups *cgroup.Tree) Machine {
	var m Machine
	for _, tier := range []Tier{T3, T2, T1} {
		err := try(ctx, dir, tier, nil)
		if err == nil {
			m.Tier = tier
			m.Mechanisms = append(m.Mechanisms, Mechanism{Name: tier.String() + ": " + tier.means(), Enforced: true})
			break
		}
		m.Mechanisms = append(m.Mechanisms, Mechanism{Name: tier.String() + ": " + tier.means(), Detail: err.Error()})
	}
	m.Mechanisms = append(m.Mechanisms, mechanisms()...)
	if groups != nil {
		m.inspectGroups(groups, try(ctx, dir, m.Tier, groups))
	}
	return m
}

// inspectGroups says what groups enforce. tried is why no process can be started in
// one; nil if it can.
func (m *Machine) inspectGroups(groups *cgroup.Tree, tried error) {
	if tried == nil {
		m.Groups = groups
	}
	for _, c := range groups.Controllers() {
		mechanism := Mechanism{Name: "cgroup " + c.Name, Enforced: true, Detail: "below " + filepath.Dir(groups.Dir())}
		if err := cmp.Or(tried, c.Err); err != nil {
			mechanism.Enforced, mechanism.Detail = false, err.Error()
		}
		m.Controllers = append(m.Controllers, mechanism)
	}
}

// means is what a tier is made of.
func (t Tier) means() string {
	return map[Tier]string{
		T3: "namespaces, Landlock, seccomp", T2: "Landlock, seccomp", T1: "limits, no new privileges",
	}[t]
}

// try has a shim do all that a tier wants, but execute anything.
func try(ctx context.Context, dir string, tier Tier, groups *cgroup.Tree) error {
	ctx, cancel := context.WithTimeout(ctx, inspection)
	defer cancel()
	sockets, err := os.MkdirTemp(dir, "try")
	if err != nil {
		return err
	}
	defer os.RemoveAll(sockets)
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	cmd := exec.CommandContext(ctx, "")
	cmd.ExtraFiles = []*os.File{null}
	job := Job{
		Tier: tier, SocketDir: sockets, Brokered: true, Name: "try", Groups: groups,
		Limits: Limits{Memory: 1 << 30, Processes: 64, OpenFiles: 256, FileSize: 1 << 20},
	}
	o := job.orders()
	o.Check = true
	cell, err := confine(cmd, o, null)
	if err != nil {
		return err
	}
	defer func() { _ = cell.Clear() }() // what it leaves goes with the tree
	if err := cell.join(cmd, job); err != nil {
		cell.Abandon()
		return fmt.Errorf("it gets no cgroup: %w", err)
	}
	if err := cmd.Start(); err != nil {
		cell.Abandon()
		return explain(err, groups != nil)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	defer cell.Abandon()
	cell.give()
	for !cell.ready && cell.err == nil {
		if !cell.hear() {
			return errors.New("its shim ends without a word")
		}
	}
	if cell.listener != nil {
		defer cell.listener.Close()
	}
	if cell.err != nil {
		return cell.err
	}
	if _, err := os.Stat(HostPath(tier, cmd.Process.Pid, o.Dir)); err != nil {
		return fmt.Errorf("its sockets are out of reach: %w", err)
	}
	return nil
}

// explain says what a clone that fails means.
func explain(err error, grouped bool) error {
	var at *os.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	if grouped {
		return fmt.Errorf("the kernel starts no process in a cgroup: %w", err)
	}
	return fmt.Errorf("the kernel makes no namespaces for this user: %w", err)
}

// mechanisms are the parts that a tier is made of, each looked at by itself.
func mechanisms() []Mechanism {
	all := []Mechanism{landlockMechanism(), {Name: "seccomp filter", Enforced: seccompSupported}}
	for _, limit := range []struct{ name, file string }{
		{"user namespaces", "/proc/sys/user/max_user_namespaces"},
		{"unprivileged user namespaces (Debian)", "/proc/sys/kernel/unprivileged_userns_clone"},
		{"user namespaces despite AppArmor (Ubuntu)", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"},
	} {
		raw, err := os.ReadFile(limit.file)
		if err != nil {
			continue
		}
		value := strings.TrimSpace(string(raw))
		free := value != "0"
		if strings.Contains(limit.file, "apparmor") {
			free = !free
		}
		all = append(all, Mechanism{Name: limit.name, Enforced: free, Detail: filepath.Base(limit.file) + "=" + value})
	}
	return all
}

func landlockMechanism() Mechanism {
	abi, err := landlockABI()
	if err != nil {
		return Mechanism{Name: "Landlock", Detail: err.Error()}
	}
	return Mechanism{Name: "Landlock", Enforced: true, Detail: fmt.Sprintf("version %d", abi)}
}
