package admin

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/audit"
	"github.com/patchbay/patchbay/host/internal/logtest"
	adminv1 "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
)

// TestOperatorsCallsThatPanic asks a server that lacks what it needs: each call ends
// alone, and is recorded as what it was.
func TestOperatorsCallsThatPanic(t *testing.T) {
	path, log := filepath.Join(t.TempDir(), "audit.log"), &logtest.Log{}
	records, err := audit.Open(audit.Spec{File: path, Flush: "sync"}, hclog.NewNullLogger(), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(nil, NewJournal(), nil, hclog.New(&hclog.LoggerOptions{Output: log}))
	go func() {
		_ = server.Serve(t.Context(), listener, &Accounts{}, audit.Operators(records, hclog.NewNullLogger())...)
	}()
	conn, err := grpc.NewClient("unix:"+listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := adminv1.NewPluginServiceClient(conn)
	if _, err := client.RollbackPlugin(t.Context(), &adminv1.RollbackPluginRequest{Name: "acme"}); status.Code(err) != codes.Internal {
		t.Errorf("got %v", err)
	}
	watch, err := client.Watch(t.Context(), &adminv1.WatchRequest{Name: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Recv(); status.Code(err) != codes.Internal {
		t.Errorf("got %v", err)
	}
	if err := records.Close(); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(path); err != nil || strings.Count(string(raw), `"Internal"`) != 2 {
		t.Errorf("recorded: %s, %v", raw, err)
	}
	if text := log.String(); strings.Count(text, "has panicked") != 2 || !strings.Contains(text, "RollbackPlugin") {
		t.Errorf("the log has %s", text)
	}
}
