package psp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestMain_servesUntilSIGTERM(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "psp", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(strings.TrimPrefix(line, "sandbox PSP listening on "))
	res, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("healthz: %d", res.StatusCode)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest, _ := io.ReadAll(lines); len(rest) != 0 {
		t.Errorf("more than one line: %q", rest)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func TestMain_failsLoudly(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), self, "psp", "--listen", "127.0.0.1:notaport")
	cmd.Stderr = &stderr
	err = cmd.Run()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(stderr.String(), "notaport") {
		t.Errorf("got %v and %q, want exit code 1 and the reason", err, stderr.String())
	}
}

func TestRun(t *testing.T) {
	t.Run("ends delays with the context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r, w := io.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, []string{"--listen", "127.0.0.1:0"}, w, io.Discard) }()
		line, err := bufio.NewReader(r).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		h := harness{t: t, url: strings.TrimSpace(strings.TrimPrefix(line, "sandbox PSP listening on "))}
		answered := make(chan reply, 1)
		go func() {
			for {
				r, _ := h.request(t.Context(), http.MethodPost, "/v1/payments", payment1000("tok_approve", "automatic"),
					KeyHeader, "k", SimulateHeader, `{"delay_ms":600000}`)
				if r.code() != "idempotency_key_reused" { // not by a request from below that was first
					answered <- r
					return
				}
			}
		}()
		// The key is taken once the delayed request has arrived.
		eventually(t, "the request arrives", func() bool {
			return h.post("/v1/payments", payment1000("tok_approve", "manual"), KeyHeader, "k", SimulateHeader, `{"outcome":"rate_limited"}`).code() == "idempotency_key_reused"
		})
		cancel()
		if r := <-answered; r.code() != "shutting_down" {
			t.Errorf("the delayed request: got %d %v", r.status, r.body)
		}
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Run("refuses what it does not know", func(t *testing.T) {
		if err := run(t.Context(), []string{"extra"}, io.Discard, io.Discard); err == nil {
			t.Error("an argument was accepted")
		}
		if err := run(t.Context(), []string{"--port", "1"}, io.Discard, io.Discard); err == nil {
			t.Error("a flag was accepted")
		}
		if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("-h: %v", err)
		}
	})
}
