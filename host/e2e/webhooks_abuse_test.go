package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// webhookAbuseRate is how many webhooks a second strangers begin in all, and
// halfWebhooks how many of them at a time stop in the midst. They share the machine
// with the gateway, so without a limit it is their own cost that shows.
const (
	webhookAbuseRate = 300
	halfWebhooks     = 200
)

// TestAbuseOfWebhooks has strangers forge webhooks, send large bodies and stop in
// the midst of others, beside callers who pay and a PSP that sends genuine ones:
// no payment fails, what is genuine is acknowledged, and nothing else is held.
func TestAbuseOfWebhooks(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: loads a real gateway")
	}
	h := newHooks(t, prepareStack(t), toFile)
	h.serve("--dev", h.config)
	before := h.memory("VmHWM")
	load, psp := startLoad(h.stack, honestCallers, honestRate), startSenders(h, 2)
	h.wait("all goes well without strangers", func() bool { return load.calls.Load() > 50 && psp.count() > 50 })

	ctx, cancel := context.WithCancel(t.Context())
	var strangers sync.WaitGroup
	var answers [600]atomic.Int64 // by status
	pace := rate.NewLimiter(webhookAbuseRate, 1)
	url := "http://" + h.listen + "/webhooks/sandbox/shop"
	for n, body := range [][]byte{[]byte(`{"id": "evt_forged"}`), make([]byte, 1<<20), make([]byte, 3<<20+1)} {
		for range 4 {
			strangers.Go(func() {
				client := &http.Client{Transport: &http.Transport{}, Timeout: patience}
				defer client.CloseIdleConnections()
				for pace.WaitN(ctx, 1) == nil {
					answers[h.send(client, url, fmt.Sprintf("t=%d,v1=00", time.Now().Unix()-int64(n)), body)].Add(1)
				}
			})
		}
	}
	for range halfWebhooks {
		strangers.Go(func() { halfWebhook(ctx, pace, h.listen) })
	}
	calls, genuine := load.calls.Load(), psp.count()
	h.waitFor(2*patience, "callers and PSP go on beside strangers", func() bool {
		return load.calls.Load() > calls+200 && psp.count() > genuine+50 && answers[http.StatusUnauthorized].Load() > 50 && answers[http.StatusRequestEntityTooLarge].Load() > 0
	})
	cancel()
	strangers.Wait()
	close(psp.stop)
	psp.work.Wait()
	told := load.end()
	if failed, kinds := failures(told); failed > 0 {
		t.Errorf("%d of %d payments failed: %v", failed, len(told), kinds)
	}
	held := map[string]bool{}
	for _, e := range h.held() {
		held[e.Event.ID] = true
		if !psp.acknowledged[e.Event.ID] {
			t.Errorf("%s is held, and nobody was told", e.Event.ID)
		}
	}
	if len(held) != len(psp.acknowledged) {
		t.Errorf("%d events are held, %d were acknowledged", len(held), len(psp.acknowledged))
	}
	for status := range answers {
		if n := answers[status].Load(); n > 0 && status >= 200 && status < 300 {
			t.Errorf("%d forged webhooks were answered %d", n, status)
		}
	}
	grown := h.memory("VmHWM") - before
	if !raceEnabled && grown > grownAtMost {
		t.Errorf("the gateway has grown by %d MB", grown/megabyte)
	}
	figure(t, "forged, large and unfinished webhooks beside callers and a PSP", "no payment fails, genuine ones are acknowledged, nothing else is held",
		"%d payments, 0 failed; %d genuine webhooks; %d forged, %d too large; memory up by at most %d MB",
		len(told), len(psp.acknowledged), answers[http.StatusUnauthorized].Load(), answers[http.StatusRequestEntityTooLarge].Load(), grown/megabyte)
}

// halfWebhook sends the beginning of a webhook, and again when the gateway has
// given it up.
func halfWebhook(ctx context.Context, pace *rate.Limiter, address string) {
	dialer := net.Dialer{}
	for pace.WaitN(ctx, 1) == nil {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		_, _ = fmt.Fprintf(conn, "POST /webhooks/sandbox/shop HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", 3<<20, strings.Repeat("x", 100<<10))
		_, _ = io.Copy(io.Discard, conn)
		stop()
		_ = conn.Close()
	}
}
