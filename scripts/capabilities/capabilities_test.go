package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentIsCurrent fails if docs/capabilities.md is not what the results say.
func TestDocumentIsCurrent(t *testing.T) {
	root := filepath.Join("..", "..")
	want, err := build(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(document)))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is out of date: go run ./scripts/capabilities", document)
	}
}

func TestRender(t *testing.T) {
	text := render([]proof{{
		Connector: "acme", Scenarios: map[string]int{"described": 3},
		Operations: []operation{{Service: "PaymentService", Operation: "Void", Evidence: "SIMULATED", Scenarios: map[string]int{"happy": 2, "faults": 9}}},
	}})
	for _, line := range []string{
		"| service | operation | acme |",
		"| PaymentService | Void | SIMULATED |",
		"| PaymentService | Capture |  |",
		"| operation | happy | faults | described |",
		"| Void | 2 | 9 |  |",
		"| the connector as a whole |  |  | 3 |",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("expected the line %q in:\n%s", line, text)
		}
	}
	if strings.Index(text, "| PaymentService |") > strings.Index(text, "| CustomerService |") {
		t.Error("payments do not come first")
	}
}

func TestNoResultsIsAnError(t *testing.T) {
	if _, err := build(t.TempDir()); err == nil {
		t.Error("a tree without results makes a document")
	}
}
