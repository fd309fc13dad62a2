// Package e2e drives the real gateway, real connectors and a real PSP, each a
// process of its own, and looks at the effects: the PSP's ledger, the processes,
// the files.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/consul/sdk/freeport"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// patience bounds every wait for something that comes in a fraction of it.
const patience = 30 * time.Second

// built holds the programs that the tests drive.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "patchbay-e2e")
	if err != nil {
		return "", err
	}
	args := []string{"build", "-o", dir + "/"}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./host/cmd/patchbay", "./plugins/sandbox/cmd/connector-sandbox")...)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) { launchtest.Main(cleaning{m}) }

// cleaning removes the built programs after the tests.
type cleaning struct{ *testing.M }

func (c cleaning) Run() int {
	code := c.M.Run()
	if dir, err := built(); err == nil {
		_ = os.RemoveAll(dir)
	}
	return code
}

// stack is a PSP, a gateway in front of it and a directory of plugins.
type stack struct {
	t        *testing.T
	bin      string
	plugins  string
	runtime  string
	address  string
	ops      string
	pspURL   string
	log      *output
	gateway  *exec.Cmd
	ended    chan struct{}
	conn     *grpc.ClientConn
	payments paymentsv1.PaymentServiceClient
	refunds  paymentsv1.RefundServiceClient
	gatewayC gatewayv1.ConnectorServiceClient
}

// newStack starts everything, with the sandbox connector at version 1.0.0.
func newStack(t *testing.T) *stack {
	t.Helper()
	s := prepareStack(t)
	s.startGateway()
	return s
}

// prepareStack starts everything but the gateway.
func prepareStack(t *testing.T) *stack {
	t.Helper()
	s := prepareFiles(t)
	s.startPSP()
	s.manifest("1.0.0")
	return s
}

// prepareFiles puts the connector into a directory of its own. Its manifest, which
// names the PSP, is written when there is one.
func prepareFiles(t *testing.T) *stack {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.MkdirTemp("", "pb") // sockets need short paths
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, bin: bin, plugins: filepath.Join(root, "plugins"), runtime: filepath.Join(root, "run")}
	t.Cleanup(func() {
		if t.Failed() && s.log != nil {
			t.Logf("the gateway's log ends with:\n%s", s.log.tail(60))
		}
		_ = os.RemoveAll(root)
	})
	if err := os.Mkdir(s.plugins, 0o755); err != nil {
		t.Fatal(err)
	}
	s.copyFile(filepath.Join(bin, "connector-sandbox"), "connector-sandbox", nil)
	return s
}

func (s *stack) startPSP() {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(s.bin, "connector-sandbox"), "psp", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.t.Fatalf("the PSP did not start: %v", err)
	}
	s.pspURL = regexp.MustCompile(`http://\S+`).FindString(line)
	go func() { _, _ = io.Copy(io.Discard, out) }()
}

// startGateway starts the gateway in dev mode and waits until it is ready.
func (s *stack) startGateway() { s.serve("--dev", "") }

// serve starts the gateway with further configuration and waits until it is
// ready.
func (s *stack) serve(mode, more string) {
	s.t.Helper()
	if s.address == "" {
		s.address, s.ops = freeAddress(s.t), freeAddress(s.t)
	}
	config := filepath.Join(filepath.Dir(s.plugins), "patchbay.yaml")
	content := fmt.Sprintf("listen: %s\nops: %s\nplugins: %s\nstate_dir: %s\nruntime_dir: %s\nlog_level: debug\nmax_deadline: 10s\ndefault_deadline: 5s\n"+
		"accounts:\n- {name: sandbox, connector: sandbox, default: true, config: {base_url: %q}}\n",
		s.address, s.ops, s.plugins, s.state(), s.runtime, s.pspURL) + more
	if err := os.WriteFile(config, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(s.bin, "patchbay"), slices.DeleteFunc([]string{"serve", mode, "--config", config}, func(arg string) bool { return arg == "" })...)
	cmd.Env = append(os.Environ(), "SECRET_OF_THE_HOST=x")
	s.log = newOutput(s.t)
	cmd.Stderr = s.log.file
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.gateway, s.ended = cmd, ended
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			s.t.Error("the gateway did not end on SIGTERM")
		}
	})
	s.wait("the gateway is ready", func() bool {
		select {
		case <-ended:
			s.t.Fatalf("the gateway ended: %s", s.log.tail(20))
		default:
		}
		return s.ready()
	})
	s.conn = s.dial(grpc.WithDisableRetry())
	s.payments, s.refunds = paymentsv1.NewPaymentServiceClient(s.conn), paymentsv1.NewRefundServiceClient(s.conn)
	s.gatewayC = gatewayv1.NewConnectorServiceClient(s.conn)
}

// state is the gateway's state_dir.
func (s *stack) state() string { return filepath.Join(filepath.Dir(s.plugins), "state") }

// stopGateway has the gateway end as on SIGTERM.
func (s *stack) stopGateway() {
	s.t.Helper()
	if err := s.gateway.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatal("the gateway did not end on SIGTERM")
	}
}

// restart ends the gateway and starts another on the same directories.
func (s *stack) restart() {
	s.t.Helper()
	s.stopGateway()
	s.startGateway()
}

