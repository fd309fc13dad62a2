package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestDescribe(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := describe([]string{self})
	if err != nil {
		t.Fatal(err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(doc.Components, func(c component) bool { return c.Name == name && c.PURL != "" })
	}
	if !has(filepath.Base(self)) || !has("stdlib") {
		t.Errorf("components: %+v", doc.Components)
	}
	if len(doc.Dependencies) != 1 || !slices.Contains(doc.Dependencies[0].DependsOn, doc.Components[0].Ref) {
		t.Errorf("dependencies: %+v", doc.Dependencies)
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, programs := range [][]string{nil, {text}} {
		if _, err := describe(programs); err == nil {
			t.Errorf("%v is described", programs)
		}
	}
}
