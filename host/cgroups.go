package host

import (
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
	var kept, reasons []string
	for _, c := range controllers {
		if c.Enforced {
			kept = append(kept, c.Name)
		} else {
			reasons = append(reasons, c.Name+": "+c.Detail)
		}
	}
	log.Info("limits of plugins that cgroups keep", "kept", strings.Join(kept, ", "), "not_kept", strings.Join(reasons, "; "))
}
