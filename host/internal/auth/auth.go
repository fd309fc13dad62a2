// Package auth says who calls and what that caller may do.
package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"
)

// Authenticator finds out who calls.
type Authenticator interface {
	// Authenticate reads a call's metadata. Its error is for the caller.
	Authenticate(ctx context.Context, md metadata.MD) (Caller, error)
}

// Caller is who calls the gateway, once authenticated.
type Caller struct {
	Name       string
	anything   bool
	connectors []string // patterns
	accounts   []string // patterns
	methods    []string // patterns
}

// Allowed says why the caller may not make a call, or nothing. The account is empty
// for a call that uses none.
func (c Caller) Allowed(connector, account, method string) error {
	switch {
	case c.anything:
		return nil
	case !matches(c.connectors, connector):
		return fmt.Errorf("caller %q may not use connector %q", c.Name, connector)
	case account != "" && !matches(c.accounts, account):
		return fmt.Errorf("caller %q may not use account %q", c.Name, account)
	case !matches(c.methods, strings.TrimPrefix(method, "/")):
		return fmt.Errorf("caller %q may not call %s", c.Name, strings.TrimPrefix(method, "/"))
	}
	return nil
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name)
		return ok || p == "*"
	})
}

// Anybody lets everybody do everything; for developing on one machine.
type Anybody struct{}

// Authenticate implements Authenticator.
func (Anybody) Authenticate(context.Context, metadata.MD) (Caller, error) {
	return Caller{Name: "dev", anything: true}, nil
}

// KeySpec is a caller as the host's configuration declares it.
type KeySpec struct {
	Name       string   `yaml:"name"`
	KeySHA256  []string `yaml:"key_sha256"` // hexadecimal; several while a key is rotated
	Connectors []string `yaml:"connectors"` // names with * as wildcard; none if empty
	Accounts   []string `yaml:"accounts"`   // names with * as wildcard; none if empty
	Methods    []string `yaml:"methods"`    // "package.Service/Method" with * as wildcard; none if empty
}

// Keys authenticates callers by API key, in x-api-key or as a Bearer token.
type Keys struct {
	keys []key
}

type key struct {
	hash   [sha256.Size]byte
	caller Caller
}

// NewKeys makes an authenticator of declared callers.
func NewKeys(specs []KeySpec) (*Keys, error) {
	k := &Keys{}
	for i, spec := range specs {
		if spec.Name == "" || len(spec.KeySHA256) == 0 {
			return nil, fmt.Errorf("callers[%d] %q: name and key_sha256 are required", i, spec.Name)
		}
		for _, pattern := range slices.Concat(spec.Connectors, spec.Accounts, spec.Methods) {
			if _, err := path.Match(pattern, ""); err != nil {
				return nil, fmt.Errorf("callers[%d] %q: %q is not a pattern", i, spec.Name, pattern)
			}
		}
		caller := Caller{Name: spec.Name, connectors: spec.Connectors, accounts: spec.Accounts, methods: spec.Methods}
		for _, text := range spec.KeySHA256 {
			hash, err := hex.DecodeString(text)
			if err != nil || len(hash) != sha256.Size {
				return nil, fmt.Errorf("callers[%d] %q: key_sha256 must be 64 hexadecimal digits: printf %%s KEY | sha256sum", i, spec.Name)
			}
			k.keys = append(k.keys, key{[sha256.Size]byte(hash), caller})
		}
	}
	return k, nil
}

// Authenticate implements Authenticator.
func (k *Keys) Authenticate(_ context.Context, md metadata.MD) (Caller, error) {
	given := md.Get("x-api-key")
	for _, value := range md.Get("authorization") {
		if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "bearer") {
			given = append(given, token)
		}
	}
	if len(given) != 1 {
		return Caller{}, errors.New("give one API key, as x-api-key or as authorization: Bearer")
	}
	hash := sha256.Sum256([]byte(given[0]))
	found := -1
	for i, key := range k.keys { // all of them, so that time tells nothing
		if subtle.ConstantTimeCompare(hash[:], key.hash[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return Caller{}, errors.New("the API key is not known")
	}
	return k.keys[found].caller, nil
}
