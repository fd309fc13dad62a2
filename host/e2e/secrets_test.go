package e2e

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Marks of what must not show, and of what may.
const (
	markedSecret = "hush-nobody-may-see-this"
	markedPlain  = "anybody-may-see-this"
)

// marked fills a request: what is sensitive with markedSecret, other texts with
// markedPlain; of each oneof the member that choice says.
func marked(m protoreflect.Message, choice, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if one := fd.ContainingOneof(); one != nil && one.Fields().Get(choice%one.Fields().Len()) != fd {
			continue
		}
		text := markedPlain
		if wire.Sensitive(fd) {
			text = markedSecret
		}
		switch {
		case fd.IsMap() || fd.IsList():
		case fd.Kind() == protoreflect.StringKind:
			m.Set(fd, protoreflect.ValueOfString(text))
		case fd.Kind() == protoreflect.BytesKind:
			m.Set(fd, protoreflect.ValueOfBytes([]byte(text)))
		case fd.Kind() == protoreflect.Int32Kind:
			m.Set(fd, protoreflect.ValueOfInt32(11))
		case fd.Kind() == protoreflect.Int64Kind:
			m.Set(fd, protoreflect.ValueOfInt64(1100))
		case fd.Message() != nil && depth > 0 && strings.HasPrefix(string(fd.Message().FullName()), "patchbay."):
			marked(m.Mutable(fd).Message(), choice, depth-1)
		}
	}
}

// methods calls visit with each unary method of the contract.
func methods(visit func(protoreflect.MethodDescriptor)) {
	protoregistry.GlobalFiles.RangeFilesByPackage("patchbay.payments.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			all := file.Services().Get(i).Methods()
			for j := range all.Len() {
				if !all.Get(j).IsStreamingClient() && !all.Get(j).IsStreamingServer() {
					visit(all.Get(j))
				}
			}
		}
		return true
	})
}

