package docs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCommands runs the commands of each document in order, as somebody who
// follows it would, against a gateway of its own. The words after a block's
// language say how:
//
//	sh run              it must succeed
//	sh run fails        it must not
//	sh run until        it is repeated until it prints what follows
//	sh run serves       it goes on until the document ends
//	sh run needs=TOOL   it is left out where there is no such tool, as is what calls curl;
//	                    not where PATCHBAY_REQUIRED_TOOLS has the tool
//	text output         what the block before prints; … stands for any text. Where there
//	                    are several, each may be anywhere in what is printed
//	go file=PATH        the file that the reader is told to write
//	go shows=PATH       a part of a file that is there
//
// A block that can't run here has a comment "not run" with the reason before it.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: builds and runs the programs")
	}
	ws := newWorkspace(t)
	for _, d := range documents(t) {
		if !d.runs() {
			continue
		}
		t.Run(d.path, func(t *testing.T) {
			r := ws.run(t)
			for i, f := range d.fences {
				if path := f.value("file"); path != "" {
					ws.write(t, path, r.here(f.text))
				}
				if !f.isCommand() || !f.has("run") {
					continue
				}
				var wants []string
				for _, next := range d.fences[i+1:] {
					if !next.follows || !next.has("output") {
						break
					}
					wants = append(wants, r.here(next.text))
				}
				if err := r.check(t, f, wants); err != nil {
					t.Fatalf("%s:%d: %v", d.path, f.line, err)
				}
			}
		})
	}
}

func (d document) runs() bool {
	for _, f := range d.fences {
		if f.has("run") {
			return true
		}
	}
	return false
}

// missing is a tool that the block needs and that is not there.
func (f fence) missing() string {
	tool := f.value("needs")
	if tool == "" && strings.Contains(f.text, "curl ") {
		tool = "curl"
	}
	if _, err := exec.LookPath(tool); tool != "" && err != nil {
		return tool
	}
	return ""
}

// check runs one block.
func (r *running) check(t *testing.T, f fence, wants []string) error {
	t.Helper()
	if tool := f.missing(); tool != "" {
		if slices.Contains(strings.Fields(os.Getenv("PATCHBAY_REQUIRED_TOOLS")), tool) {
			return fmt.Errorf("PATCHBAY_REQUIRED_TOOLS has %s, which is not installed", tool)
		}
		t.Logf("NOT RUN: %s is not installed: %s", tool, f.text)
		return nil
	}
	if f.has("serves") {
		r.serve(t, f.text)
		return nil
	}
	until := time.Now()
	if f.has("until") {
		until = until.Add(patience)
	}
	for {
		out, err := r.shell(t, f.text)
		switch {
		case err == nil && f.has("fails"):
			err = fmt.Errorf("should have failed:\n%s\n%s", f.text, out)
		case err != nil && !f.has("fails"):
			err = fmt.Errorf("%w:\n%s\n%s", err, f.text, out)
		default:
			err = nil
			for _, want := range wants {
				err = errors.Join(err, matches(out, want))
			}
		}
		if err == nil || time.Now().After(until) {
			return err
		}
		<-time.After(100 * time.Millisecond)
	}
}

func (r *running) shell(t *testing.T, script string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", r.here(script))
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "PATCHBAY_ADMIN="+r.admin())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// matches looks for the lines of want in got, in their order.
func matches(got, want string) error {
	rest := strings.Split(got, "\n")
	for text := range strings.Lines(want) {
		text = strings.TrimSpace(text)
		if text == "" || text == "…" {
			continue
		}
		pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(text), "…", ".*") + "$")
		found := -1
		for i, line := range rest {
			if pattern.MatchString(strings.TrimSpace(line)) {
				found = i
				break
			}
		}
		if found < 0 {
			return fmt.Errorf("the output has no line %q where the document has it:\n%s", text, got)
		}
		rest = rest[found+1:]
	}
	return nil
}

func TestMatches(t *testing.T) {
	const got = "{\n  \"id\": \"pay_1\",\n  \"sent\": \"NEVER\"\n}\n"
	for want, ok := range map[string]bool{
		"":                               true,
		"\"id\": \"…\",\n…\n}":           true,
		"\"sent\": \"MAYBE\"":            false,
		"\"sent\": \"NEVER\"\n\"id\": …": false,
	} {
		if err := matches(got, want); (err == nil) != ok {
			t.Errorf("%q: got %v, want a match: %v", want, err, ok)
		}
	}
}

// TestEveryCommandIsMarked fails on a block of which nobody has said whether it
// runs.
func TestEveryCommandIsMarked(t *testing.T) {
	for _, d := range documents(t) {
		for _, f := range d.fences {
			switch {
			case f.isCommand() && f.has("run") == (f.reason != ""):
				t.Errorf("%s:%d: the block says neither \"run\" nor \"<!-- not run: why -->\" before it, or both", d.path, f.line)
			case f.has("output") && !f.follows:
				t.Errorf("%s:%d: the output of no command", d.path, f.line)
			}
		}
	}
}
