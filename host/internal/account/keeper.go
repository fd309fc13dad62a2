package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"

	"github.com/patchbay/patchbay/host/internal/watch"
)

// Config is what a keeper needs of the host.
type Config struct {
	Specs      []Spec // of the host's configuration
	Dir        string // of the accounts' files; empty: there are none
	Identities []age.Identity
	Schemas    Schemas // nil: configurations are not checked
	Log        hclog.Logger
}

// Schemas knows the configuration that connectors want.
type Schemas interface {
	// Check says what is wrong with a configuration, never with a value. known is
	// false while the connector has not described itself.
	Check(connector string, config []byte) (wrong string, known bool)
	// Changed is closed when Check may say something else than by now.
	Changed() <-chan struct{}
}

// Keeper keeps the accounts as their files and secrets say. A declaration that
// can't be followed leaves the account as it was.
type Keeper struct {
	config  Config
	secrets *Secrets
	book    atomic.Pointer[Book]
	loaded  string // the stamp before the last load

	mu       sync.Mutex
	held     map[string]kept // by source: file name, or place in the host's configuration
	problems []*Error
	logged   map[Error]bool
}

// kept is an account and what declared it.
type kept struct {
	account Account
	spec    Spec
	since   time.Time
	problem *Error // why it is not what is declared now
}

// pollEvery is how often files' times are looked at without a sign.
const pollEvery = 250 * time.Millisecond

// settle is the time between two looks that have to agree.
const settle = 100 * time.Millisecond

// Open reads all accounts once. What is wrong in the host's configuration is an
// error; what is wrong in the directory is a problem that can be put right later.
func Open(config Config) (*Keeper, error) {
	k := &Keeper{config: config, secrets: NewSecrets(config.Identities), held: map[string]kept{}, logged: map[Error]bool{}}
	l := k.look()
	if l.dir != nil && config.Dir != "" {
		return nil, fmt.Errorf("accounts_dir: %w", l.dir)
	}
	k.load(l)
	var errs []error
	for _, p := range k.problems {
		if !k.fromDir(p.File) {
			errs = append(errs, p)
		}
	}
	return k, errors.Join(errs...)
}

// Find returns the account of that name, or the default of the connector.
func (k *Keeper) Find(name, connector string) (Account, bool) {
	return k.book.Load().Find(name, connector)
}

// Secrets are the secrets of a connector's accounts, for masking them.
func (k *Keeper) Secrets(connector string) []string { return k.book.Load().Secrets(connector) }

// Run follows the directory, the files with secrets and the commands, until ctx
// ends.
func (k *Keeper) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	also, ticks := func(...string) {}, (<-chan struct{})(nil)
	if root := k.root(); root != "" {
		watcher := watch.New(root, k.config.Log)
		also, ticks = watcher.Also, watcher.C
		group.Go(func() error { return watcher.Run(ctx) })
	}
	group.Go(func() error {
		changed := k.changed()
		for {
			also(k.secretDirs()...)
			k.waitFor(ctx, ticks, changed)
			changed = k.changed() // before the look, so that nothing is missed
			stamp := k.stamp()
			l, ok := k.stable(ctx)
			if !ok {
				return nil
			}
			k.load(l)
			k.loaded = stamp
		}
	})
	return group.Wait()
}

// waitFor returns when it is time to look again. Events are only a hint: where
// something else is written all the time, such as a log beside the secrets, they
// come late, and on some file systems never.
func (k *Keeper) waitFor(ctx context.Context, ticks, changed <-chan struct{}) {
	due, poll := time.NewTimer(k.untilDue()), time.NewTicker(pollEvery)
	defer due.Stop()
	defer poll.Stop()
	stamp := k.stamp()
	for {
		select {
		case <-ctx.Done():
		case <-ticks:
		case <-due.C:
		case <-changed:
		case <-poll.C:
			if k.stamp() == stamp && stamp == k.loaded {
				continue
			}
		}
		return
	}
}

// stamp is how the directory and the files with secrets look from outside.
func (k *Keeper) stamp() string {
	paths := k.secretFiles()
	if entries, err := os.ReadDir(k.config.Dir); k.config.Dir != "" && err == nil {
		for _, entry := range entries {
			paths = append(paths, filepath.Join(k.config.Dir, entry.Name()))
		}
	}
	var all strings.Builder
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintln(&all, path, info.Size(), info.ModTime().UnixNano())
		}
	}
	return all.String()
}

// root is the directory to watch first; empty if there is nothing to watch.
func (k *Keeper) root() string {
	if k.config.Dir != "" {
		return k.config.Dir
	}
	if dirs := k.secretDirs(); len(dirs) > 0 {
		return dirs[0]
	}
	return ""
}

// stable looks until two looks agree: nobody is writing then.
func (k *Keeper) stable(ctx context.Context) (look, bool) {
	last := k.look()
	for {
		select {
		case <-ctx.Done():
			return last, false
		case <-time.After(settle):
		}
		next := k.look()
		if next.equal(last) {
			return next, true
		}
		last = next
	}
}

