package host

import (
	"errors"
	"fmt"

	"github.com/patchbay/patchbay/host/internal/controller"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/supervise"
	"github.com/patchbay/patchbay/host/internal/trust"
)

// Validated is what a valid configuration declares, a line each.
type Validated struct {
	Manifests, Accounts []string
	// Doubts are about plugins that may run though a check of trust on "warn" finds
	// fault with them.
	Doubts []string
}

// Validate checks the configuration and all manifests as Run would read them, and
// runs nothing. Its error names everything that is wrong, with file, line and field.
func Validate(config Config) (v Validated, err error) {
	err = config.complete()
	accounts, boundaryErr := config.validateBoundary()
	outside, _ := config.egress() // what is wrong with it, complete has said
	gate, trustErr := trust.NewGate(config.Trust, config.Dev, config.StateDir)
	found, doubts, problems := controller.Validate(controller.Config{
		Dir: config.Plugins, CommandsAnywhere: config.CommandsAnywhere, Trust: gate, SandboxOff: config.SandboxOff,
		Egress:    outside.Policy,
		Supervise: supervise.Config{Runtimes: config.Runtimes},
	})
	for _, d := range found {
		v.Manifests = append(v.Manifests, fmt.Sprintf("%s: %s sha256 %s", d.File, d.Manifest.ID(), d.Digest))
	}
	v.Accounts, v.Doubts = accounts, doubts
	return v, errors.Join(err, boundaryErr, trustErr, problems)
}

// CheckName says why a name can't be a connector's. The manifest's parser is
// asked, so that there is one rule.
func CheckName(name string) error {
	read, err := manifest.Parse("", fmt.Appendf(nil, "name: %s\nversion: 0.1.0\ncommand: c\n", name))
	var invalid *manifest.Error
	switch {
	case errors.As(err, &invalid) && invalid.Field == "name":
		return fmt.Errorf("name: %s", invalid.Reason)
	case err != nil, read.Name != name:
		return fmt.Errorf("name: %q can't be the name of a connector", name)
	}
	return nil
}
