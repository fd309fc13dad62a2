// Package account keeps named sets of credentials, so that callers need none.
package account

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
)

// Spec is an account as the host's configuration declares it.
type Spec struct {
	Name      string            `yaml:"name"`
	Connector string            `yaml:"connector"`
	Default   bool              `yaml:"default"` // serves calls that name the connector and no account
	Config    map[string]any    `yaml:"config"`  // what is not secret
	Secrets   map[string]Secret `yaml:"secrets"` // what is, by reference
}

// Secret says where a secret is.
type Secret struct {
	Env  string `yaml:"env"`  // a variable of the host's environment
	File string `yaml:"file"` // a file whose content, less a last line break, it is
}

// Account is a set of credentials for one connector.
type Account struct {
	Name, Connector string
	Config          []byte // a JSON object, with the secrets in it
}

// Book holds the accounts. It does not change.
type Book struct {
	byName    map[string]Account
	defaultOf map[string]Account // by connector
}

// NewBook reads the secrets and makes a book of the accounts.
func NewBook(specs []Spec) (*Book, error) {
	b := &Book{byName: map[string]Account{}, defaultOf: map[string]Account{}}
	for i, spec := range specs {
		if err := b.add(spec); err != nil {
			return nil, fmt.Errorf("accounts[%d] %q: %w", i, spec.Name, err)
		}
	}
	return b, nil
}

func (b *Book) add(spec Spec) error {
	switch {
	case spec.Name == "":
		return fmt.Errorf("name is missing")
	case spec.Connector == "":
		return fmt.Errorf("connector is missing")
	}
	if _, twice := b.byName[spec.Name]; twice {
		return fmt.Errorf("is declared twice")
	}
	config := map[string]any{}
	maps.Copy(config, spec.Config)
	for field, secret := range spec.Secrets {
		if _, twice := config[field]; twice {
			return fmt.Errorf("%s is in config and in secrets", field)
		}
		value, err := secret.read()
		if err != nil {
			return fmt.Errorf("secrets.%s: %w", field, err)
		}
		config[field] = value
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	held := Account{Name: spec.Name, Connector: spec.Connector, Config: raw}
	b.byName[spec.Name] = held
	if !spec.Default {
		return nil
	}
	if other, twice := b.defaultOf[spec.Connector]; twice {
		return fmt.Errorf("%q is the default of connector %q already", other.Name, spec.Connector)
	}
	b.defaultOf[spec.Connector] = held
	return nil
}

func (s Secret) read() (string, error) {
	switch {
	case (s.Env == "") == (s.File == ""):
		return "", fmt.Errorf("give either env or file")
	case s.File != "":
		raw, err := os.ReadFile(s.File)
		return strings.TrimSuffix(string(raw), "\n"), err
	}
	value, ok := os.LookupEnv(s.Env)
	if !ok || value == "" {
		return "", fmt.Errorf("the variable %s is not set", s.Env)
	}
	return value, nil
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
