package telemetry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestOps(t *testing.T) {
	metrics := NewMetrics()
	metrics.Observe(Call{Connector: "acme", Version: "1.0.0", Method: "/x.Y/Z", Code: "OK", Took: 3 * time.Millisecond})
	metrics.InFlight("acme").Inc()
	notReady := errors.New("connectors are starting")
	ops := Ops{Metrics: metrics, Ready: func() error { return notReady }}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- ops.Serve(ctx, listener) }()

	get := func(path string) (int, string) {
		t.Helper()
		resp, err := http.Get("http://" + listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if code, body := get("/healthz"); code != http.StatusOK || body != "ok\n" {
		t.Errorf("healthz: %d %q", code, body)
	}
	if code, body := get("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "starting") {
		t.Errorf("readyz: %d %q", code, body)
	}
	notReady = nil
	if code, _ := get("/readyz"); code != http.StatusOK {
		t.Errorf("readyz: %d", code)
	}
	_, body := get("/metrics")
	for _, want := range []string{
		`patchbay_calls_total{code="OK",connector="acme",fault="",method="/x.Y/Z",sent="",version="1.0.0"} 1`,
		`patchbay_call_duration_seconds_count{connector="acme",method="/x.Y/Z",version="1.0.0"} 1`,
		`patchbay_calls_in_flight{connector="acme"} 1`, "go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing", want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
