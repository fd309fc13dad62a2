package layers

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// inspection is one look at a tree. It reads the files itself: a test that asks
// "go list" is cached as passed when the tree changes.
type inspection struct {
	tree     fs.FS
	goFiles  int
	findings []string
}

// inspect returns what breaks a rule, and how many Go files there are.
func inspect(tree fs.FS) (findings []string, goFiles int, err error) {
	i := &inspection{tree: tree}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skipped(name):
			return fs.SkipDir
		case entry.Type().IsRegular():
			return i.file(name)
		}
		return nil
	})
	slices.Sort(i.findings)
	return i.findings, i.goFiles, err
}

// skipped are folders that hold nothing of ours: what git, tools and builds keep.
func skipped(folder string) bool {
	base := path.Base(folder)
	return strings.HasPrefix(base, ".") && folder != "." && base != ".ci" || folder == "bin" || base == "node_modules"
}

func (i *inspection) found(name, format string, args ...any) {
	i.findings = append(i.findings, name+": "+fmt.Sprintf(format, args...))
}

// file looks at one file.
func (i *inspection) file(name string) error {
	raw, err := fs.ReadFile(i.tree, name)
	if err != nil {
		return err
	}
	switch path.Ext(name) {
	case ".go":
		i.goFiles++
		return i.goFile(name, raw)
	case ".proto":
		i.limit(name, raw, maxProto)
	default:
		if first, _, _ := bytes.Cut(raw, []byte("\n")); bytes.HasPrefix(first, []byte("#!")) && bytes.HasSuffix(first, []byte("sh")) {
			i.limit(name, raw, maxBash)
		}
	}
	return nil
}

// limit looks at a file's length.
func (i *inspection) limit(name string, raw []byte, most int) {
	if lines := bytes.Count(raw, []byte("\n")); lines > most {
		i.found(name, "has %d lines; at most %d", lines, most)
	}
}

// goFile looks at a Go file.
func (i *inspection) goFile(name string, raw []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, raw, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return err
	}
	folder, test, generated := path.Dir(name), strings.HasSuffix(name, "_test.go"), ast.IsGenerated(file)
	if folder == "." {
		i.found(name, "no Go file lies at the root")
		return nil
	}
	r, known := roomOf(folder)
	if !known {
		i.found(name, "the folder is in no room")
	}
	i.imports(name, file, r, known, test)
	if pkg := strings.TrimSuffix(file.Name.Name, "_test"); slices.Contains(vagueNames(), pkg) {
		i.found(name, "package %s: the name says nothing", pkg)
	}
	if in(folder, "proto/...") && !generated {
		i.found(name, "Go under proto is generated")
	}
	if generated {
		return nil
	}
	i.limit(name, raw, maxGo)
	if in(folder, "plugins/*/cmd/*") {
		i.limit(name, raw, maxConnector)
	}
	i.declarations(name, file, !test && in(folder, timeless()...))
	if !test && in(folder, monotonic()...) {
		i.clock(name, file)
	}
	return nil
}

// imports holds a file's imports against its room.
func (i *inspection) imports(name string, file *ast.File, r room, known, test bool) {
	folder := path.Dir(name)
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has seen to it
		}
		ours, isOurs := strings.CutPrefix(imported, module+"/")
		switch {
		case within(imported, goPlugin) && !in(folder, goPluginRooms()...):
			i.found(name, "imports %s; only %s may", imported, strings.Join(goPluginRooms(), ", "))
		case !known:
		case isOurs && !r.allows(folder, test, ours):
			i.found(name, "%s must not import %s", r.name, ours)
		case !test && imported != addresses && within(imported, r.never...):
			i.found(name, "%s must not import %s", r.name, imported)
		}
	}
}

// declarations looks for functions that are run by themselves, and for clocks.
func (i *inspection) declarations(name string, file *ast.File, timeless bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				i.found(name, "func init")
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); timeless && ok && x.Name == "time" && slices.Contains(clocks(), n.Sel.Name) {
				i.found(name, "time.%s: this room has no clock", n.Sel.Name)
			}
		}
		return true
	})
}

// clock looks for times that would jump with the machine's clock.
func (i *inspection) clock(name string, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(wallClock(), f.Sel.Name) {
			i.found(name, "%s: a time that jumps with the machine's clock", f.Sel.Name)
		}
		return true
	})
}