func (k *Keeper) look() look {
	l := look{}
	if k.config.Dir != "" {
		l = lookAt(k.config.Dir)
	}
	l.secrets = map[string]string{}
	for _, path := range k.secretFiles() {
		if info, err := os.Stat(path); err == nil {
			l.secrets[path] = fmt.Sprint(info.Size(), info.ModTime(), info.Sys())
		}
	}
	return l
}

// fromDir says whether a source is a file of the directory.
func (k *Keeper) fromDir(source string) bool { return filepath.Ext(source) != "" }

// load makes a book of what is declared. It is the one path for the start and for
// every change.
//
// Only the goroutine that loads writes what it reads here; others read it under
// the lock that publish takes.
func (k *Keeper) load(l look) {
	declared, problems := k.declared(l)
	next, book := map[string]kept{}, newBook()
	sources := slices.Sorted(maps.Keys(declared))
	// Those that were there come first, so that a newcomer can't take a name away.
	slices.SortStableFunc(sources, func(a, b string) int { return known(k.held, b) - known(k.held, a) })
	for _, source := range sources {
		now, problem := k.resolve(declared[source])
		if problem == nil {
			if err := book.add(now.account); err != nil {
				problem = declared[source].problem(err)
			}
		}
		if problem != nil {
			problems = append(problems, problem)
			if old, was := k.held[source]; was && book.add(old.account) == nil {
				old.problem = problem
				next[source] = old
			}
			continue
		}
		next[source] = now
	}
	k.publish(next, book, problems)
}

func known(held map[string]kept, source string) int {
	if _, ok := held[source]; ok {
		return 1
	}
	return 0
}

// declared parses what was seen. What can't be read is declared as it was before.
func (k *Keeper) declared(l look) (map[string]file, []*Error) {
	declared := map[string]file{}
	var problems []*Error
	for i, spec := range k.config.Specs {
		source := fmt.Sprintf("accounts[%d]", i)
		declared[source] = file{name: source, spec: spec}
	}
	keep := func(name string, p *Error) {
		problems = append(problems, p)
		if old, was := k.held[name]; was {
			declared[name] = file{name: name, spec: old.spec}
		}
	}
	for name, raw := range l.raw {
		f, problem := parse(name, []byte(raw))
		if problem != nil {
			keep(name, problem)
			continue
		}
		f.spec.Anchor(k.config.Dir)
		declared[name] = f
	}
	for name, reason := range l.err {
		keep(name, &Error{File: name, Reason: "can't be read: " + reason})
	}
	files := 0
	for name := range k.held {
		if k.fromDir(name) {
			files++
		}
	}
	// A directory that can't be read, or all of several files gone at once: that
	// is an unmounted volume more often than a wish.
	if l.dir != nil || files > 1 && len(l.raw)+len(l.err) == 0 {
		for name := range k.held {
			if k.fromDir(name) {
				keep(name, &Error{File: name, Reason: "is gone with all the others; its account goes on"})
			}
		}
	}
	return declared, problems
}

// resolve reads an account's secrets and holds it against its connector's schema.
// Where the one that it would replace fits and it does not, it is a problem.
func (k *Keeper) resolve(f file) (kept, *Error) {
	held, err := f.spec.resolve(k.secrets)
	if err != nil {
		return kept{}, f.problem(err)
	}
	old, was := k.held[f.name]
	now := kept{account: held, spec: f.spec, since: time.Now()}
	if was && reflect.DeepEqual(old.account, held) {
		now.since = old.since
		return now, nil
	}
	if wrong := k.wrong(held); wrong != "" && was && k.wrong(old.account) == "" {
		return kept{}, f.problem(at("config", "does not fit connector %q: %s", held.Connector, wrong))
	}
	return now, nil
}

// wrong says what is wrong with an account's configuration, if that is known.
func (k *Keeper) wrong(held Account) string {
	if k.config.Schemas == nil {
		return ""
	}
	wrong, _ := k.config.Schemas.Check(held.Connector, held.Config)
	return wrong
}

// publish makes a book the one in use, and logs what changed.
func (k *Keeper) publish(next map[string]kept, book *Book, problems []*Error) {
	for source, now := range next {
		old, was := k.held[source]
		if was && now.since.Equal(old.since) {
			continue
		}
		what := "an account is read"
		if was {
			what = "an account has changed"
		}
		k.config.Log.Info(what, "account", now.account.Name, "connector", now.account.Connector, "source", source)
	}
	for source, old := range k.held {
		if _, still := next[source]; !still {
			k.config.Log.Info("an account is gone", "account", old.account.Name, "connector", old.account.Connector, "source", source)
		}
	}
	logged := map[Error]bool{}
	for _, p := range problems {
		logged[*p] = true
		if !k.logged[*p] {
			k.config.Log.Error("an account is not followed; what was declared before keeps serving", "file", p.File, "line", p.Line, "field", p.Field, "reason", p.Reason)
		}
	}
	slices.SortFunc(problems, func(a, b *Error) int { return compare(a.File, b.File) })
	k.mu.Lock()
	k.held, k.problems, k.logged = next, problems, logged
	k.mu.Unlock()
	k.book.Store(book)
}
