package account

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

func compare(a, b string) int { return cmp.Compare(a, b) }

// Status is how an account stands, without its secrets.
type Status struct {
	Name, Connector string
	Default         bool
	Source          string // a file's name, or a place in the host's configuration
	Since           time.Time
	Fields          []string // that its configuration has
	Wrong           string   // what its connector's schema finds wrong; empty: nothing, or it is not known yet
	Checked         bool     // whether the connector's schema is known
}

// Accounts says how the accounts stand, by name, and what is wrong with their
// declarations.
func (k *Keeper) Accounts() ([]Status, []*Error) {
	k.mu.Lock()
	held, problems := maps.Clone(k.held), slices.Clone(k.problems)
	k.mu.Unlock()
	all := make([]Status, 0, len(held))
	for source, h := range held {
		s := Status{Name: h.account.Name, Connector: h.account.Connector, Default: h.account.Default, Source: source, Since: h.since}
		s.Fields = slices.Sorted(maps.Keys(h.spec.Config))
		s.Fields = slices.Sorted(slices.Values(slices.AppendSeq(s.Fields, maps.Keys(h.spec.Secrets))))
		if k.config.Schemas != nil {
			s.Wrong, s.Checked = k.config.Schemas.Check(h.account.Connector, h.account.Config)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Status) int { return compare(a.Name, b.Name) })
	return all, problems
}

// Validate checks declarations as a keeper would read them, but runs no command.
// It returns a line for each account, and all problems.
func Validate(config Config) (declared []string, problems []*Error, err error) {
	l := look{}
	if config.Dir != "" {
		if l = lookAt(config.Dir); l.dir != nil {
			return nil, nil, fmt.Errorf("accounts_dir: %w", l.dir)
		}
	}
	k := &Keeper{config: config}
	secrets := NewSecrets(config.Identities)
	secrets.run = func([]string, time.Duration) (string, error) { return "", nil }
	files, problems := k.declared(l)
	book := newBook()
	for _, source := range slices.Sorted(maps.Keys(files)) {
		f := files[source]
		held, err := f.spec.resolve(secrets)
		if err == nil {
			err = book.add(held)
		}
		if err != nil {
			problems = append(problems, f.problem(err))
			continue
		}
		declared = append(declared, fmt.Sprintf("%s: account %s of connector %s", source, f.spec.Name, f.spec.Connector))
	}
	return declared, problems, nil
}

// secretFiles are the files that hold secrets.
func (k *Keeper) secretFiles() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	files := map[string]bool{}
	add := func(spec Spec) {
		for _, secret := range spec.Secrets {
			if secret.File != "" {
				files[secret.File] = true
			}
		}
	}
	for _, spec := range k.config.Specs {
		add(spec)
	}
	for _, h := range k.held {
		add(h.spec)
	}
	return slices.Sorted(maps.Keys(files))
}

// secretDirs are the directories with files that hold secrets, and those to which
// links lead.
func (k *Keeper) secretDirs() []string {
	dirs := map[string]bool{}
	for _, path := range k.secretFiles() {
		dirs[filepath.Dir(path)] = true
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs[filepath.Dir(real)] = true
		}
	}
	return slices.Sorted(maps.Keys(dirs))
}

// untilDue is how long nothing has to be read again without a sign: until a
// command is due, or, while something is a problem, shortly. It is for the
// goroutine that loads.
func (k *Keeper) untilDue() time.Duration {
	next := time.Hour
	for _, p := range k.secrets.printed {
		if !p.due.IsZero() {
			next = min(next, time.Until(p.due))
		}
	}
	if len(k.problems) > 0 {
		next = min(next, retry)
	}
	return max(next, settle)
}

// retry is when a declaration that can't be followed is tried again.
const retry = 5 * time.Second

// changed is closed when a connector describes itself anew; nil if nobody asks.
func (k *Keeper) changed() <-chan struct{} {
	if k.config.Schemas == nil {
		return nil
	}
	return k.config.Schemas.Changed()
}
