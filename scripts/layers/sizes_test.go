package layers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxLines bounds a connector's lines, tests aside.
const maxLines = 3000

// TestConnectorsAreShort counts the packages of which a connector's program is made;
// the sandbox's PSP, which it carries along, is no part of the connector.
func TestConnectorsAreShort(t *testing.T) {
	for _, main := range connectors(t) {
		name := strings.TrimPrefix(filepath.Base(main), "connector-")
		list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
			"{{$dir := .Dir}}{{range .GoFiles}}{{$.ImportPath}} {{$dir}}/{{.}}\n{{end}}", ".")
		list.Dir = main
		out, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		lines := 0
		for file := range strings.Lines(string(out)) {
			folder, path, _ := strings.Cut(strings.TrimSpace(file), " ")
			if !strings.HasPrefix(folder+"/", module+"/plugins/"+name+"/") || folder == module+"/plugins/sandbox/psp" {
				continue
			}
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines += bytes.Count(content, []byte("\n"))
		}
		t.Logf("%s: %d lines", name, lines)
		if lines < 100 || lines > maxLines {
			t.Errorf("%s has %d lines, want at most %d", name, lines, maxLines)
		}
	}
}

func connectors(t *testing.T) []string {
	t.Helper()
	mains, err := filepath.Glob(filepath.Join("..", "..", "plugins", "*", "cmd", "connector-*"))
	if err != nil || len(mains) < 3 {
		t.Fatalf("found %q, %v", mains, err)
	}
	return mains
}

// maxBinary bounds a connector's program, stripped as it is built for operators: each
// is copied and hashed at every start, and many run at once.
const maxBinary = 20_000_000

func TestConnectorsAreSmall(t *testing.T) {
	for _, main := range connectors(t) {
		program := filepath.Join(t.TempDir(), filepath.Base(main))
		build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
		build.Dir, build.Env = main, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		info, err := os.Stat(program)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.1f MB", filepath.Base(main), float64(info.Size())/1e6)
		if info.Size() > maxBinary {
			t.Errorf("%s has %d bytes, want at most %d", filepath.Base(main), info.Size(), maxBinary)
		}
	}
}
