package shared_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/patchbay/patchbay/sdk/connectortest/internal/shared"
)

func TestRead(t *testing.T) {
	t.Setenv("PATCHBAY_REQUIRED_TOOLS", "")
	t.Setenv(shared.Env, t.TempDir())
	if err := os.WriteFile(filepath.Join(os.Getenv(shared.Env), "a.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := string(shared.Read(t, "a.json")); got != "{}" {
		t.Errorf("got %q", got)
	}
	if failed := !t.Run("absent", func(t *testing.T) {
		shared.Read(t, "b.json")
		t.Error("a file that is absent was read")
	}); failed {
		t.Error("the test did not skip")
	}
}

// Without the variable the folder is beside the module.
func TestRead_beside(t *testing.T) {
	module := t.TempDir()
	t.Setenv(shared.Env, "")
	for _, folder := range []string{"main/sdk/deep", "shared"} {
		if err := os.MkdirAll(filepath.Join(module, folder), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{"main/go.mod": "module x", "shared/a.json": "[]"} {
		if err := os.WriteFile(filepath.Join(module, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(module, "main", "sdk", "deep"))
	if got := string(shared.Read(t, "a.json")); got != "[]" {
		t.Errorf("got %q", got)
	}
}
