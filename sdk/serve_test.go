package sdk

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// connectorEnv makes this test binary the connector that its value names.
const connectorEnv = "SDK_TEST_CONNECTOR"

func TestMain(m *testing.M) {
	switch os.Getenv(connectorEnv) {
	case "":
		os.Exit(m.Run())
	case "good":
		Serve(newConnector(func(ctx context.Context) error {
			Logger(ctx).Info("asking the PSP")
			return nil
		}))
	case "nameless":
		Serve(described{})
	}
}

// pluginClient is the host's side of go-plugin.
type pluginClient struct {
	plugin.NetRPCUnsupportedPlugin
	plugin.GRPCPlugin
}

func (pluginClient) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// self returns the command that runs this binary as a connector.
func self(t *testing.T, connector string, env ...string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Env = append(append(os.Environ(), connectorEnv+"="+connector, "GORACE=atexit_sleep_ms=0"), env...)
	return cmd
}

// start launches the connector as a host does.
func start(t *testing.T, cmd *exec.Cmd, change func(*plugin.ClientConfig)) (*plugin.Client, *grpc.ClientConn) {
	t.Helper()
	config := &plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: wire.ProtocolVersion, MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue,
		},
		Plugins:          plugin.PluginSet{wire.PluginName: pluginClient{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Cmd:              cmd,
		Logger:           hclog.NewNullLogger(),
	}
	change(config)
	client := plugin.NewClient(config)
	t.Cleanup(client.Kill)
	protocol, err := client.Client()
	if err != nil {
		t.Fatal(err)
	}
	dispensed, err := protocol.Dispense(wire.PluginName)
	if err != nil {
		t.Fatal(err)
	}
	return client, dispensed.(*grpc.ClientConn)
}

func TestServe(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*testing.T, *plugin.ClientConfig)
		open    bool // to strangers
	}{
		"host's certificates": {withHostCertificates, false},
		"AutoMTLS":            {func(_ *testing.T, c *plugin.ClientConfig) { c.AutoMTLS = true }, false},
		"in the clear":        {func(*testing.T, *plugin.ClientConfig) {}, true},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := self(t, "good")
			log := newWaitingLog()
			client, conn := start(t, cmd, func(c *plugin.ClientConfig) {
				c.Logger = hclog.New(&hclog.LoggerOptions{Output: log, Level: hclog.Debug})
				test.prepare(t, c)
			})
			checkServed(t, conn)
			log.waitFor(t, "asking the PSP", "request_id=req-1")
			if admitted := strangerIsAdmitted(t, client.ReattachConfig().Addr); admitted != test.open {
				t.Errorf("a stranger is admitted: %v, want %v", admitted, test.open)
			}
			end(t, client)
			if cmd.ProcessState.ExitCode() != 0 {
				t.Errorf("the host ended it, and its state is %v", cmd.ProcessState)
			}
		})
	}
}

// end asks the connector to end, as the first half of Client.Kill does, and waits for
// it: the second half kills what takes longer than 2 s.
func end(t *testing.T, client *plugin.Client) {
	t.Helper()
	protocol, err := client.Client()
	if err != nil {
		t.Fatal(err)
	}
	if err := protocol.Close(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for !client.Exited() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("asked to end, it runs on")
		}
	}
}

// checkServed makes calls that only the SDK's dispatcher answers like this.
func checkServed(t *testing.T, conn *grpc.ClientConn) {
	t.Helper()
	if got := describe(t, conn); got.GetId() != "acme" || len(got.GetServices()) != 2 {
		t.Errorf("describes %v", got)
	}
	ctx, err := wire.OutgoingContext(t.Context(), &connectorv1.CallContext{RequestId: "req-1"})
	if err != nil {
		t.Fatal(err)
	}
	client := paymentsv1.NewPaymentServiceClient(conn)
	if resp, err := client.Authorize(ctx, authorizeRequest()); err != nil || resp.GetPayment().GetId() != "pay_1" {
		t.Errorf("got %v %v", resp, err)
	}
	if _, err := client.Authorize(ctx, &paymentsv1.AuthorizeRequest{}); failureOf(err).Reason != "INVALID_REQUEST" {
		t.Errorf("an invalid request: got %v", err)
	}
	// gRPC's own limit, 4 MiB, would end this call with RESOURCE_EXHAUSTED.
	large := authorizeRequest()
	large.ConnectorOptions = &structpb.Struct{Fields: map[string]*structpb.Value{"note": structpb.NewStringValue(strings.Repeat("x", 5<<20))}}
	if _, err := client.Authorize(ctx, large); err != nil {
		t.Errorf("a request of 5 MiB: got %v", err)
	}
}

// strangerIsAdmitted calls the connector without a certificate.
func strangerIsAdmitted(t *testing.T, addr net.Addr) bool {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///connector",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, addr.Network(), addr.String())
		}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = connectorv1.NewConnectorServiceClient(conn).Probe(t.Context(), &connectorv1.ProbeRequest{})
	if err != nil && status.Code(err) != codes.Unavailable {
		t.Errorf("a stranger gets %v", err)
	}
	return err == nil
}

