package launch

import (
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// starts is how many of them the racing replacer gets a chance at: 1,000 with
// PATCHBAY_FIGURES set, which takes minutes.
func starts() int {
	if os.Getenv("PATCHBAY_FIGURES") != "" {
		return 1000
	}
	return 40
}

// TestRacingReplacer has somebody swap the binary for another at any moment of its
// verification and its start, by renaming and by writing into it. The other leaves
// a mark where it runs.
func TestRacingReplacer(t *testing.T) {
	f := newFixture(t, "")
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	touch, err := exec.LookPath("touch")
	if err != nil {
		t.Skip("there is no touch, which would be the other binary")
	}
	good, evil, source, mark := filepath.Join(dir, "good"), filepath.Join(dir, "evil"), filepath.Join(dir, "plugin"), filepath.Join(dir, "mark")
	copyOf(t, self, good)
	copyOf(t, touch, evil)
	want, err := Digest(good, "")
	if err != nil {
		t.Fatal(err)
	}
	f.spec.Args = []string{mark}

	copyOf(t, evil, source) // the control: without a digest the other one runs
	if err := f.startFrom(t, source, ""); err == nil || !exists(mark) {
		t.Fatalf("the other binary leaves no mark where it runs: %v", err)
	}
	if err := os.Remove(mark); err != nil {
		t.Fatal(err)
	}

	replace(t, good, source)
	began := time.Now()
	if err := f.startFrom(t, source, want); err != nil {
		t.Fatal(err)
	}
	took, made, refused := time.Since(began), 0, 0
	oneSided := func() bool { return refused == 0 || refused == made }
	for made < starts() || oneSided() && made < 10*starts() {
		done := make(chan struct{})
		moment := time.After(rand.N(took))
		go func() {
			defer close(done)
			<-moment
			if made%2 == 0 {
				replace(t, evil, source)
			} else {
				overwrite(t, evil, source)
			}
		}()
		start := time.Now()
		if err := f.startFrom(t, source, want); err != nil {
			refused++
		} else { // the first may have had to wait for the CPU
			took = min(took, time.Since(start))
		}
		<-done
		made++
		replace(t, good, source)
		if exists(mark) {
			t.Fatalf("unverified bytes ran at start %d", made)
		}
	}
	t.Logf("figure: with a racing replacer, %d starts: %d of the verified bytes, %d refused, 0 of others, in %s", made, made-refused, refused, time.Since(began).Round(time.Second))
	if oneSided() {
		t.Errorf("%d of %d starts were refused: the replacer is not racing", refused, made)
	}
}

// startFrom verifies a binary and starts it once. Nothing is cached, since nothing
// of it is left in the store.
func (f *fixture) startFrom(t *testing.T, source, want string) error {
	t.Helper()
	binary, err := NewStore(t.TempDir()).Put(source, want)
	if err != nil {
		return err
	}
	defer binary.Close()
	f.spec.Binary = binary
	p, err := f.launcher.Launch(t.Context(), f.spec)
	if err != nil {
		if want != "" {
			t.Fatalf("the verified binary does not start: %v", err)
		}
		return err
	}
	p.Stop(0)
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func copyOf(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// replace puts a new copy of a file in the place of another, at once.
func replace(t *testing.T, from, to string) {
	in, err := os.Open(from)
	if err != nil {
		t.Error(err)
		return
	}
	defer in.Close()
	out, err := os.OpenFile(to+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		t.Error(err)
		return
	}
	_, err = io.Copy(out, in)
	if closed := out.Close(); err != nil || closed != nil {
		t.Error(err, closed)
	}
	if err := os.Rename(to+".new", to); err != nil {
		t.Error(err)
	}
}

// overwrite writes one file's content into another, which whoever has that open
// sees.
func overwrite(t *testing.T, from, to string) {
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o755)
	}
	if err != nil {
		t.Error(err)
	}
}
