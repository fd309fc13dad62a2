package audit

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/logtest"
	adminv1 "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
)

// broken panics at what operators ask.
type broken struct {
	adminv1.UnimplementedPluginServiceServer
}

func (broken) RollbackPlugin(context.Context, *adminv1.RollbackPluginRequest) (*adminv1.RollbackPluginResponse, error) {
	panic("no")
}

func (broken) Watch(*adminv1.WatchRequest, grpc.ServerStreamingServer[adminv1.WatchResponse]) error {
	panic("no")
}

// TestOperatorsCallsThatPanic end alone, and are recorded.
func TestOperatorsCallsThatPanic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	kept, log := opened(t, Spec{File: path, Flush: "sync"}), &logtest.Log{}
	server := grpc.NewServer(Operators(kept, hclog.New(&hclog.LoggerOptions{Output: log}))...)
	adminv1.RegisterPluginServiceServer(server, broken{})
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
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
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	told := records(t, path)
	if len(told) != 2 || told[0].Code != "Internal" || told[1].Code != "Internal" || told[0].Connector != "acme" {
		t.Errorf("recorded: %+v", told)
	}
	if text := log.String(); strings.Count(text, "has panicked") != 2 || !strings.Contains(text, "operator_test.go") {
		t.Errorf("the log has %s", text)
	}
}
