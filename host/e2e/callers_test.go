package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// production prepares a stack to be run without --dev, and returns the
// configuration that it needs. Its one caller has the key "marked-caller-key".
func production(t *testing.T) (s *stack, root, config string) {
	t.Helper()
	s = prepareStack(t)
	root = filepath.Dir(s.plugins)
	raw, err := os.ReadFile(filepath.Join(s.plugins, "connector-sandbox"))
	if err != nil {
		t.Fatal(err)
	}
	s.put("sandbox.yaml", fmt.Appendf(nil, "name: sandbox\nversion: 1.0.0\ncommand: connector-sandbox\negress: [%q]\nsha256: %x\n", s.pspHost(), sha256.Sum256(raw)), 0o644)
	renamed(t, filepath.Join(root, "idempotency.secret"), strings.Repeat("k", 32))
	config = fmt.Sprintf(`idempotency_secret_file: idempotency.secret
egress: {allow_private: [127.0.0.0/8]}
callers:
- {name: shop, key_sha256: [%x], connectors: [sandbox], accounts: ["*"], methods: ["*"]}
`, sha256.Sum256([]byte("marked-caller-key")))
	return s, root, config
}

// renamed replaces a file as one should.
func renamed(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".tmp", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
}

// auditLine is what these tests read of a record.
type auditLine struct {
	RequestID string `json:"request_id"`
	Caller    string
	Kind      string
	Method    string
	Code      string
	Status    string
	Digest    string
	Amounts   map[string]struct {
		CurrencyCode string `json:"currency_code"`
		MinorUnits   int64  `json:"minor_units"`
	}
}

// auditLines reads an audit log and those that were put aside.
func auditLines(t *testing.T, path string) map[string][]auditLine {
	t.Helper()
	files, err := filepath.Glob(strings.TrimSuffix(path, ".log") + "*.log")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]auditLine{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(raw))
		for lines.Scan() {
			var line auditLine
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Fatalf("%s: %v: %q", name, err, lines.Text())
			}
			all[line.RequestID] = append(all[line.RequestID], line)
		}
	}
	return all
}

// TestAuditSurvivesKill has 16 callers pay through a gateway that is killed in the
// midst of it: every payment that was answered is in the audit log, once, through
// rotations, and no line is torn.
func TestAuditSurvivesKill(t *testing.T) {
	s, root, config := production(t)
	s.serve("", config+"audit: {file: audit.log, flush: sync, max_size: 16KB, keep: 1000}\n")
	var mu sync.Mutex
	answered := map[string]bool{}
	var work sync.WaitGroup
	for caller := range 16 {
		work.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("req-%d-%d", caller, i)
				ctx, cancel := context.WithTimeout(s.to("sandbox", "x-api-key", "marked-caller-key", "x-request-id", id), patience)
				_, err := s.payments.Authorize(ctx, payment(id))
				cancel()
				if err != nil {
					return // the gateway is gone
				}
				mu.Lock()
				answered[id] = true
				mu.Unlock()
			}
		})
	}
	s.wait("there are some answers", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(answered) >= 100
	})
	if err := s.gateway.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	work.Wait()
	lines := auditLines(t, filepath.Join(root, "audit.log"))
	for id := range answered {
		of := lines[id]
		if len(of) != 1 || of[0].Code != "OK" || of[0].Caller != "shop" || of[0].Status != "PAYMENT_STATUS_CAPTURED" || of[0].Amounts["amount"].MinorUnits != 1050 || len(of[0].Digest) != 64 {
			t.Fatalf("%s was answered, and the audit log has %+v", id, of)
		}
	}
	t.Logf("figure: killed after %d answers; %d records, none missing", len(answered), len(lines))
}

