package host

import (
	"errors"

	"github.com/patchbay/patchbay/host/internal/account"
	"github.com/patchbay/patchbay/host/internal/controller"
)

// Validate checks the configuration and all manifests as Run would read them, and
// runs nothing. It says how many manifests there are; its error names everything
// that is wrong, with file, line and field.
func Validate(config Config) (manifests int, err error) {
	err = config.complete()
	_, accountsErr := account.NewBook(config.Accounts)
	_, tlsErr := config.tls()
	_, callersErr := config.authenticator()
	count, problems := controller.Validate(controller.Config{Dir: config.Plugins, CommandsAnywhere: config.CommandsAnywhere})
	return count, errors.Join(err, accountsErr, tlsErr, callersErr, problems)
}
