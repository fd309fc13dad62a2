// Command figures reads what "go test -v" writes and puts the figures in it into a
// table of a document. Tests log a figure as
//
//	figure: WHAT | PROMISED | MEASURED
//
// and the table stands between two lines of the document. Everything that is read
// is written on. It fails if a test failed, and then leaves the document alone.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// The lines around the table.
const (
	begin = "<!-- figures: written by make figures -->"
	end   = "<!-- end of figures -->"
)

func main() {
	document := flag.String("document", "docs/reliability.md", "the document with the table")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *document, time.Now(), runtime.NumCPU()); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, document string, now time.Time, cores int) error {
	figures, err := read(in, out)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	next, err := replace(string(text), table(figures, now, cores))
	if err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	return os.WriteFile(document, []byte(next), 0o644) //nolint:gosec // a document for everybody
}

// figure is one row of the table.
type figure struct{ what, promised, measured string }

var (
	logged = regexp.MustCompile(`figure: ([^|]+) \| ([^|]+) \| ([^|]+)$`)
	failed = regexp.MustCompile(`^(\s*--- FAIL|FAIL)`)
)

// read takes the figures of a run and writes on what it reads.
func read(in io.Reader, out io.Writer) ([]figure, error) {
	var figures []figure
	var wrong []string
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		if found := logged.FindStringSubmatch(line); found != nil {
			figures = append(figures, figure{found[1], found[2], found[3]})
		}
		if failed.MatchString(line) {
			wrong = append(wrong, strings.TrimSpace(line))
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return nil, err
		}
	}
	switch {
	case lines.Err() != nil:
		return nil, lines.Err()
	case len(wrong) > 0:
		return nil, fmt.Errorf("the document stays as it is: %s", strings.Join(wrong, "; "))
	case len(figures) == 0:
		return nil, errors.New("no figures were read")
	}
	return figures, nil
}

// table writes the figures in Markdown.
func table(figures []figure, now time.Time, cores int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s, on a machine with %d cores.\n\n", now.UTC().Format(time.DateOnly), cores)
	b.WriteString("| what | promised | measured |\n|---|---|---|\n")
	for _, f := range figures {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.what, f.promised, f.measured)
	}
	return b.String()
}

// replace puts a table between the two lines of a document.
func replace(document, table string) (string, error) {
	before, rest, ok := strings.Cut(document, begin+"\n")
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", fmt.Errorf("it lacks the line %q or, after it, %q", begin, end)
	}
	return before + begin + "\n\n" + table + "\n" + end + after, nil
}
