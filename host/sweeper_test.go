package host

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSweepTakesOnlyWhatIsLeft has directories and sockets of hosts that live and
// of hosts that have ended.
func TestSweepTakesOnlyWhatIsLeft(t *testing.T) {
	root, err := os.MkdirTemp("", "pb") // sockets need short paths
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	dead, alive, never := filepath.Join(root, "dead"), filepath.Join(root, "alive"), filepath.Join(root, "never")
	for _, dir := range []string{dead, alive} {
		if err := os.MkdirAll(filepath.Join(dir, "plugin-dir1"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	lock, held, err := tryLock(alive)
	if err != nil || !held {
		t.Fatal(held, err)
	}
	defer lock.Close()
	deadSocket, aliveSocket := filepath.Join(root, "dead.sock"), filepath.Join(root, "alive.sock")
	gone, err := net.ListenUnix("unix", &net.UnixAddr{Name: deadSocket})
	if err != nil {
		t.Fatal(err)
	}
	gone.SetUnlinkOnClose(false)
	gone.Close()
	listener, err := net.Listen("unix", aliveSocket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	if err := Sweep(strings.NewReader(""), dead, never, "unix:"+deadSocket, "unix:"+aliveSocket, "unix:"+filepath.Join(never, "x.sock"), adminOff); err != nil {
		t.Errorf("sweep: %v", err)
	}
	if gone, err := removeOwnDir(alive); gone || err == nil {
		t.Errorf("the directory of a host that lives: gone %t, %v", gone, err)
	}
	for path, want := range map[string]bool{dead: false, deadSocket: false, alive: true, aliveSocket: true} {
		if _, err := os.Lstat(path); (err == nil) != want || err != nil && !os.IsNotExist(err) {
			t.Errorf("%s: %v, want it there: %t", filepath.Base(path), err, want)
		}
	}
	if _, err := os.Stat(never); !os.IsNotExist(err) {
		t.Errorf("%v, want %v", err, fs.ErrNotExist)
	}
}
