package host

import (
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/cgroup"
	"github.com/patchbay/patchbay/host/internal/sandbox"
)

// groupsPrefix tells a sweeper that a path is a tree of cgroups.
const groupsPrefix = "cgroup:"

// openGroups makes the host's tree of cgroups below the one that it runs in. It
// comes before other processes of the host's: where it has to move into a leaf
// they have to be there too.
func openGroups() (*cgroup.Tree, error) {
	own, err := cgroup.Own()
	if err != nil {
		return nil, err
	}
	return cgroup.Open(own)
}

// closeGroups removes the host's tree of cgroups.
func closeGroups(groups *cgroup.Tree, log hclog.Logger) {
	if err := groups.Close(); err != nil {
		log.Warn("the cgroups of plugins can't be removed; the next start tries it", "error", err)
	}
}

// tellControllers says which limits the cgroups of plugins keep, and why not the
// others.
func tellControllers(controllers []sandbox.Mechanism, log hclog.Logger) {
	if len(controllers) == 0 {
		return // it is told already that there are no cgroups
	}
	var with, without, reasons []string
	for _, c := range controllers {
		switch {
		case c.Enforced:
			with = append(with, c.Name)
			continue
		case !slices.Contains(reasons, c.Detail):
			reasons = append(reasons, c.Detail)
		}
		without = append(without, c.Name)
	}
	words := func(all []string) string { return strings.Join(all, ", ") }
	log.Info("plugins get cgroups", "with", words(with), "without", words(without), "reason", words(reasons))
}
