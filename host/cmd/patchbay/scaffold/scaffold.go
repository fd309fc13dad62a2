// Package scaffold is the Go module that "patchbay connector new" writes: a
// connector, complete and tested, of a PSP that does not exist, for its author to
// turn into one of a PSP that does. It is pure.
package scaffold

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/patchbay/patchbay/host"
)

// SDKModule is the module that a connector is written with.
const SDKModule = "github.com/patchbay/patchbay"

// goVersion is what SDKModule demands.
const goVersion = "1.26.0"

// Options say what to write.
type Options struct {
	// Name is the connector's id, a manifest's name. Example: "acme".
	Name string
	// Module is the Go module's path; example.com/connector-NAME if empty.
	Module string
	// SDK is the path of a checkout of SDKModule to build against; none if empty,
	// so that it has to be a release.
	SDK string
}

// File is one file of the module.
type File struct {
	Path    string // relative to the module's folder, with slashes
	Content []byte
}

// The names of files under template/ end in ".tmpl" and may have NAME and PACKAGE
// in them. "all:" is for those that begin with a dot.
//
//go:embed all:template
var templates embed.FS

// Files gives the module's files by path. An error is about the options.
func Files(o Options) ([]File, error) {
	if err := host.CheckName(o.Name); err != nil {
		return nil, err
	}
	values := newValues(o)
	if err := module.CheckImportPath(values.Module); err != nil {
		return nil, fmt.Errorf("module: %w", err)
	}
	rename := strings.NewReplacer("NAME", values.Name, "PACKAGE", values.Package)
	var files []File
	err := fs.WalkDir(templates, "template", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		target := rename.Replace(strings.TrimSuffix(strings.TrimPrefix(name, "template/"), ".tmpl"))
		content, err := values.render(name)
		if err == nil && path.Ext(target) == ".go" {
			content, err = format.Source(content) // the order of imports depends on the module's path
		}
		files = append(files, File{target, content})
		return err
	})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}

// values are what the templates use.
type values struct {
	Name      string // "acme-eu"
	Package   string // "acmeeu"
	Title     string // "Acme Eu"
	Module    string
	SDKModule string
	SDK       string // as go.mod has it
	GoVersion string // "1.26.0"
	GoRelease string // "1.26"
}

func newValues(o Options) values {
	v := values{
		Name:      o.Name,
		Package:   packageName(o.Name),
		Title:     title(o.Name),
		Module:    o.Module,
		SDKModule: SDKModule,
		GoVersion: goVersion,
		GoRelease: goVersion[:strings.LastIndex(goVersion, ".")],
	}
	if v.Module == "" {
		v.Module = "example.com/connector-" + o.Name
	}
	if o.SDK != "" {
		v.SDK = modfile.AutoQuote(o.SDK)
	}
	return v
}

func (v values) render(name string) ([]byte, error) {
	parsed, err := template.New(path.Base(name)).Option("missingkey=error").ParseFS(templates, name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, v)
	return out.Bytes(), err
}

// Call is FirstCall for the templates.
func (v values) Call(grpcurl string) string { return FirstCall(v.Name, grpcurl) }

// FirstCall is a command that makes a payment of the stand-in's. grpcurl is how
// that program is called.
func FirstCall(name, grpcurl string) string {
	return grpcurl + ` -plaintext -H 'x-connector: ` + name + `' \
  -H 'x-connector-config: {"base_url": "http://127.0.0.1:8711", "api_key": "sk_test"}' -d '{
  "reference": "order-1001",
  "amount": {"currency_code": "USD", "minor_units": 1050},
  "payment_method": {"card_token": {"token": "tok_approve"}}
}' localhost:8000 patchbay.payments.v1.PaymentService/Authorize`
}

// packageName makes the name of a Go package, and of its main file, of a
// connector's. Importers give it a name of their own, so that it needs only to be
// possible: no keyword, no name of the go command's, and of no other file.
func packageName(name string) string {
	name = strings.ReplaceAll(name, "-", "")
	if token.IsKeyword(name) || slices.Contains([]string{"main", "documentation", "conformance", "errors", "payments", "words"}, name) {
		name += "psp"
	}
	return name
}

// title makes of a connector's name one for people.
func title(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' })
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, " ")
}
