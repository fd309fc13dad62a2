package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// webhookSecret is that of the sandbox's PSP.
const webhookSecret = "whsec_sandbox_default"

// hooks is where a stack takes webhooks for the account "shop".
type hooks struct {
	*stack
	listen string
	config string // what the gateway's configuration has of it
}

// newHooks prepares a stack that takes webhooks, with further fields of its
// declaration, each on a line of its own.
func newHooks(t *testing.T, s *stack, more ...string) *hooks {
	t.Helper()
	h := &hooks{stack: s, listen: freeAddress(t)}
	h.config = "accounts_dir: accounts\naudit: {file: audit.log, flush: sync}\nwebhooks:\n  listen: " + h.listen + "\n"
	for _, field := range more {
		h.config += "  " + field + "\n"
	}
	dir := filepath.Join(s.root(), "accounts")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	renamed(t, filepath.Join(dir, "shop.yaml"), fmt.Sprintf("name: shop\nconnector: sandbox\nconfig: {base_url: %q, webhook_secrets: [%s]}\n", s.pspURL, webhookSecret))
	return h
}

// toFile has events held in a file.
const toFile = "file: {path: webhooks.jsonl}"

// delivered is an event as the file has it.
type delivered struct {
	ID, Connector, Account, Version, RequestID string
	FetchedBack                                bool
	Event                                      struct {
		ID, Type, ObjectID string
		Payment            *struct{ ID, Reference, Status string }
		ConnectorData      map[string]any
	}
}

// held is what the file has, and those that were put aside.
func (h *hooks) held() []delivered {
	h.t.Helper()
	files, err := filepath.Glob(filepath.Join(h.root(), "webhooks*.jsonl"))
	if err != nil {
		h.t.Fatal(err)
	}
	var all []delivered
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			h.t.Fatal(err)
		}
		for line := range bytes.Lines(raw) {
			var d delivered
			if err := json.Unmarshal(line, &d); err != nil {
				h.t.Fatalf("%s: %v: %q", name, err, line)
			}
			all = append(all, d)
		}
	}
	return all
}

