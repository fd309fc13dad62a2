package docs_test

import (
	"cmp"
	"encoding/csv"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/patchbay/patchbay/sdk/wire"
)

// TestCallerIsShownWhole compares the code in integrating.md with the program.
func TestCallerIsShownWhole(t *testing.T) {
	_, code, _ := strings.Cut(read(t, "examples/caller/main.go"), "// docs:begin\n")
	code, _, _ = strings.Cut(code, "// docs:end\n")
	code = strings.TrimSpace(code)
	if len(code) < 500 {
		t.Fatal("examples/caller/main.go has lost its marks")
	}
	for _, f := range parse("", read(t, "docs/integrating.md")).fences {
		if f.value("shows") == "examples/caller/main.go" {
			if strings.TrimSpace(f.text) != code {
				t.Error("docs/integrating.md does not show the code of examples/caller/main.go as it is")
			}
			return
		}
	}
	t.Error("docs/integrating.md shows no examples/caller/main.go")
}

// TestAdvice compares the table of declines.md with the data, row by row.
func TestAdvice(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(read(t, "sdk/advice.csv"))).ReadAll()
	if err != nil || len(rows) < 20 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		row[1] = "`" + row[1] + "`"
		mentioned(t, "docs/declines.md", "\n| "+strings.Join(row, " | ")+" |\n")
	}
}

