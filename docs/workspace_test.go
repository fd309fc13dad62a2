package docs_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/consul/sdk/freeport"
)

// patience bounds every wait for a condition.
const patience = 30 * time.Second

// workspace is a copy of the repository in which commands may change files, with
// the programs built.
type workspace struct{ dir string }

func newWorkspace(t *testing.T) workspace {
	t.Helper()
	w := workspace{t.TempDir()}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		from, to := filepath.Join(root, entry.Name()), filepath.Join(w.dir, entry.Name())
		switch {
		case slices.Contains(built, entry.Name()):
		case entry.Name() == "scripts": // its tools know by their files' times whether they are built
			w.link(t, from, to)
		case entry.IsDir():
			err = os.CopyFS(to, os.DirFS(from))
		case entry.Type().IsRegular():
			w.copy(t, from, to)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, ".tools"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.link(t, filepath.Join(root, ".tools"), filepath.Join(w.dir, ".tools"))
	w.certify(t, "production/tls.crt", "production/tls.key")
	connectors, err := filepath.Glob(filepath.Join(w.dir, "plugins", "*", "cmd", "connector-*"))
	if err != nil || len(connectors) == 0 {
		t.Fatalf("found no connectors (%v)", err)
	}
	build := exec.Command("go", append([]string{"build", "-o", "bin/", "./host/cmd/patchbay"}, connectors...)...)
	build.Dir = w.dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return w
}

func (w workspace) link(t *testing.T, from, to string) {
	t.Helper()
	absolute, err := filepath.Abs(from)
	if err == nil {
		err = os.Symlink(absolute, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w workspace) copy(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// write makes a file that a document shows.
func (w workspace) write(t *testing.T, path, text string) {
	t.Helper()
	path = filepath.Join(w.dir, path)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// resetManifests undoes what the commands of another document have done.
func (w workspace) resetManifests(t *testing.T) {
	t.Helper()
	dir := filepath.Join(w.dir, "plugin-manifests")
	err := os.RemoveAll(dir)
	if err == nil {
		err = os.CopyFS(dir, os.DirFS(filepath.Join(root, "plugin-manifests")))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// running is what "make run" runs, on free ports: a sandbox PSP and a gateway
// whose default account for the sandbox connector names it.
type running struct {
	dir               string
	psp, gateway, ops string // addresses
	production        string // address of a gateway that the document starts, with a name that certificates have
	webhooks          string // and where PSPs send theirs

	mu  sync.Mutex
	log []string // of the gateway
}

func (w workspace) run(t *testing.T) *running {
	t.Helper()
	w.resetManifests(t)
	r := &running{dir: w.dir, production: net.JoinHostPort("localhost", strconv.Itoa(freeport.GetOne(t)))}
	r.psp = first(t, r.spawn(t, "psp", `listening on http://(\S+)`, "bin/connector-sandbox", "psp", "--listen", "127.0.0.1:0"))
	r.declarePSP(t)
	config := []string{
		"state_dir: state",
		"accounts:",
		"  - name: sandbox",
		"    connector: sandbox",
		"    default: true",
		"    config: {base_url: 'http://" + r.psp + "', webhook_secrets: [whsec_sandbox_default]}",
	}
	if err := os.MkdirAll(filepath.Join(w.dir, ".run"), 0o755); err != nil {
		t.Fatal(err)
	}
	if node, err := exec.LookPath("node"); err == nil { // for the connector in examples/connector-node
		config = append(config, "  - name: sandbox-node", "    connector: sandbox-node", "    default: true",
			"    config: {base_url: 'http://"+r.psp+"'}", "runtimes: {node: "+node+"}")
	}
	config = append(config, "webhooks: {listen: 127.0.0.1:0, file: {path: .run/webhooks.jsonl}}")
	w.write(t, "run.yaml", strings.Join(config, "\n"))
	found := r.spawn(t, "gateway", `(?:webhooks|operations|ready): listen=(\S+)`,
		"bin/patchbay", "serve", "--dev", "--config", "run.yaml", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0")
	r.webhooks, r.ops, r.gateway = first(t, found), first(t, found), first(t, found)
	return r
}

// declarePSP has the manifests name this PSP instead of that of "make run".
func (r *running) declarePSP(t *testing.T) {
	t.Helper()
	files, err := fs.Glob(os.DirFS(root), "plugin-manifests/*.yaml")
	examples, failed := fs.Glob(os.DirFS(root), "examples/*/manifest.yaml")
	err = errors.Join(err, failed)
	for _, file := range append(files, examples...) {
		raw, failed := os.ReadFile(filepath.Join(root, file))
		err = errors.Join(err, failed, os.WriteFile(filepath.Join(r.dir, file), []byte(r.here(string(raw))), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// serve starts what a document says, which ends with the test.
func (r *running) serve(t *testing.T, script string) {
	t.Helper()
	words := strings.Fields(r.here(script))
	r.spawn(t, "started", "$^", words[0], words[1:]...)
}

// spawn starts a program that ends with the test, and gives what a pattern finds
// in its output.
func (r *running) spawn(t *testing.T, name, pattern, program string, args ...string) <-chan string {
	t.Helper()
	cmd := exec.Command(filepath.Join(r.dir, program), args...)
	cmd.Dir = r.dir
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	found := make(chan string, 16)
	go func() {
		lines := bufio.NewScanner(out)
		wanted := regexp.MustCompile(pattern)
		for lines.Scan() {
			r.mu.Lock()
			r.log = append(r.log, name+": "+lines.Text())
			r.mu.Unlock()
			if m := wanted.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
			}
		}
	}()
	go func() {
		err := cmd.Wait()
		in.Close()
		ended <- err
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%s ended with %v", program, err)
			}
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			t.Errorf("%s does not end", program)
		}
		if t.Failed() {
			t.Log(r.lines())
		}
	})
	return found
}

func first(t *testing.T, found <-chan string) string {
	t.Helper()
	select {
	case value := <-found:
		return value
	case <-time.After(patience):
		t.Fatal("the program did not say that it is ready")
		return ""
	}
}

func (r *running) lines() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.log, "\n")
}

// pid is that of the connector that serves now.
func (r *running) pid(connector string) string {
	list := exec.Command(filepath.Join(r.dir, "bin/patchbay"), "plugins", "list", connector, "--output", "json")
	list.Env = append(os.Environ(), "PATCHBAY_ADMIN="+r.admin())
	out, err := list.Output()
	var told struct {
		Plugins []struct{ State, Pid string }
	}
	if err == nil && json.Unmarshal(out, &told) == nil {
		for _, p := range told.Plugins {
			if p.State == "PLUGIN_STATE_SERVING" && p.Pid != "" {
				return p.Pid
			}
		}
	}
	return "unknown" // and not 0, which would be this process's own group
}

// admin is where operators connect.
func (r *running) admin() string { return "unix:" + filepath.Join(r.dir, "state", "admin.sock") }

// here replaces the addresses of "make run" by those of this gateway, and PID by
// the sandbox connector's process.
func (r *running) here(text string) string {
	if strings.Contains(text, "kill -9 PID") {
		text = strings.ReplaceAll(text, "kill -9 PID", "kill -9 "+r.pid("sandbox"))
	}
	return strings.NewReplacer(
		"localhost:8000", r.gateway, "localhost:8443", r.production, "localhost:8001", r.ops, "localhost:8002", r.webhooks, "127.0.0.1:8701", r.psp,
	).Replace(text)
}
