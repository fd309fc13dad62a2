package account

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/logtest"
)

// marked begins every secret of these tests, so that it can be looked for.
const marked = "sk_marked_"

// kit is a keeper that runs.
type kit struct {
	*Keeper
	t   *testing.T
	dir string
	log *logtest.Log
}

func keeper(t *testing.T, edit ...func(*Config)) *kit {
	t.Helper()
	k := &kit{t: t, dir: t.TempDir(), log: &logtest.Log{}}
	if err := os.Mkdir(filepath.Join(k.dir, "accounts"), 0o700); err != nil {
		t.Fatal(err)
	}
	k.put("eu.yaml", "name: eu\nconnector: acme\nsecrets:\n  api_key: {file: ../eu.key}\n")
	write(t, filepath.Join(k.dir, "eu.key"), marked+"1\n")
	config := Config{Dir: filepath.Join(k.dir, "accounts"), Log: hclog.New(&hclog.LoggerOptions{Output: k.log, Level: hclog.Trace})}
	for _, e := range edit {
		e(&config)
	}
	var err error
	if k.Keeper, err = Open(config); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if strings.Contains(k.log.String(), marked) {
			t.Errorf("a secret is in the log:\n%s", k.log)
		}
		if !strings.Contains(k.log.String(), "account=eu") {
			t.Errorf("the log does not name the account, so nothing was looked through:\n%s", k.log)
		}
	})
	return k
}

func (k *kit) put(name, content string) {
	k.t.Helper()
	replace(k.t, filepath.Join(k.dir, "accounts", name), content)
}

func (k *kit) has(name, text string) bool {
	held, ok := k.Find(name, "")
	return ok && strings.Contains(string(held.Config), text)
}

func (k *kit) problem(file string) *Error {
	_, problems := k.Accounts()
	for _, p := range problems {
		if p.File == file {
			return p
		}
	}
	return nil
}

// A file's content is soon in use, and at no time is the account not there.
func TestRotationUnderLoad(t *testing.T) {
	k := keeper(t)
	stop := make(chan struct{})
	var failed, found atomic.Int64
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if k.has("eu", marked) {
					found.Add(1)
				} else {
					failed.Add(1)
				}
				<-time.After(50 * time.Microsecond)
			}
		})
	}
	var slowest time.Duration
	for i := 2; i <= 6; i++ {
		next := fmt.Sprintf("%s%d", marked, i)
		began := time.Now()
		if i%2 == 0 {
			replace(t, filepath.Join(k.dir, "eu.key"), next)
		} else { // as an editor does, with a moment in which it is empty
			write(t, filepath.Join(k.dir, "eu.key"), next)
		}
		wait(t, next+" is in use", func() bool { return k.has("eu", `"`+next+`"`) })
		slowest = max(slowest, time.Since(began))
	}
	close(stop)
	load.Wait()
	if failed.Load() > 0 || found.Load() == 0 {
		t.Errorf("%d of %d look-ups failed", failed.Load(), failed.Load()+found.Load())
	}
	if slowest >= 5*time.Second { // it is less than one, where nothing else runs
		t.Errorf("a rotation took %s, want less than 5s", slowest)
	}
	t.Logf("figure: 5 rotations, the slowest in use after %s; %d look-ups, %d failed", slowest.Round(time.Millisecond), found.Load(), failed.Load())
}

