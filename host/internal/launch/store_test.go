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
	storeDir := t.TempDir()
	store := NewStore(storeDir)
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
	if left, _ := os.ReadDir(storeDir); len(left) != 0 {
		t.Errorf("left in the store: %v", left)
	}
}

func TestStoreRefuses(t *testing.T) {
	dir := t.TempDir()
	storeDir := t.TempDir()
	store := NewStore(storeDir)
	write(t, filepath.Join(dir, "good"), "x", 0o755)
	write(t, filepath.Join(dir, "plain"), "x", 0o644)
	write(t, filepath.Join(dir, "empty"), "", 0o755)
	write(t, filepath.Join(dir, "script"), "#!/bin/sh\n", 0o755)
	for name, test := range map[string]struct{ file, want, reason string }{
		"absent":         {"absent", "", "no such file"},
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
	if left, _ := os.ReadDir(storeDir); len(left) != 0 {
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

func bundle(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "main.sh"), "#!/bin/sh\n", 0o755)
	write(t, filepath.Join(dir, "lib", "code"), "one", 0o644)
	return dir
}

func TestBundle(t *testing.T) {
	storeDir, source := t.TempDir(), bundle(t)
	store := NewStore(storeDir)
	first, err := store.Put(source, "")
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := Digest(source, first.Digest); err != nil || digest != first.Digest {
		t.Errorf("Digest: %s, %v", digest, err)
	}
	if again, err := store.Put(source, first.Digest); err != nil || again != first {
		t.Errorf("the same tree made another copy: %v", err)
	} else {
		again.Close()
	}
	code := filepath.Join(first.path(), "lib", "code")
	if kept, err := os.ReadFile(code); err != nil || string(kept) != "one" {
		t.Errorf("the copy: %q, %v", kept, err)
	}
	if info, err := os.Stat(code); err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("the copy can be written: %v, %v", info.Mode(), err)
	}
	digests := map[string]bool{first.Digest: true}
	for what, change := range map[string]func(){
		"content":    func() { write(t, filepath.Join(source, "lib", "code"), "two", 0o644) },
		"permission": func() { write(t, filepath.Join(source, "lib", "code"), "two", 0o755) },
		"a new file": func() { write(t, filepath.Join(source, "lib", "more"), "", 0o644) },
		"a name": func() {
			if err := os.Rename(filepath.Join(source, "main.sh"), filepath.Join(source, "other.sh")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		change()
		next, err := store.Put(source, "")
		if err != nil || digests[next.Digest] {
			t.Fatalf("%s does not change the digest: %v", what, err)
		}
		digests[next.Digest] = true
		next.Close()
	}
	first.Close()
	if left, _ := os.ReadDir(storeDir); len(left) != 0 {
		t.Errorf("left in the store: %v", left)
	}
}

func TestBundleRefuses(t *testing.T) {
	storeDir := t.TempDir()
	store := NewStore(storeDir)
	linked := bundle(t)
	if err := os.Symlink("/etc/passwd", filepath.Join(linked, "link")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ dir, want, reason string }{
		"a link":         {linked, "", "no regular file"},
		"nothing":        {t.TempDir(), "", "is empty"},
		"another digest": {bundle(t), strings.Repeat("0", 64), "the manifest says 0000"},
	} {
		if b, err := store.Put(test.dir, test.want); err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%s: %v, %v", name, b, err)
		}
		if _, err := Digest(test.dir, test.want); err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%s: Digest: %v", name, err)
		}
	}
	if left, _ := os.ReadDir(storeDir); len(left) != 0 {
		t.Errorf("left in the store: %v", left)
	}
}
