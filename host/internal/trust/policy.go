package trust

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"aead.dev/minisign"
)

// Level says what follows where a check fails.
type Level string

// The levels of a check.
const (
	Require Level = "require" // the plugin is refused
	Warn    Level = "warn"    // it runs, and the log says what is wrong
	Off     Level = "off"     // nobody looks
)

// Spec is the policy as the host's configuration declares it.
type Spec struct {
	// Digest is about a manifest that declares no digest. What it declares always
	// has to match.
	Digest Level `yaml:"digest"`
	// Signature is about publishers' signatures, and versions below the highest.
	Signature Level `yaml:"signature"`
	// Lock is about the operator's own approval.
	Lock Level `yaml:"lock"`
	// LockFile holds the approvals.
	LockFile string    `yaml:"lock_file"`
	Keys     []KeySpec `yaml:"keys"`
}

// KeySpec is a publisher's key as the host's configuration declares it.
type KeySpec struct {
	Name       string   `yaml:"name"`       // for people
	Public     string   `yaml:"public"`     // minisign's public key, or File
	File       string   `yaml:"file"`       // the file that has it
	Connectors []string `yaml:"connectors"` // names that it may sign, with * as wildcard; none if empty
	Expires    string   `yaml:"expires"`    // the last day on which it is believed, as 2027-12-31; empty: for ever
}

// key is a publisher's key that is ready for use.
type key struct {
	name       string
	public     minisign.PublicKey
	connectors []string
	expires    time.Time // the first moment of not being believed; zero: never
}

func (k key) maySign(connector string) bool {
	for _, pattern := range k.connectors {
		if ok, _ := path.Match(pattern, connector); ok {
			return true
		}
	}
	return false
}

// complete fills in what is not said: digests are required but in dev, signatures
// as soon as there is a key that could verify them, approvals when asked for.
func (s Spec) complete(dev bool) Spec {
	if s.Digest == "" {
		s.Digest = Require
		if dev {
			s.Digest = Off
		}
	}
	if s.Signature == "" {
		s.Signature = Off
		if len(s.Keys) > 0 {
			s.Signature = Require
		}
	}
	if s.Lock == "" {
		s.Lock = Off
	}
	return s
}

// check refuses a policy that can't be meant.
func (s Spec) check() error {
	var errs []error
	for field, level := range map[string]Level{"digest": s.Digest, "signature": s.Signature, "lock": s.Lock} {
		if level != Require && level != Warn && level != Off {
			errs = append(errs, fmt.Errorf("trust.%s: %q is none of require, warn, off", field, level))
		}
	}
	if s.Signature == Require && len(s.Keys) == 0 {
		errs = append(errs, errors.New("trust.keys: signatures are required, and no key could have made them"))
	}
	return errors.Join(errs...)
}

// readKeys reads the keys by their ids.
func (s Spec) readKeys() (map[string]key, error) {
	keys := map[string]key{}
	var errs []error
	for i, spec := range s.Keys {
		k, err := spec.read()
		id := FormatKeyID(k.public.ID())
		if other, taken := keys[id]; err == nil && taken {
			err = fmt.Errorf("key %s is that of %q already", id, other.name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("trust.keys[%d] %q: %w", i, spec.Name, err))
		}
		keys[id] = k
	}
	return keys, errors.Join(errs...)
}

func (s KeySpec) read() (key, error) {
	k := key{name: s.Name, connectors: s.Connectors}
	if (s.Public == "") == (s.File == "") {
		return k, errors.New("give either public or file")
	}
	text := s.Public
	if s.File != "" {
		raw, err := os.ReadFile(s.File)
		if err != nil {
			return k, fmt.Errorf("file: %w", err)
		}
		text = string(raw)
	}
	var err error
	if k.public, err = ParsePublicKey(text); err != nil {
		return k, fmt.Errorf("public: %w", err)
	}
	if s.Name == "" || len(s.Connectors) == 0 {
		return k, errors.New("name and connectors are required")
	}
	for _, pattern := range s.Connectors {
		if _, err := path.Match(pattern, ""); err != nil || strings.ContainsAny(pattern, " \t") {
			return k, fmt.Errorf("connectors: %q is not a pattern", pattern)
		}
	}
	if s.Expires == "" {
		return k, nil
	}
	day, err := time.Parse(time.DateOnly, s.Expires)
	if err != nil {
		return k, fmt.Errorf("expires: %q is not a day such as 2027-12-31", s.Expires)
	}
	k.expires = day.AddDate(0, 0, 1)
	return k, nil
}