// TestDeclines compares declines.md with the data, row by row.
func TestDeclines(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(read(t, "sdk/declines.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, "docs/declines.md")
	var want []string
	for _, row := range rows[1:] {
		want = append(want, "| `"+row[0]+"` | "+strings.Join(row[1:], " | ")+" |")
	}
	if !strings.Contains(text, strings.Join(want, "\n")+"\n") {
		t.Errorf("the table in docs/declines.md is not sdk/declines.csv; it should be:\n%s", strings.Join(want, "\n"))
	}
	for _, column := range rows[0] {
		mentioned(t, "docs/declines.md", "`"+column+"`")
	}
}

// TestDependencies wants a row in CONTRIBUTING.md for each direct dependency and
// each tool, and none for anything else.
func TestDependencies(t *testing.T) {
	mod, err := modfile.Parse("go.mod", []byte(read(t, "go.mod")), nil)
	if err != nil {
		t.Fatal(err)
	}
	want, there := map[string]bool{}, map[string]bool{}
	for _, require := range mod.Require {
		there[require.Mod.Path] = true
		if !require.Indirect {
			want[require.Mod.Path] = true
		}
	}
	tools, err := os.ReadDir(filepath.Join(root, "scripts", "tools"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools {
		want[tool.Name()], there[tool.Name()] = true, true
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [A-Za-z0-9`].{10,} \\|$")
	_, section, _ := strings.Cut(read(t, "CONTRIBUTING.md"), "\n## Dependencies\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, m := range row.FindAllStringSubmatch(section, -1) {
		if !there[m[1]] {
			t.Errorf("CONTRIBUTING.md gives a reason for %s, which is not there", m[1])
		}
		delete(want, m[1])
	}
	for name := range want {
		t.Errorf("CONTRIBUTING.md does not say why %s is there", name)
	}
}

// TestReferencesAreComplete wants every name that the code gives to people in the
// document that explains it.
func TestReferencesAreComplete(t *testing.T) {
	for _, of := range []struct{ source, pattern, document, form string }{
		{"host/config.go", `yaml:"([a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/account/account.go", `yaml:"([a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/egress.go", `yaml:"([a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/limits.go", `yaml:"([a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/account/secret.go", `yaml:"([a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/audit/file.go", `yaml:"([a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/auth/callers.go", `yaml:"([a-z0-9_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/auth/certificates.go", `yaml:"([a-z0-9_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/auth/keys.go", `yaml:"([a-z0-9_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/auth/policy.go", `yaml:"([a-z0-9_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/auth/tls.go", `yaml:"([a-z0-9_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/auth/tokens.go", `yaml:"([a-z0-9_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/trust/policy.go", `yaml:"([a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/manifest/limits.go", `yaml:"([a-z_]+)`, "plugin-manifests/README.md", "`%s`"},
		{"host/internal/manifest/manifest.go", `yaml:"([a-z0-9_]+)`, "plugin-manifests/README.md", "`%s`"},
		{"host/internal/telemetry/telemetry.go", `"(patchbay_[a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/webhook/spec.go", `yaml:"([a-z_]+)"`, "docs/webhooks.md", "`%s`"},
		{"host/internal/webhook/event.go", `json:"([A-Za-z]+)`, "docs/webhooks.md", "`%s`"},
		{"host/internal/webhook/fetch.go", `"([a-z]+)": +fetching`, "docs/plugin-protocol.md", "`%s`"},
		{"host/internal/webhook/answer.go", `outcome = "([a-z]+)"`, "docs/webhooks.md", "`%s`"},
		{"host/internal/webhook/telemetry.go", `"(patchbay_[a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/telemetry/plugin.go", `"(patchbay_[a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/telemetry/process.go", `"(patchbay_[a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"host/internal/telemetry/telemetry.go", `Fault[A-Z][A-Za-z]+ +Fault = "([a-z]+)"`, "docs/operating.md", "`%s`"},
		{"sdk/wire/spans.go", `"(patchbay\.[a-z_]+)"`, "docs/operating.md", "`%s`"},
		{"sdk/wire/spans.go", `SpansTrailer = "([a-z-]+)"`, "docs/plugin-protocol.md", "`%s`"},
		{"sdk/wire/errors.go", `Reason[A-Za-z]+ += "([A-Z_]+)"`, "docs/api.md", "`%s`"},
		{"sdk/wire/errors.go", `[A-Za-z]+Key +(?:Sent)?= "([a-z_]+)"`, "docs/api.md", "`%s`"},
		{"sdk/wire/wire.go", `Header += "([a-z-]+)"`, "docs/api.md", "`%s`"},
		{"sdk/error.go", `(?m)^\t// ([A-Z][A-Za-z]+): `, "docs/writing-a-connector.md", "`%s`"},
		{"host/internal/description/capability.go", `CAPABILITY_FLAG_[A-Z_]+, "([a-z_.]+)"\)`, "docs/api.md", "`%s`"},
		{"host/internal/description/capability.go", `narrowList\("([a-z_.]+)"`, "docs/api.md", "`%s`"},
		{"proto/patchbay/connector/v1/capability.proto", `CAPABILITY_FLAG_([A-Z_]+) = [1-9]`, "docs/writing-a-connector.md", "`%s`"},
	} {
		names := regexp.MustCompile(of.pattern).FindAllStringSubmatch(read(t, of.source), -1)
		if len(names) == 0 {
			t.Errorf("%s: nothing matches %s", of.source, of.pattern)
		}
		for _, name := range names {
			mentioned(t, of.document, strings.ReplaceAll(of.form, "%s", name[1]))
		}
	}
}

// TestMetricsExist looks for the metrics that operating.md names, in its rules for
// alerts too, in the host.
func TestMetricsExist(t *testing.T) {
	names := regexp.MustCompile(`patchbay_[a-z_]+`).FindAllString(read(t, "docs/operating.md"), -1)
	if len(names) < 20 {
		t.Fatalf("found %d names", len(names))
	}
	source := goSource(t, "host/internal/telemetry") + goSource(t, "host/internal/audit") + goSource(t, "host/internal/egress") + goSource(t, "host/internal/webhook")
	for _, name := range names {
		if name = strings.TrimSuffix(name, "_bucket"); !strings.Contains(source, `"`+name+`"`) {
			t.Errorf("docs/operating.md names %s, which the host does not have", name)
		}
	}
}

// TestOperations compares the table of operations in api.md with the contract, and
// its last column with what the SDK makes of an unknown outcome.
func TestOperations(t *testing.T) {
	outcome := map[string]string{"UploadEvidence": "`OUTCOME_UNKNOWN`"} // the one that is a stream
	for _, m := range regexp.MustCompile(`(reads|writes)\([^,]+, "([A-Za-z]+)", .*?(, nil)?\),\n`).FindAllStringSubmatch(read(t, "sdk/operations.go"), -1) {
		outcome[m[2]] = "`UNKNOWN`"
		switch {
		case m[1] == "reads":
			outcome[m[2]] = "only reads"
		case m[3] != "":
			outcome[m[2]] = "`OUTCOME_UNKNOWN`"
		}
	}
	want := map[string]string{} // outcome by service and method
	wire.Files().RangeFilesByPackage(wire.PaymentsPackage, func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := string(service.Methods().Get(j).Name())
				want["`"+string(service.Name())+"` `"+method+"`"] = outcome[method]
			}
		}
		return true
	})
	if len(want) < 40 {
		t.Fatalf("the contract has %d operations, and there are more", len(want))
	}
	service := ""
	for _, tbl := range parse("docs/api.md", read(t, "docs/api.md")).tables() {
		if tbl.heading != "Operations" {
			continue
		}
		for _, row := range tbl.rows {
			service = cmp.Or(row["service"], service)
			name := service + " " + row["method"]
			if told, there := want[name]; !there || told != row["unknown outcome"] || row["does"] == "" {
				t.Errorf("docs/api.md: %s has the outcome %q, want %q", name, row["unknown outcome"], told)
			}
			delete(want, name)
		}
	}
	for name := range want {
		t.Errorf("docs/api.md has no %s", name)
	}
}

// TestInterfaces wants each interface of the SDK in writing-a-connector.md, with
// its method.
func TestInterfaces(t *testing.T) {
	interfaces := regexp.MustCompile(`(?m)^\t?(?:type )?([A-Z][A-Za-z]+) interface \{\n\t+([A-Z][A-Za-z]+)\(`).FindAllStringSubmatch(read(t, "sdk/interfaces.go"), -1)
	if len(interfaces) < 40 {
		t.Fatalf("found %d interfaces, and there are more", len(interfaces))
	}
	for _, m := range interfaces {
		mentioned(t, "docs/writing-a-connector.md", "`sdk."+m[1]+"` (`"+m[2]+"`)")
	}
}

// TestLogLinesExist looks for the lines that operating.md explains in the host.
func TestLogLinesExist(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "docs/operating.md"), "\n## Log\n")
	section, _, _ = strings.Cut(section, "\n## ")
	lines := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1)
	if len(lines) < 10 {
		t.Fatalf("found %d lines in the table", len(lines))
	}
	source := goSource(t, "host")
	for _, line := range lines {
		if !strings.Contains(source, `"`+line[1]+`"`) {
			t.Errorf("the host never logs %q", line[1])
		}
	}
}

// goSource is the text of all Go files of a folder, tests aside.
func goSource(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		all.Write(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func mentioned(t *testing.T, document, text string) {
	t.Helper()
	if !strings.Contains(read(t, document), text) {
		t.Errorf("%s does not mention %s", document, text)
	}
}
