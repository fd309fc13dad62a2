package connectortest

import (
	"flag"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the list of scenarios into docs/conformance.md")

const (
	document = "../../docs/conformance.md"
	begin    = "<!-- scenarios: written by go test ./sdk/connectortest -run TestDocument -update -->\n"
	end      = "<!-- end of scenarios -->\n"
)

// TestDocument fails if docs/conformance.md does not list the scenarios as they are.
func TestDocument(t *testing.T) {
	raw, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), begin)
	listed, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("docs/conformance.md has lost the marks of its list of scenarios")
	}
	want := "\n" + ScenarioTables() + "\n"
	if *update {
		if err := os.WriteFile(document, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if listed != want {
		t.Error("docs/conformance.md does not list the scenarios as they are: run this test with -update")
	}
}

// TestDocumentHasEveryField wants each field of a plan, a fault and a recorded
// request explained.
func TestDocumentHasEveryField(t *testing.T) {
	raw, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for file, pattern := range map[string]string{
		"plan.go":             `yaml:"([a-z_]+)`,
		"pspdriver/fault.go":  `json:"([a-z_]+)|Kind = "([a-z_]+)"`,
		"pspdriver/record.go": `json:"([a-z_]+)`,
		"pspdriver/driver.go": `"(?:GET|POST|DELETE) (/[a-z_/{}]+)"`,
		"psp.go":              `json:"([a-z_]+)`,
	} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1)
		if len(names) == 0 {
			t.Errorf("%s: nothing matches %s", file, pattern)
		}
		for _, name := range names {
			if word := strings.Join(name[1:], ""); !strings.Contains(string(raw), word) {
				t.Errorf("docs/conformance.md does not explain %s of %s", word, file)
			}
		}
	}
}

// TestScenarios holds the list to its own rules.
func TestScenarios(t *testing.T) {
	id := regexp.MustCompile(`^[a-z-]+/(<[a-z]+>|[a-z0-9-]+)$`)
	seen, tested := map[string]bool{}, map[string]bool{}
	for _, s := range Scenarios(nil) {
		if seen[s.ID] {
			t.Errorf("%s is listed twice", s.ID)
		}
		seen[s.ID] = true
		if !id.MatchString(s.ID) || s.Summary == "" || strings.HasSuffix(s.Summary, ".") {
			t.Errorf("%s: %q is no id or summary", s.ID, s.Summary)
		}
		if s.run == nil && !strings.Contains(s.ID, "<") {
			t.Errorf("%s does nothing", s.ID)
		}
		for _, cell := range s.Proves {
			tested[cell.Operation+" "+string(cell.Aspect)] = true
		}
		for _, name := range append(append([]string{}, s.Needs.Operations...), s.Needs.NativeKey...) {
			if _, ok := operationNamed(name); !ok {
				t.Errorf("%s needs %s, which the contract does not have", s.ID, name)
			}
		}
	}
	if len(seen) < 150 {
		t.Errorf("expected at least 150 scenarios, got %d", len(seen))
	}
	for _, op := range operations() {
		for _, aspect := range []Aspect{Happy, Faults} {
			if !tested[op.name()+" "+string(aspect)] {
				t.Errorf("no scenario proves the %s of %s: a connector that declares it could never pass", aspect, op.name())
			}
		}
	}
	t.Logf("figure: %d scenarios", len(seen))
}

func TestPlanIsTagged(t *testing.T) {
	for _, of := range []any{Plan{}, PSPPlan{}, Answers{}, Samples{}} {
		typ := reflect.TypeOf(of)
		for f := range typ.Fields() {
			if f.IsExported() && f.Tag.Get("yaml") == "" {
				t.Errorf("%s.%s has no name in test.yaml", typ.Name(), f.Name)
			}
		}
	}
}
