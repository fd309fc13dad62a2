package controller

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/egress"
	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/supervise"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// A manifest that names what the operator does not allow is refused, with its
// line.
func TestPrivateHostsNeedLeave(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text := "name: acme\nversion: 1.0.0\ncommand: " + self + "\negress:\n- api.acme.example:443\n- 10.1.2.3:8443\n"
	if err := os.WriteFile(filepath.Join(dir, "acme.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config := Config{Dir: dir, CommandsAnywhere: true}
	if _, _, err := Validate(config); err == nil || !strings.Contains(err.Error(), "acme.yaml:6: egress[1]: 10.1.2.3:8443 is not public") {
		t.Errorf("got %v", err)
	}
	config.Egress = egress.Policy{Private: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	if _, _, err := Validate(config); err != nil {
		t.Errorf("with the operator's leave: %v", err)
	}
}

// A connector that says it calls more than its manifest names is a problem that
// operators see before callers do.
func TestEgressProblems(t *testing.T) {
	status := supervise.Status{
		Serving: reconcile.Declaration{Manifest: manifest.Manifest{
			Name: "acme", Version: "1.0.0", Egress: []string{"api.acme.example:443", "*.pay.acme.example:443"},
		}},
		Description: &description.Description{Wired: &connectorv1.Description{EgressHosts: []string{
			"api.acme.example:443", "eu.pay.acme.example:443", "*.pay.acme.example:443",
			"api.acme.example:8443", "files.acme.example:443", "nonsense",
		}}},
	}
	found := egressProblems("acme.yaml", status)
	if len(found) != 3 {
		t.Fatalf("got %v", found)
	}
	for i, want := range []string{"api.acme.example:8443", "files.acme.example:443", "nonsense"} {
		if p := found[i]; p.GetFile() != "acme.yaml" || p.GetField() != "egress" || !strings.Contains(p.GetReason(), want) {
			t.Errorf("got %v, want one about %s", p, want)
		}
	}
}
