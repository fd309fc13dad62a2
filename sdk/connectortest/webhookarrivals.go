package connectortest

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// arrivals are the webhooks that the PSP sends to a case.
type arrivals struct {
	*Case
	address string
	hooks   chan *paymentsv1.HttpRequest
}

// most webhooks that a case keeps; other cases' arrive here, too.
const mostArrivals = 10_000

// listens has the PSP's webhooks from now on sent to the case, until it ends. Where the
// stand-in takes no endpoints it sends only those of payments with the address in their
// webhook_url.
func (c *Case) listens() *arrivals {
	a := &arrivals{Case: c, hooks: make(chan *paymentsv1.HttpRequest, mostArrivals)}
	a.address = c.receive(func(_ http.ResponseWriter, r *http.Request) {
		hook := &paymentsv1.HttpRequest{Method: r.Method, Url: "https://shop.example" + r.URL.String()}
		hook.Body, _ = io.ReadAll(r.Body)
		hook.Headers = headersOf(r.Header)
		select {
		case a.hooks <- hook:
		default:
		}
	}) + "/webhooks"
	if c.plan.PSP.WebhookEndpoints {
		if err := c.psp.control(c.ctx, http.MethodPost, "/webhook_endpoints", map[string]string{"url": a.address}, nil); err != nil {
			c.Fatalf("the PSP's stand-in takes no webhook endpoint (psp.webhook_endpoints in test.yaml): %v", err)
		}
	}
	return a
}

func headersOf(header http.Header) (headers []*paymentsv1.HttpHeader) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			headers = append(headers, &paymentsv1.HttpHeader{Name: name, Value: value})
		}
	}
	return headers
}

// next waits for a webhook about an id.
func (a *arrivals) next(id string) *paymentsv1.HttpRequest {
	limit := time.NewTimer(callTime)
	defer limit.Stop()
	for {
		select {
		case hook := <-a.hooks:
			if !a.plan.PSP.WebhookEndpoints || bytes.Contains(hook.GetBody(), []byte(id)) {
				return hook
			}
		case <-limit.C:
			a.Fatalf("expected a webhook about %s within %s, got none (psp.webhooks and psp.webhook_endpoints in test.yaml)", id, callTime)
			return nil
		}
	}
}

// event waits for a webhook about an id of which one event is the one that is looked
// for, and gives it. Every webhook about the id must be believed.
func (a *arrivals) event(id, what string, is func(*paymentsv1.WebhookEvent) bool) *paymentsv1.WebhookEvent {
	for {
		resp := &paymentsv1.HandleWebhookResponse{}
		a.ok("HandleWebhook", a.invoke("HandleWebhook", &paymentsv1.HandleWebhookRequest{Request: a.next(id)}, resp))
		equal(a.Case, "verification", paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED, resp.GetVerification())
		a.tracef("looking for an event that %s", what)
		if i := slices.IndexFunc(resp.GetEvents(), is); i >= 0 {
			return resp.GetEvents()[i]
		}
	}
}

// receive serves requests on the loopback interface until the case ends, and gives
// the address. It stays taken until the run ends: the stand-in may send to it for as
// long, and nobody else shall get that.
func (c *Case) receive(handle http.HandlerFunc) string {
	ln, err := new(net.ListenConfig).Listen(c.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		c.Fatalf("%v", err)
	}
	var over atomic.Bool
	c.Cleanup(func() { over.Store(true) })
	server := &http.Server{ReadHeaderTimeout: callTime, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !over.Load() {
			handle(w, r)
		}
	})}
	go func() { _ = server.Serve(ln) }()
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.receivers = append(c.receivers, server)
	return "http://" + ln.Addr().String()
}

// closeReceivers ends what receive began, once the stand-in is gone.
func (w *world) closeReceivers() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.receivers {
		_ = r.Close()
	}
}

// shown asks the stand-in for a webhook of a kind (psp.webhook_kinds), signed now.
func (c *Case) shown(kind string) *paymentsv1.HttpRequest {
	req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, c.psp.url+"/webhooks/"+kind, nil)
	if err != nil {
		c.Fatalf("%v", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.Fatalf("the PSP's stand-in: %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		c.Fatalf("the PSP's stand-in shows no webhook of the kind %s: %s %s %v", kind, resp.Status, strings.TrimSpace(string(body)), err)
	}
	return &paymentsv1.HttpRequest{Method: "POST", Url: "https://shop.example/webhooks", Headers: headersOf(resp.Header), Body: body}
}
