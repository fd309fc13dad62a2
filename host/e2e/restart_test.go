package e2e

import (
	"fmt"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	adminv1 "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
)

// TestRestartsLeaveNothing starts a connector anew many times: the gateway's
// goroutines, descriptors and memory stay as they were.
func TestRestartsLeaveNothing(t *testing.T) {
	restarts, warmUp := times(1000, 20), times(50, 5)
	s := newStack(t)
	s.addRecorder()
	operator := s.admin()
	reload := func() {
		t.Helper()
		if _, err := operator.ReloadPlugins(t.Context(), &adminv1.ReloadPluginsRequest{Name: "recorder"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.payments.Authorize(s.to("recorder"), payment("between")); err != nil {
			t.Fatal(err)
		}
	}
	settled := func() (goroutines, files int, memory int64) {
		s.wait("the old processes are gone", func() bool { return len(s.plugin("recorder")) == 1 })
		return int(s.metric("go_goroutines")), openFiles(t, s), s.memory("VmRSS")
	}
	for range warmUp {
		reload()
	}
	s.settleMemory("recorder")
	goroutines, files, memory := settled()
	for range restarts {
		reload()
	}
	s.wait("goroutines and files are as before", func() bool {
		g, f, _ := settled()
		return g <= goroutines+3 && f <= files+3
	})
	g, f, m := settled()
	figure(t, fmt.Sprintf("%d restarts of a connector", restarts), "goroutines, descriptors and memory of the host flat",
		"goroutines %d, then %d; descriptors %d, then %d; resident %.1f MB, then %.1f MB",
		goroutines, g, files, f, float64(memory)/megabyte, float64(m)/megabyte)
	if grown := m - memory; grown > 20*megabyte && !raceEnabled {
		t.Errorf("memory grew by %d bytes", grown)
	}
	if got, want := s.generation("recorder"), uint64(1+warmUp+restarts); got != want {
		t.Errorf("generation %d, want %d", got, want)
	}
	if files < 0 {
		t.Skip("the gateway's open files were not counted; all else held")
	}
}

// admin connects to the gateway as its operators do.
func (s *stack) admin() adminv1.PluginServiceClient {
	s.t.Helper()
	conn, err := grpc.NewClient("unix:"+filepath.Join(s.state(), "admin.sock"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return adminv1.NewPluginServiceClient(conn)
}
