package account

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile is how large the file of an account may be.
const maxFile = 256 << 10

// Error is why an account is not as it is declared.
type Error struct {
	File   string // of the accounts' directory; empty: the host's configuration
	Line   int    // from 1; 0 if the problem has no place
	Field  string // empty if the problem is not about one
	Reason string
}

// Error implements error.
func (p *Error) Error() string {
	var at strings.Builder
	at.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&at, ":%d", p.Line)
	}
	if p.Field != "" {
		fmt.Fprintf(&at, ": %s", p.Field)
	}
	return at.String() + ": " + p.Reason
}

// file is a declaration and where its fields are.
type file struct {
	name string
	spec Spec
	root ast.Node // nil for one of the host's configuration
}

// parse reads the file of one account.
func parse(name string, raw []byte) (file, *Error) {
	if len(raw) > maxFile {
		return file{}, &Error{File: name, Reason: fmt.Sprintf("is larger than %d bytes", maxFile)}
	}
	tree, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return file{}, syntax(name, err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return file{}, &Error{File: name, Line: 1, Reason: "want one YAML document with name and connector"}
	}
	f := file{name: name, root: tree.Docs[0].Body}
	if err := yaml.NodeToValue(f.root, &f.spec, yaml.Strict()); err != nil {
		return f, syntax(name, err)
	}
	if err := f.spec.check(); err != nil {
		return f, f.problem(err)
	}
	return f, nil
}

var unknownField = regexp.MustCompile(`^unknown field "([^"]+)"`)

// syntax keeps the place that the YAML library found. What it says of a value may
// quote it, so of that only the kind is kept.
func syntax(name string, err error) *Error {
	p := &Error{File: name, Reason: "is not YAML that declares an account"}
	var at yaml.Error
	if !errors.As(err, &at) {
		return p
	}
	if tok := at.GetToken(); tok != nil {
		p.Line = tok.Position.Line
	}
	var kind *yaml.TypeError
	switch found := unknownField.FindStringSubmatch(at.GetMessage()); {
	case found != nil:
		p.Field, p.Reason = found[1], "is not a field of an account; see docs/operating.md"
	case errors.As(err, &kind):
		p.Reason = fmt.Sprintf("a value has the wrong type; want %s", kind.DstType)
	}
	return p
}

// problem says where in the file an error is.
func (f file) problem(err error) *Error {
	p := &Error{File: f.name, Reason: err.Error()}
	var of *fieldError
	if !errors.As(err, &of) {
		return p
	}
	p.Field, p.Reason = of.field, of.reason
	if f.root == nil {
		return p
	}
	p.Line = 1
	if at, err := yaml.PathString("$." + of.field); err == nil {
		if node, err := at.FilterNode(f.root); err == nil && node != nil {
			p.Line = node.GetToken().Position.Line
		}
	}
	return p
}

// look is one look at the directory: file by file what is in it.
type look struct {
	raw map[string]string
	err map[string]string // why a file can't be read
	dir error             // why the directory can't be read

	secrets map[string]string // by path: how the files with secrets look from outside
}

func (l look) equal(other look) bool {
	return (l.dir == nil) == (other.dir == nil) && maps.Equal(l.raw, other.raw) && maps.Equal(l.err, other.err) && maps.Equal(l.secrets, other.secrets)
}

// lookAt reads the files of a directory. Links are followed as long as they stay
// in it.
func lookAt(dir string) look {
	l := look{raw: map[string]string{}, err: map[string]string{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return look{dir: err}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return look{dir: err}
	}
	defer root.Close()
	for _, entry := range entries {
		name := entry.Name()
		if ext := filepath.Ext(name); strings.HasPrefix(name, ".") || ext != ".yaml" && ext != ".yml" {
			continue
		}
		raw, err := readBeneath(root, name)
		if err != nil {
			var at *fs.PathError
			if errors.As(err, &at) {
				err = at.Err
			}
			l.err[name] = err.Error()
			continue
		}
		l.raw[name] = raw
	}
	return l
}

func readBeneath(root *os.Root, name string) (string, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return string(raw), err
}