// notice is an event of the PSP's about nothing that the contract has a word for,
// and its signature.
func notice(id, secret string) (body []byte, signature string) {
	body = fmt.Appendf(nil, `{"id": %q, "type": "account.updated", "account": "acct_1", "object": "account", "object_id": "acct_1", "created": %q, "data": {}}`,
		id, time.Now().UTC().Format(time.RFC3339))
	at := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return body, "t=" + at + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// post sends a webhook to an account; 0 is no answer.
func (h *hooks) post(client *http.Client, account, id, secret string) int {
	body, signature := notice(id, secret)
	return h.send(client, "http://"+h.listen+"/webhooks/sandbox/"+account, signature, body)
}

func (h *hooks) send(client *http.Client, url, signature string, body []byte) int {
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Sandbox-Signature", signature)
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// TestWebhooks has the PSP tell of a payment: the event is in the file when the
// PSP is acknowledged. What is forged is nowhere.
func TestWebhooks(t *testing.T) {
	h := newHooks(t, prepareStack(t), toFile)
	h.serve("--dev", h.config)
	ask := payment("hooked")
	ask.WebhookUrl = "http://" + h.listen + "/webhooks/sandbox/shop"
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-account", "shop")
	paid, err := h.payments.Authorize(ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	h.wait("the PSP's webhook is held", func() bool { return len(h.held()) == 1 })
	e := h.held()[0]
	if len(e.ID) != 43 || e.Connector != "sandbox" || e.Account != "shop" || e.Version != "1.0.0" || e.FetchedBack || e.Event.Type != "payment.captured" ||
		e.Event.ObjectID != paid.GetPayment().GetId() || e.Event.Payment == nil || e.Event.Payment.Reference != "hooked" || e.Event.Payment.Status != "PAYMENT_STATUS_CAPTURED" {
		t.Errorf("held %+v %+v", e, e.Event.Payment)
	}
	for name, test := range map[string]struct {
		account, secret string
		want            int
	}{
		"forged":             {"shop", "whsec_of_somebody", 401},
		"with no secret":     {"shop", "", 401},
		"of no account":      {"nobody", webhookSecret, 404},
		"without secrets":    {"sandbox", webhookSecret, 401},
		"genuine":            {"shop", webhookSecret, 200},
		"genuine once again": {"shop", webhookSecret, 200},
	} {
		if got := h.post(http.DefaultClient, test.account, "evt_x", test.secret); got != test.want {
			t.Errorf("%s: answered %d, want %d", name, got, test.want)
		}
	}
	if got := h.send(http.DefaultClient, ask.GetWebhookUrl(), "", make([]byte, 3<<20+1)); got != 413 {
		t.Errorf("3 MiB and a byte: answered %d", got)
	}
	all := h.held()
	if len(all) != 3 || all[1].ID != all[2].ID || all[1].ID == all[0].ID {
		t.Errorf("held %+v", all)
	}
	if info, err := os.Stat(filepath.Join(h.root(), "webhooks.jsonl")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
	h.accountsForWebhooks()
}

// accountsForWebhooks looks for what metrics and audit log have of webhooks, and
// for secrets that nothing may have.
func (h *hooks) accountsForWebhooks() {
	h.t.Helper()
	text := h.scrape()
	for _, want := range []string{
		`patchbay_webhooks_total{connector="sandbox",outcome="held",verification="verified"} 3`,
		`patchbay_webhooks_total{connector="sandbox",outcome="rejected",verification="rejected"} 3`,
		`patchbay_webhooks_total{connector="",outcome="unknown",verification=""} 1`,
		`patchbay_webhooks_total{connector="sandbox",outcome="malformed",verification=""} 1`,
		`patchbay_webhook_events_total{connector="sandbox"} 3`,
		`patchbay_calls_total{code="OK",connector="sandbox",fault="",method="/patchbay.payments.v1.WebhookService/HandleWebhook",sent="",version="1.0.0"} 6`,
	} {
		if !strings.Contains(text, want) {
			h.t.Errorf("the metrics lack %s", want)
		}
	}
	statuses := map[string]int{}
	for _, lines := range auditLines(h.t, filepath.Join(h.root(), "audit.log")) {
		for _, line := range lines {
			if line.Caller == "webhook" && line.Method == "patchbay.payments.v1.WebhookService/HandleWebhook" {
				statuses[line.Status]++
			}
		}
	}
	if statuses["WEBHOOK_VERIFICATION_VERIFIED"] != 3 || statuses["WEBHOOK_VERIFICATION_REJECTED"] != 3 {
		h.t.Errorf("the audit log has %v", statuses)
	}
	for _, name := range []string{"webhooks.jsonl", "audit.log"} {
		raw, err := os.ReadFile(filepath.Join(h.root(), name))
		if err != nil || bytes.Contains(raw, []byte(webhookSecret)) || bytes.Contains(raw, []byte("4242424242424242")) {
			h.t.Errorf("%s has a secret: %v", name, err)
		}
	}
	if strings.Contains(h.log.String(), webhookSecret) || strings.Contains(h.log.String(), "v1=") {
		h.t.Error("the log has a secret or a signature")
	}
}

// TestWebhooksByCallers has callers hand in what came to them.
func TestWebhooksByCallers(t *testing.T) {
	h := newHooks(t, prepareStack(t), toFile)
	h.serve("--dev", h.config)
	client := paymentsv1.NewWebhookServiceClient(h.conn)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-account", "shop")
	body, signature := notice("evt_1", webhookSecret)
	request := &paymentsv1.HttpRequest{Method: "POST", Url: "https://shop.example/hooks", Body: body, Headers: []*paymentsv1.HttpHeader{{Name: "sandbox-signature", Value: signature}}}
	hint, err := client.ParseWebhook(ctx, &paymentsv1.ParseWebhookRequest{Request: request})
	if err != nil || hint.GetAccountHint() != "acct_1" || len(hint.GetEvents()) != 1 || hint.GetEvents()[0].GetId() != "evt_1" {
		t.Errorf("parsed %v, %v", hint, err)
	}
	answer, err := client.HandleWebhook(ctx, &paymentsv1.HandleWebhookRequest{Request: request})
	if err != nil || answer.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED || answer.GetEvents()[0].GetType() != "account.updated" || answer.GetAcknowledgement().GetStatusCode() != 200 {
		t.Errorf("handled %v, %v", answer, err)
	}
	request.Body = []byte(string(body) + " ")
	answer, err = client.HandleWebhook(ctx, &paymentsv1.HandleWebhookRequest{Request: request})
	if err != nil || answer.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED || len(answer.GetEvents()) != 0 {
		t.Errorf("with another body: %v, %v", answer, err)
	}
	request.Url = "shop.example"
	if _, err = client.HandleWebhook(ctx, &paymentsv1.HandleWebhookRequest{Request: request}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("with half an address: %v", err)
	}
	if len(h.held()) != 0 {
		t.Errorf("what callers hand in is theirs to hold: %v", h.held())
	}
}

// TestWebhooksWithoutSink acknowledges nothing, so that the PSP keeps it.
func TestWebhooksWithoutSink(t *testing.T) {
	h := newHooks(t, prepareStack(t))
	h.serve("--dev", h.config)
	if got := h.post(http.DefaultClient, "shop", "evt_1", webhookSecret); got != 503 {
		t.Errorf("answered %d, want 503", got)
	}
	if !strings.Contains(h.log.String(), "no webhook is acknowledged: nothing holds their events") {
		t.Error("nobody is told")
	}
}

// TestWebhooksWhileTheConnectorIsAway stops, kills and drains the connector: its
// webhooks are not acknowledged, and come in when it is back.
func TestWebhooksWhileTheConnectorIsAway(t *testing.T) {
	h := newHooks(t, prepareStack(t), toFile, "timeout: 1s") // before a process that hangs is replaced
	h.serve("--dev", h.config)
	again := func(id string) {
		h.wait("it is taken again", func() bool { return h.post(http.DefaultClient, "shop", id, webhookSecret) == 200 })
	}
	again("evt_before")
	for id, away := range map[string]func(){
		"evt_hangs": func() { h.signal(syscall.SIGSTOP) },
		"evt_out":   func() { h.operates("drain", "sandbox") },
	} {
		away()
		began := time.Now()
		if got := h.post(http.DefaultClient, "shop", id, webhookSecret); got != 503 {
			t.Errorf("%s: answered %d, want 503", id, got)
		}
		if took := time.Since(began); took > within(time.Second) {
			t.Errorf("%s: answered after %s", id, took)
		}
		if id == "evt_out" {
			h.operates("reload", "sandbox")
		}
		again(id)
	}
	h.signal(syscall.SIGKILL)
	again("evt_killed")
	seen := map[string]bool{}
	for _, e := range h.held() {
		seen[e.Event.ID] = true
	}
	if len(seen) != 4 {
		t.Errorf("held %v", seen)
	}
}

// TestWebhooksFetchedBack sends what nobody signs: what is held was asked of the
// PSP, through the same connector and account.
func TestWebhooksFetchedBack(t *testing.T) {
	s := prepareStack(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.copyFile(self, "recorder", nil)
	s.put("recorder.yaml", fmt.Appendf(nil, "name: recorder\nversion: 1.0.0\ncommand: recorder\nenv: {%s: recorder, %s: %s}\n", launchtest.IDEnv, launchtest.BehaviourEnv, launchtest.SignsNothing), 0o644)
	h := newHooks(t, s, toFile, "timeout: 3s")
	renamed(t, filepath.Join(h.root(), "accounts", "unsigned.yaml"), "name: unsigned\nconnector: recorder\n")
	h.serve("--dev", h.config)
	url := "http://" + h.listen + "/webhooks/recorder/unsigned"
	for id, want := range map[string]int{"pay_7": 200, "hang": 503, "": 503} {
		if got := h.send(http.DefaultClient, url, "", []byte(id)); got != want {
			t.Errorf("%q: answered %d, want %d", id, got, want)
		}
	}
	if got := h.send(http.DefaultClient, "http://"+h.listen+"/webhooks/sandbox/unsigned", "", []byte("pay_7")); got != 404 {
		t.Errorf("another connector's account: answered %d", got)
	}
	all := h.held()
	if len(all) != 1 {
		t.Fatalf("held %+v", all)
	}
	e := all[0]
	if !e.FetchedBack || e.Event.ObjectID != "pay_7" || e.Event.Payment == nil || e.Event.Payment.ID != "pay_7" || e.Event.ConnectorData != nil || e.Event.ID != "" {
		t.Errorf("held %+v", e)
	}
	raw, err := os.ReadFile(filepath.Join(h.root(), "audit.log"))
	want := regexp.MustCompile(`"caller":"webhook","peer":"127.0.0.1","method":"patchbay.payments.v1.PaymentService/GetPayment","connector":"recorder"[^\n]*"account":"unsigned"[^\n]*"code":"OK"`)
	if err != nil || !want.Match(raw) {
		t.Errorf("the audit log has no %s: %v\n%s", want, err, raw)
	}
}
