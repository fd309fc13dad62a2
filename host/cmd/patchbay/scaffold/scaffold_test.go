package scaffold

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// written renders a module and gives its files by path.
func written(t *testing.T, o Options) map[string]string {
	t.Helper()
	files, err := Files(o)
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string]string{}
	for _, f := range files {
		contents[f.Path] = string(f.Content)
	}
	return contents
}

func TestFiles(t *testing.T) {
	files := written(t, Options{Name: "acme-eu", SDK: "/src/patchbay"})
	for _, name := range []string{
		".github/workflows/ci.yml", ".gitignore", "Dockerfile", "README.md", "acme-eu.yaml", "acmeeu.go",
		"acmeeu_test.go", "cmd/connector-acme-eu/main.go", "go.mod", "internal/api/client.go", "payments.go",
	} {
		if files[name] == "" {
			t.Errorf("%s is not written", name)
		}
	}
	for name, content := range files {
		if strings.Contains(content, "{{") || strings.Contains(content, "<no value>") || strings.Contains(name, "NAME") || strings.Contains(name, "PACKAGE") {
			t.Errorf("%s is not filled in:\n%s", name, content)
		}
		if !strings.HasSuffix(content, "\n") || strings.HasSuffix(content, "\n\n") {
			t.Errorf("%s does not end with one newline", name)
		}
	}
	for _, want := range []string{"name: acme-eu\n", "command: connector-acme-eu\n"} {
		if !strings.Contains(files["acme-eu.yaml"], want) {
			t.Errorf("the manifest has no %q:\n%s", want, files["acme-eu.yaml"])
		}
	}
	for _, want := range []string{`ID:                 "acme-eu"`, `DisplayName:        "Acme Eu"`, "package acmeeu\n"} {
		if !strings.Contains(files["acmeeu.go"], want) {
			t.Errorf("acmeeu.go has no %s", want)
		}
	}
	if !strings.Contains(files["README.md"], FirstCall("acme-eu", "grpcurl")) {
		t.Error("README.md does not make the first call")
	}
}

func TestFilesAreSorted(t *testing.T) {
	files, err := Files(Options{Name: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) }) {
		t.Error("the files are not in order")
	}
}

// TestModule reads go.mod as the go command does.
func TestModule(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		module  string
		replace string
	}{
		"defaults":        {Options{Name: "acme"}, "example.com/connector-acme", ""},
		"own path":        {Options{Name: "acme", Module: "zeta.example/pay/acme"}, "zeta.example/pay/acme", ""},
		"checkout":        {Options{Name: "acme", SDK: "/src/patchbay"}, "example.com/connector-acme", "/src/patchbay"},
		"checkout, blank": {Options{Name: "acme", SDK: "/my src/patchbay"}, "example.com/connector-acme", "/my src/patchbay"},
	} {
		t.Run(name, func(t *testing.T) {
			files := written(t, test.options)
			mod, err := modfile.Parse("go.mod", []byte(files["go.mod"]), nil)
			if err != nil {
				t.Fatal(err)
			}
			replace := ""
			if len(mod.Replace) == 1 {
				replace = mod.Replace[0].New.Path
			}
			if mod.Module.Mod.Path != test.module || replace != test.replace || len(mod.Require) != len(mod.Replace) {
				t.Errorf("got module %s, replace %q and %d requirements", mod.Module.Mod.Path, replace, len(mod.Require))
			}
			for name, content := range files {
				if path.Ext(name) == ".go" && strings.Contains(content, "/internal/") && !strings.Contains(content, `"`+test.module+"/internal/") {
					t.Errorf("%s imports packages of another module", name)
				}
			}
		})
	}
}

// TestGoVersion: the module demands the Go that the SDK does.
func TestGoVersion(t *testing.T) {
	const file = "../../../../go.mod"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.ParseLax(file, raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	if mod.Module.Mod.Path != SDKModule || mod.Go.Version != goVersion {
		t.Errorf("the SDK is module %s with go %s, and the template has %s and %s", mod.Module.Mod.Path, mod.Go.Version, SDKModule, goVersion)
	}
}

func TestOptionsAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		reason  string
	}{
		"no name":         {Options{}, "name: is missing"},
		"capitals":        {Options{Name: "Acme"}, `name: "Acme" must be lower-case letters`},
		"a digit first":   {Options{Name: "1acme"}, "begin with a letter"},
		"too long":        {Options{Name: strings.Repeat("a", 64)}, "at most 63"},
		"a path":          {Options{Name: "../acme"}, "lower-case"},
		"lines":           {Options{Name: "acme\nargs: [x]"}, "can't be the name"},
		"a comment":       {Options{Name: "acme # x"}, "can't be the name"},
		"a module's path": {Options{Name: "acme", Module: "example.com//acme"}, "module: malformed"},
		"a module's URL":  {Options{Name: "acme", Module: "https://example.com/acme"}, "module: malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := Files(test.options)
			if err == nil || !strings.Contains(err.Error(), test.reason) || files != nil {
				t.Errorf("got %d files, error %v; want one with %q", len(files), err, test.reason)
			}
		})
	}
}

// TestPackageNames: whatever a connector is called, its files are Go, and none
// takes the place of another.
func TestPackageNames(t *testing.T) {
	files, err := Files(Options{Name: "acme-eu"})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"type", "func", "main", "documentation", "string", "sdk", "connector", "testing", "a", "x-test", "linux"}
	for _, f := range files { // those of the files beside the package's own
		if base, isGo := strings.CutSuffix(f.Path, ".go"); isGo && path.Dir(f.Path) == "." && !strings.HasPrefix(base, "acmeeu") {
			names = append(names, strings.TrimSuffix(base, "_test"))
		}
	}
	for _, name := range names {
		contents := written(t, Options{Name: name})
		if len(contents) != len(files) {
			t.Errorf("%s: got %d files, want %d", name, len(contents), len(files))
		}
		main := packageName(name) + ".go"
		parsed, err := parser.ParseFile(token.NewFileSet(), main, contents[main], 0)
		if err != nil || parsed.Name.Name == "main" || parsed.Name.Name == "documentation" {
			t.Errorf("%s: %s is not the file of a package: %v", name, main, err)
		}
	}
	if got := packageName("acme-eu"); got != "acmeeu" {
		t.Errorf("got package %q, want acmeeu", got)
	}
}

// TestTemplatesEndInTmpl: under any other name, tools would take them for what
// they are not.
func TestTemplatesEndInTmpl(t *testing.T) {
	err := fs.WalkDir(templates, "template", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && path.Ext(name) != ".tmpl" {
			t.Errorf("%s does not end in .tmpl", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
