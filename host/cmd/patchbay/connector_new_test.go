package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// tooLong is when a newcomer has given up.
const tooLong = 5 * time.Minute

// TestConnectorNew does what a newcomer does: "connector new" in a checkout, then
// whatever it prints.
func TestConnectorNew(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: builds a module and runs a gateway")
	}
	n := newNewcomer(t)
	before := n.state()

	began := time.Now()
	said := n.run("checkout", "patchbay connector new acme")
	steps := stepsOf(t, said, 5)
	n.run(".", steps[0])
	psp := n.background(`^http://(\S+)$`, steps[1]+" -listen 127.0.0.1:0")
	folder, _, _ := strings.Cut(steps[0], "\n") // "cd …"
	n.run(".", folder+" && sed s/127.0.0.1:8711/"+psp+"/ acme.yaml > bin/acme.yaml")
	gateway := n.background(`ready: listen=(\S+)`, steps[2]+" --listen 127.0.0.1:0")
	call := strings.NewReplacer("127.0.0.1:8711", psp, "localhost:8000", gateway).Replace(steps[3])
	answer := n.until(call)
	took := time.Since(began)

	for _, want := range []string{`"reference": "order-1001"`, `"status": "PAYMENT_STATUS_CAPTURED"`, `"minorUnits": "1050"`} {
		if !strings.Contains(answer, want) {
			t.Errorf("the answer has no %s:\n%s", want, answer)
		}
	}
	t.Logf("figure: from \"connector new\" to the first answered call: %.1f s", took.Seconds())
	if took > tooLong {
		t.Errorf("the first call took %s", took)
	}
	if after := n.state(); !maps.Equal(before, after) {
		t.Errorf("files outside of the new folder have changed:\n%v\n%v", before, after)
	}
	n.checkModule(steps[4])
}

// TestConnectorNewScript is what goes wrong, and what the flags do. $PATCHBAY is
// where the program is, for scripts that take the rest from the PATH.
func TestConnectorNewScript(t *testing.T) {
	program, err := exec.LookPath("patchbay")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: filepath.Join("testdata", "connector"), Setup: func(env *testscript.Env) error {
		env.Setenv("PATCHBAY", filepath.Dir(program))
		return nil
	}})
}

// checkModule looks at what is in the new folder as its author's own CI would.
func (n *newcomer) checkModule(test string) {
	n.t.Helper()
	const module = "connector-acme"
	for _, command := range []string{"gofmt -l .", "go vet ./...", "go mod tidy -diff"} {
		if out := n.run(module, command); out != "" {
			n.t.Errorf("%s: %s", command, out)
		}
	}
	if out := n.tests(module, test); !strings.Contains(out, "--- SKIP: TestCapture") || !strings.Contains(out, "sdk.Capturer") {
		n.t.Errorf("the first test that is skipped does not say what to write next:\n%s", out)
	}
	if out := n.run(module, "patchbay connector test --run '/succeeds$'"); !strings.Contains(out, "acme: 2 passed, 0 failed") {
		n.t.Errorf("the plugin as it was built: %s", out)
	}
	n.run(module, `sed -i.orig '/t.Skip/,/")$/d' acme_test.go`)
	if out, err := n.shell(module, "go test -run TestCapture ."); err == nil || !strings.Contains(out, "Unimplemented") {
		n.t.Errorf("TestCapture passes without a Capture: %v\n%s", err, out)
	}
	// An image is built where there is no checkout.
	n.run(module, "go mod vendor")
	n.run(".", "mv checkout away")
	n.run(module, "go build -o ../image ./cmd/connector-acme")
}

// stepsOf finds the commands in what was printed: they follow lines that end in a
// colon.
func stepsOf(t *testing.T, said string, want int) []string {
	t.Helper()
	var steps []string
	paragraphs := strings.Split(strings.TrimSpace(said), "\n\n")
	for i, p := range paragraphs[:len(paragraphs)-1] {
		if strings.HasSuffix(p, ":") {
			steps = append(steps, paragraphs[i+1])
		}
	}
	if len(steps) != want {
		t.Fatalf("found %d steps instead of %d in:\n%s", len(steps), want, said)
	}
	return steps
}

// newcomer is somebody with a checkout, Go and grpcurl.
type newcomer struct {
	t    *testing.T
	root string
	env  []string
}

