// Package node_test runs the connector as an operator would: as a bundle of a real
// gateway, against a real PSP.
package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// patience bounds every wait for something that comes in a fraction of it.
const patience = 30 * time.Second

// lacking skips a test that lacks something, or fails it where it must not: in
// continuous integration, which names the tools that it has.
func lacking(t *testing.T, format string, args ...any) {
	t.Helper()
	required := strings.Fields(os.Getenv("PATCHBAY_REQUIRED_TOOLS"))
	if slices.Contains(required, "node") && slices.Contains(required, "npm") {
		t.Fatalf("PATCHBAY_REQUIRED_TOOLS has node and npm: "+format, args...)
	}
	t.Skipf("skipped: "+format, args...)
}

// needed finds the programs that the connector needs, or skips.
func needed(t *testing.T) (node string) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped by -short: builds and runs programs")
	}
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = exec.LookPath("npm")
	}
	if err != nil {
		lacking(t, "needs node and npm")
	}
	out, err := exec.Command(node, "--version").Output()
	major, _, _ := strings.Cut(strings.TrimPrefix(string(out), "v"), ".")
	if n, bad := strconv.Atoi(major); err != nil || bad != nil || n < 20 {
		lacking(t, "needs node 20 or later, and there is %s", bytes.TrimSpace(out))
	}
	return node
}

// bundle makes the bundle, or skips where npm has no registry.
func bundle(t *testing.T, target string) {
	t.Helper()
	out, err := exec.Command("./bundle", target).CombinedOutput()
	if offline := regexp.MustCompile(`ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED`).Find(out); err != nil && offline != nil {
		lacking(t, "npm can't reach its registry: %s", offline)
	}
	if err != nil {
		t.Fatalf("bundle: %v\n%s", err, out)
	}
}

// stack is a PSP, and a gateway that serves the connector.
type stack struct {
	t        *testing.T
	psp      string // address
	standIn  *standIn
	root     string
	log      *output
	payments paymentsv1.PaymentServiceClient
	refunds  paymentsv1.RefundServiceClient
	webhooks paymentsv1.WebhookServiceClient
	gateway  gatewayv1.ConnectorServiceClient
}

func newStack(t *testing.T) *stack {
	t.Helper()
	node := needed(t)
	root, err := os.MkdirTemp("", "pb") // sockets need short paths
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, root: root, log: newOutput(t)}
	t.Cleanup(func() { _ = os.RemoveAll(root) }) // registered first, so done last
	bundle(t, filepath.Join(root, "plugins", "connector-sandbox-node"))
	build := exec.Command("go", "build", "-o", root+"/", "./host/cmd/patchbay", "./plugins/sandbox/cmd/connector-sandbox")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.psp = s.spawn(`listening on (http://\S+)`, "connector-sandbox", "psp", "--listen", "127.0.0.1:0")
	s.standIn = newStandIn(t)
	s.declare()
	config := fmt.Sprintf("state_dir: state\nruntime_dir: run\nplugins: plugins\ndefault_deadline: 60s\nruntimes: {node: %q}\n"+
		"accounts:\n- {name: sandbox-node, connector: sandbox-node, default: true, config: {base_url: %q, webhook_secrets: [old, whsec]}}\n", node, s.psp)
	if err := os.WriteFile(filepath.Join(root, "patchbay.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := s.spawn(`ready: listen=(\S+)`, "patchbay", "serve", "--dev", "--config", filepath.Join(root, "patchbay.yaml"), "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0")
	conn, err := grpc.NewClient(address, grpc.WithDisableRetry(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s.payments, s.refunds = paymentsv1.NewPaymentServiceClient(conn), paymentsv1.NewRefundServiceClient(conn)
	s.webhooks, s.gateway = paymentsv1.NewWebhookServiceClient(conn), gatewayv1.NewConnectorServiceClient(conn)
	s.wait("the connector serves", func() bool { return s.version().GetState() == gatewayv1.ConnectorState_CONNECTOR_STATE_SERVING })
	return s
}

// standIn is a PSP that answers as a test wants.
type standIn struct {
	url   string
	serve atomic.Pointer[http.HandlerFunc]
}

func newStandIn(t *testing.T) *standIn {
	s := &standIn{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*s.serve.Load())(w, r) }))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// answer has it answer with a handler from now on.
func (s *standIn) answer(serve http.HandlerFunc) { s.serve.Store(&serve) }

// declare writes the manifest, which names the test's PSPs.
func (s *stack) declare() {
	s.t.Helper()
	raw, err := os.ReadFile("manifest.yaml")
	hosts := strings.NewReplacer("http://", "").Replace(fmt.Sprintf("%q, %q, %q", s.psp, s.standIn.url, connectortest.Nowhere))
	declared := strings.Replace(string(raw), `"127.0.0.1:8701"`, hosts, 1)
	if err == nil && declared == string(raw) {
		err = errors.New("manifest.yaml does not name the PSP of the README")
	}
	if raw = []byte(declared); err == nil {
		err = os.WriteFile(filepath.Join(s.root, "plugins", "sandbox-node.yaml"), raw, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// spawn starts a program that ends with the test, and returns what it says of
// itself once it is ready.
func (s *stack) spawn(pattern, program string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(s.root, program), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.root, s.log.file, s.log.file
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				s.t.Errorf("%s ended with %v", program, err)
			}
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			s.t.Errorf("%s does not end", program)
		}
		if s.t.Failed() {
			s.t.Logf("%s", s.log)
		}
	})
	var found []string
	s.wait(program+" is ready", func() bool {
		found = regexp.MustCompile(pattern).FindStringSubmatch(s.log.String())
		return found != nil
	})
	return found[1]
}

