package e2e

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/grpc/metadata"
)

// senders are what a PSP is to the gateway: each has one event at a time, and sends
// it until it is acknowledged.
type senders struct {
	hooks  *hooks
	client *http.Client
	stop   chan struct{}
	work   sync.WaitGroup

	mu           sync.Mutex
	acknowledged map[string]bool // by the event's id
	refused      atomic.Int64    // attempts without an acknowledgement
}

func startSenders(h *hooks, n int) *senders {
	s := &senders{hooks: h, client: &http.Client{Timeout: patience}, stop: make(chan struct{}), acknowledged: map[string]bool{}}
	for sender := range n {
		s.work.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-s.stop:
					return
				default:
				}
				s.deliver(fmt.Sprintf("evt_%d_%d", sender, i))
			}
		})
	}
	return s
}

// deliver sends an event until it is acknowledged.
func (s *senders) deliver(id string) {
	for until := time.Now().Add(2 * patience); s.hooks.post(s.client, "shop", id, webhookSecret) != 200; <-time.After(2 * time.Millisecond) {
		s.refused.Add(1)
		if time.Now().After(until) {
			s.hooks.t.Errorf("%s was never acknowledged", id)
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acknowledged[id] = true
}

func (s *senders) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.acknowledged)
}

// TestWebhooksSurviveKill kills the gateway again and again while webhooks come in:
// each that was acknowledged is in the file, each that was not comes again, and one
// that is there twice has the same id twice. The file rotates meanwhile.
func TestWebhooksSurviveKill(t *testing.T) {
	const atATime = 8
	kills := times(200, 20)
	h := newHooks(t, prepareStack(t), "file: {path: webhooks.jsonl, max_size: 64KB}", "in_flight: 64")
	h.serve("--dev", h.config)
	load := startSenders(h, atATime)
	for range kills {
		enough := load.count() + 1 + rand.IntN(100)
		h.wait("webhooks are acknowledged", func() bool { return load.count() >= enough })
		<-time.After(time.Duration(rand.IntN(3000)) * time.Microsecond) // anywhere between arrival and answer
		if err := h.gateway.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-h.ended
		h.serve("--dev", h.config)
	}
	close(load.stop)
	load.work.Wait()
	ids, events, twice := map[string]string{}, map[string]string{}, 0 // by each other
	for _, e := range h.held() {
		if known, again := ids[e.Event.ID]; again {
			twice++
			if known != e.ID {
				t.Errorf("%s is there as %s and as %s", e.Event.ID, known, e.ID)
			}
		} else if other := events[e.ID]; other != "" {
			t.Errorf("%s and %s have the same id", e.Event.ID, other)
		}
		ids[e.Event.ID], events[e.ID] = e.ID, e.Event.ID
	}
	lost := 0
	for id := range load.acknowledged {
		if ids[id] == "" {
			lost++
			t.Errorf("%s was acknowledged and is not in the file", id)
		}
	}
	if int64(kills) > load.refused.Load() {
		t.Errorf("%d kills met %d attempts; they struck beside the webhooks", kills, load.refused.Load())
	}
	figure(t, fmt.Sprintf("%d times `kill -9` of the gateway while %d senders send webhooks", kills, atATime), "every acknowledged event is in the file, 0 lost; what comes again has the same id",
		"%d acknowledged, %d lost; %d in the file twice, each with the same id", len(load.acknowledged), lost, twice)
}

