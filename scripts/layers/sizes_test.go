package layers

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// maxBinary bounds a connector's program, stripped as it is built for operators: each
// is copied and hashed at every start, and many run at once.
const maxBinary = 20_000_000

func TestConnectorsAreSmall(t *testing.T) {
	mains, err := filepath.Glob(filepath.Join("..", "..", "plugins", "*", "cmd", "connector-*"))
	if err != nil || len(mains) < 3 {
		t.Fatalf("found %q, %v", mains, err)
	}
	for _, main := range mains {
		program := filepath.Join(t.TempDir(), filepath.Base(main))
		build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
		build.Dir, build.Env = main, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		info, err := os.Stat(program)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.1f MB", filepath.Base(main), float64(info.Size())/1e6)
		if info.Size() > maxBinary {
			t.Errorf("%s has %d bytes, want at most %d", filepath.Base(main), info.Size(), maxBinary)
		}
	}
}