// withHostCertificates gives the connector its certificate as the host does.
func withHostCertificates(t *testing.T, c *plugin.ClientConfig) {
	t.Helper()
	host, connector := newCertificate(t), newCertificate(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if _, err := w.Write(append(connector.pem(), host.certPEM...)); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	c.Cmd.ExtraFiles = []*os.File{r}
	c.Cmd.Env = append(c.Cmd.Env, wire.TLSFileEnv+"=3")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(connector.certPEM)
	c.TLSConfig = &tls.Config{Certificates: []tls.Certificate{host.pair(t)}, RootCAs: pool, ServerName: wire.TLSServerName, MinVersion: tls.VersionTLS13}
}

type certificate struct{ certPEM, keyPEM []byte }

func (c certificate) pem() []byte { return append(bytes.Clone(c.certPEM), c.keyPEM...) }

func (c certificate) pair(t *testing.T) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(c.certPEM, c.keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: wire.TLSServerName}, DNSNames: []string{wire.TLSServerName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		IsCA:        true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return certificate{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}
}

// Whoever starts a connector in another way is told why it does not run.
func TestServe_explainsItself(t *testing.T) {
	for name, test := range map[string]struct {
		cmd  *exec.Cmd
		want string
	}{
		"by hand":               {self(t, "good"), "This binary is a plugin"},
		"without an id":         {self(t, "nameless", wire.CookieKey+"="+wire.CookieValue), "Description.ID is empty"},
		"with no file":          {self(t, "good", wire.CookieKey+"="+wire.CookieValue, wire.TLSFileEnv+"=x"), "is no file number"},
		"with a missing file":   {self(t, "good", wire.CookieKey+"="+wire.CookieValue, wire.TLSFileEnv+"=77"), "read the host's certificates"},
		"with the wrong cookie": {self(t, "good", wire.CookieKey+"=no"), "This binary is a plugin"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			test.cmd.Stdout, test.cmd.Stderr = &stdout, &stderr
			var exit *exec.ExitError
			if err := test.cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("ended with %v, want exit code 1", err)
			}
			if !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
				t.Errorf("stderr: %s\nstdout: %s\nwant %s", &stderr, &stdout, test.want)
			}
		})
	}
}

func TestParseHostTLS(t *testing.T) {
	host, connector := newCertificate(t), newCertificate(t)
	config, err := parseHostTLS(append(connector.pem(), host.certPEM...))
	if err != nil {
		t.Fatal(err)
	}
	if config.ClientAuth != tls.RequireAndVerifyClientCert || config.MinVersion != tls.VersionTLS13 {
		t.Errorf("got %+v", config)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(host.certPEM)
	if !config.ClientCAs.Equal(trusted) || !bytes.Equal(config.Certificates[0].Certificate[0], connector.pair(t).Certificate[0]) {
		t.Error("it does not admit the host alone, or serves with another certificate")
	}
	for want, raw := range map[string][]byte{
		"want 3 PEM blocks from the host, got 0":   nil,
		"want 3 PEM blocks from the host, got 2":   connector.pem(),
		"want 3 PEM blocks from the host, got 4":   append(connector.pem(), host.pem()...),
		"the connector's certificate":              append(append(bytes.Clone(connector.certPEM), host.keyPEM...), host.certPEM...),
		"the host's certificate can't be read":     append(connector.pem(), host.keyPEM...),
		"the connector's certificate: tls: failed": append(append(bytes.Clone(connector.keyPEM), connector.certPEM...), host.certPEM...),
	} {
		if config, err := parseHostTLS(raw); err == nil || !strings.Contains(err.Error(), want) || config != nil {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestHostTLS(t *testing.T) {
	if config, err := hostTLS(""); config != nil || err != nil {
		t.Errorf("without a file: got %v %v, want AutoMTLS", config, err)
	}
	for _, number := range []string{"-1", "x", "99999"} {
		if _, err := hostTLS(number); err == nil || !strings.Contains(err.Error(), "is no file number") {
			t.Errorf("%s: got %v", number, err)
		}
	}
}

// waitingLog lets a test wait for a line.
type waitingLog struct{ lines chan string }

func newWaitingLog() waitingLog { return waitingLog{make(chan string, 1000)} }

func (l waitingLog) Write(line []byte) (int, error) {
	select {
	case l.lines <- string(line):
	default: // nobody reads any more
	}
	return len(line), nil
}

func (l waitingLog) waitFor(t *testing.T, parts ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		select {
		case line := <-l.lines:
			missing := false
			for _, part := range parts {
				missing = missing || !strings.Contains(line, part)
			}
			if !missing {
				return
			}
		case <-ctx.Done():
			t.Errorf("no line has %q", parts)
			return
		}
	}
}
