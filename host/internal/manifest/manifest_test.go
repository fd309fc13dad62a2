package manifest

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the schema file instead of comparing it")

const minimal = "name: acme\nversion: 1.2.3\ncommand: connector-acme\n"

func TestParseMinimal(t *testing.T) {
	m, err := Parse("acme.yaml", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	if m.ID() != "acme@1.2.3" || m.Command != "connector-acme" {
		t.Errorf("got %+v", m)
	}
	if time.Duration(m.StartTimeout) != DefaultStartTimeout || time.Duration(m.DrainTimeout) != DefaultDrainTimeout {
		t.Errorf("defaults are not filled in: %+v", m)
	}
	if m.Sandbox != SandboxPrefer || m.Limits != DefaultLimits() {
		t.Errorf("the sandbox's defaults are not filled in: %s, %+v", m.Sandbox, m.Limits)
	}
}

func TestParseAllFields(t *testing.T) {
	m, err := Parse("acme.yaml", []byte(minimal+`args: [--verbose, "1"]
env: {ACME_MODE: test}
egress: ["api.acme.example:443", "*.acme.example:8443"]
sha256: `+strings.Repeat("0a", 32)+`
sandbox: require
limits: {memory: 2GB, processes: 0, cpu: 1.5}
start_timeout: 3s
drain_timeout: 1m30s
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Args) != 2 || m.Env["ACME_MODE"] != "test" || time.Duration(m.StartTimeout) != 3*time.Second || time.Duration(m.DrainTimeout) != 90*time.Second {
		t.Errorf("got %+v", m)
	}
	if e := m.Endpoints(); len(e) != 2 || e[0].String() != "api.acme.example:443" || !e[1].Below || e[1].Port != 8443 {
		t.Errorf("got the endpoints %v", e)
	}
	other, _ := Parse("acme.yaml", []byte(minimal+"egress: [\"a.example:1\"]\n"))
	if bare, _ := Parse("acme.yaml", []byte(minimal)); bare.Equal(other) {
		t.Error("Equal does not look at egress")
	}
	if want := (Limits{Memory: 2 << 30, OpenFiles: 256, FileSize: 16 << 20, CPU: 1.5}); m.Sandbox != SandboxRequire || m.Limits != want {
		t.Errorf("got sandbox %s with %+v", m.Sandbox, m.Limits)
	}
	same, _ := Parse("other.yaml", []byte(minimal))
	if m.Equal(same) || !m.Equal(m) {
		t.Error("Equal does not tell manifests apart")
	}
}

func TestParseErrors(t *testing.T) {
	for name, test := range map[string]struct {
		in, field, reason string
		line              int
	}{
		"empty":             {"", "", "one YAML document", 1},
		"two documents":     {minimal + "---\n" + minimal, "", "one YAML document", 1},
		"not YAML":          {"name: acme\nversion: [1\n", "version", "']'", 2},
		"list":              {"- name: acme\n", "", "", 1},
		"unknown field":     {minimal + "comand: x\n", "comand", "not a field", 4},
		"duplicate field":   {minimal + "name: other\n", "", "name", 4},
		"no name":           {"version: 1.2.3\ncommand: c\n", "name", "missing", 1},
		"bad name":          {"name: Acme!\nversion: 1.2.3\ncommand: c\n", "name", "lower-case", 1},
		"long name":         {"name: " + strings.Repeat("a", 64) + "\nversion: 1.2.3\ncommand: c\n", "name", "63", 1},
		"no version":        {"name: acme\ncommand: c\n", "version", "missing", 1},
		"bad version":       {"name: acme\nversion: one\ncommand: c\n", "version", "semantic version", 2},
		"short version":     {"name: acme\nversion: \"1.2\"\ncommand: c\n", "version", "semantic version", 2},
		"no command":        {"name: acme\nversion: 1.2.3\n", "command", "missing", 1},
		"empty command":     {"name: acme\nversion: 1.2.3\ncommand: ./\n", "command", "not a file name", 3},
		"bad digest":        {minimal + "sha256: abc\n", "sha256", "64", 4},
		"bad duration":      {minimal + "start_timeout: soon\n", "start_timeout", "10s or 2m", 4},
		"negative duration": {minimal + "drain_timeout: -1s\n", "drain_timeout", "10s or 2m", 4},
		"negative start":    {minimal + "start_timeout: -1s\n", "start_timeout", "10s or 2m", 4},
		"wrong type":        {minimal + "args: 7\n", "args", "", 4},
		"bad variable":      {minimal + "env:\n  \"A=B\": x\n", "env", "environment", 5},
		"host's variable":   {minimal + "env: {PLUGIN_CLIENT_CERT: x}\n", "env", "set by the host", 4},
		"loader's variable": {minimal + "env: {LD_PRELOAD: x}\n", "env", "set by the host", 4},
		"command outside":   {"name: acme\nversion: 1.2.3\nbundle: b\ncommand: ../c\n", "command", "in the bundle", 4},
		"runtime alone":     {minimal + "runtime: node\n", "runtime", "goes with bundle", 4},
		"host without port": {minimal + "egress:\n- api.example.com:443\n- api.example.com\n", "egress[1]", "has no port", 6},
		"bad host":          {minimal + "egress: [\"*.com:443\"]\n", "egress[0]", "too much", 4},
		"too many hosts":    {minimal + "egress: [" + strings.Repeat("a.example:1, ", 65) + "]\n", "egress", "more than 64", 4},
		"bad sandbox":       {minimal + "sandbox: maybe\n", "sandbox", "none of require, prefer", 4},
		"bad size":          {minimal + "limits:\n  memory: much\n", "limits.memory", "512MB", 5},
		"size without unit": {minimal + "limits:\n  file_size: 512\n", "limits.file_size", "16MB", 5},
		"few processes":     {minimal + "limits:\n  cpu: 1\n  processes: 1\n", "limits.processes", "at least 8", 6},
		"few files":         {minimal + "limits:\n  open_files: 3\n", "limits.open_files", "at least 32", 5},
		"negative cores":    {minimal + "limits:\n  cpu: -1\n", "limits.cpu", "cores", 5},
		"unknown limit":     {minimal + "limits:\n  disk: 1GB\n", "disk", "not a field", 5},
		"too large":         {minimal + "#" + strings.Repeat("x", MaxSize), "", "larger", 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("acme.yaml", []byte(test.in))
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if got.File != "acme.yaml" || got.Line != test.line || got.Field != test.field || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("got file %q line %d field %q reason %q, want line %d field %q reason with %q",
					got.File, got.Line, got.Field, got.Reason, test.line, test.field, test.reason)
			}
			if !strings.HasPrefix(err.Error(), "acme.yaml") {
				t.Errorf("the text %q does not begin with the file", err)
			}
		})
	}
}

func TestNameSurvivesOtherErrors(t *testing.T) {
	m, err := Parse("x.yaml", []byte(minimal+"comand: x\n"))
	if err == nil || m.Name != "acme" {
		t.Errorf("got name %q, error %v", m.Name, err)
	}
}

func TestSchemaFileIsCurrent(t *testing.T) {
	const file = "../../../plugin-manifests/manifest.schema.json"
	want, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code says; run: go test ./host/internal/manifest -update", file)
	}
}
