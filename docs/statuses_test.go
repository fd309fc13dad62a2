package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/patchbay/patchbay/sdk/wire"
)

const unknown = "UNKNOWN"

// lifecycle is a table of statuses.md.
type lifecycle map[string]stage

// stage is one status of a lifecycle.
type stage struct {
	first, final bool
	next         []string
}

// lifecycles reads statuses.md: a lifecycle for each enum.
func lifecycles(t *testing.T) map[string]lifecycle {
	t.Helper()
	all := map[string]lifecycle{}
	for _, tbl := range parse("docs/statuses.md", read(t, "docs/statuses.md")).tables() {
		if !slices.Contains(tbl.columns, "status") {
			continue
		}
		enum := codeWord(t, tbl.heading)
		if all[enum] != nil {
			t.Errorf("statuses.md:%d: %s has two tables", tbl.line, enum)
		}
		all[enum] = lifecycle{}
		for _, row := range tbl.rows {
			status := codeWord(t, row["status"])
			if _, twice := all[enum][status]; twice {
				t.Errorf("statuses.md: %s of %s is there twice", status, enum)
			}
			if row["means"] == "" || row["what brings it"] == "" {
				t.Errorf("statuses.md: %s of %s is not explained", status, enum)
			}
			all[enum][status] = stage{first: yes(t, row["first"]), final: yes(t, row["final"]), next: codeWords(row["next"])}
			if (row["next"] == "any") != (status == unknown) {
				t.Errorf("statuses.md: %s of %s: any status may follow UNKNOWN, and no other", status, enum)
			}
		}
	}
	return all
}

var codeCell = regexp.MustCompile("`([^`]+)`")

// codeWord is what a cell has as code, and nothing else.
func codeWord(t *testing.T, cell string) string {
	t.Helper()
	if found := codeWords(cell); len(found) == 1 && cell == "`"+found[0]+"`" {
		return found[0]
	}
	t.Fatalf("%q is not one word of code", cell)
	return ""
}

// codeWords are the words of code in a cell.
func codeWords(cell string) (words []string) {
	for _, m := range codeCell.FindAllStringSubmatch(cell, -1) {
		words = append(words, m[1])
	}
	return words
}

func yes(t *testing.T, cell string) bool {
	t.Helper()
	if cell != "yes" && cell != "no" {
		t.Errorf("%q is neither yes nor no", cell)
	}
	return cell == "yes"
}

// leads says whether one status may be told right after another, and reaches
// whether it may at all.
func (l lifecycle) leads(from, to string) bool {
	return from == to || slices.Contains(l[from].next, to)
}

func (l lifecycle) reaches(from, to string) bool {
	seen := []string{from}
	for i := 0; i < len(seen); i++ {
		for _, next := range l[seen[i]].next {
			if !slices.Contains(seen, next) {
				seen = append(seen, next)
			}
		}
	}
	return slices.Contains(seen, to)
}

// TestStatusesAreThere holds the tables against the contract: each enum of
// statuses has one, with each of its values once.
func TestStatusesAreThere(t *testing.T) {
	documented := lifecycles(t)
	enums := statusEnums()
	if len(enums) < 9 {
		t.Fatalf("the contract has %d enums of statuses, and there are more", len(enums))
	}
	for name, values := range enums {
		for _, value := range values {
			if _, there := documented[name][value]; !there {
				t.Errorf("statuses.md does not have %s of %s", value, name)
			}
		}
		for value := range documented[name] {
			if !slices.Contains(values, value) {
				t.Errorf("statuses.md has %s, which %s does not", value, name)
			}
		}
	}
	for name := range documented {
		if enums[name] == nil {
			t.Errorf("statuses.md has %s, which the contract does not", name)
		}
	}
}

