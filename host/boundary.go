package host

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/account"
	"github.com/patchbay/patchbay/host/internal/audit"
	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/host/internal/registry"
)

// boundary is what stands between callers and connectors: who may call, with
// whose credentials calls go on, and the record of it all.
type boundary struct {
	tls      *tls.Config
	callers  auth.Authenticator
	accounts *account.Keeper
}

// boundaryPaths are the paths in the configuration of the boundary.
func (c *Config) boundaryPaths() []*string {
	paths := []*string{&c.TLS.CertFile, &c.TLS.KeyFile, &c.TLS.ClientCAFile, &c.AccountsDir, &c.AgeIdentityFile}
	if c.Audit.File != audit.Stdout {
		paths = append(paths, &c.Audit.File)
	}
	for i := range c.TokenIssuers {
		paths = append(paths, &c.TokenIssuers[i].JWKSFile)
	}
	return paths
}

// boundary opens the boundary.
func (c *Config) boundary(r *registry.Registry, log hclog.Logger) (b boundary, err error) {
	var tlsErr, callersErr, accountsErr, ageErr error
	b.tls, tlsErr = auth.NewTLS(c.TLS, auth.HTTP2, log.Named("tls"))
	b.callers, callersErr = c.followCallers(log)
	identities, ageErr := c.identities()
	b.accounts, accountsErr = account.Open(account.Config{
		Specs: c.Accounts, Dir: c.AccountsDir, Identities: identities, Schemas: schemas{r}, Log: log.Named("accounts"),
	})
	return b, errors.Join(tlsErr, callersErr, ageErr, accountsErr)
}

func (c *Config) authenticator(log hclog.Logger) (auth.Authenticator, error) {
	if c.Dev {
		return auth.Anybody{}, nil
	}
	return auth.New(c.Callers, c.TokenIssuers, log.Named("auth"))
}

// followCallers is authenticator for as long as the host runs: callers and issuers
// are followed where the configuration comes from a file.
func (c *Config) followCallers(log hclog.Logger) (auth.Authenticator, error) {
	if c.Dev || c.File == "" {
		return c.authenticator(log)
	}
	return auth.Follow(c.File, func() ([]auth.CallerSpec, []auth.IssuerSpec, error) {
		now, err := ReadConfig(c.File)
		if err == nil {
			err = c.checkCallers(now.Callers)
		}
		return now.Callers, now.TokenIssuers, err
	}, log.Named("auth"))
}

func (c *Config) identities() ([]age.Identity, error) {
	if c.AgeIdentityFile == "" {
		return nil, nil
	}
	identities, err := account.ReadIdentities(c.AgeIdentityFile)
	if err != nil {
		return nil, fmt.Errorf("age_identity_file: %w", err)
	}
	return identities, nil
}

// validateBoundary checks the configuration of the boundary, and runs no command.
// It says which accounts are declared, a line each.
func (c *Config) validateBoundary() (declared []string, err error) {
	_, tlsErr := auth.NewTLS(c.TLS, auth.HTTP2, hclog.NewNullLogger())
	_, callersErr := c.authenticator(hclog.NewNullLogger())
	_, webhooksErr := c.webhooksTLS(hclog.NewNullLogger())
	identities, ageErr := c.identities()
	declared, problems, accountsErr := account.Validate(account.Config{Specs: c.Accounts, Dir: c.AccountsDir, Identities: identities})
	secretsErr := c.Webhooks.Target.Validate(identities)
	errs := []error{tlsErr, secretsErr, webhooksErr, callersErr, ageErr, accountsErr}
	for _, p := range problems {
		errs = append(errs, p)
	}
	return declared, errors.Join(errs...)
}

// schemas are the registry's as accounts see them.
type schemas struct{ *registry.Registry }

// Check implements account.Schemas.
func (s schemas) Check(connector string, config []byte) (wrong string, known bool) {
	k, known := s.Describe(connector, "")
	if !known {
		return "", false
	}
	var all []string
	for _, v := range k.CheckConfig(config) {
		all = append(all, strings.TrimSpace(v.GetField()+" "+v.GetDescription()))
	}
	return strings.Join(all, "; "), true
}