// A Kubernetes volume swaps a link to a directory.
func TestLinkedSecret(t *testing.T) {
	k := keeper(t)
	mount := filepath.Join(k.dir, "mount")
	for _, version := range []string{"v1", "v2"} {
		if err := os.MkdirAll(filepath.Join(mount, version), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(mount, version, "key"), marked+version)
	}
	link := func(version string) {
		t.Helper()
		if err := os.Symlink(version, filepath.Join(mount, "..tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(mount, "..tmp"), filepath.Join(mount, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	link("v1")
	if err := os.Symlink("..data/key", filepath.Join(mount, "key")); err != nil {
		t.Fatal(err)
	}
	k.put("us.yaml", "name: us\nconnector: acme\nsecrets: {api_key: {file: "+filepath.Join(mount, "key")+"}}\n")
	wait(t, "the account is there", func() bool { return k.has("us", marked+"v1") })
	link("v2")
	wait(t, "the other secret is in use", func() bool { return k.has("us", marked+"v2") })
}

// What can't be followed is a problem with its place, and changes nothing.
func TestBrokenFile(t *testing.T) {
	const good = "name: eu\nconnector: acme\nsecrets:\n  api_key: {file: ../eu.key}\n"
	for name, test := range map[string]struct {
		content string
		line    int
		field   string
	}{
		"no YAML":         {"name: eu\nconnector: [" + marked + "\n", 2, ""},
		"empty":           {"", 1, ""},
		"unknown field":   {"name: eu\nconnector: acme\nsercets: {}\n", 3, "sercets"},
		"no connector":    {"name: eu\nconfig: {a: b}\n", 1, "connector"},
		"wrong type":      {"name: eu\nconnector: acme\nsecrets: " + marked + "\n", 3, ""},
		"no such secret":  {"name: eu\nconnector: acme\nsecrets:\n  api_key: {file: nowhere}\n", 4, "secrets.api_key"},
		"in both":         {"name: eu\nconnector: acme\nconfig: {k: " + marked + "}\nsecrets:\n  k: {file: ../eu.key}\n", 5, "secrets.k"},
		"no reference":    {"name: eu\nconnector: acme\nsecrets:\n  api_key: {}\n", 4, "secrets.api_key"},
		"another's name":  {"name: main\nconnector: acme\n", 1, "name"},
		"another default": {"name: eu\nconnector: acme\ndefault: true\n", 3, "default"},
	} {
		t.Run(name, func(t *testing.T) {
			k := keeper(t, func(c *Config) { c.Specs = []Spec{{Name: "main", Connector: "acme", Default: true}} })
			k.put("eu.yaml", test.content)
			wait(t, "it is a problem", func() bool { return k.problem("eu.yaml") != nil })
			p := k.problem("eu.yaml")
			if p.Line != test.line || p.Field != test.field || p.Reason == "" || strings.Contains(p.Error(), marked) {
				t.Errorf("got %+v, want line %d, field %q, and no secret", p, test.line, test.field)
			}
			if !k.has("eu", marked+"1") {
				t.Error("the account is not what it was")
			}
			wait(t, "it is logged", func() bool { return strings.Contains(k.log.String(), "an account is not followed") })
			k.put("eu.yaml", good+"config: {region: x}\n")
			wait(t, "it is put right", func() bool { return k.problem("eu.yaml") == nil && k.has("eu", "region") })
		})
	}
}

func TestFilesComeAndGo(t *testing.T) {
	k := keeper(t)
	k.put("us.yaml", "name: us\nconnector: acme\ndefault: true\nconfig: {region: us}\n")
	wait(t, "the newcomer is there", func() bool { _, ok := k.Find("", "acme"); return ok })
	if err := os.Rename(filepath.Join(k.dir, "accounts", "us.yaml"), filepath.Join(k.dir, "accounts", "other.yaml")); err != nil {
		t.Fatal(err)
	}
	wait(t, "it has another source", func() bool {
		all, _ := k.Accounts()
		return len(all) == 2 && all[1].Source == "other.yaml"
	})
	if err := os.Remove(filepath.Join(k.dir, "accounts", "other.yaml")); err != nil {
		t.Fatal(err)
	}
	wait(t, "it is gone", func() bool { _, ok := k.Find("us", ""); return !ok })
	if !k.has("eu", marked) {
		t.Error("the other one is gone too")
	}
}

// All files gone at once is a volume that is not mounted.
func TestAllFilesGone(t *testing.T) {
	k := keeper(t)
	k.put("us.yaml", "name: us\nconnector: acme\n")
	wait(t, "both are there", func() bool { _, ok := k.Find("us", ""); return ok })
	if err := os.Rename(filepath.Join(k.dir, "accounts"), filepath.Join(k.dir, "away")); err != nil {
		t.Fatal(err)
	}
	wait(t, "it is a problem", func() bool { return k.problem("eu.yaml") != nil && k.problem("us.yaml") != nil })
	if _, ok := k.Find("us", ""); !ok || !k.has("eu", marked) {
		t.Error("the accounts are gone")
	}
}

// schemas wants a field of every configuration of acme.
type schemas struct {
	field   atomic.Value
	changed chan struct{}
}

func (s *schemas) Check(connector string, config []byte) (string, bool) {
	field, _ := s.field.Load().(string)
	if connector != "acme" || field == "" {
		return "", false
	}
	if !bytes.Contains(config, []byte(field)) {
		return field + " is missing", true
	}
	return "", true
}

func (s *schemas) Changed() <-chan struct{} { return s.changed }

// A change that its connector's schema does not allow is not followed where what
// it replaces is allowed; and is, once the schema allows it.
func TestSchema(t *testing.T) {
	s := &schemas{changed: make(chan struct{}, 1)}
	k := keeper(t, func(c *Config) { c.Schemas = s })
	if all, _ := k.Accounts(); all[0].Checked || all[0].Wrong != "" {
		t.Errorf("checked by a connector that has not described itself: %+v", all[0])
	}
	s.field.Store("api_key")
	s.changed <- struct{}{}
	if all, _ := k.Accounts(); !all[0].Checked || all[0].Wrong != "" || strings.Join(all[0].Fields, ",") != "api_key" {
		t.Errorf("got %+v", all[0])
	}
	k.put("eu.yaml", "name: eu\nconnector: acme\nconfig:\n  apikey: x\n")
	wait(t, "it is a problem", func() bool { return k.problem("eu.yaml") != nil })
	if p := k.problem("eu.yaml"); p.Line != 4 && p.Line != 3 || !strings.Contains(p.Reason, "api_key is missing") {
		t.Errorf("got %+v", p)
	}
	if !k.has("eu", marked+"1") {
		t.Error("the account is not what it was")
	}
	s.field.Store("apikey")
	s.changed <- struct{}{}
	wait(t, "the change is followed", func() bool { return k.has("eu", `"apikey":"x"`) })
}

func TestOpenErrors(t *testing.T) {
	log := hclog.NewNullLogger()
	_, err := Open(Config{Specs: []Spec{{Name: "a", Connector: "c", Secrets: map[string]Secret{"k": {Env: "NOT_SET_ANYWHERE"}}}}, Log: log})
	if err == nil || !strings.Contains(err.Error(), "accounts[0]: secrets.k: the variable NOT_SET_ANYWHERE") {
		t.Errorf("got %v", err)
	}
	if _, err := Open(Config{Dir: filepath.Join(t.TempDir(), "none"), Log: log}); err == nil || !strings.Contains(err.Error(), "accounts_dir") {
		t.Errorf("got %v", err)
	}
}

// Validating runs nothing.
func TestValidate(t *testing.T) {
	dir := t.TempDir()
	ran := filepath.Join(t.TempDir(), "ran")
	write(t, filepath.Join(dir, "a.yaml"), "name: a\nconnector: c\nsecrets:\n  k: {command: [touch, "+ran+"]}\n")
	write(t, filepath.Join(dir, "c.yaml"), "name: c\nconnector: c\nsecrets:\n  l: {file: nowhere}\n")
	write(t, filepath.Join(dir, "b.yaml"), "name: b\n")
	declared, problems, err := Validate(Config{Specs: []Spec{{Name: "m", Connector: "c"}}, Dir: dir})
	if err != nil || len(declared) != 2 || len(problems) != 2 || problems[0].Error() != "b.yaml:1: connector: is missing" ||
		!strings.HasPrefix(problems[1].Error(), "c.yaml:4: secrets.l: the file ") {
		t.Errorf("got %v, %v, %v", declared, problems, err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command was run")
	}
}
