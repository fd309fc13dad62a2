package auth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/metadata"
)

// CallerSpec is a caller as the host's configuration declares it: how it proves
// who it is, and what it may do.
type CallerSpec struct {
	Name         string            `yaml:"name"`
	KeySHA256    []string          `yaml:"key_sha256"` // hexadecimal; keys that do not expire
	Keys         []KeySpec         `yaml:"keys"`
	Certificates []CertificateRule `yaml:"certificates"`
	Tokens       []TokenRule       `yaml:"tokens"`
	PolicySpec   `yaml:",inline"`
}

// Callers authenticates those that the host's configuration declares.
type Callers struct {
	keys         keys
	certificates certificates
	tokens       tokens
}

// New makes an authenticator of declared callers and issuers.
func New(specs []CallerSpec, issuers []IssuerSpec, log hclog.Logger) (*Callers, error) {
	c := &Callers{keys: keys{now: time.Now}, certificates: certificates{}}
	var err error
	if c.tokens, err = newTokens(issuers, log); err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for i, spec := range specs {
		if err := c.add(spec, names); err != nil {
			return nil, fmt.Errorf("callers[%d] %q: %w", i, spec.Name, err)
		}
	}
	return c, nil
}

// Followed authenticates callers as a file declares them now: keys are added and
// taken out, and policies change, without a restart.
type Followed struct{ callers *followed[*Callers] }

// Follow makes an authenticator of the callers and issuers that a file declares, as
// read reads them. What can't be used leaves those that were.
func Follow(file string, read func() ([]CallerSpec, []IssuerSpec, error), log hclog.Logger) (Followed, error) {
	f := Followed{follow(log, "callers", func() (*Callers, error) {
		specs, issuers, err := read()
		if err != nil {
			return nil, err
		}
		return New(specs, issuers, log)
	}, file)}
	return f, f.callers.load()
}

// Authenticate implements Authenticator.
func (f Followed) Authenticate(ctx context.Context, md metadata.MD) (Caller, error) {
	return f.callers.get().Authenticate(ctx, md)
}

func (c *Callers) add(spec CallerSpec, names map[string]bool) error {
	switch {
	case spec.Name == "":
		return fmt.Errorf("name is required")
	case names[spec.Name]:
		return fmt.Errorf("is declared twice")
	case len(spec.KeySHA256)+len(spec.Keys)+len(spec.Certificates)+len(spec.Tokens) == 0:
		return fmt.Errorf("nothing says how it is known: give keys, certificates or tokens")
	}
	names[spec.Name] = true
	policy, err := spec.policy()
	if err != nil {
		return err
	}
	caller := Caller{Name: spec.Name, policy: policy}
	for _, hash := range spec.KeySHA256 {
		spec.Keys = append(spec.Keys, KeySpec{SHA256: hash})
	}
	for _, key := range spec.Keys {
		if err := c.keys.add(key, caller); err != nil {
			return err
		}
	}
	for _, rule := range spec.Certificates {
		if err := c.certificates.add(rule, caller); err != nil {
			return err
		}
	}
	for _, rule := range spec.Tokens {
		if err := c.tokens.add(rule, caller); err != nil {
			return err
		}
	}
	return nil
}

// Authenticate implements Authenticator. A key or token counts before a
// certificate; where both are of declared callers, they must be of the same.
func (c *Callers) Authenticate(ctx context.Context, md metadata.MD) (Caller, error) {
	certified, known, err := c.certificates.caller(ctx)
	if err != nil {
		return Caller{}, err
	}
	given, bearer := presented(md)
	switch {
	case len(given) == 0 && known:
		return certified, nil
	case len(given) == 0:
		return Caller{}, &Error{Missing: true, Reason: "no credentials"}
	case len(given) > 1:
		return Caller{}, &Error{Reason: "several credentials"}
	}
	caller, err := c.present(ctx, given[0], bearer)
	if err == nil && known && caller.Name != certified.Name {
		return Caller{}, &Error{Reason: fmt.Sprintf("the certificate is caller %q's, the key or token caller %q's", certified.Name, caller.Name)}
	}
	return caller, err
}

// present finds whose key or token it is.
func (c *Callers) present(ctx context.Context, given string, bearer bool) (Caller, error) {
	if bearer && !c.tokens.none() && strings.Count(given, ".") == 2 { // a JSON Web Signature in compact form; RFC 7515, section 3.1
		return c.tokens.caller(ctx, given)
	}
	return c.keys.caller(given)
}

// presented is what a call's metadata has of credentials; bearer says whether they
// may be a token.
func presented(md metadata.MD) (given []string, bearer bool) {
	given = append(given, md.Get("x-api-key")...)
	for _, value := range md.Get("authorization") {
		if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "bearer") {
			given, bearer = append(given, token), true
		}
	}
	return given, bearer
}
