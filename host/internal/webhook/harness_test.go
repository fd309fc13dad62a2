package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/host/internal/account"
	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/gateway"
	"github.com/patchbay/patchbay/host/internal/logtest"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/host/internal/telemetry"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// patience bounds every wait for something that comes in a fraction of it.
const patience = 20 * time.Second

// plugin is a connector's server; a test says what it answers.
type plugin struct {
	paymentsv1.UnimplementedWebhookServiceServer
	paymentsv1.UnimplementedPaymentServiceServer

	mu     sync.Mutex
	call   *connectorv1.CallContext // of the last webhook
	got    *paymentsv1.HttpRequest
	handle func(context.Context, *paymentsv1.HttpRequest) (*paymentsv1.HandleWebhookResponse, error)
	get    func(id string) (*paymentsv1.Payment, error)
}

// HandleWebhook implements paymentsv1.WebhookServiceServer.
func (p *plugin) HandleWebhook(ctx context.Context, req *paymentsv1.HandleWebhookRequest) (*paymentsv1.HandleWebhookResponse, error) {
	call, err := wire.IncomingCallContext(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.call, p.got = call, req.GetRequest()
	handle := p.handle
	p.mu.Unlock()
	return handle(ctx, req.GetRequest())
}

// GetPayment implements paymentsv1.PaymentServiceServer.
func (p *plugin) GetPayment(_ context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	payment, err := p.get(req.GetPaymentId())
	return &paymentsv1.GetPaymentResponse{Payment: payment}, err
}

// seen is what the last webhook brought to the connector.
func (p *plugin) seen() (*connectorv1.CallContext, *paymentsv1.HttpRequest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.call, p.got
}

// answers has the connector answer every webhook with the same.
func (p *plugin) answers(r *paymentsv1.HandleWebhookResponse, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handle = func(context.Context, *paymentsv1.HttpRequest) (*paymentsv1.HandleWebhookResponse, error) {
		return r, err
	}
}

// harness is a receiver in front of a gateway in front of a connector's server.
type harness struct {
	t        testing.TB
	plugin   *plugin
	metrics  *telemetry.Metrics
	log      *logtest.Log
	receiver *Receiver
	url      string // of the account acme-eu
	dir      string
}

const secretKey = "sk_marked_account"

// newHarness has a file as its sink unless the declaration names another.
func newHarness(t testing.TB, edit ...func(*Spec)) *harness {
	t.Helper()
	return newTracedHarness(t, nil, edit...)
}

func newTracedHarness(t testing.TB, tracing *telemetry.Tracing, edit ...func(*Spec)) *harness {
	t.Helper()
	h := &harness{t: t, plugin: &plugin{}, metrics: telemetry.NewMetrics(), log: &logtest.Log{}, dir: t.TempDir()}
	h.plugin.answers(verified(&paymentsv1.WebhookEvent{Id: "evt_1", Type: "payment.captured", ObjectId: "pay_1"}), nil)
	spec := Spec{PublicURL: "https://hooks.example/in/", File: FileSpec{Path: h.file()}, Timeout: 5 * time.Second}
	for _, e := range edit {
		e(&spec)
	}
	spec.Complete()
	if err := spec.Check(); err != nil {
		t.Fatal(err)
	}
	accounts, err := account.NewBook([]account.Spec{
		{Name: "acme-eu", Connector: "acme", Default: true, Config: map[string]any{"api_key": secretKey}},
		{Name: "a/b c", Connector: "acme", Config: map[string]any{"api_key": secretKey}},
		{Name: "orphan", Connector: "nobody"},
	})
	if err != nil {
		t.Fatal(err)
	}
	log := hclog.New(&hclog.LoggerOptions{Output: h.log, Level: hclog.Debug})
	sinks, err := OpenSink(spec, nil, log)
	if err != nil {
		t.Fatal(err)
	}
	g := gateway.New(gateway.Config{
		Registry: h.registry(), Accounts: accounts, Auth: auth.Anybody{}, Metrics: h.metrics, Tracing: tracing, Log: log,
		KeySecret: []byte("secret of the replicas"), DefaultDeadline: 10 * time.Second, MaxDeadline: 20 * time.Second, MaxMessage: 4 << 20,
	})
	if h.receiver, err = New(Config{Spec: spec, Connectors: g, Accounts: accounts, Sink: sinks, Metrics: h.metrics.Registry, Tracing: tracing, Log: log}); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(listener, nil, h.receiver, log)
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	h.url = "http://" + listener.Addr().String() + "/webhooks/acme/acme-eu"
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		server.Stop(ctx)
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := sinks.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// registry has the plugin as the one instance of the connector acme.
func (h *harness) registry() *registry.Registry {
	h.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	server := grpc.NewServer()
	paymentsv1.RegisterWebhookServiceServer(server, h.plugin)
	paymentsv1.RegisterPaymentServiceServer(server, h.plugin)
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close(); server.Stop() })
	reads := &connectorv1.Idempotency{Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY}
	schema, err := structpb.NewStruct(map[string]any{"type": "object"})
	if err != nil {
		h.t.Fatal(err)
	}
	d, err := description.Parse("acme", "1.0.0", &connectorv1.Description{Id: "acme", ConfigSchema: schema, Services: []*connectorv1.Service{
		{Name: "patchbay.payments.v1.WebhookService", Operations: []*connectorv1.Operation{{Name: "HandleWebhook", Idempotency: reads}}},
		{Name: "patchbay.payments.v1.PaymentService", Operations: []*connectorv1.Operation{{Name: "GetPayment", Idempotency: reads}}},
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	r := registry.New()
	r.Declare("acme", "1.0.0")
	r.Swap(registry.NewInstance("acme", "1.0.0", 1, d, conn), nil)
	return r
}

func (h *harness) file() string { return filepath.Join(h.dir, "webhooks.jsonl") }

// response is an answer as a PSP sees it.
type response struct {
	status int
	header http.Header
	body   string
}

// post sends a webhook to an address, or to the account's where that is empty.
func (h *harness) post(url, body string, headers ...string) response {
	h.t.Helper()
	if url == "" {
		url = h.url
	}
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return h.do(req)
}

func (h *harness) do(req *http.Request) response {
	h.t.Helper()
	got, err := exchange(req)
	if err != nil {
		h.t.Fatal(err)
	}
	return got
}

func exchange(req *http.Request) (response, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(raw)}, err
}

// line is an event as who reads the file gets it.
type line struct {
	ID, Connector, Account, Version, RequestID string
	ReceiveTime                                time.Time
	FetchedBack                                bool
	Event                                      struct {
		ID, Type, ObjectID string
		OccurTime          string
		Payment            *struct{ ID, Status string }
	}
}

// held is what the file has.
func (h *harness) held() []line {
	h.t.Helper()
	raw, err := os.ReadFile(h.file())
	if err != nil {
		h.t.Fatal(err)
	}
	var all []line
	for text := range bytes.Lines(raw) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			h.t.Fatalf("%v: %q", err, text)
		}
		all = append(all, l)
	}
	return all
}

// scrape is what the metrics say.
func (h *harness) scrape() string {
	recorder := httptest.NewRecorder()
	telemetry.Ops{Metrics: h.metrics}.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return recorder.Body.String()
}

// verified is the answer to a webhook that is the PSP's.
func verified(events ...*paymentsv1.WebhookEvent) *paymentsv1.HandleWebhookResponse {
	return answered(paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED, http.StatusOK, events...)
}

func answered(v paymentsv1.WebhookVerification, status int32, events ...*paymentsv1.WebhookEvent) *paymentsv1.HandleWebhookResponse {
	return &paymentsv1.HandleWebhookResponse{Verification: v, Events: events, Acknowledgement: &paymentsv1.HttpResponse{StatusCode: status}}
}

func wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); <-time.After(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
