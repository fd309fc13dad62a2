package linefile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func write(t *testing.T, f *File, lines string) {
	t.Helper()
	if err := f.Write([]byte(lines), true); err != nil {
		t.Fatal(err)
	}
}

// What a dying process has left unfinished is cut off or ended, however long it
// is, and the next line is whole.
func TestUnfinishedLine(t *testing.T) {
	long := strings.Repeat("x", 150<<10)
	for name, test := range map[string]struct{ left, cut, ended string }{
		"nothing":               {"", "next\n", "next\n"},
		"whole lines":           {"a\nb\n", "a\nb\nnext\n", "a\nb\nnext\n"},
		"half a line":           {"a\nb\nha", "a\nb\nnext\n", "a\nb\nha\nnext\n"},
		"half a line, alone":    {"ha", "next\n", "ha\nnext\n"},
		"half a line, and long": {"a\n" + long, "a\nnext\n", "a\n" + long + "\nnext\n"},
		"a long line":           {long + "\n", long + "\nnext\n", long + "\nnext\n"},
		"a long line and half":  {long + "\nha", long + "\nnext\n", long + "\nha\nnext\n"},
		"the end on a block":    {strings.Repeat("y", 64<<10-1) + "\n" + strings.Repeat("z", 64<<10), strings.Repeat("y", 64<<10-1) + "\nnext\n", strings.Repeat("y", 64<<10-1) + "\n" + strings.Repeat("z", 64<<10) + "\nnext\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for cut, want := range map[bool]string{true: test.cut, false: test.ended} {
				path := filepath.Join(t.TempDir(), "lines")
				if err := os.WriteFile(path, []byte(test.left), 0o600); err != nil {
					t.Fatal(err)
				}
				f := &File{Path: path, Max: 1 << 30, Cut: cut}
				write(t, f, "next\n")
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
				if got := read(t, path); got != want {
					t.Errorf("cut %v: %d bytes, want %d; the end: %q", cut, len(got), len(want), got[max(0, len(got)-20):])
				}
			}
		})
	}
}

// Who moves the file away, as log rotation does, finds the next line in a new one
// and all before it where it was moved to.
func TestMovedAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	f := &File{Path: path, Max: 1 << 30}
	write(t, f, "one\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, f, "two\n")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, f, "three\n")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path+".1") + read(t, path); got != "one\nthree\n" {
		t.Errorf("got %q", got)
	}
}

// A full file is put aside whole, and all of them stay unless a number is given.
func TestRotation(t *testing.T) {
	for keep, want := range map[int]int{0: 9, 3: 3} {
		dir := t.TempDir()
		path := filepath.Join(dir, "lines.jsonl")
		f := &File{Path: path, Max: 100, Keep: keep}
		line := strings.Repeat("l", 99) + "\n"
		for range 10 {
			write(t, f, line)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		aside, err := filepath.Glob(filepath.Join(dir, "lines-*.jsonl"))
		if err != nil || len(aside) != want {
			t.Errorf("keep %d: %d files were put aside, want %d (%v)", keep, len(aside), want, err)
		}
		for _, name := range append(aside, path) {
			if got := read(t, name); got != line {
				t.Errorf("%s has %q", name, got)
			}
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
	}
}

// One process at a time writes a file.
func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	f := &File{Path: path, Max: 1 << 30}
	write(t, f, "one\n")
	if err := (&File{Path: path, Max: 1 << 30}).Open(); err == nil || !strings.Contains(err.Error(), "another gateway writes") {
		t.Errorf("two have it: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again := &File{Path: path, Max: 1 << 30}
	if err := again.Open(); err != nil {
		t.Errorf("after the first has let go: %v", err)
	}
	_ = again.Close()
}

func FuzzMend(f *testing.F) {
	f.Add([]byte("a\nb"), true)
	f.Add([]byte("\n\n"), false)
	f.Fuzz(func(t *testing.T, left []byte, cut bool) {
		path := filepath.Join(t.TempDir(), "lines")
		if err := os.WriteFile(path, left, 0o600); err != nil {
			t.Fatal(err)
		}
		file := &File{Path: path, Max: 1 << 30, Cut: cut}
		if err := file.Write([]byte("next\n"), false); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		whole := left[:bytes.LastIndexByte(left, '\n')+1]
		got := []byte(read(t, path))
		if !bytes.HasPrefix(got, whole) || !bytes.HasSuffix(got, []byte("next\n")) {
			t.Fatalf("%q became %q", left, got)
		}
		if between := got[len(whole) : len(got)-len("next\n")]; cut && len(between) > 0 || len(between) > 0 && between[len(between)-1] != '\n' {
			t.Errorf("%q became %q", left, got)
		}
	})
}
