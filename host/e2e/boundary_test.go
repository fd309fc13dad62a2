package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// addRecorder drops a plugin into the running gateway that answers with all that
// reached it: this test binary.
func (s *stack) addRecorder() {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	s.copyFile(self, "recorder", nil)
	s.put("recorder.yaml", fmt.Appendf(nil, "name: recorder\nversion: 1.0.0\ncommand: recorder\nenv: {%s: recorder, DECLARED: yes-it-is}\n", launchtest.IDEnv), 0o644)
	s.wait("the recorder serves", func() bool { return s.generation("recorder") == 1 })
}

// TestNothingOfCallersOrHostReachesAPlugin proves it by a plugin that records its
// metadata and its environment.
func TestNothingOfCallersOrHostReachesAPlugin(t *testing.T) {
	s := newStack(t)
	s.addRecorder()
	answer, err := s.payments.Authorize(s.to("recorder",
		"authorization", "Bearer CREDENTIAL", "x-api-key", "CREDENTIAL", "cookie", "CREDENTIAL", "x-custom", "CREDENTIAL",
		"patchbay-context-bin", "\x0a\x0aCREDENTIAL", "idempotency-key", "CREDENTIAL-key", "grpc-trace-bin", "CREDENTIAL",
	), payment("order-1"))
	if err != nil {
		t.Fatal(err)
	}
	got := answer.GetPayment().GetConnectorData()
	if len(got.GetFields()) == 0 || got.GetFields()["idempotency_key"].GetStringValue() == "" {
		t.Fatalf("the recorder recorded nothing: %v", got)
	}
	if strings.Contains(got.String(), "CREDENTIAL") {
		t.Errorf("a caller's header reached the plugin: %v", got)
	}
	if strings.Contains(got.String(), "SECRET_OF_THE_HOST") {
		t.Errorf("the host's environment reached the plugin: %v", got)
	}
	for field := range got.GetFields() {
		variable, isEnv := strings.CutPrefix(field, "env ")
		name, _, _ := strings.Cut(variable, "=")
		if isEnv && !strings.HasPrefix(name, "PLUGIN_") && !strings.HasPrefix(name, "PATCHBAY_") && name != launchtest.IDEnv && name != "DECLARED" {
			t.Errorf("the plugin has the variable %s", name)
		}
	}
	if _, ok := got.GetFields()["env DECLARED=yes-it-is"]; !ok {
		t.Error("the manifest's own variable is missing")
	}
}

// TestPluginsOwnServicesAreOutOfReach calls what go-plugin serves inside every
// plugin. The effect that counts: the plugin lives.
func TestPluginsOwnServicesAreOutOfReach(t *testing.T) {
	s := newStack(t)
	pids := s.plugin("sandbox")
	for _, method := range []string{
		"/plugin.GRPCController/Shutdown", "/plugin.GRPCBroker/StartStream", "/plugin.GRPCStdio/StreamStdio",
		"/patchbay.connector.v1.ConnectorService/Describe", "/patchbay.connector.v1.ConnectorService/Probe",
	} {
		err := s.conn.Invoke(s.to("sandbox"), method, &paymentsv1.VoidRequest{}, &paymentsv1.VoidResponse{})
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("%s: %v", method, err)
		}
	}
	if _, err := s.payments.Authorize(s.to("sandbox"), payment("after")); err != nil {
		t.Errorf("the connector is gone: %v", err)
	}
	if now := s.plugin("sandbox"); len(now) != 1 || now[0] != pids[0] {
		t.Errorf("the process changed: %v, then %v", pids, now)
	}
}

// TestBrokenPluginsAreTold drops every kind of broken plugin into the directory
// and looks how long it takes until callers and operators can read why.
func TestBrokenPluginsAreTold(t *testing.T) {
	s := newStack(t)
	s.addRecorder()
	s.put("text", []byte("hello"), 0o755)
	broken := map[string]struct{ manifest, field, reason string }{
		"manifest":  {"name: manifest\nversion: 1.0.0\ncomand: x\n", "comand", "is not a field"},
		"missing":   {"name: missing\nversion: 1.0.0\ncommand: nowhere\n", "command", "no such file"},
		"noplugin":  {"name: noplugin\nversion: 1.0.0\ncommand: text\n", "command", "can't be executed"},
		"garbage":   {"name: garbage\nversion: 1.0.0\ncommand: recorder\nenv: {" + launchtest.BehaviourEnv + ": garbage}\n", "command", "hello, world"},
		"exits":     {"name: exits\nversion: 1.0.0\ncommand: recorder\nenv: {" + launchtest.BehaviourEnv + ": exits}\n", "command", "there is nothing to do"},
		"duplicate": {"name: sandbox\nversion: 1.0.0\ncommand: recorder\n", "version", "declared by sandbox.yaml already"},
	}
	began := time.Now()
	for name, b := range broken {
		s.put("z-"+name+".yaml", []byte(b.manifest), 0o644)
	}
	for name, b := range broken {
		connector := name
		if name == "duplicate" {
			connector = "sandbox"
		}
		var problems []*gatewayv1.Problem
		s.wait(name+" is told", func() bool {
			problems = s.connector(connector).GetProblems()
			return len(problems) > 0
		})
		p := problems[0]
		if p.GetFile() != "z-"+name+".yaml" || p.GetField() != b.field || !strings.Contains(p.GetReason(), b.reason) {
			t.Errorf("%s: told %v", name, p)
		}
		s.wait("the log names the file of "+name, func() bool { return strings.Contains(s.log.String(), "z-"+name+".yaml") })
	}
	took := time.Since(began)
	figure(t, "six broken plugins at once: callers and operators can read why", "1 s", "%s", took.Round(time.Millisecond))
	if took > 5*time.Second { // five times what is promised
		t.Errorf("telling took %s", took)
	}
	if s.generation("sandbox") != 1 || s.generation("recorder") != 1 {
		t.Error("others were touched")
	}
	if _, err := s.payments.Authorize(s.to("sandbox"), payment("still")); err != nil {
		t.Errorf("the rest does not serve on: %v", err)
	}
}

// TestCardNumbersAreInNoLog pays, well and badly, and looks at all that was
// written, at the most talkative level.
func TestCardNumbersAreInNoLog(t *testing.T) {
	s := newStack(t)
	const number, code = "4000000000009995", "987"
	req := payment("order-1")
	card := req.GetPaymentMethod().GetCard()
	card.Number, card.SecurityCode, card.HolderName = number, code, "MARKED HOLDER"
	bad := payment("order-2")
	bad.GetPaymentMethod().GetCard().Number = number + "x"
	for _, r := range []*paymentsv1.AuthorizeRequest{
		req, bad, simulate(req, map[string]any{"outcome": "crash"}), simulate(req, map[string]any{"outcome": "nonsense"}),
	} {
		_, _ = s.payments.Authorize(s.to("sandbox"), r)
	}
	got := s.log.String()
	if !strings.Contains(got, "call failed") {
		t.Fatal("nothing was logged, so nothing is shown")
	}
	for _, secret := range []string{number, "MARKED HOLDER"} {
		if strings.Contains(got, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}