func (s *stack) dial(opts ...grpc.DialOption) *grpc.ClientConn {
	s.t.Helper()
	conn, err := grpc.NewClient(s.address, append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// freeAddress is the test's until it ends: the kernel gives its port to nobody who
// asks for any port, also while a gateway that had it is restarted.
func freeAddress(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(freeport.GetOne(t)))
}

// wait waits for a condition.
func (s *stack) wait(what string, ok func() bool) {
	s.t.Helper()
	s.waitFor(patience, what, ok)
}

func (s *stack) waitFor(limit time.Duration, what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// copyFile puts a binary into the directory of plugins, with a tail that changes
// its digest and nothing else.
func (s *stack) copyFile(from, name string, tail []byte) {
	s.t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		s.t.Fatal(err)
	}
	s.put(name, append(raw, tail...), 0o755)
}

func (s *stack) manifest(version string) {
	s.t.Helper()
	s.put("sandbox.yaml", fmt.Appendf(nil, "name: sandbox\nversion: %s\ncommand: connector-sandbox\negress: [%q]\n", version, s.pspHost()), 0o644)
}

// pspHost is the PSP's host and port.
func (s *stack) pspHost() string { return strings.TrimPrefix(s.pspURL, "http://") }

func (s *stack) put(name string, content []byte, mode os.FileMode) {
	s.t.Helper()
	if raceEnabled && strings.HasSuffix(name, ".yaml") { // the race detector maps more memory than any limit allows
		content = append(content, "limits: {memory: 0}\n"...)
	}
	tmp := filepath.Join(s.plugins, "."+name+".tmp")
	if err := os.WriteFile(tmp, content, mode); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(tmp, filepath.Join(s.plugins, name)); err != nil {
		s.t.Fatal(err)
	}
}

// connector asks the gateway about a connector; nil if it does not know it.
func (s *stack) connector(name string) *gatewayv1.Connector {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	answer, err := s.gatewayC.GetConnector(ctx, &gatewayv1.GetConnectorRequest{Name: name})
	if err != nil {
		return nil
	}
	return answer.GetConnector()
}

// generation asks for the list, which says it in few words: tests ask often, and some
// look at the gateway's memory.
func (s *stack) generation(name string) uint64 {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	list, _ := s.gatewayC.ListConnectors(ctx, &gatewayv1.ListConnectorsRequest{}) // without an answer there is none
	for _, c := range list.GetConnectors() {
		if c.GetName() == name && len(c.GetVersions()) > 0 {
			return c.GetVersions()[0].GetGeneration()
		}
	}
	return 0
}

// plugin returns the ids of the processes that run a plugin.
func (s *stack) plugin(name string) []int {
	return childrenOf(s.gateway.Process.Pid, "connector-"+name)
}

// signal sends a signal to the connector's process. A process that is to stop has
// stopped with all its threads when it returns: until then some still answer.
func (s *stack) signal(sig syscall.Signal) {
	s.t.Helper()
	s.wait("the connector runs", func() bool { return len(s.plugin("sandbox")) == 1 })
	pid := s.plugin("sandbox")[0]
	if err := syscall.Kill(pid, sig); err != nil {
		s.t.Fatal(err)
	}
	if sig == syscall.SIGSTOP {
		s.wait("it has stopped", func() bool { return stopped(pid) })
	}
}

// stopped says whether all threads of a process have stopped.
func stopped(pid int) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(raw, []byte(") T ")) {
			return false
		}
	}
	return len(stats) > 0
}

func childrenOf(pid int, name string) []int {
	var pids []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var child, parent int
		var state string
		end := bytes.LastIndexByte(raw, ')')
		if end < 0 {
			continue
		}
		if _, err := fmt.Sscanf(string(raw), "%d", &child); err != nil {
			continue
		}
		if _, err := fmt.Sscanf(string(raw[end+1:]), " %s %d", &state, &parent); err != nil || parent != pid || state == "Z" {
			continue
		}
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
		if name == "" || strings.HasPrefix(string(cmdline), name) {
			pids = append(pids, child)
		}
	}
	return pids
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// scrape is what the gateway's metrics say.
func (s *stack) scrape() string {
	resp, err := http.Get("http://" + s.ops + "/metrics")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	return string(raw)
}

// inFlight is how many calls to the sandbox the gateway has.
func (s *stack) inFlight() int {
	found := regexp.MustCompile(`(?m)^patchbay_calls_in_flight\{connector="sandbox"\} (\d+)`).FindStringSubmatch(s.scrape())
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// charge is one row of the PSP's ledger.
type charge struct {
	ID, Reference  string
	IdempotencyKey string `json:"idempotency_key"`
	Attempts       int
}

// ledger is what the PSP has in its books, by reference.
func (s *stack) ledger() map[string][]charge {
	s.t.Helper()
	resp, err := http.Get(s.pspURL + "/ledger")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var books struct{ Charges []charge }
	if err := json.NewDecoder(resp.Body).Decode(&books); err != nil {
		s.t.Fatal(err)
	}
	byReference := map[string][]charge{}
	for _, c := range books.Charges {
		byReference[c.Reference] = append(byReference[c.Reference], c)
	}
	return byReference
}

// output keeps what a process writes in a file: a line is there when the process
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

func (o *output) tail(lines int) string {
	all := strings.Split(o.String(), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// to is a caller's context for a connector, with further headers.
func (s *stack) to(connector string, headers ...string) context.Context {
	return metadata.AppendToOutgoingContext(s.t.Context(), append(headers, "x-connector", connector)...)
}

// payment is a request that the sandbox approves.
func payment(reference string) *paymentsv1.AuthorizeRequest {
	return &paymentsv1.AuthorizeRequest{
		Reference: reference, Amount: &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1050},
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
			Number: "4242424242424242", ExpiryMonth: 12, ExpiryYear: 2030, SecurityCode: "123",
		}}},
	}
}
