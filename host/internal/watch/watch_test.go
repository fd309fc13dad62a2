package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

// TestTicks looks for a tick after each kind of change. The backstop comes too
// late to be mistaken for one.
func TestTicks(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "plugins")
	other := filepath.Join(root, "bin")
	for _, d := range []string{dir, other} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	w := New(dir, hclog.NewNullLogger())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	tick := func(after string) {
		t.Helper()
		select {
		case <-w.C:
		case <-time.After(10 * time.Second):
			t.Fatalf("no tick after %s", after)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tick("the start")
	must(os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o600))
	tick("a new file")
	must(os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "b")))
	tick("a rename")
	must(os.Remove(filepath.Join(dir, "b")))
	tick("a removal")
	w.Also(other, filepath.Join(root, "absent"))
	must(os.WriteFile(filepath.Join(other, "binary"), []byte("x"), 0o600))
	tick("a change in a further directory")
	must(os.RemoveAll(dir))
	tick("the directory's removal")
	must(os.Mkdir(dir, 0o755))
	tick("its return")
	must(os.WriteFile(filepath.Join(dir, "c"), []byte("x"), 0o600))
	tick("a new file in the new directory")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestUntakenTicksAreOne(t *testing.T) {
	w := New(filepath.Join(t.TempDir(), "absent"), hclog.NewNullLogger())
	w.tick()
	w.tick()
	<-w.C
	select {
	case <-w.C:
		t.Error("a second tick")
	default:
	}
}
