package host

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/patchbay/patchbay/host/internal/hostile"
	"github.com/patchbay/patchbay/host/internal/sandbox"
)

// Diagnosis is what this machine can enforce upon plugins.
type Diagnosis struct {
	Tier       string              `json:"tier"`
	Mechanisms []sandbox.Mechanism `json:"mechanisms"`
	// Attacks are what became of the hostile plugin's, if it was run.
	Attacks []hostile.Result `json:"attacks,omitempty"`
}

// Through are the attacks that came through and should not have.
func (d Diagnosis) Through() (names []string) {
	for _, r := range d.Attacks {
		if !r.Stopped && !r.Known {
			names = append(names, r.Attack)
		}
	}
	return names
}

// Diagnose finds what this machine can enforce, for the user that asks. If plugin
// is not empty it is the hostile plugin, and all of its attacks are tried.
func Diagnose(ctx context.Context, plugin string) (d Diagnosis, err error) {
	dir, err := os.MkdirTemp("", "pb") // sockets need short paths
	if err != nil {
		return Diagnosis{}, err
	}
	defer os.RemoveAll(dir)
	groups, groupsErr := openGroups()
	if groupsErr == nil {
		defer func() { err = errors.Join(err, groups.Close()) }()
	}
	machine := sandbox.Inspect(ctx, dir, groups)
	d = Diagnosis{Tier: machine.Tier.String(), Mechanisms: append(machine.Mechanisms, machine.Controllers...)}
	if groupsErr != nil {
		d.Mechanisms = append(d.Mechanisms, sandbox.Mechanism{Name: "cgroup", Detail: groupsErr.Error()})
	}
	if plugin == "" {
		return d, nil
	}
	if d.Attacks, err = hostile.Run(ctx, hostile.Config{Plugin: plugin, Dir: dir, Tier: machine.Tier}); err != nil {
		return d, fmt.Errorf("the attacks can't be tried: %w", err)
	}
	return d, nil
}

// CheckTier says if this machine enforces less than a tier.
func (d Diagnosis) CheckTier(name string) error {
	want, err := sandbox.ParseTier(name)
	if err != nil {
		return err
	}
	if got, err := sandbox.ParseTier(d.Tier); err != nil || got < want {
		return fmt.Errorf("this machine enforces tier %s, and %s is expected", d.Tier, name)
	}
	return nil
}
