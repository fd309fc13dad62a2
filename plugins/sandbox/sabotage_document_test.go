package sandbox_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const sabotageDoc = "../../docs/sabotage.md"

// holdDoc writes the document, or holds it to what was found.
func holdDoc(t *testing.T, verdicts []verdict) {
	t.Helper()
	want := document(verdicts)
	if *updateSabotage {
		if err := os.WriteFile(sabotageDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(sabotageDoc)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/sabotage.md is not what the test found: run it with -update-sabotage")
	}
}

func document(verdicts []verdict) string {
	slices.SortFunc(verdicts, func(a, b verdict) int { return strings.Compare(a.id, b.id) })
	var rows, living strings.Builder
	caught := 0
	for _, v := range verdicts {
		if v.scenario == "" {
			fmt.Fprintf(&living, "| `%s` | %s | %s |\n", v.id, v.wrong, v.lives)
			continue
		}
		caught++
		fmt.Fprintf(&rows, "| `%s` | %s | `%s` |\n", v.id, v.wrong, v.scenario)
	}
	return fmt.Sprintf(docText, caught, len(verdicts), rows.String(), living.String())
}

const docText = `# Sabotage

A suite that finds nothing wrong says something only if it would have found something. So ` + "`plugins/sandbox/sabotage_test.go`" + ` runs the [conformance suite](conformance.md) against the sandbox connector with one thing wrong at a time. First the same connector runs between the same parts with nothing wrong, alone and then beside the others, and has to pass every scenario.

* ` + "`psp/…`" + `: wrong between the connector and the PSP. Requests are changed before the PSP's driver sees them, answers after it. Where the connector "hides it", answers are changed back, so that only the PSP's books can tell.
* ` + "`caller/…`" + `: wrong between the connector and its caller. Answers and errors are changed after the SDK has checked them, so that only the suite can tell.

Each mutant names the scenario whose business it is, which has to fail; a mutant that only hangs is not caught. This page is written by the test (` + "`go test ./plugins/sandbox -run TestSabotage -update-sabotage`" + `), which fails where it finds anything else.

**%d of %d mutants are caught.**

| mutant | the connector | caught by |
|---|---|---|
%s
## Not caught

All scenarios about the operation pass.

| mutant | the connector | why the suite can't notice |
|---|---|---|
%s`
