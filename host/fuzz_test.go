package host

import (
	"path/filepath"
	"strings"
	"testing"
)

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("listen: 0.0.0.0:8443\nplugins: plugins\ntls: {cert_file: tls.crt, key_file: tls.key}\nlimits: {in_flight: 7}\nmax_deadline: 2m\n"))
	f.Add([]byte("accounts:\n- {name: a, connector: b, secrets: {k: {file: f}}}\ncallers:\n- {name: x, key_sha256: [aa]}\n"))
	f.Add([]byte("trust: {lock: require, lock_file: patchbay.lock, keys: [{name: acme, file: acme.pub, connectors: [acme]}]}\n"))
	f.Add([]byte("webhooks: {listen: ':1', tls: {cert_file: a}, file: {path: b, max_size: 1MB}, target: {url: 'https://x', secrets: [{file: c}]}}\n"))
	f.Add([]byte("lisen: x\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := parseConfig("/etc/patchbay/patchbay.yaml", raw)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "/etc/patchbay/patchbay.yaml: ") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		paths := []string{c.Plugins, c.StateDir, c.Trust.LockFile, c.TLS.KeyFile}
		for _, path := range c.Webhooks.Paths() {
			paths = append(paths, *path)
		}
		for _, path := range paths {
			if path != "" && !filepath.IsAbs(path) {
				t.Errorf("%q is not made relative to the file", path)
			}
		}
	})
}
