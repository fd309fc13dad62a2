package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func (s *stack) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.plugins, name)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stack) socket() string { return filepath.Join(s.root(), "state", "admin.sock") }

// TestOperatorsBadInput ends with exit code 1 and a word that helps, and changes
// nothing.
func TestOperatorsBadInput(t *testing.T) {
	s := newStack(t)
	s.addVersion("1.1.0")
	before := s.list()
	for _, test := range []struct{ args, want string }{
		{"list nope", `no such plugin: "nope"; there are: sandbox`},
		{"show nope", `no such plugin: "nope"; there are: sandbox`},
		{"show sandbox@9.9.9", "sandbox has no version 9.9.9"},
		{"watch nope", `no such plugin: "nope"; there are: sandbox`},
		{"reload nope", `no such plugin: "nope"; there are: sandbox`},
		{"drain nope", `no such plugin: "nope"; there are: sandbox`},
		{"pin nope@1.0.0", `no such plugin: "nope"; there are: sandbox`},
		{"pin nope --none", `no such plugin: "nope"; there are: sandbox`},
		{"rollback nope", `no such plugin: "nope"; there are: sandbox`},
		{"logs nope", `no such plugin: "nope"; there are: sandbox`},
		{"drain sandbox", "there are several versions of sandbox, say which: 1.0.0, 1.1.0"},
		{"reload sandbox", "there are several versions of sandbox, say which: 1.0.0, 1.1.0"},
		{"logs sandbox", "there are several versions of sandbox, say which: 1.0.0, 1.1.0"},
		{"drain sandbox@9.9.9", "sandbox has no version 9.9.9; there are: 1.0.0, 1.1.0"},
		{"pin sandbox@9.9.9", "sandbox has no version 9.9.9; there are: 1.0.0, 1.1.0"},
		{"pin sandbox", "give either NAME@VERSION, or NAME and --none"},
		{"pin sandbox@1.0.0 --none", "give either NAME@VERSION, or NAME and --none"},
		{"list sandbox@1.0.0", "list takes a NAME without a version"},
		{"rollback sandbox@1.0.0", "rollback takes a NAME without a version"},
		{"drain sandbox@", `"sandbox@" is not NAME or NAME@VERSION`},
		{"drain", "accepts 1 arg"},
		{"list --output yaml", `--output: "yaml" is neither table nor json`},
		{"list --admin unix:/nowhere.sock", "no gateway answers at unix:/nowhere.sock"},
		{"list --admin localhost:1", `"localhost:1" is not unix: with the path of a socket`},
		{"list --config /nowhere.yaml", "/nowhere.yaml: no such file"},
		{"nonsense", `unknown command "nonsense"`},
	} {
		got := s.operator(strings.Fields(test.args)...)
		if got.code != 1 || !strings.HasPrefix(got.stderr, "patchbay: ") || !strings.Contains(got.stderr, test.want) || got.stdout != "" {
			t.Errorf("%s: %+v", test.args, got)
		}
	}
	if after := s.list(); !equalRows(before, after) {
		t.Errorf("something has changed: %+v, before %+v", after, before)
	}
}

// TestOperatorsPinOfWhatDoesNotServe is refused: no call would be served.
func TestOperatorsPinOfWhatDoesNotServe(t *testing.T) {
	s := newStack(t)
	s.addVersion("1.1.0")
	s.operates("drain", "sandbox@1.1.0")
	if got := s.operator("pin", "sandbox@1.1.0"); got.code != 1 || !strings.Contains(got.stderr, "sandbox@1.1.0 does not serve: drained: an operator asked for it") {
		t.Errorf("told %+v", got)
	}
	if got := s.servedBy("sandbox", "still"); got != "sandbox@1.0.0" {
		t.Errorf("served by %s", got)
	}
}

