package launch

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, path); err != nil {
		t.Fatal(err)
	}
}

func TestStoreKeepsACopyWhileItIsUsed(t *testing.T) {
	dir := t.TempDir()
	store, err := NewStore(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(dir, "plugin")
	write(t, source, "one", 0o755)
	first, err := store.Put(source, "")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("one"))
	if first.Digest != hex.EncodeToString(sum[:]) {
		t.Errorf("digest %s", first.Digest)
	}
	again, err := store.Put(source, first.Digest)
	if err != nil || again != first {
		t.Fatalf("the same bytes made another binary: %v", err)
	}
	write(t, source, "two", 0o755)
	second, err := store.Put(source, "")
	if err != nil || second.Digest == first.Digest {
		t.Fatalf("changed bytes: %v, %v", second, err)
	}
	kept, err := os.ReadFile(store.path(first.Digest))
	if err != nil || string(kept) != "one" {
		t.Errorf("the first copy: %q, %v", kept, err)
	}
	first.Close()
	if _, err := os.Stat(store.path(first.Digest)); err != nil {
		t.Error("the copy is gone while somebody uses it")
	}
	again.Close()
	second.Close()
	if left, _ := os.ReadDir(filepath.Join(dir, "store")); len(left) != 0 {
		t.Errorf("left in the store: %v", left)
	}
}

func TestStoreRefuses(t *testing.T) {
	dir := t.TempDir()
	store, err := NewStore(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "good"), "x", 0o755)
	write(t, filepath.Join(dir, "plain"), "x", 0o644)
	write(t, filepath.Join(dir, "empty"), "", 0o755)
	write(t, filepath.Join(dir, "script"), "#!/bin/sh\n", 0o755)
	for name, test := range map[string]struct{ file, want, reason string }{
		"absent":         {"absent", "", "no such file"},
		"a directory":    {".", "", "not a regular file"},
		"empty":          {"empty", "", "is empty"},
		"a script":       {"script", "", "is a script"},
		"not executable": {"plain", "", "chmod +x"},
		"another digest": {"good", strings.Repeat("0", 64), "the manifest says 0000"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, test.file)
			if b, err := store.Put(path, test.want); err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("Put: %v, %v", b, err)
			}
			if _, err := Digest(path, test.want); err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("Digest: %v", err)
			}
		})
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "store")); len(left) != 0 {
		t.Errorf("left in the store: %v", left)
	}
}

func TestLookTellsChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plugin")
	gone := Look(path)
	write(t, path, "one", 0o755)
	one := Look(path)
	write(t, path, "two", 0o755)
	two := Look(path)
	if gone == one || one == two || two != Look(path) {
		t.Error("fingerprints do not follow the file")
	}
}
