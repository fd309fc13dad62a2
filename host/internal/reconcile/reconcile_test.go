package reconcile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/host/internal/manifest"
)

func declared(file, id, digest string) Declaration {
	name, version, _ := strings.Cut(id, "@")
	return Declaration{File: file, Manifest: manifest.Manifest{Name: name, Version: version, Command: "c"}, Digest: digest}
}

func TestDecide(t *testing.T) {
	type declarations []Declaration
	broken := func(file string) Found {
		return Found{Declaration: Declaration{File: file}, Err: &manifest.Error{File: file, Reason: "broken"}}
	}
	good := func(file, id, digest string) Found { return Found{Declaration: declared(file, id, digest)} }

	for name, test := range map[string]struct {
		running  declarations
		found    []Found
		steps    string
		problems string
	}{
		"nothing": {},
		"boot is a reload from nothing": {
			found: []Found{good("b", "b@1.0.0", "1"), good("a", "a@1.0.0", "1")},
			steps: "start a a@1.0.0, start b b@1.0.0",
		},
		"equal content does nothing": {
			running: declarations{declared("a", "a@1.0.0", "1")},
			found:   []Found{good("a", "a@1.0.0", "1")},
		},
		"new bytes of the same version": {
			running: declarations{declared("a", "a@1.0.0", "1")},
			found:   []Found{good("a", "a@1.0.0", "2")},
			steps:   "replace a a@1.0.0",
		},
		"new version": {
			running: declarations{declared("a", "a@1.0.0", "1")},
			found:   []Found{good("a", "a@1.1.0", "1")},
			steps:   "replace a a@1.1.0",
		},
		"removed": {
			running: declarations{declared("a", "a@1.0.0", "1"), declared("b", "b@1.0.0", "1")},
			found:   []Found{good("b", "b@1.0.0", "1")},
			steps:   "stop a",
		},
		"a broken file keeps what it declared": {
			running:  declarations{declared("a", "a@1.0.0", "1")},
			found:    []Found{broken("a")},
			problems: "a: broken",
		},
		"a broken file affects no other": {
			found:    []Found{broken("a"), good("b", "b@1.0.0", "1")},
			steps:    "start b b@1.0.0",
			problems: "a: broken",
		},
		"two versions side by side": {
			found: []Found{good("a1", "a@1.0.0", "1"), good("a2", "a@2.0.0", "2")},
			steps: "start a1 a@1.0.0, start a2 a@2.0.0",
		},
		"duplicate: the first by name wins": {
			found:    []Found{good("b", "a@1.0.0", "1"), good("a", "a@1.0.0", "2")},
			steps:    "start a a@1.0.0",
			problems: "b:1: version: a@1.0.0 is declared by a already; change the version or remove one of the files",
		},
		"duplicate: the one that runs wins": {
			running:  declarations{declared("b", "a@1.0.0", "1")},
			found:    []Found{good("b", "a@1.0.0", "1"), good("a", "a@1.0.0", "2")},
			problems: "a:1: version: a@1.0.0 is declared by b already; change the version or remove one of the files",
		},
		"duplicate of what a broken file still runs": {
			running:  declarations{declared("b", "a@1.0.0", "1")},
			found:    []Found{broken("b"), good("a", "a@1.0.0", "2")},
			problems: "a:1: version: a@1.0.0 is declared by b already; change the version or remove one of the files, b: broken",
		},
		"a renamed file is started before the old one goes": {
			running: declarations{declared("old", "a@1.0.0", "1")},
			found:   []Found{good("new", "a@1.0.0", "1")},
			steps:   "start new a@1.0.0, stop old",
		},
		"two files change places": {
			running: declarations{declared("a", "x@1.0.0", "1"), declared("b", "x@2.0.0", "2")},
			found:   []Found{good("a", "x@2.0.0", "2"), good("b", "x@1.0.0", "1")},
			steps:   "replace a x@2.0.0, replace b x@1.0.0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			running := map[string]Declaration{}
			for _, d := range test.running {
				running[d.File] = d
			}
			plan := Decide(running, test.found)

			var steps, problems []string
			for _, s := range plan.Steps {
				text := fmt.Sprintf("%s %s", s.Op, s.File)
				if s.Op != Stop {
					text += " " + s.Want.Manifest.ID()
				}
				steps = append(steps, text)
			}
			for _, p := range plan.Problems {
				problems = append(problems, p.Error())
			}
			if got := strings.Join(steps, ", "); got != test.steps {
				t.Errorf("steps: got %q, want %q", got, test.steps)
			}
			if got := strings.Join(problems, ", "); got != test.problems {
				t.Errorf("problems: got %q, want %q", got, test.problems)
			}
		})
	}
}