// TestOperatorsJSON holds the names that programs read.
func TestOperatorsJSON(t *testing.T) {
	s := newStack(t)
	s.put("broken.yaml", []byte("name: broken\nversion: one\ncommand: x\n"), 0o644)
	if got := s.operator("reload", "-o", "json"); got.code != 1 || !strings.Contains(got.stderr, "manifests that are not followed: 1") {
		t.Errorf("reload: %+v", got)
	}
	var answer struct{ Plugins, Problems []map[string]json.RawMessage }
	raw := s.operates("list", "--output", "json")
	if err := json.Unmarshal([]byte(raw), &answer); err != nil {
		t.Fatal(err)
	}
	if strings.Count(raw, "\n") != 1 || strings.Contains(raw, ": ") || len(answer.Plugins) != 1 || len(answer.Problems) != 1 {
		t.Fatalf("told %s", raw)
	}
	for _, name := range []string{
		"name", "version", "file", "state", "generation", "pid", "sha256", "serving_since", "starts", "in_flight",
		"serves_unpinned", "pinned", "lazy", "cpu_time", "declared", "last_good", "problem",
	} {
		if _, ok := answer.Plugins[0][name]; !ok {
			t.Errorf("a plugin has no %s: %s", name, raw)
		}
	}
	for name, want := range map[string]string{"name": `"sandbox"`, "state": `"PLUGIN_STATE_SERVING"`, "generation": `"1"`, "in_flight": "0", "pinned": "false", "problem": "null"} {
		if got := string(answer.Plugins[0][name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for name, want := range map[string]string{"file": `"broken.yaml"`, "line": "2", "field": `"version"`} {
		if got := string(answer.Problems[0][name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestOperatorsSocket: only the gateway's user reaches it, and one gateway has it.
func TestOperatorsSocket(t *testing.T) {
	s := newStack(t)
	info, err := os.Stat(s.socket())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the socket: %v, %v", info, err)
	}
	another := exec.CommandContext(t.Context(), filepath.Join(s.bin, "patchbay"), "serve", "--config", s.secondConfig())
	said, err := another.CombinedOutput()
	if err == nil || another.ProcessState.ExitCode() != 1 || !strings.Contains(string(said), s.socket()+": another gateway listens there") || strings.Contains(string(said), "serving") {
		t.Errorf("a second gateway: %v\n%s", err, said)
	}
	if rows := s.list(); len(rows) != 1 {
		t.Errorf("the first has lost it: %v", rows)
	}

	s.killUnswept()
	if _, err := os.Lstat(s.socket()); err != nil {
		t.Fatalf("nothing is left of a killed gateway: %v", err)
	}
	if got := s.operator("list"); got.code != 1 || !strings.Contains(got.stderr, "no gateway answers at unix:"+s.socket()) {
		t.Errorf("without a gateway: %+v", got)
	}
	s.startGateway()
	if rows := s.list(); len(rows) != 1 {
		t.Errorf("after the next start: %v", rows)
	}
	s.stopGateway()
	if _, err := os.Lstat(s.socket()); err == nil {
		t.Error("the socket outlives its gateway")
	}
}

// secondConfig is that of a gateway for production with the first one's state.
func (s *stack) secondConfig() string {
	s.t.Helper()
	file := filepath.Join(s.root(), "second.yaml")
	content := fmt.Sprintf("listen: %s\nplugins: %s\nstate_dir: %s\nruntime_dir: %s\nidempotency_secret_file: second.secret\ncallers: [{name: shop, key_sha256: ['%064d']}]\n",
		freeAddress(s.t), s.plugins, filepath.Join(s.root(), "state"), s.runtime, 0)
	for name, text := range map[string]string{file: content, filepath.Join(s.root(), "second.secret"): strings.Repeat("k", 32)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return file
}

// TestOperatorsAway: the listener can be turned off, and takes no file's place.
func TestOperatorsAway(t *testing.T) {
	s := prepareStack(t)
	s.serve("--dev", "admin: off\n")
	if got := s.operator("list"); got.code != 1 || !strings.Contains(got.stderr, "admin: it is off in the configuration") {
		t.Errorf("told %+v", got)
	}
	s.stopGateway()
	treasure := filepath.Join(s.root(), "treasure")
	if err := os.WriteFile(treasure, []byte("keep me"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(s.root(), "patchbay.yaml")
	raw, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(strings.Replace(string(raw), "admin: off", "admin: unix:"+treasure, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), filepath.Join(s.bin, "patchbay"), "serve", "--dev", "--config", config).CombinedOutput()
	if err == nil || !strings.Contains(string(said), treasure+" is there and is no socket") {
		t.Errorf("told %v\n%s", err, said)
	}
	if kept, err := os.ReadFile(treasure); err != nil || string(kept) != "keep me" {
		t.Errorf("left %q, %v", kept, err)
	}
}
