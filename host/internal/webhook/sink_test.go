package webhook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/linefile"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// gated is a file whose first write waits, and that counts writes.
type gated struct {
	linefile.File
	once   sync.Once
	begun  chan struct{}
	open   chan struct{}
	writes int
}

// Write implements output.
func (g *gated) Write(lines []byte, flush bool) error {
	if !flush {
		return errors.New("nobody asked for the lines to be safe")
	}
	g.once.Do(func() { close(g.begun); <-g.open })
	g.writes++
	return g.File.Write(lines, flush)
}

func some(id string) []Event {
	d := &delivery{connector: "acme", account: "eu"}
	return []Event{d.event(&paymentsv1.WebhookEvent{Id: id}, false), d.event(&paymentsv1.WebhookEvent{Id: id + "-2"}, false)}
}

// While one write is under way, all that come wait for the next, and share its
// flush. Events of one webhook stay together, in their order.
func TestFile_sharesFlushes(t *testing.T) {
	const webhooks = 100
	out := &gated{File: linefile.File{Path: filepath.Join(t.TempDir(), "f"), Max: 1 << 30}, begun: make(chan struct{}), open: make(chan struct{})}
	f := newFile(out)
	errs := make(chan error, webhooks+1)
	go func() { errs <- f.Hold(t.Context(), some("first")) }()
	<-out.begun
	for i := range webhooks {
		go func() { errs <- f.Hold(t.Context(), some(fmt.Sprint(i))) }()
	}
	wait(t, "all wait", func() bool { return len(f.waiting) == webhooks })
	select {
	case err := <-errs:
		t.Fatalf("told before the lines are safe: %v", err)
	default:
	}
	close(out.open)
	for range webhooks + 1 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	if out.writes != 2 {
		t.Errorf("%d writes for %d webhooks, want 2", out.writes, webhooks+1)
	}
	raw, err := os.ReadFile(out.Path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if len(lines) != 2*(webhooks+1) {
		t.Fatalf("%d lines", len(lines))
	}
	for i := 0; i < len(lines); i += 2 {
		if !strings.Contains(lines[i+1], `-2"`) || strings.Contains(lines[i], `-2"`) {
			t.Fatalf("lines %d: %s %s", i, lines[i], lines[i+1])
		}
	}
}

// A disk that hangs or is full holds nothing, and says so in time.
func TestFile_fails(t *testing.T) {
	out := &gated{File: linefile.File{Path: filepath.Join(t.TempDir(), "no", "such", "directory"), Max: 1 << 30}, begun: make(chan struct{}), open: make(chan struct{})}
	f := newFile(out)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := f.Hold(ctx, some("a")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("of a disk that hangs: %v", err)
	}
	close(out.open)
	if err := f.Hold(t.Context(), some("b")); err == nil {
		t.Error("a file that can't be made holds events")
	}
	if err := os.MkdirAll(filepath.Dir(out.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Hold(t.Context(), some("c")); err != nil {
		t.Errorf("after it was put right: %v", err)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
}

// Without a sink, and with one that fails, the PSP keeps the webhook.
func TestUnheld(t *testing.T) {
	none := newHarness(t, func(s *Spec) { s.File.Path = "" })
	if got := none.post("", "{}"); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("without a sink: %d", got.status)
	}
	if !strings.Contains(none.log.String(), "no sink is configured") || !strings.Contains(none.scrape(), `outcome="unheld"`) {
		t.Error("nobody is told why")
	}
	h := newHarness(t)
	if got := h.post("", "{}"); got.status != 200 {
		t.Fatalf("answered %d", got.status)
	}
	if err := os.Rename(h.dir, h.dir+".away"); err != nil {
		t.Fatal(err)
	}
	if got := h.post("", "{}"); got.status != 503 {
		t.Errorf("with a directory that is gone: %d", got.status)
	}
	if err := os.Rename(h.dir+".away", h.dir); err != nil {
		t.Fatal(err)
	}
	if got := h.post("", "{}"); got.status != 200 || len(h.held()) != 2 {
		t.Errorf("when it is back: %d, held %v", got.status, h.held())
	}
}

// A full disk holds nothing.
func TestUnheld_fullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("SKIPPED: there is no /dev/full, the disk that is always full")
	}
	h := newHarness(t, func(s *Spec) { s.File.Path = "/dev/full" })
	if got := h.post("", "{}"); got.status != 503 || !strings.Contains(h.log.String(), "no space left") {
		t.Errorf("answered %d", got.status)
	}
}

// What a gateway that died has left of a line is gone when the next opens the file.
func TestOpenSink_cutsUnfinishedLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "webhooks.jsonl")
	if err := os.WriteFile(path, []byte("{\"id\":\"a\"}\n{\"id\":\"b"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := Spec{File: FileSpec{Path: path}}
	spec.Complete()
	sinks, err := OpenSink(spec, nil, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	if err := sinks.Hold(t.Context(), some("c")); err != nil {
		t.Fatal(err)
	}
	if err := sinks.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if lines := strings.Split(string(raw), "\n"); err != nil || len(lines) != 4 || lines[0] != `{"id":"a"}` || !strings.Contains(lines[1], `"id":"c"`) {
		t.Errorf("got %q, %v", raw, err)
	}
}

func TestSpec_Check(t *testing.T) {
	for reason, edit := range map[string]func(*Spec){
		"public_url: ":                   func(s *Spec) { s.PublicURL = "hooks.example" },
		"public_url: has a user":         func(s *Spec) { s.PublicURL = "https://a@hooks.example" },
		"trusted_proxies[1]":             func(s *Spec) { s.TrustedProxies = []string{"10.0.0.0/8", "10.0.0.1/8"} },
		"can't be negative":              func(s *Spec) { s.InFlight = -1 },
		"max_size: must be at least":     func(s *Spec) { s.File.MaxSize = 1 },
		"target: url is missing":         func(s *Spec) { s.Target.Secrets = signing("") },
		"target: url: \"x\" is no URL":   func(s *Spec) { s.Target = TargetSpec{URL: "x", Secrets: signing("X")} },
		"go over https":                  func(s *Spec) { s.Target = TargetSpec{URL: "http://orders.example", Secrets: signing("X")} },
		"secrets: at least one":          func(s *Spec) { s.Target.URL = "https://orders.example" },
		"target: url: has a user or a f": func(s *Spec) { s.Target = TargetSpec{URL: "https://orders.example/#a", Secrets: signing("X")} },
	} {
		s := Spec{}
		edit(&s)
		s.Complete()
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), reason) || !strings.HasPrefix(err.Error(), "webhooks: ") {
			t.Errorf("got %v, want %q", err, reason)
		}
	}
	s := Spec{PublicURL: "https://hooks.example/in/", TrustedProxies: []string{"::1/128"}, Target: TargetSpec{URL: "http://localhost:1/x?y", Secrets: signing("X")}}
	s.Complete()
	if err := s.Check(); err != nil || s.PublicURL != "https://hooks.example/in" || len(s.Paths()) != 5 {
		t.Errorf("%v, %+v", err, s)
	}
}
