package connectortest

import (
	"fmt"
	"strings"
)

// ScenarioTables lists all scenarios as Markdown: one table of what holds for every
// operation, by kind, and one of all others.
func ScenarioTables() string {
	var out strings.Builder
	out.WriteString("| scenario | aspect | of operations that | holds if it passes |\n|---|---|---|---|\n")
	for _, line := range traitLines() {
		out.WriteString(line)
	}
	out.WriteString("\n| scenario | holds if it passes |\n|---|---|\n")
	ofOperations := map[string]bool{}
	for _, s := range operationScenarios() {
		ofOperations[s.ID] = true
	}
	for _, s := range Scenarios(nil) {
		if !ofOperations[s.ID] {
			fmt.Fprintf(&out, "| `%s` | %s |\n", s.ID, cell(s.Summary))
		}
	}
	return out.String()
}

// traitLines is a line for each trait, those that apply to what writes and to what
// reads together.
func traitLines() []string {
	var lines []string
	for _, t := range traits() {
		summary := cell(strings.Replace(t.summary, "It ", "it ", 1))
		lines = append(lines, fmt.Sprintf("| `<operation>/%s` | %s | %s | %s |\n", t.name, t.aspect, kindOf(t), summary))
	}
	return lines
}

// cell is a text as a table's cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

// kindOf says which operations a trait is about.
func kindOf(t trait) string {
	var kinds []string
	if t.only == nil || t.only(row{operation: "Authorize"}) {
		kinds = append(kinds, "write")
	}
	if t.only == nil || t.only(row{operation: "GetPayment"}) {
		kinds = append(kinds, "read")
	}
	kind := strings.Join(kinds, ", ")
	if t.keyed {
		kind += ", idempotent by key"
	}
	return kind
}
