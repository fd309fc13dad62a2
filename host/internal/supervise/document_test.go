package supervise

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedTable holds docs/concepts.md against the table, line by line.
func TestDocumentedTable(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/concepts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(raw), "\n## The life of a release\n")
	section, _, _ = strings.Cut(section, "\n## ")
	documented := map[State]map[Event]State{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z ]+) \| [^|]+ \| ([^|]*) \|$`).FindAllStringSubmatch(section, -1) {
		if row[1] == "state" {
			continue
		}
		steps := map[Event]State{}
		for _, step := range regexp.MustCompile("`([a-z]+)` → ([a-z ]+)").FindAllStringSubmatch(row[2], -1) {
			steps[Event(step[1])] = State(step[2])
		}
		documented[State(row[1])] = steps
	}
	for _, state := range states {
		steps, there := documented[state]
		if !there {
			t.Errorf("docs/concepts.md has no row for %q", state)
		}
		for _, event := range events {
			if steps[event] != table[state][event] {
				t.Errorf("docs/concepts.md: in %q, %q leads to %q, and in the table to %q", state, event, steps[event], table[state][event])
			}
		}
	}
	if len(documented) != len(states) {
		t.Errorf("docs/concepts.md has %d states, and there are %d", len(documented), len(states))
	}
	for _, event := range events {
		if !strings.Contains(section, "| `"+string(event)+"` | ") {
			t.Errorf("docs/concepts.md does not say what %q is", event)
		}
	}
}
