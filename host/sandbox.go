package host

import (
	"context"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/cgroup"
	"github.com/patchbay/patchbay/host/internal/sandbox"
)

// inspect finds what this machine can enforce upon plugins, and says so where that
// is not all. dir is the host's own; groups may be nil.
func inspect(ctx context.Context, dir string, groups *cgroup.Tree, log hclog.Logger) sandbox.Machine {
	machine := sandbox.Inspect(ctx, dir, groups)
	tellControllers(machine.Controllers, log)
	if machine.Tier >= sandbox.T3 {
		log.Info("plugins are sandboxed", "tier", machine.Tier.String())
		return machine
	}
	log.Warn("plugins can't be sandboxed as well as they should be; patchbay doctor says why", "tier", machine.Tier.String())
	for _, mechanism := range machine.Mechanisms {
		if !mechanism.Enforced {
			log.Warn("this machine can't enforce a mechanism of the sandbox", "mechanism", mechanism.Name, "reason", mechanism.Detail)
		}
	}
	return machine
}

// HideMemory keeps other processes of the same user out of this one's memory, which
// has the secrets of all accounts, and that memory out of core dumps. It is for a
// process that is nothing but a gateway.
func HideMemory() error { return sandbox.Hide() }