// TestRotationUnderLoad replaces the gateway's certificate and an account's secret
// again and again while callers pay over TLS: no payment fails, each secret is in
// use in less than a second, and none is where it does not belong.
func TestRotationUnderLoad(t *testing.T) {
	s, root, config := production(t)
	pool := certify(t, root, 1)
	if err := os.Mkdir(filepath.Join(root, "accounts"), 0o700); err != nil {
		t.Fatal(err)
	}
	renamed(t, filepath.Join(root, "secret"), "marked-secret-0")
	renamed(t, filepath.Join(root, "accounts", "eu.yaml"),
		"name: eu\nconnector: sandbox\nconfig: {base_url: '"+s.pspURL+"'}\nsecrets:\n  api_key: {file: ../secret}\n")
	s.serve("", config+"tls: {cert_file: tls.crt, key_file: tls.key}\naccounts_dir: accounts\naudit: {file: audit.log, flush: sync}\n")
	conn, err := grpc.NewClient(s.address, grpc.WithDisableRetry(), grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, ServerName: "localhost"})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	payments := paymentsv1.NewPaymentServiceClient(conn)
	var paid, failed atomic.Int64
	stop := make(chan struct{})
	var load sync.WaitGroup
	for caller := range 4 {
		load.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				ctx := metadata.AppendToOutgoingContext(t.Context(), "x-account", "eu", "x-api-key", "marked-caller-key")
				if _, err := payments.Authorize(ctx, payment(fmt.Sprintf("rotation-%d-%d", caller, i))); err != nil {
					failed.Add(1)
					t.Errorf("a payment failed: %v", err)
					return
				}
				paid.Add(1)
			}
		})
	}
	var took []time.Duration
	for i := int64(1); i <= 5; i++ {
		began, changes := time.Now(), strings.Count(s.log.String(), "an account has changed")
		renamed(t, filepath.Join(root, "secret"), fmt.Sprintf("marked-secret-%d", i))
		s.wait("the account has changed", func() bool { return strings.Count(s.log.String(), "an account has changed") > changes })
		took = append(took, time.Since(began))
		certify(t, root, i+1)
		s.wait("the new certificate is used", func() bool { return s.serial() == i+1 })
	}
	close(stop)
	load.Wait()
	slices.Sort(took) // one of five may meet a busy machine
	if took[3] >= time.Second {
		t.Errorf("secrets were in use after %v, want less than a second", took)
	}
	if failed.Load() > 0 || paid.Load() == 0 {
		t.Errorf("%d payments, %d failed", paid.Load(), failed.Load())
	}
	s.holdsNoSecret(root)
	t.Logf("figure: 5 secrets and 5 certificates replaced under %d payments, %d failed; a secret was in use after at most %s", paid.Load(), failed.Load(), took[4].Round(time.Millisecond))
}

// holdsNoSecret looks for marked values in the log, the audit log, and the
// environment and arguments of the plugins; and for something that has to be there.
func (s *stack) holdsNoSecret(root string) {
	s.t.Helper()
	places := map[string]string{"log": s.log.String()}
	audited, err := os.ReadFile(filepath.Join(root, "audit.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	places["audit log"] = string(audited)
	for _, pid := range s.plugin("sandbox") {
		for _, of := range []string{"environ", "cmdline"} {
			raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, of))
			if err != nil {
				s.t.Fatal(err)
			}
			places[fmt.Sprintf("%s of %d", of, pid)] = string(raw)
		}
	}
	for _, dir := range []string{s.runtime, filepath.Join(root, "state")} {
		_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				raw, _ := os.ReadFile(path)
				places[path] = string(raw)
			}
			return nil
		})
	}
	for place, text := range places {
		for _, secret := range []string{"marked-secret", "marked-caller-key", "4242424242424242"} {
			if strings.Contains(text, secret) && !strings.Contains(place, "sha256-") { // the connector's own binary knows test cards
				s.t.Errorf("%s has %q", place, secret)
			}
		}
	}
	if len(places) < 4 || !strings.Contains(places["audit log"], `"account":"eu"`) || !strings.Contains(places["log"], "account=eu") {
		s.t.Errorf("nothing was looked through: %d places", len(places))
	}
}

