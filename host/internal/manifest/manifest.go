// Package manifest turns the bytes of a manifest into a Manifest, or into an
// error that names file, line and field. It is pure.
package manifest

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"golang.org/x/mod/semver"
)

// MaxSize bounds a manifest file.
const MaxSize = 256 << 10

// Defaults of the fields that have one.
const (
	DefaultStartTimeout = 10 * time.Second
	DefaultDrainTimeout = 2 * time.Minute
	DefaultIdleStop     = 10 * time.Minute
)

// When a plugin is started.
const (
	StartEager = "eager"
	StartLazy  = "lazy"
)

// Manifest declares one plugin.
type Manifest struct {
	Name         string            `yaml:"name" json:"name" jsonschema:"title=Name,description=The connector's name: what callers give in the x-connector header.,pattern=^[a-z][a-z0-9-]{0\\,62}$,example=stripe"`
	Version      string            `yaml:"version" json:"version" jsonschema:"description=A semantic version. Of several versions the highest serves the calls that pin none.,example=1.4.0"`
	Command      string            `yaml:"command" json:"command" jsonschema:"description=The plugin's executable\\, relative to the manifest.,example=connector-stripe"`
	Bundle       string            `yaml:"bundle,omitempty" json:"bundle,omitempty" jsonschema:"description=A directory that is the plugin\\, relative to the manifest\\, for plugins of more than one file. The command is then relative to it.,example=connector-acme"`
	Runtime      string            `yaml:"runtime,omitempty" json:"runtime,omitempty" jsonschema:"description=The interpreter that runs the bundle's command: one that the host's configuration lists under runtimes.,example=node"`
	Args         []string          `yaml:"args,omitempty" json:"args,omitempty" jsonschema:"description=Arguments of the executable."`
	Env          map[string]string `yaml:"env,omitempty" json:"env,omitempty" jsonschema:"description=The plugin's environment. It gets no other variables."`
	SHA256       string            `yaml:"sha256,omitempty" json:"sha256,omitempty" jsonschema:"description=The SHA-256 in hexadecimal of the executable\\, or of the bundle\\, as patchbay validate prints it. With it a half-copied or wrong binary is never started.,pattern=^[0-9a-f]{64}$"`
	Egress       []string          `yaml:"egress,omitempty" json:"egress,omitempty" jsonschema:"description=The hosts that the plugin may connect to\\, each with its port: a name\\, *. and a name\\, an address\\, or a network. All others are refused.,example=api.stripe.com:443"`
	Sandbox      string            `yaml:"sandbox,omitempty" json:"sandbox,omitempty" jsonschema:"description=How the plugin is confined: require refuses to start it where the machine can't\\, prefer takes the best there is\\, off only limits it.,enum=require,enum=prefer,enum=off,default=prefer"`
	Limits       Limits            `yaml:"limits,omitempty" json:"limits,omitzero" jsonschema:"description=What the plugin's process may use; 0 is no limit."`
	Start        string            `yaml:"start,omitempty" json:"start,omitempty" jsonschema:"description=When the plugin is started: at once\\, or by the first call.,enum=eager,enum=lazy,default=eager"`
	IdleStop     Duration          `yaml:"idle_stop,omitempty" json:"idle_stop,omitempty" jsonschema:"description=Of a lazy plugin: how long nobody must have called it until it is stopped. The next call starts it again.,default=10m"`
	StartTimeout Duration          `yaml:"start_timeout,omitempty" json:"start_timeout,omitempty" jsonschema:"description=How long the plugin may take until it answers.,default=10s"`
	DrainTimeout Duration          `yaml:"drain_timeout,omitempty" json:"drain_timeout,omitempty" jsonschema:"description=How long a replaced plugin may take to finish its calls; never less than the longest allowed deadline plus 5 s.,default=2m"`
}

// Source is the field that names what is copied and verified, and its value.
func (m Manifest) Source() (field, path string) {
	if m.Bundle != "" {
		return "bundle", m.Bundle
	}
	return "command", m.Command
}

// Lazy says whether the plugin is started by the first call.
func (m Manifest) Lazy() bool { return m.Start == StartLazy }

// ID is name and version as callers pin them.
func (m Manifest) ID() string { return m.Name + "@" + m.Version }

// Error says what is wrong with a manifest and where.
type Error struct {
	File   string
	Line   int    // from 1; 0 if the error has no place
	Field  string // empty if the error is not about one
	Reason string
}

// Error implements error.
func (e *Error) Error() string {
	var at strings.Builder
	at.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&at, ":%d", e.Line)
	}
	if e.Field != "" {
		fmt.Fprintf(&at, ": %s", e.Field)
	}
	return at.String() + ": " + e.Reason
}

// Parse reads a manifest. file is only for errors. A name that could be read is
// in the Manifest even if there is an error, so that the error can be told to
// whom it concerns. The error is an *Error.
func Parse(file string, raw []byte) (Manifest, error) {
	if len(raw) > MaxSize {
		return Manifest{}, &Error{File: file, Reason: fmt.Sprintf("is larger than %d bytes", MaxSize)}
	}
	tree, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return Manifest{}, syntaxError(file, err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return Manifest{}, &Error{File: file, Line: 1, Reason: "want one YAML document with name, version and command"}
	}
	p := document{file: file, root: tree.Docs[0].Body}
	m := Manifest{Limits: DefaultLimits()}
	if err := yaml.NodeToValue(p.root, &m, yaml.Strict()); err != nil {
		var name struct{ Name string }
		_ = yaml.NodeToValue(p.root, &name) // as much as can be read
		return Manifest{Name: name.Name}, syntaxError(file, err)
	}
	if err := p.check(&m); err != nil {
		return m, err
	}
	return m, p.checkSandbox(&m)
}

