package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// report gathers what happened.
type report struct {
	charges int // in the ledger at the end

	mu         sync.Mutex
	faults     map[string]int
	skipped    map[string]string // fault → why
	resolved   map[string]int
	violations []string
	left       string // what was looked for at the end
	timeline   []string
}

func newReport() *report {
	r := &report{faults: map[string]int{}, skipped: map[string]string{}, resolved: map[string]int{}}
	for _, l := range lanes() {
		for _, f := range l.faults {
			r.faults[f.name] = 0
		}
	}
	return r
}

func (r *report) applied(fault string) { r.count(r.faults, fault) }

// had says whether each of some faults was applied.
func (r *report) had(faults []string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.ContainsFunc(faults, func(fault string) bool { return r.faults[fault] == 0 })
}

// began notes when a step began, for whoever reads the gateway's log.
func (r *report) began(s step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timeline = append(r.timeline, fmt.Sprintf("%s %s (%x)", time.Now().Format(time.RFC3339Nano), s.fault.name, s.seed))
}

func (r *report) learned(how string) { r.count(r.resolved, how) }

func (r *report) count(in map[string]int, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	in[what]++
}

func (r *report) skip(fault, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped[fault] = why
}

// add counts the trouble that a call has brought.
func (r *report) add(t told) {
	if t.trouble.name != "" {
		r.count(r.faults, t.trouble.name)
	}
}

// violate notes something that must not be.
func (r *report) violate(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.violations = append(r.violations, fmt.Sprintf(format, args...))
}

func (r *report) violated() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.violations) > 0
}

// mostShown is how many violations are printed.
const mostShown = 30

// print writes the summary.
func (r *report) print(to io.Writer, all []told, recovered time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	outcomes := map[string]int{}
	for _, t := range all {
		outcomes[t.String()]++
	}
	total := 0
	for _, n := range r.faults {
		total += n
	}
	fmt.Fprintf(to, "\n%d faults:\n", total)
	for _, name := range slices.Sorted(maps.Keys(r.faults)) {
		if why, skipped := r.skipped[name]; skipped {
			fmt.Fprintf(to, "  NOT APPLIED  %s: %s\n", name, why)
			continue
		}
		fmt.Fprintf(to, "%7d  %s\n", r.faults[name], name)
	}
	fmt.Fprintf(to, "\n%d calls, of which callers were told:\n", len(all))
	table(to, outcomes)
	fmt.Fprintf(to, "\nwhat became of calls that were left open was:\n")
	table(to, r.resolved)
	fmt.Fprintf(to, "\nthe ledger has %d charges; after the last fault the gateway served what is declared within %s\n", r.charges, recovered.Round(time.Millisecond))
	fmt.Fprintln(to, r.left)
	fmt.Fprintf(to, "violations: %d\n", len(r.violations))
	for _, v := range r.violations[:min(mostShown, len(r.violations))] {
		fmt.Fprintln(to, "  "+v)
	}
}

func table(to io.Writer, counts map[string]int) {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		fmt.Fprintf(to, "%7d  %s\n", counts[name], name)
	}
}
