// Package shared finds the test data that lies beside the module and is not part of
// it: vendors' API descriptions and signature vectors.
package shared

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Env names the folder where it is not the module's sibling "shared".
const Env = "PATCHBAY_SHARED"

// Read returns a file of the folder, such as "specs/acme.json". Where it is absent
// the test skips and says which file it missed; where PATCHBAY_REQUIRED_TOOLS has
// "shared" it fails.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	path := filepath.Join(folder(t), filepath.FromSlash(name))
	raw, err := os.ReadFile(path)
	switch {
	case err == nil:
		return raw
	case slices.Contains(strings.Fields(os.Getenv("PATCHBAY_REQUIRED_TOOLS")), "shared"):
		t.Fatalf("PATCHBAY_REQUIRED_TOOLS has shared: %v", err)
	default:
		t.Skipf("SKIPPED for want of test data that lies beside the module (%s says where, if not there): %v", Env, err)
	}
	return nil
}

// folder is the sibling of the folder with the go.mod above the test.
func folder(t testing.TB) string {
	t.Helper()
	if named := os.Getenv(Env); named != "" {
		return named
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared")
		}
		above := filepath.Dir(dir)
		if above == dir {
			t.Fatalf("there is no go.mod above the test; %s says where the data is", Env)
		}
		dir = above
	}
}