// TestMarkedValuesShowNowhere makes calls of every operation with marks in every
// sensitive field, and payments that go wrong in every way, and looks for the
// marks in what the gateway and the connector say: log, audit log, traces, metrics,
// errors, a crash's last words.
func TestMarkedValuesShowNowhere(t *testing.T) {
	s, psp, receiver := newTracedStack(t, nil, "audit: {file: audit.log, flush: sync}\n")
	var told strings.Builder
	calls := 0
	methods(func(md protoreflect.MethodDescriptor) {
		in, _ := protoregistry.GlobalTypes.FindMessageByName(md.Input().FullName())
		out, _ := protoregistry.GlobalTypes.FindMessageByName(md.Output().FullName())
		for choice := range 12 {
			req := in.New()
			marked(req, choice, 4)
			ctx, cancel := context.WithTimeout(s.to("sandbox"), patience)
			err := s.conn.Invoke(ctx, fmt.Sprintf("/%s/%s", md.Parent().FullName(), md.Name()), req.Interface(), out.New().Interface())
			cancel()
			calls++
			fmt.Fprintln(&told, err, status.Convert(err).Details())
		}
	})
	for _, outcome := range []string{"", "unknown", "error_500", "rate_limited", "crash_before", "hang"} {
		req := secretPayment("marked-" + outcome)
		if outcome != "" {
			simulate(req, map[string]any{"outcome": outcome})
		}
		ctx, cancel := context.WithTimeout(s.to("sandbox"), 2*time.Second)
		_, err := s.payments.Authorize(ctx, req)
		cancel()
		fmt.Fprintln(&told, err, status.Convert(err).Details())
	}
	for n := range times(10_000, 100) {
		err := s.pay(fmt.Sprintf("%s-%d", refusedRef, n))
		if err == nil {
			t.Fatal("the PSP that quotes everything refused nothing")
		}
		if n < 100 {
			fmt.Fprintln(&told, err, status.Convert(err).Details())
		}
		calls++
	}
	processes := ""
	for _, pid := range append(s.plugin("sandbox"), s.gateway.Process.Pid) {
		for _, file := range []string{"cmdline", "environ"} {
			raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
			if err != nil && !os.IsPermission(err) { // what hides from us hides from others
				t.Fatal(err)
			}
			processes += fmt.Sprintf("%s of %d: %s\n", file, pid, raw)
		}
	}
	files := "" // whatever the gateway keeps, but for the verified binaries
	err := filepath.WalkDir(s.state(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), "sha256-") {
			return err
		}
		raw, err := os.ReadFile(path)
		files += fmt.Sprintf("%s: %s\n", path, raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.wait("the crash is logged", func() bool { return strings.Contains(s.log.String(), "process has ended") })

	travelled := ""
	for _, request := range psp.seen() {
		travelled += request.body
	}
	if !strings.Contains(travelled, markedSecret) || !strings.Contains(travelled, markedCard) {
		t.Fatal("no mark came as far as the PSP: there was nothing to find")
	}
	spans := ""
	for _, span := range receiver.Wait(t, 4) {
		spans += texts(span)
	}
	audit, err := os.ReadFile(filepath.Join(s.root(), "audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"audit log": string(audit), "errors": told.String(), "processes": processes + strings.Repeat(" ", 500), "files": files + strings.Repeat(" ", 500), "log": s.log.String(), "spans": spans, "metrics": metrics(t, s)} {
		for _, secret := range []string{markedSecret, markedCard, markedKey} {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%q is in the %s: …%s…", secret, where, text[max(0, at-200):min(len(text), at+100)])
			}
		}
		if code := regexp.MustCompile(`[^0-9a-fA-F.-]` + markedCVC + `[^0-9a-fA-F.]`).FindString(text); code != "" {
			t.Errorf("the security code is in the %s: %s", where, code)
		}
		if len(text) < 500 {
			t.Errorf("there are hardly any %s: %q", where, text)
		}
	}
	if !strings.Contains(s.log.String(), "Authorize") || !strings.Contains(told.String(), "INVALID_REQUEST") || !strings.Contains(told.String(), wire.Mask) {
		t.Error("the search finds nothing that is there")
	}
	figure(t, fmt.Sprintf("%d calls of every operation with marked values", calls), "none found in errors, log, audit log, spans, metrics, files, arguments, environment", "none found")
}

// secretPayment is a payment that is good, with all that is sensitive marked.
func secretPayment(reference string) *paymentsv1.AuthorizeRequest {
	req := payment(reference)
	card := req.GetPaymentMethod().GetCard()
	card.Number, card.SecurityCode, card.HolderName = markedCard, markedCVC, markedSecret
	return proto.CloneOf(req)
}

func metrics(t *testing.T, s *stack) string {
	t.Helper()
	resp, err := http.Get("http://" + s.ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestSecretsThatAConnectorWrites has a connector write its account on stderr.
func TestSecretsThatAConnectorWrites(t *testing.T) {
	s := prepareStack(t)
	root := filepath.Dir(s.plugins)
	if err := os.Mkdir(filepath.Join(root, "accounts"), 0o700); err != nil {
		t.Fatal(err)
	}
	renamed(t, filepath.Join(root, "key"), markedSecret)
	renamed(t, filepath.Join(root, "accounts", "recorder-eu.yaml"),
		"name: recorder-eu\nconnector: recorder\nconfig: {region: "+markedPlain+"}\nsecrets: {api_key: {file: ../key}}\n")
	s.serve("--dev", "accounts_dir: accounts\n")
	s.addRecorder()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-account", "recorder-eu")
	if _, err := s.payments.GetPayment(ctx, &paymentsv1.GetPaymentRequest{PaymentId: "confess"}); err != nil {
		t.Fatal(err)
	}
	s.wait("the connector's line is logged", func() bool { return strings.Contains(s.log.tail(1000), "my account is") })
	kept := s.operates("logs", "recorder")
	for where, text := range map[string]string{"the log": s.log.tail(1000), "plugins logs": kept} {
		if strings.Contains(text, markedSecret) {
			t.Errorf("the secret is in %s", where)
		}
		if !strings.Contains(text, markedPlain) {
			t.Errorf("what is not secret is not in %s", where)
		}
	}
}
