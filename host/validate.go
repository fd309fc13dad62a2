package host

import (
	"errors"
	"fmt"

	"github.com/patchbay/patchbay/host/internal/account"
	"github.com/patchbay/patchbay/host/internal/controller"
	"github.com/patchbay/patchbay/host/internal/supervise"
)

// Validate checks the configuration and all manifests as Run would read them, and
// runs nothing. It says what the manifests declare, a line each; its error names
// everything that is wrong, with file, line and field.
func Validate(config Config) (declared []string, err error) {
	err = config.complete()
	_, accountsErr := account.NewBook(config.Accounts)
	_, tlsErr := config.tls()
	_, callersErr := config.authenticator()
	found, problems := controller.Validate(controller.Config{
		Dir: config.Plugins, CommandsAnywhere: config.CommandsAnywhere, RequireDigest: !config.Dev,
		Supervise: supervise.Config{Runtimes: config.Runtimes},
	})
	for _, d := range found {
		declared = append(declared, fmt.Sprintf("%s: %s sha256 %s", d.File, d.Manifest.ID(), d.Digest))
	}
	return declared, errors.Join(err, accountsErr, tlsErr, callersErr, problems)
}