// statusEnums are the enums of payments.v1 that tell where something stands, with
// the values that are ever sent, without their prefixes. One that has no UNKNOWN,
// such as ThreeDsStatus, is an outcome and changes no more.
func statusEnums() map[string][]string {
	all := map[string][]string{}
	wire.Files().RangeFilesByPackage(wire.PaymentsPackage, func(file protoreflect.FileDescriptor) bool {
		for i := range file.Enums().Len() {
			enum := file.Enums().Get(i)
			prefix := strings.TrimSuffix(string(enum.Values().ByNumber(0).Name()), "UNSPECIFIED")
			if !strings.HasSuffix(string(enum.Name()), "Status") || enum.Values().ByName(protoreflect.Name(prefix+unknown)) == nil {
				continue
			}
			for j := range enum.Values().Len() {
				if value := enum.Values().Get(j); value.Number() != 0 {
					all[string(enum.Name())] = append(all[string(enum.Name())], strings.TrimPrefix(string(value.Name()), prefix))
				}
			}
		}
		return true
	})
	return all
}

// TestLifecycles looks for what can't be in a table: a status after a final one,
// one that nothing leads to, one that leads nowhere and is not final.
func TestLifecycles(t *testing.T) {
	for enum, l := range lifecycles(t) {
		if s, there := l[unknown]; !there || s.final || !s.first {
			t.Errorf("%s: UNKNOWN can be the first, and is never final", enum)
		}
		for status, s := range l {
			if status == unknown {
				continue
			}
			if s.final != (len(s.next) == 0) {
				t.Errorf("%s: %s is final: %v, and is followed by %q", enum, status, s.final, s.next)
			}
			for i, next := range s.next {
				if _, there := l[next]; !there || next == status || next == unknown || slices.Contains(s.next[:i], next) {
					t.Errorf("%s: %s can't be followed by %q", enum, status, next)
				}
			}
			if !s.first && !l.reachable(status) {
				t.Errorf("%s: nothing leads to %s", enum, status)
			}
		}
	}
}

// reachable says whether a status can come of one that can be the first.
func (l lifecycle) reachable(status string) bool {
	for from, s := range l {
		if s.first && from != unknown && l.reaches(from, status) {
			return true
		}
	}
	return false
}

// observer holds what is told of one object, in the order in which it is told,
// against its lifecycle.
type observer struct {
	lifecycle
	told []string
}

// observe says whether a status may be told now. Across UNKNOWN, anything that
// the last known status leads to may have happened.
func (o *observer) observe(status string) bool {
	_, may := o.lifecycle[status]
	known := slices.DeleteFunc(slices.Clone(o.told), func(s string) bool { return s == unknown })
	switch {
	case !may || status == unknown:
	case len(o.told) == 0:
		may = o.lifecycle[status].first
	case len(known) == 0:
	case o.told[len(o.told)-1] == unknown:
		may = o.reaches(known[len(known)-1], status)
	default:
		may = o.leads(known[len(known)-1], status)
	}
	o.told = append(o.told, status)
	return may
}

func TestObserver(t *testing.T) {
	payments := lifecycles(t)["PaymentStatus"]
	for told, may := range map[string]bool{
		"AUTHORIZED CAPTURED":                  true,
		"AUTHORIZED AUTHORIZED VOIDED VOIDED":  true,
		"UNKNOWN VOIDED":                       true,
		"UNKNOWN UNKNOWN CAPTURED":             true,
		"REQUIRES_ACTION UNKNOWN CAPTURED":     true,
		"AUTHORIZED UNKNOWN AUTHORIZED VOIDED": true,
		"VOIDED":                               false,
		"DECLINED CAPTURED":                    false,
		"CAPTURED AUTHORIZED":                  false,
		"VOIDED UNKNOWN CAPTURED":              false,
		"AUTHORIZED UNKNOWN REQUIRES_ACTION":   false,
		"PARTIALLY_CAPTURED UNKNOWN VOIDED":    false,
		"AUTHORIZED SETTLED":                   false,
	} {
		o, got := observer{lifecycle: payments}, true
		for _, status := range strings.Fields(told) {
			got = o.observe(status) && got
		}
		if got != may {
			t.Errorf("%s: got %v, want %v", told, got, may)
		}
	}
}
