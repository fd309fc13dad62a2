// Package sdkdiff compares what a connector sends with what the vendor's own SDK
// sends for the same input, field by field.
//
// The SDK's requests are recorded once, on the loopback interface, and lie as JSON in
// the connector's testdata/sdk beside the script that recorded them; recorder.mjs in
// this folder is what such scripts share.
//
//	recorder := sdkdiff.Record(t, standIn)
//	// … the connector pays at recorder.URL …
//	sdkdiff.Compare(t, "testdata/sdk", "authorize", recorder.Only(t),
//		sdkdiff.Differs("headers.idempotency-key", "the key is the gateway's"))
//
// A difference that is not explained fails the test, and so does an explanation of a
// difference that is none any more.
package sdkdiff

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Explained is a difference that is meant, and why.
type Explained struct {
	field, reason string
	kind          kind
}

type kind string

const (
	differs kind = "differs"
	missing kind = "missing" // the connector does not send it
	added   kind = "added"   // the vendor's SDK does not send it
)

// Differs explains that both send a field and its values differ. A field is named as
// differences are: "method", "path", "headers.<name>", "query.<name>", "form.<name>",
// "json.a.b[0]", "body". A star at the end stands for any ending.
func Differs(field, reason string) Explained { return Explained{field, reason, differs} }

// Missing explains that the connector does not send a field that the SDK sends.
func Missing(field, reason string) Explained { return Explained{field, reason, missing} }

// Added explains that the connector sends a field that the SDK does not send.
func Added(field, reason string) Explained { return Explained{field, reason, added} }

func (e Explained) about(field string) bool {
	prefix, wild := strings.CutSuffix(e.field, "*")
	return field == e.field || wild && strings.HasPrefix(field, prefix)
}

// Compare fails the test for each difference between the connector's request and the
// recording <dir>/<name>.json that is not explained.
func Compare(t testing.TB, dir, name string, got Request, explained ...Explained) {
	t.Helper()
	for _, difference := range Differences(got, Load(t, dir, name), explained...) {
		t.Errorf("%s: %s", name, difference)
	}
}

// Load reads the recording <dir>/<name>.json.
func Load(t testing.TB, dir, name string) Request {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var r Request
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

// Differences lists what differs between a connector's request and the SDK's, and
// explanations that are wrong, in the order of the fields.
func Differences(got, want Request, explained ...Explained) []string {
	ours, theirs := got.fields(), want.fields()
	names := slices.Sorted(maps.Keys(ours))
	for name := range theirs {
		if _, both := ours[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var found []string
	for _, name := range names {
		if difference := compare(name, ours, theirs, explained); difference != "" {
			found = append(found, difference)
		}
	}
	for _, e := range explained {
		if e.reason == "" {
			found = append(found, e.field+": is explained without a reason")
		}
	}
	return found
}

// compare says how one field differs, if that is not explained.
func compare(name string, ours, theirs map[string]string, explained []Explained) string {
	got, sent := ours[name]
	want, recorded := theirs[name]
	var how kind
	switch {
	case !sent:
		how = missing
	case !recorded:
		how = added
	case got != want:
		how = differs
	}
	i := slices.IndexFunc(explained, func(e Explained) bool { return e.about(name) && (how == "" || e.kind == how) })
	switch {
	case how == "" && i >= 0 && explained[i].field == name:
		return fmt.Sprintf("%s: is explained (%s: %s), and is the same", name, explained[i].kind, explained[i].reason)
	case how == "" || i >= 0:
		return ""
	case how == missing:
		return fmt.Sprintf("%s: the connector does not send it; the vendor's SDK sends %s", name, want)
	case how == added:
		return fmt.Sprintf("%s: the connector sends %s; the vendor's SDK does not send it", name, got)
	}
	return fmt.Sprintf("%s: the connector sends %s; the vendor's SDK %s", name, got, want)
}

// MustNotice makes sure that the comparison can fail: it spoils the recording, one
// field at a time, and fails the test where that is not noticed although it is not
// explained. It gives the number of mistakes.
func MustNotice(t testing.TB, dir, name string, explained ...Explained) int {
	t.Helper()
	want := Load(t, dir, name)
	fields, tried := want.fields(), 0
	notices := func(what, field string, change func(map[string]string)) {
		if slices.ContainsFunc(explained, func(e Explained) bool { return e.about(field) }) {
			return
		}
		tried++
		spoilt := maps.Clone(fields)
		change(spoilt)
		if compare(field, spoilt, fields, explained) == "" {
			t.Errorf("%s: %s %s is not noticed", name, field, what)
		}
	}
	for field := range fields {
		notices("missing", field, func(f map[string]string) { delete(f, field) })
		notices("changed", field, func(f map[string]string) { f[field] += "x" })
	}
	for _, group := range []string{"headers.", "query.", "form.", "json."} {
		notices("added", group+"patchbay_mistake", func(f map[string]string) { f[group+"patchbay_mistake"] = `"1"` })
	}
	return tried
}