// serial is the serial number of the certificate that the gateway shows.
func (s *stack) serial() int64 {
	conn, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // it only looks at the number
	if err != nil {
		return 0
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// certify makes a certificate of its own for the gateway, and returns who trusts it.
func certify(t *testing.T, root string, serial int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "gateway"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	renamed(t, filepath.Join(root, "tls.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	renamed(t, filepath.Join(root, "tls.crt"), string(cert))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	return pool
}

// TestAccountsCommands drives what operators have for accounts, and finds it in
// the audit log under the user that the kernel names.
func TestAccountsCommands(t *testing.T) {
	s, root, config := production(t)
	if err := os.Mkdir(filepath.Join(root, "accounts"), 0o700); err != nil {
		t.Fatal(err)
	}
	renamed(t, filepath.Join(root, "accounts", "eu.yaml"), "name: eu\nconnector: sandbox\nconfig:\n  base_url: "+s.pspURL+"\n")
	s.serve("", config+"accounts_dir: accounts\naudit: {file: audit.log, flush: sync}\n")
	patchbay := func(args ...string) string {
		args = append(args, "--config", filepath.Join(root, "patchbay.yaml"))
		out, err := exec.Command(filepath.Join(s.bin, "patchbay"), args...).CombinedOutput()
		return fmt.Sprintf("%s%v", out, err)
	}
	if got := patchbay("accounts", "list"); !regexp.MustCompile(`eu +sandbox +no +eu.yaml +\S+ +base_url +fits`).MatchString(got) {
		t.Errorf("got %s", got)
	}
	if got := patchbay("accounts", "check", "eu"); !strings.Contains(got, "accepts its credentials") || !strings.Contains(got, "test money") {
		t.Errorf("got %s", got)
	}
	if got := patchbay("accounts", "check", "nope"); !strings.Contains(got, `there is no account "nope"`) {
		t.Errorf("got %s", got)
	}
	renamed(t, filepath.Join(root, "accounts", "eu.yaml"), "name: eu\nconnector: sandbox\nconfig:\n  base_urll: marked-secret\n")
	s.wait("the change that does not fit is a problem", func() bool {
		return regexp.MustCompile(`eu.yaml +[34] +config +does not fit connector "sandbox": .*base_urll`).MatchString(patchbay("accounts", "list"))
	})
	if _, err := s.payments.Authorize(s.to("sandbox", "x-account", "eu", "x-api-key", "marked-caller-key"), payment("still")); err != nil {
		t.Errorf("the account is not what it was: %v", err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "audit.log"))
	want := regexp.MustCompile(fmt.Sprintf(`"kind":"operator","caller":"uid:%d pid:[0-9]+","method":"patchbay.admin.v1.AccountService/CheckAccount"`, os.Getuid()))
	if err != nil || !want.Match(raw) || strings.Contains(string(raw), "marked-secret") {
		t.Errorf("%v: the audit log has no %s, or a secret:\n%s", err, want, raw)
	}
}

// TestCallersAreFollowed changes a caller's key in the configuration of a gateway
// that runs, and then breaks the file.
func TestCallersAreFollowed(t *testing.T) {
	s, root, config := production(t)
	s.serve("", config)
	file := filepath.Join(root, "patchbay.yaml")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pays := func(key string) codes.Code {
		_, err := s.payments.Authorize(s.to("sandbox", "x-api-key", key), payment("order-1"))
		return status.Code(err)
	}
	if got := pays("marked-caller-key"); got != codes.OK {
		t.Fatalf("with the first key: %s", got)
	}
	next := fmt.Sprintf("%x, %x", sha256.Sum256([]byte("marked-caller-key")), sha256.Sum256([]byte("second-key")))
	renamed(t, file, strings.Replace(string(raw), fmt.Sprintf("%x", sha256.Sum256([]byte("marked-caller-key"))), next, 1))
	s.wait("the second key is accepted", func() bool { return pays("second-key") == codes.OK })
	if got := pays("marked-caller-key"); got != codes.OK {
		t.Errorf("with the first of two keys: %s", got)
	}
	renamed(t, file, string(raw)+"callers: [\n")
	s.wait("the broken file is told", func() bool { // callers are looked up when somebody calls
		if got := pays("second-key"); got != codes.OK {
			t.Fatalf("while the file is broken: %s", got)
		}
		return strings.Contains(s.log.tail(1000), "new callers can't be used; the old ones stay")
	})
	renamed(t, file, strings.Replace(string(raw), fmt.Sprintf("%x", sha256.Sum256([]byte("marked-caller-key"))), fmt.Sprintf("%x", sha256.Sum256([]byte("second-key"))), 1))
	s.wait("the first key is refused", func() bool { return pays("marked-caller-key") == codes.Unauthenticated })
	if got := pays("second-key"); got != codes.OK {
		t.Errorf("with the second key alone: %s", got)
	}
}