// wait waits for a condition.
func (s *stack) wait(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// version is the connector as the gateway knows it.
func (s *stack) version() *gatewayv1.ConnectorVersion {
	got, err := s.gateway.GetConnector(s.t.Context(), &gatewayv1.GetConnectorRequest{Name: "sandbox-node"})
	if versions := got.GetConnector().GetVersions(); err == nil && len(versions) > 0 {
		return versions[0]
	}
	return nil
}

// pid is that of the process that was started last.
func (s *stack) pid() int {
	s.t.Helper()
	started := regexp.MustCompile(`connector=sandbox-node .*pid=(\d+)`).FindAllStringSubmatch(s.log.String(), -1)
	if len(started) == 0 {
		s.t.Fatalf("the log has no process:\n%s", s.log)
	}
	pid, err := strconv.Atoi(started[len(started)-1][1])
	if err != nil {
		s.t.Fatal(err)
	}
	return pid
}

// call is a caller's context with the connector and further headers.
func call(t *testing.T, headers ...string) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), append(headers, "x-connector", "sandbox-node")...)
}

// with is the header that brings another configuration than the account's.
func with(base string, more string) []string {
	return []string{"x-connector-config", fmt.Sprintf(`{"base_url": %q%s}`, base, more)}
}

// charge is one row of the PSP's ledger.
type charge struct {
	ID, Reference, Currency    string
	IdempotencyKey             string `json:"idempotency_key"`
	Amount, Captured, Refunded int64
	Attempts                   int
}

// charges are those with a reference.
func (s *stack) charges(t *testing.T, reference string) (found []charge) {
	t.Helper()
	resp, err := http.Get(s.psp + "/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var books struct{ Charges []charge }
	if err := json.NewDecoder(resp.Body).Decode(&books); err != nil {
		t.Fatal(err)
	}
	for _, c := range books.Charges {
		if c.Reference == reference {
			found = append(found, c)
		}
	}
	return found
}

// failure is what an error tells.
type failure struct {
	code         codes.Code
	reason, sent string
	field        string // of BadRequest
	violation    string // type, of PreconditionFailure
	retry        bool   // it has RetryInfo
}

func failureOf(err error) (f failure) {
	st := status.Convert(err)
	f.code = st.Code()
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			f.reason, f.sent = d.GetReason(), d.GetMetadata()["sent"]
		case *errdetails.BadRequest:
			f.field = d.GetFieldViolations()[0].GetField()
		case *errdetails.PreconditionFailure:
			f.violation = d.GetViolations()[0].GetType()
		case *errdetails.RetryInfo:
			f.retry = d.GetRetryDelay().AsDuration() > 0
		}
	}
	return f
}

// output keeps what processes write in a file: a line is there when the process
// goes on, which a pipe does not promise.
type output struct{ file *os.File }

func newOutput(t *testing.T) *output {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	return &output{file}
}

func (o *output) String() string {
	text, err := io.ReadAll(io.NewSectionReader(o.file, 0, math.MaxInt64))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