// syntaxError keeps the place that the YAML library found and drops its picture
// of it.
func syntaxError(file string, err error) *Error {
	var at yaml.Error
	if !errors.As(err, &at) {
		return &Error{File: file, Reason: err.Error()}
	}
	e := &Error{File: file, Reason: at.GetMessage()}
	if tok := at.GetToken(); tok != nil {
		e.Line = tok.Position.Line
		if unknown := unknownField.FindStringSubmatch(e.Reason); unknown != nil {
			e.Field, e.Reason = unknown[1], "is not a field of a manifest; see plugin-manifests/README.md"
		} else if prev := tok.Prev; prev != nil && prev.Value == ":" && prev.Prev != nil {
			e.Field = prev.Prev.Value
		}
	}
	return e
}

var unknownField = regexp.MustCompile(`^unknown field "([^"]+)"`)

// document finds the line of a field.
type document struct {
	file string
	root ast.Node
}

func (d document) errorf(field, format string, args ...any) *Error {
	e := &Error{File: d.file, Line: 1, Field: field, Reason: fmt.Sprintf(format, args...)}
	if at, err := yaml.PathString("$." + field); err == nil {
		if node, err := at.FilterNode(d.root); err == nil && node != nil {
			e.Line = node.GetToken().Position.Line
		}
	}
	return e
}

var (
	namePattern   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	envPattern    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// check holds the fields against their rules and fills in defaults.
func (d document) check(m *Manifest) error {
	switch {
	case m.Name == "":
		return d.errorf("name", "is missing")
	case !namePattern.MatchString(m.Name):
		return d.errorf("name", "%q must be lower-case letters, digits and dashes, begin with a letter and have at most 63", m.Name)
	case m.Version == "":
		return d.errorf("version", "is missing")
	case !semver.IsValid("v"+m.Version) || strings.Count(strings.SplitN(m.Version, "-", 2)[0], ".") != 2:
		return d.errorf("version", "%q is not a semantic version such as 1.4.0", m.Version)
	case m.Command == "":
		return d.errorf("command", "is missing: give the plugin's executable, relative to the manifest")
	case strings.ContainsRune(m.Command, 0) || path.Clean(m.Command) == ".":
		return d.errorf("command", "%q is not a file name", m.Command)
	case m.Bundle != "" && !filepath.IsLocal(m.Command):
		return d.errorf("command", "%q must lie in the bundle", m.Command)
	case m.Runtime != "" && m.Bundle == "":
		return d.errorf("runtime", "goes with bundle: one file alone is run as it is")
	case m.SHA256 != "" && !digestPattern.MatchString(m.SHA256):
		return d.errorf("sha256", "must be 64 lower-case hexadecimal digits")
	case m.Start != "" && m.Start != StartEager && m.Start != StartLazy:
		return d.errorf("start", "%q is neither %s nor %s", m.Start, StartEager, StartLazy)
	case m.IdleStop < 0:
		return d.errorf("idle_stop", "must be a duration such as 10m")
	case m.IdleStop > 0 && !m.Lazy():
		return d.errorf("idle_stop", "goes with start: %s", StartLazy)
	case m.StartTimeout < 0:
		return d.errorf("start_timeout", "must be a duration such as 10s or 2m")
	case m.DrainTimeout < 0:
		return d.errorf("drain_timeout", "must be a duration such as 10s or 2m")
	}
	if err := d.checkEnv(m.Env); err != nil {
		return err
	}
	if err := d.checkEgress(m); err != nil {
		return err
	}
	m.setDefaults()
	return nil
}

func (d document) checkEnv(env map[string]string) error {
	for name, value := range env {
		if !envPattern.MatchString(name) || strings.ContainsRune(value, 0) {
			return d.errorf("env", "%q can't be a variable of the environment", name)
		}
		if slices.Contains(reservedEnv, name) || strings.HasPrefix(name, "PLUGIN_") || strings.HasPrefix(name, "PATCHBAY_") {
			return d.errorf("env", "%s is set by the host and can't be declared", name)
		}
	}
	return nil
}

func (m *Manifest) setDefaults() {
	if m.Start == "" {
		m.Start = StartEager
	}
	if m.Lazy() && m.IdleStop == 0 {
		m.IdleStop = Duration(DefaultIdleStop)
	}
	if m.StartTimeout == 0 {
		m.StartTimeout = Duration(DefaultStartTimeout)
	}
	if m.DrainTimeout == 0 {
		m.DrainTimeout = Duration(DefaultDrainTimeout)
	}
}

// reservedEnv would change what the verified binary runs.
var reservedEnv = []string{"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"}

// Equal says whether two manifests declare the same.
func (m Manifest) Equal(other Manifest) bool {
	return m.Name == other.Name && m.Version == other.Version && m.Command == other.Command &&
		m.Bundle == other.Bundle && m.Runtime == other.Runtime &&
		slices.Equal(m.Args, other.Args) && slices.Equal(m.Egress, other.Egress) && maps.Equal(m.Env, other.Env) && m.SHA256 == other.SHA256 &&
		m.Sandbox == other.Sandbox && m.Limits == other.Limits && m.Start == other.Start && m.IdleStop == other.IdleStop &&
		m.StartTimeout == other.StartTimeout && m.DrainTimeout == other.DrainTimeout
}

// At makes an error about a field of a manifest that is valid in itself.
func At(file string, raw []byte, field, reason string) *Error {
	tree, err := parser.ParseBytes(raw, 0)
	if err != nil || len(tree.Docs) == 0 {
		return &Error{File: file, Field: field, Reason: reason}
	}
	return document{file: file, root: tree.Docs[0].Body}.errorf(field, "%s", reason)
}