// TestWebhooksToTarget has events go to a merchant's server: while it refuses, the
// PSP is not acknowledged. A webhook that is under way when the gateway stops is
// answered.
func TestWebhooksToTarget(t *testing.T) {
	var refuses atomic.Int64 // so many that come next
	var hold atomic.Pointer[chan struct{}]
	verifier, err := standardwebhooks.NewWebhookRaw([]byte(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	arrived := make(chan error, 16)
	merchant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- verifier.Verify(body, r.Header)
		if wait := hold.Load(); wait != nil {
			<-*wait
		}
		if refuses.Add(-1) >= 0 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(merchant.Close)
	h := newHooks(t, prepareStack(t), "target: {url: '"+merchant.URL+"/events', secrets: [{file: signing.secret}]}")
	renamed(t, filepath.Join(h.root(), "signing.secret"), "whsec_"+base64.StdEncoding.EncodeToString([]byte(strings.Repeat("s", 32))))
	h.serve("--dev", h.config)
	refuses.Store(2)
	for _, want := range []int{503, 503, 200} {
		if got := h.post(http.DefaultClient, "shop", "evt_1", webhookSecret); got != want {
			t.Errorf("answered %d, want %d", got, want)
		}
		if err := <-arrived; err != nil {
			t.Errorf("the merchant can't verify it: %v", err)
		}
	}
	refuses.Store(2) // and the PSP itself comes again by itself
	ask := payment("hooked")
	ask.WebhookUrl = "http://" + h.listen + "/webhooks/sandbox/shop"
	if _, err := h.payments.Authorize(metadata.AppendToOutgoingContext(t.Context(), "x-account", "shop"), ask); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := <-arrived; err != nil {
			t.Errorf("the merchant can't verify it: %v", err)
		}
	}
	h.wait("the PSP is acknowledged", func() bool {
		return strings.Contains(h.scrape(), `patchbay_webhooks_total{connector="sandbox",outcome="held",verification="verified"} 2`)
	})
	release := make(chan struct{})
	hold.Store(&release)
	answered := make(chan int, 1)
	go func() { answered <- h.post(http.DefaultClient, "shop", "evt_2", webhookSecret) }()
	if err := <-arrived; err != nil {
		t.Errorf("the merchant can't verify it: %v", err)
	}
	if err := h.gateway.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	h.wait("the gateway stops", func() bool { return strings.Contains(h.log.String(), "stopping") })
	close(release)
	if got := <-answered; got != 200 {
		t.Errorf("under way at the end: answered %d", got)
	}
	h.stopGateway()
}

// TestWebhooksInProduction takes webhooks over TLS, at the public address, by
// HTTP/1.1, and from nobody who speaks plain text.
func TestWebhooksInProduction(t *testing.T) {
	s, root, config := production(t)
	pool := certify(t, root, 1)
	h := newHooks(t, s, toFile, "public_url: https://hooks.shop.example", "tls: {cert_file: tls.crt, key_file: tls.key}")
	h.serve("", config+"shutdown_delay: 0s\n"+h.config)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	body, signature := notice("evt_1", webhookSecret)
	if got := h.send(client, "https://"+h.listen+"/webhooks/sandbox/shop", signature, body); got != 200 || len(h.held()) != 1 {
		t.Errorf("answered %d, held %v", got, h.held())
	}
	if got := h.post(http.DefaultClient, "shop", "evt_2", webhookSecret); got != 0 && got != 400 {
		t.Errorf("in plain text: answered %d", got)
	}
	raw := h.operatorless("validate", "--config", filepath.Join(root, "patchbay.yaml"), "--webhooks", "0.0.0.0:0")
	if !strings.Contains(raw, "valid: configuration") {
		t.Errorf("validated as %s", raw)
	}
	renamed(t, filepath.Join(root, "bad.yaml"), strings.ReplaceAll(config, "name: shop", "name: webhook")+
		"plugins: plugins\nruntime_dir: .\nwebhooks: {listen: '0.0.0.0:0', target: {url: 'http://orders.example', secrets: [{env: NO_SUCH_SECRET}]}}\n")
	raw = h.operatorless("validate", "--config", filepath.Join(root, "bad.yaml"))
	for _, want := range []string{"webhooks: tls: cert_file", "webhooks: public_url: is required", "events go over https", "webhooks: target: secrets[0]: the variable NO_SUCH_SECRET is not set", `the name "webhook" is the gateway's own`} {
		if !strings.Contains(raw, want) {
			t.Errorf("validated as %s; want %q", raw, want)
		}
	}
}

// operatorless runs a command that needs no running gateway, and gives what it
// says.
func (h *hooks) operatorless(args ...string) string {
	out, err := exec.Command(filepath.Join(h.bin, "patchbay"), args...).CombinedOutput()
	return fmt.Sprintf("%s%v", out, err)
}
