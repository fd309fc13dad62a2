package webhook

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/patchbay/patchbay/host/internal/account"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func signing(env string) []account.Secret { return []account.Secret{{Env: env}} }

// merchant is the server that a target's address is of.
type merchant struct {
	*httptest.Server
	mu       sync.Mutex
	headers  []http.Header
	bodies   []string
	status   int
	location string
	hangs    chan struct{} // if set, answers wait for it
}

func newMerchant(t *testing.T) *merchant {
	m := &merchant{status: 204}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m.mu.Lock()
		m.headers, m.bodies = append(m.headers, r.Header), append(m.bodies, string(body))
		status, location, hangs := m.status, m.location, m.hangs
		m.mu.Unlock()
		if hangs != nil {
			<-hangs
		}
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *merchant) answers(status int, location string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status, m.location = status, location
}

func (m *merchant) got() ([]http.Header, []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.headers, m.bodies
}

func newSecret(b byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune(b)), 32)))
}

// targeting has events sent to a merchant, with secrets in files.
func targeting(m *merchant, files ...string) func(*Spec) {
	return func(s *Spec) {
		s.Target = TargetSpec{URL: m.URL + "/events"}
		for _, name := range files {
			s.Target.Secrets = append(s.Target.Secrets, account.Secret{File: name})
		}
	}
}

func secretFile(t *testing.T, secret string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whoever has a secret can verify what comes, by the specification's own library.
func TestTarget(t *testing.T) {
	m := newMerchant(t)
	h := newHarness(t, targeting(m, secretFile(t, newSecret('a')), secretFile(t, newSecret('b'))))
	h.plugin.answers(verified(&paymentsv1.WebhookEvent{Id: "evt_1"}, &paymentsv1.WebhookEvent{Id: "evt_2"}), nil)
	if got := h.post("", "{}"); got.status != 200 {
		t.Fatalf("answered %d", got.status)
	}
	headers, bodies := m.got()
	if len(bodies) != 2 || !strings.Contains(bodies[0], `"evt_1"`) || !strings.Contains(bodies[1], `"evt_2"`) {
		t.Fatalf("got %q", bodies)
	}
	lines := h.held()
	for i, header := range headers {
		for secret, right := range map[string]bool{newSecret('a'): true, newSecret('b'): true, newSecret('c'): false} {
			verifier, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := verifier.Verify([]byte(bodies[i]), header); (err == nil) != right {
				t.Errorf("event %d: %v, want it to be right: %v", i, err, right)
			}
			if verifier.Verify([]byte(bodies[i]+" "), header) == nil {
				t.Error("another body is believed")
			}
		}
		if header.Get("Webhook-Id") != lines[i].ID || header.Get("Content-Type") != "application/json" {
			t.Errorf("event %d: %v, and the file has %s", i, header, lines[i].ID)
		}
	}
}

// Only 2xx holds an event; until then the PSP sends it again, and it has the same
// id.
func TestTarget_fails(t *testing.T) {
	m := newMerchant(t)
	elsewhere := newMerchant(t)
	h := newHarness(t, targeting(m, secretFile(t, newSecret('a'))), func(s *Spec) { s.File.Path = ""; s.Target.Timeout = 300 * time.Millisecond })
	for _, status := range []int{500, 404, 400, 302, 307, 304} {
		m.answers(status, elsewhere.URL)
		if got := h.post("", "{}"); got.status != 503 {
			t.Errorf("a target that answers %d: %d", status, got.status)
		}
	}
	if _, bodies := elsewhere.got(); len(bodies) != 0 {
		t.Error("a redirect was followed")
	}
	m.answers(204, "")
	m.mu.Lock()
	m.hangs = make(chan struct{})
	m.mu.Unlock()
	if got := h.post("", "{}"); got.status != 503 {
		t.Errorf("a target that hangs: %d", got.status)
	}
	close(m.hangs)
	wait(t, "a target that is back holds an event", func() bool { return h.post("", "{}").status == 200 })
	headers, _ := m.got()
	for _, header := range headers {
		if header.Get("Webhook-Id") != headers[0].Get("Webhook-Id") {
			t.Error("an event that came again has another id")
		}
	}
	m.Close()
	if got := h.post("", "{}"); got.status != 503 {
		t.Errorf("a target that is gone: %d", got.status)
	}
}

// A secret that is replaced counts soon; one that can't be used leaves the old.
func TestTarget_followsSecrets(t *testing.T) {
	m := newMerchant(t)
	path := secretFile(t, newSecret('a'))
	h := newHarness(t, targeting(m, path))
	sinks := h.receiver.config.Sink.(*Sinks)
	go func() { _ = sinks.Run(t.Context()) }()
	signedWith := func(secret string) bool {
		if got := h.post("", "{}"); got.status != 200 {
			t.Fatalf("answered %d", got.status)
		}
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		headers, bodies := m.got()
		last := len(bodies) - 1
		return verifier.Verify([]byte(bodies[last]), headers[last]) == nil
	}
	replace := func(text string) {
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	replace(newSecret('b'))
	wait(t, "the new secret signs", func() bool { return signedWith(newSecret('b')) })
	replace("whsec_c2hvcnQ=")
	wait(t, "the log says that it is too short", func() bool { return strings.Contains(h.log.String(), "the old ones stay") })
	if !signedWith(newSecret('b')) || strings.Contains(h.log.String(), "c2hvcnQ") {
		t.Error("a secret that is too short counts, or is in the log")
	}
}
