package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// startNginx starts nginx with the configuration in docs/scaling.md in front of
// the replicas, and gives its address. Without nginx the test is skipped.
func startNginx(r *replicas) string {
	r.t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		path = "/usr/sbin/nginx" // where Debian has it, outside of a user's path
		_, err = os.Stat(path)
	}
	if err != nil {
		if slices.Contains(strings.Fields(os.Getenv("PATCHBAY_REQUIRED_TOOLS")), "nginx") {
			r.t.Fatal("PATCHBAY_REQUIRED_TOOLS has nginx, which is not installed")
		}
		r.t.Skip("NOT RUN: nginx is not installed")
	}
	dir, address := r.t.TempDir(), freeAddress(r.t)
	conf := documented(r.t, "nginx")
	for documented, here := range map[string]string{"10.0.0.11:8443": r.address, "10.0.0.12:8443": r.second.address, "443 ssl": address, "grpcs://": "grpc://"} {
		if !strings.Contains(conf, documented) {
			r.t.Fatalf("the configuration of nginx in docs/scaling.md has no %q", documented)
		}
		conf = strings.Replace(conf, documented, here, 1)
	}
	lines := slices.DeleteFunc(strings.Split(conf, "\n"), func(line string) bool { // there is no TLS in this test
		return strings.Contains(line, "ssl_")
	})
	r.writeNginx(dir, strings.Join(lines, "\n"))
	log := newOutput(r.t)
	cmd := exec.Command(path, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	cmd.Stdout, cmd.Stderr = log.file, log.file
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if r.t.Failed() {
			r.t.Logf("nginx says:\n%s", log.tail(20))
		}
	})
	r.wait("nginx listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
	return address
}

// writeNginx writes what surrounds the documented part, with all files in one
// directory.
func (r *replicas) writeNginx(dir, conf string) {
	r.t.Helper()
	surroundings := "daemon off;\nworker_processes 2;\npid nginx.pid;\nerror_log stderr warn;\nevents {}\nhttp {\naccess_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		surroundings += fmt.Sprintf("%s_temp_path %s;\n", kind, filepath.Join(dir, kind))
	}
	if os.Getuid() == 0 {
		surroundings = "user root;\n" + surroundings
	}
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(surroundings+conf+"\n}\n"), 0o600); err != nil {
		r.t.Fatal(err)
	}
}
