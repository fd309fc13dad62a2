// Package account keeps named sets of credentials, so that callers need none.
//
// An account is declared in the host's configuration or in a file of the
// accounts' directory. A Keeper follows the files and the secrets that accounts
// refer to; a Book is how things stand at one moment.
package account

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Spec is an account as it is declared.
type Spec struct {
	Name      string            `yaml:"name"`
	Connector string            `yaml:"connector"`
	Default   bool              `yaml:"default"` // serves calls that name the connector and no account
	Config    map[string]any    `yaml:"config"`  // what is not secret
	Secrets   map[string]Secret `yaml:"secrets"` // what is, by reference
}

// Account is a set of credentials for one connector.
type Account struct {
	Name, Connector string
	Default         bool
	Config          []byte // a JSON object, with the secrets in it

	secrets []string
}

// Book holds the accounts of one moment. It does not change.
type Book struct {
	byName    map[string]Account
	defaultOf map[string]Account  // by connector
	secrets   map[string][]string // by connector
}

// NewBook reads the secrets and makes a book of the accounts. Secrets are read
// anew: there is no memory of what they were.
func NewBook(specs []Spec) (*Book, error) {
	b, secrets := newBook(), NewSecrets(nil)
	for i, spec := range specs {
		held, err := spec.resolve(secrets)
		if err == nil {
			err = b.add(held)
		}
		if err != nil {
			return nil, fmt.Errorf("accounts[%d] %q: %w", i, spec.Name, err)
		}
	}
	return b, nil
}

func newBook() *Book {
	return &Book{byName: map[string]Account{}, defaultOf: map[string]Account{}, secrets: map[string][]string{}}
}

func (b *Book) add(held Account) error {
	if _, twice := b.byName[held.Name]; twice {
		return at("name", "account %q is declared twice", held.Name)
	}
	if other, twice := b.defaultOf[held.Connector]; twice && held.Default {
		return at("default", "%q is the default of connector %q already", other.Name, held.Connector)
	}
	b.byName[held.Name] = held
	b.secrets[held.Connector] = append(b.secrets[held.Connector], held.secrets...)
	if held.Default {
		b.defaultOf[held.Connector] = held
	}
	return nil
}

// Anchor makes relative paths of files with secrets relative to a directory.
func (s *Spec) Anchor(dir string) {
	for name, secret := range s.Secrets {
		if secret.File != "" && !filepath.IsAbs(secret.File) {
			secret.File = filepath.Join(dir, secret.File)
			s.Secrets[name] = secret
		}
	}
}

// check holds a declaration against its rules, without reading a secret.
func (s Spec) check() error {
	switch {
	case s.Name == "":
		return at("name", "is missing")
	case s.Connector == "":
		return at("connector", "is missing")
	}
	for field, secret := range s.Secrets {
		if _, twice := s.Config[field]; twice {
			return at("secrets."+field, "%s is in config and in secrets", field)
		}
		if err := secret.check(); err != nil {
			return at("secrets."+field, "%v", err)
		}
	}
	if _, err := json.Marshal(s.Config); err != nil {
		return at("config", "can't be written as JSON")
	}
	return nil
}

// resolve puts the secrets in.
func (s Spec) resolve(secrets *Secrets) (Account, error) {
	if err := s.check(); err != nil {
		return Account{}, err
	}
	if len(s.Config)+len(s.Secrets) == 0 { // a connector without a schema takes none, not even {}
		return Account{Name: s.Name, Connector: s.Connector, Default: s.Default}, nil
	}
	var read []string
	config := map[string]any{}
	maps.Copy(config, s.Config)
	for _, field := range slices.Sorted(maps.Keys(s.Secrets)) {
		value, err := secrets.Read(s.Secrets[field])
		if err != nil {
			return Account{}, at("secrets."+field, "%v", err)
		}
		config[field] = value
		read = append(read, lines(value)...)
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return Account{}, at("config", "can't be written as JSON")
	}
	return Account{Name: s.Name, Connector: s.Connector, Default: s.Default, Config: raw, secrets: read}, nil
}

// lines are a secret's lines: whoever writes a key out writes it line by line.
func lines(secret string) []string {
	return slices.DeleteFunc(strings.Split(secret, "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "-----") // of PEM, which is no secret
	})
}

// Find returns the account of that name, or, where no name is given, the default
// of the connector.
func (b *Book) Find(name, connector string) (Account, bool) {
	if name == "" {
		held, ok := b.defaultOf[connector]
		return held, ok
	}
	held, ok := b.byName[name]
	return held, ok
}

// Secrets are the secrets of a connector's accounts, for masking them.
func (b *Book) Secrets(connector string) []string { return b.secrets[connector] }

// All returns the accounts by name.
func (b *Book) All() []Account {
	all := make([]Account, 0, len(b.byName))
	for _, name := range slices.Sorted(maps.Keys(b.byName)) {
		all = append(all, b.byName[name])
	}
	return all
}

// fieldError is about one field of a declaration.
type fieldError struct{ field, reason string }

// Error implements error.
func (e *fieldError) Error() string { return e.field + ": " + e.reason }

func at(field, format string, args ...any) error {
	return &fieldError{field, fmt.Sprintf(format, args...)}
}
