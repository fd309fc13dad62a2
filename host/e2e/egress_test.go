package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/sdk/wire"
)

// TestEgress has a connector asked for a payment at a host that its manifest does
// not name: it says so, the host hears nothing, and operators see it.
func TestEgress(t *testing.T) {
	s := newStack(t)
	var heard atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	defer elsewhere.Close()
	host := strings.TrimPrefix(elsewhere.URL, "http://")

	if _, err := s.payments.Authorize(s.to("sandbox"), payment("declared")); err != nil || len(s.ledger()["declared"]) != 1 {
		t.Fatalf("the declared host: %v, and the books have %v", err, s.ledger())
	}
	_, err := s.payments.Authorize(s.to("sandbox", "x-connector-config", fmt.Sprintf(`{"base_url":%q}`, elsewhere.URL)), payment("denied"))
	f := wire.ParseFailure(status.Convert(err))
	if f.Code != codes.FailedPrecondition || f.Reason != wire.ReasonEgressDenied || f.Sent != wire.SentNever ||
		!strings.Contains(f.Message, host) || !strings.Contains(f.Message, "manifest's field egress") {
		t.Errorf("got %+v", f)
	}
	if heard.Load() != 0 {
		t.Error("a host that the manifest does not name was called")
	}
	if log := s.log.String(); !strings.Contains(log, "the connector was refused a connection") || !strings.Contains(log, host) {
		t.Error("the log does not tell")
	}
	metrics := s.scrape()
	for _, want := range []string{
		`patchbay_egress_connections_total{connector="sandbox",host="undeclared",result="denied"} 1`,
		fmt.Sprintf(`patchbay_egress_connections_total{connector="sandbox",host=%q,result="opened"}`, s.pspHost()),
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	show := exec.Command(filepath.Join(s.bin, "patchbay"), "plugins", "show", "sandbox",
		"--admin", "unix:"+filepath.Join(filepath.Dir(s.plugins), "state", "admin.sock"))
	out, err := show.CombinedOutput()
	if err != nil || !strings.Contains(string(out), s.pspHost()) || !strings.Contains(string(out), host+" is not among") {
		t.Errorf("plugins show: %v\n%s", err, out)
	}
}
