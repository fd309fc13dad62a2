// Package docs_test holds the documents against the code: commands run, links
// lead somewhere, tables are complete.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository's directory, as tests of this package see it.
const root = ".."

// document is one Markdown file.
type document struct {
	path   string // relative to the root
	prose  []line // what is outside of fences
	fences []fence
}

type line struct {
	number int
	text   string
}

// fence is one fenced block.
type fence struct {
	line     int
	language string
	words    []string // what follows the language
	text     string
	reason   string // of the "<!-- not run: … -->" before it
	follows  bool   // nothing is between it and the fence before
}

func (f fence) has(word string) bool { return slices.Contains(f.words, word) }

// value is what follows "key=" among the words.
func (f fence) value(key string) string {
	for _, word := range f.words {
		if value, ok := strings.CutPrefix(word, key+"="); ok {
			return value
		}
	}
	return ""
}

// isCommand says whether a reader would paste the block into a shell.
func (f fence) isCommand() bool {
	return slices.Contains([]string{"sh", "bash", "shell", "console"}, f.language)
}

// built is what is no source: tools' and build's output, and git's own files.
var built = []string{".git", ".tools", ".run", "bin", "node_modules"}

// documents reads every Markdown file of the repository.
func documents(t *testing.T) []document {
	t.Helper()
	var all []document
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(built, entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		rel, err := filepath.Rel(root, path)
		all = append(all, parse(filepath.ToSlash(rel), read(t, rel)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("found %d documents, and there are more", len(all))
	}
	return all
}

// read returns a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var (
	fencePattern  = regexp.MustCompile("^( *)(```+)(.*)$")
	reasonPattern = regexp.MustCompile(`^<!-- not run: (.+) -->$`)
)

// parse tells prose from fenced blocks.
func parse(path, text string) document {
	d := document{path: path}
	var open *fence
	var indent, marks string
	between := true // something other than blank lines since the last fence
	reason := ""
	for i, text := range strings.Split(text, "\n") {
		m := fencePattern.FindStringSubmatch(text)
		switch {
		case open == nil && m != nil:
			words := append(strings.Fields(m[3]), "")
			open = &fence{line: i + 1, language: words[0], words: words[1:], reason: reason, follows: !between}
			indent, marks = m[1], m[2]
		case open == nil:
			d.prose = append(d.prose, line{i + 1, text})
			if strings.TrimSpace(text) != "" {
				between = true
				reason = ""
				if m := reasonPattern.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
					reason = m[1]
				}
			}
		case m != nil && m[2] == marks && m[3] == "":
			d.fences = append(d.fences, *open)
			open, between, reason = nil, false, ""
		default:
			open.text += strings.TrimPrefix(text, indent) + "\n"
		}
	}
	return d
}

// table is one table of a document.
type table struct {
	heading string // what it stands under, without marks
	line    int
	columns []string
	rows    []map[string]string // cell by column
}

// tables finds the tables outside of fences.
func (d document) tables() (all []table) {
	heading := ""
	inside := false
	for _, l := range d.prose {
		cells, isRow := splitRow(l.text)
		switch {
		case strings.HasPrefix(l.text, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(l.text, "#"))
		case !isRow:
		case !inside:
			all = append(all, table{heading: heading, line: l.number, columns: cells})
		case strings.Trim(l.text, "|-: ") != "":
			row := map[string]string{}
			for i, column := range all[len(all)-1].columns {
				if i < len(cells) {
					row[column] = cells[i]
				}
			}
			all[len(all)-1].rows = append(all[len(all)-1].rows, row)
		}
		inside = isRow
	}
	return all
}

// splitRow gives the cells of a table's line.
func splitRow(text string) (cells []string, isRow bool) {
	text, isRow = strings.CutPrefix(strings.TrimSpace(text), "|")
	if !isRow {
		return nil, false
	}
	for _, cell := range strings.Split(strings.TrimSuffix(text, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells, true
}

func TestTables(t *testing.T) {
	all := parse("x.md", "# A\n| a | b |\n|---|---|\n| 1 | |\n\n```\n| no | table |\n```\n## `B`\n| c |\n|---|\n").tables()
	if len(all) != 2 || all[0].heading != "A" || all[1].heading != "`B`" || all[1].line != 10 || len(all[1].rows) != 0 {
		t.Fatalf("got %+v", all)
	}
	if rows := all[0].rows; len(rows) != 1 || rows[0]["a"] != "1" || rows[0]["b"] != "" {
		t.Errorf("the first one's rows: %v", rows)
	}
}

func TestParse(t *testing.T) {
	d := parse("x.md", strings.Join([]string{
		"one", "```sh run", "ls", "```", "", "```text output", "a", "```", "two",
		"<!-- not run: far away -->", "  ```sh", "  rm", "  ```", "three",
	}, "\n"))
	if len(d.fences) != 3 || len(d.prose) != 5 {
		t.Fatalf("got %d fences and %d lines of prose, want 3 and 5", len(d.fences), len(d.prose))
	}
	run, output, far := d.fences[0], d.fences[1], d.fences[2]
	if !run.isCommand() || !run.has("run") || run.text != "ls\n" || run.line != 2 || run.follows {
		t.Errorf("the command: %+v", run)
	}
	if !output.follows || !output.has("output") || output.isCommand() {
		t.Errorf("its output: %+v", output)
	}
	if far.reason != "far away" || far.text != "rm\n" || far.follows {
		t.Errorf("the command that is not run: %+v", far)
	}
}
