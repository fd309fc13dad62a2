package hostile

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// onFiles are attacks on the file system.
func onFiles() []attack {
	return []attack{
		{
			name: "read-file", what: "reads a file of the host's user",
			do: func(t targets) {
				raw, _ := os.ReadFile(t.Secret)
				loot(string(raw))
			},
			left: lootIs,
		}, {
			name: "read-passwd", what: "reads /etc/passwd",
			do: func(targets) {
				raw, _ := os.ReadFile("/etc/passwd")
				loot(string(raw))
			},
			left: func(_ *field, g *guest) bool { return g.said("root:") },
		}, {
			name: "list-directory", what: "lists a directory of the host's user",
			do: func(t targets) {
				entries, _ := os.ReadDir(filepath.Dir(t.Secret))
				for _, e := range entries {
					loot(e.Name())
				}
			},
			left: lootIs,
		}, {
			name: "write-file", what: "writes a file into a directory of the host's user",
			do:   func(t targets) { _ = os.WriteFile(filepath.Join(t.Dir, t.Attack), nil, 0o600) },
			seen: func(f *field, g *guest) bool { return f.has(g.attack.name) },
		}, {
			name: "delete-file", what: "deletes a file of the host's user",
			do:   func(t targets) { _ = os.Remove(filepath.Join(t.Dir, "deletable")) },
			seen: func(f *field, _ *guest) bool { return !f.has("deletable") },
		}, {
			name: "rewrite-binary", what: "rewrites the verified copy that it runs from",
			do: func(t targets) {
				_ = os.Chmod(t.Binary, 0o700)
				_ = os.Rename(t.Binary, t.Binary+".old")
				_ = os.WriteFile(t.Binary, []byte("changed"), 0o700)
			},
			seen: func(f *field, g *guest) bool { return f.changed(g.binary) },
		}, {
			name: "run-shell", what: "runs a shell that writes a file",
			do:   func(t targets) { _ = exec.Command("/bin/sh", "-c", "echo > "+filepath.Join(t.Dir, t.Attack)).Run() },
			seen: func(f *field, g *guest) bool { return f.has(g.attack.name) },
		}, {
			name: "become-shell", what: "becomes a shell that writes a file",
			do: func(t targets) {
				_ = syscall.Exec("/bin/sh", []string{"sh", "-c", "echo > " + filepath.Join(t.Dir, t.Attack)}, nil)
			},
			seen: func(f *field, g *guest) bool { return f.has(g.attack.name) },
		}, {
			name: "link-out", what: "leaves a link to a file of the host's user in its socket directory",
			do: func(t targets) { _ = os.Symlink(t.Secret, "link") },
			seen: func(_ *field, g *guest) bool {
				found, err := os.Readlink(g.path("link"))
				return err == nil && strings.HasPrefix(found, "/")
			},
		}, {
			name: "fill-disk", what: "fills the disk from its directories, file by file",
			do: func(t targets) {
				for _, dir := range []string{".", os.TempDir(), t.Dir} {
					for i := range filesToFill {
						if os.WriteFile(filepath.Join(dir, t.Attack+string(rune('a'+i))), make([]byte, fileLimit), 0o600) != nil {
							break
						}
					}
				}
			},
			seen:    func(f *field, g *guest) bool { return f.used(g.attack.name, g.job) > fileLimit },
			remains: 2,
		},
	}
}

// How much fill-disk writes: files of the allowed size, and more than one.
const (
	filesToFill = 3
	fileLimit   = 1 << 20
)