func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	root, err := os.MkdirTemp("", "pb") // sockets need short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	n := &newcomer{t: t, root: root, env: append(os.Environ(),
		"PATH="+filepath.Join(root, "tools")+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"CGO_ENABLED=0", "GOFLAGS=-trimpath", // so that the build cache serves every root
	)}
	const checkout = "../../.."
	for _, name := range []string{"proto", "sdk"} {
		if err := os.CopyFS(filepath.Join(root, "checkout", name), os.DirFS(filepath.Join(checkout, name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		raw, err := os.ReadFile(filepath.Join(checkout, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(root, "checkout", name), raw, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	tools := exec.Command("go", "build", "-o", filepath.Join(root, "tools", "grpcurl"), "tool")
	tools.Dir = filepath.Join(checkout, "scripts", "tools", "grpcurl")
	if out, err := tools.CombinedOutput(); err != nil {
		t.Fatalf("build grpcurl: %v\n%s", err, out)
	}
	return n
}

// state is every file that is not in the new folder, nor the gateway's own, with
// its digest.
func (n *newcomer) state() map[string]string {
	n.t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(n.root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && filepath.Dir(path) == n.root && (name == "connector-acme" || name == "gateway"):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			files[path] = entry.Type().String()
			return nil
		}
		raw, err := os.ReadFile(path)
		files[path] = fmt.Sprintf("%x", sha256.Sum256(raw))
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
	if len(files) < 20 {
		n.t.Fatalf("found only %d files in %s", len(files), n.root)
	}
	return files
}

func (n *newcomer) command(ctx context.Context, dir, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = filepath.Join(n.root, dir)
	cmd.Env = n.env
	return cmd
}

func (n *newcomer) shell(dir, script string) (string, error) {
	ctx, cancel := context.WithTimeout(n.t.Context(), tooLong)
	defer cancel()
	out, err := n.command(ctx, dir, script).CombinedOutput()
	return string(out), err
}

// run runs commands that must succeed and returns what they print.
func (n *newcomer) run(dir, script string) string {
	n.t.Helper()
	out, err := n.shell(dir, script)
	if err != nil {
		n.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// tests runs tests that keep deadlines of 200 ms, which a machine that is busy with
// other tests can miss; so it has three attempts, and tells of each that fails.
func (n *newcomer) tests(dir, script string) string {
	n.t.Helper()
	for attempt := 1; ; attempt++ {
		out, err := n.shell(dir, script)
		if err == nil {
			return out
		}
		n.t.Logf("attempt %d: %s: %v\n%s", attempt, script, err, out)
		if attempt == 3 {
			n.t.Fatal("the tests of the new connector fail")
		}
	}
}

// until repeats commands until they succeed.
func (n *newcomer) until(script string) string {
	n.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(20 * time.Millisecond) {
		out, err := n.shell(".", script)
		if err == nil {
			return out
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("%s: %v\n%s", script, err, out)
		}
	}
}

// background starts commands that run until the test ends, and returns what a
// pattern finds in a line of their output.
func (n *newcomer) background(pattern, script string) string {
	n.t.Helper()
	for _, dir := range []string{"cache", "tmp"} { // where the gateway keeps what is its own
		if err := os.MkdirAll(filepath.Join(n.root, "gateway", dir), 0o755); err != nil {
			n.t.Fatal(err)
		}
	}
	cmd := n.command(context.Background(), ".", script)
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+filepath.Join(n.root, "gateway", "cache"), "TMPDIR="+filepath.Join(n.root, "gateway", "tmp"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the shell's own end tells nothing
		in.Close()
		close(ended)
	}()
	found, lines := make(chan string, 1), make(chan string, 1)
	go func() { lines <- scan(out, regexp.MustCompile(pattern), found) }()
	n.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			n.t.Errorf("%s does not end", script)
		}
		if said := <-lines; n.t.Failed() {
			n.t.Logf("%s:\n%s", script, said)
		}
	})
	select {
	case value := <-found:
		return value
	case <-ended:
		n.t.Fatalf("%s has ended", script)
	case <-time.After(30 * time.Second):
		n.t.Fatalf("%s did not say %s", script, pattern)
	}
	return ""
}

// scan reads all lines, gives the first that a pattern finds, and returns them.
func scan(out io.Reader, pattern *regexp.Regexp, found chan<- string) string {
	var all strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Fprintln(&all, lines.Text())
		if m := pattern.FindStringSubmatch(lines.Text()); m != nil {
			select {
			case found <- m[1]:
			default:
			}
		}
	}
	return all.String()
}
