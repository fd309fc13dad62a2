// Package reconcile compares what is declared with what runs and says what to do.
// It is pure: no clock, no files, no processes.
package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/patchbay/patchbay/host/internal/manifest"
)

// Declaration is a manifest with the bytes that it stands for.
type Declaration struct {
	File     string // the manifest's file, which identifies the declaration over time
	Manifest manifest.Manifest
	Digest   string // SHA-256 of the verified binary, in hexadecimal
}

// Same says whether two declarations would run the same.
func (d Declaration) Same(other Declaration) bool {
	return d.Digest == other.Digest && d.Manifest.Equal(other.Manifest)
}

// Found is what one look at a manifest's file has found: a declaration, or what
// is wrong with it.
type Found struct {
	Declaration
	Err *manifest.Error
}

// Op is what a step does.
type Op string

const (
	// Start launches what does not run yet.
	Start Op = "start"
	// Replace launches the new, lets it take over, and drains the old.
	Replace Op = "replace"
	// Stop drains what is no longer declared.
	Stop Op = "stop"
)

// Step is one thing to do to the plugin of one file.
type Step struct {
	Op   Op
	File string
	Want Declaration // not for Stop
}

// Plan is what a look at the manifests comes to.
type Plan struct {
	Steps    []Step
	Problems []*manifest.Error
}

// Decide makes a plan. running holds what the host keeps alive by file, found
// holds every manifest there is. A file that is broken, or that declares a name
// and version which another file has already, changes nothing about what it
// declared before. New plugins come before those that go, so that a renamed file
// is no gap.
func Decide(running map[string]Declaration, found []Found) Plan {
	var plan Plan
	owner := owners(running, found)
	seen := map[string]bool{}
	for _, f := range sorted(found) {
		seen[f.File] = true
		old, runs := running[f.File]
		switch first := owner[f.Manifest.ID()]; {
		case f.Err != nil:
			plan.Problems = append(plan.Problems, f.Err)
		case first != f.File:
			plan.Problems = append(plan.Problems, &manifest.Error{
				File: f.File, Line: 1, Field: "version",
				Reason: fmt.Sprintf("%s is declared by %s already; change the version or remove one of the files", f.Manifest.ID(), first),
			})
		case !runs:
			plan.Steps = append(plan.Steps, Step{Op: Start, File: f.File, Want: f.Declaration})
		case !old.Same(f.Declaration):
			plan.Steps = append(plan.Steps, Step{Op: Replace, File: f.File, Want: f.Declaration})
		}
	}
	for _, file := range slices.Sorted(maps.Keys(running)) {
		if !seen[file] {
			plan.Steps = append(plan.Steps, Step{Op: Stop, File: file})
		}
	}
	return plan
}

// owners says which file each name and version belongs to: the one that runs it,
// else the first by name.
func owners(running map[string]Declaration, found []Found) map[string]string {
	owner := map[string]string{}
	for _, f := range sorted(found) {
		old, runs := running[f.File]
		switch {
		case f.Err == nil && runs && old.Manifest.ID() == f.Manifest.ID():
			owner[f.Manifest.ID()] = f.File
		case f.Err != nil && runs: // what it declared before keeps serving
			owner[old.Manifest.ID()] = f.File
		}
	}
	for _, f := range sorted(found) {
		if _, taken := owner[f.Manifest.ID()]; !taken && f.Err == nil {
			owner[f.Manifest.ID()] = f.File
		}
	}
	return owner
}

func sorted(found []Found) []Found {
	return slices.SortedFunc(slices.Values(found), func(a, b Found) int { return cmp.Compare(a.File, b.File) })
}
