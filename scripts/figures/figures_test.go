package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const passed = `=== RUN   TestA
    a_test.go:7: figure: 100 replacements | 0 failed | 1000 calls, 0 failed
    a_test.go:9: figure: free words are no row
--- PASS: TestA (0.10s)
ok  	x	0.1s
`

func TestRun(t *testing.T) {
	const document = "# Title\n\nbefore\n\n" + begin + "\n\nold\n\n" + end + "\n\nafter\n"
	for name, test := range map[string]struct {
		output, document string
		err, want        string
	}{
		"the table": {passed, document, "", "# Title\n\nbefore\n\n" + begin + "\n\nMeasured on 2031-02-03, on a machine with 4 cores.\n\n" +
			"| what | promised | measured |\n|---|---|---|\n| 100 replacements | 0 failed | 1000 calls, 0 failed |\n\n" + end + "\n\nafter\n"},
		"a failed test":    {passed + "--- FAIL: TestB (0.00s)\nFAIL\n", document, "--- FAIL: TestB", document},
		"no figures":       {"ok  	x	0.1s\n", document, "no figures", document},
		"no place for it":  {passed, "# Title\n", "lacks the line", "# Title\n"},
		"the end is first": {passed, end + "\n" + begin + "\n", "lacks the line", end + "\n" + begin + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "document.md")
			if err := os.WriteFile(path, []byte(test.document), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			err := run(strings.NewReader(test.output), &out, path, time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC), 4)
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v, want %q", err, test.err)
			}
			if out.String() != test.output {
				t.Errorf("written on: %q", out.String())
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != test.want {
				t.Errorf("document:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}
