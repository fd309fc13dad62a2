// Package launchtest makes a test binary a plugin as well: tests of the host start
// themselves as the connector that they need. It is written against go-plugin
// alone, as a connector in another language would be.
package launchtest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// BehaviourEnv is the variable of a manifest that says how the plugin behaves;
// see the keys of behaviours. Without it the plugin is well-behaved.
const BehaviourEnv = "TEST_BEHAVIOUR"

// IDEnv is the variable with the connector's id, "testplugin" if it is absent.
const IDEnv = "TEST_ID"

// Main is the body of a package's TestMain; m is its *testing.M.
func Main(m interface{ Run() int }) {
	if os.Getenv(wire.CookieKey) != "" {
		Serve(os.Getenv(BehaviourEnv))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Serve is the plugin, with one of the behaviours.
func Serve(behaviour string) {
	if misbehave, ok := behaviours[behaviour]; ok {
		misbehave()
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  wire.ProtocolVersion,
			MagicCookieKey:   wire.CookieKey,
			MagicCookieValue: wire.CookieValue,
		},
		Plugins:    plugin.PluginSet{wire.PluginName: guest{behaviour: behaviour}},
		GRPCServer: plugin.DefaultGRPCServer,
	})
}

// behaviours are what a plugin may do wrong before it serves; those that return
// go on to serve.
var behaviours = map[string]func(){
	"exits":   func() { fmt.Fprintln(os.Stderr, "there is nothing to do"); os.Exit(3) },
	"garbage": func() { fmt.Println("hello, world"); forever() },
	"silent":  forever,
	"flood":   func() { _, _ = os.Stdout.WriteString(strings.Repeat("x", 1<<20)); forever() },
	"dials elsewhere": func() {
		fmt.Println("1|1|tcp|127.0.0.1:1|grpc")
		forever()
	},
	"speaks net/rpc": func() { fmt.Println("1|1|unix|/tmp/x|netrpc"); forever() },
	"next version":   func() { fmt.Println("1|99|unix|/tmp/x|grpc"); forever() },
	"hostile stderr": func() {
		for _, line := range []string{
			`{"@message":1}`, `{"@level":[],"@message":"x"}`, `{"@timestamp":7}`, `{`, "\x00\xff\x1b[31m",
			`{"@level":"warn","@message":"card 4242424242424242","cvc":"123"}`,
			strings.Repeat("y", 10<<20),
		} {
			fmt.Fprintln(os.Stderr, line)
		}
	},
	"floods stderr": func() { go flood() },
	"waits at the gate": func() {
		for _, err := os.Stat(os.Getenv(GateEnv)); err == nil; _, err = os.Stat(os.Getenv(GateEnv)) {
			time.Sleep(5 * time.Millisecond)
		}
	},
	"burns": func() {
		for range 2 {
			go func() {
				for {
					continue
				}
			}()
		}
	},
	"tells its arguments": func() { fmt.Fprintln(os.Stderr, strings.Join(os.Args[1:], " ")) },
	"leaves a child": func() {
		child := exec.Command("/bin/sleep", "3600")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Fprintf(os.Stderr, "child %d\n", child.Process.Pid)
	},
}

// FloodEnv is the variable with the number of lines that "floods stderr" writes
// while it serves, and FloodDoneEnv names the file that it makes when they are
// written.
const (
	FloodEnv     = "TEST_FLOOD"
	FloodDoneEnv = "TEST_FLOOD_DONE"
)

// flood writes lines that are meant to hurt who reads them, one in 10,000 of them
// of 10 MB.
func flood() {
	lines, err := strconv.Atoi(os.Getenv(FloodEnv))
	if err != nil {
		panic(err)
	}
	hostile := []string{
		`{"@message":1}`, `{"@level":[],"@message":"x"}`, `{"@timestamp":7}`, `{`, `{"@message":`, "\x00\xff\xfe\x1b[31m\x7f",
		`[[[[[[[[[[[[[[[[`, `{"@level":"error","@message":"panic: "}`, `{"a":{"b":{"c":[{}]}},"@message":null}`, strings.Repeat("z", 9<<10),
	}
	long := strings.Repeat("y", 10<<20)
	out := bufio.NewWriterSize(os.Stderr, 64<<10)
	for n := range lines {
		line := hostile[n%len(hostile)]
		if n%10_000 == 9_999 {
			line = long
		}
		_, _ = out.WriteString(line)
		_ = out.WriteByte('\n')
	}
	_ = out.Flush()
	if err := os.WriteFile(os.Getenv(FloodDoneEnv), nil, 0o600); err != nil {
		panic(err)
	}
}

// GateEnv names the file for whose end "waits at the gate" waits.
const GateEnv = "TEST_GATE"

func forever() {
	for {
		time.Sleep(time.Hour)
	}
}

// guest is the connector that is served.
type guest struct {
	plugin.NetRPCUnsupportedPlugin
	behaviour string
}

// GRPCServer implements plugin.GRPCPlugin.
func (g guest) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	if g.behaviour != "serves no description" {
		connectorv1.RegisterConnectorServiceServer(s, connector(g))
	}
	paymentsv1.RegisterPaymentServiceServer(s, payments{})
	if g.behaviour == SignsNothing {
		paymentsv1.RegisterWebhookServiceServer(s, webhooks{})
	}
	return nil
}

// GRPCClient implements plugin.GRPCPlugin.
func (guest) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, fmt.Errorf("this is the plugin's side")
}

type connector guest

// Describe implements connectorv1.ConnectorServiceServer.
func (c connector) Describe(context.Context, *connectorv1.DescribeRequest) (*connectorv1.DescribeResponse, error) {
	id := os.Getenv(IDEnv)
	if id == "" {
		id = "testplugin"
	}
	d := Description(id)
	switch c.behaviour {
	case "another name":
		d.Id = "somebody-else"
	case SignsNothing:
		read := &connectorv1.Idempotency{Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY}
		d.ConfigSchema = &structpb.Struct{} // an account may have any configuration
		d.WebhookVerificationMode = connectorv1.WebhookVerificationMode_WEBHOOK_VERIFICATION_MODE_FETCH_BACK
		d.Services = append(d.Services, &connectorv1.Service{
			Name:       "patchbay.payments.v1.WebhookService",
			Operations: []*connectorv1.Operation{{Name: "HandleWebhook", Idempotency: read}},
		})
	case "offers the host's services":
		d.Services = append(d.Services, &connectorv1.Service{Name: "patchbay.gateway.v1.ConnectorService"})
	}
	return &connectorv1.DescribeResponse{Description: d}, nil
}

// Description describes the connector that this package serves.
func Description(id string) *connectorv1.Description {
	read := &connectorv1.Idempotency{Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY}
	none := &connectorv1.Idempotency{Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NONE}
	return &connectorv1.Description{
		Id:                 id,
		PaymentMethodTypes: []string{"card"},
		ConfigSchema: &structpb.Struct{Fields: map[string]*structpb.Value{ // any
			"type": structpb.NewStringValue("object"),
		}},
		Services: []*connectorv1.Service{{
			Name: "patchbay.payments.v1.PaymentService",
			Operations: []*connectorv1.Operation{
				{Name: "Authorize", Idempotency: none},
				{Name: "GetPayment", Idempotency: read},
			},
		}},
	}
}

// Probe implements connectorv1.ConnectorServiceServer.
func (c connector) Probe(ctx context.Context, _ *connectorv1.ProbeRequest) (*connectorv1.ProbeResponse, error) {
	if c.behaviour == "hangs on probes" {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err() // a success might still be in time
	}
	alive := &connectorv1.ProbeResponse{}
	if stuck.Load() {
		alive.OldestCall = durationpb.New(time.Hour)
	}
	return alive, nil
}

// CheckAccount implements connectorv1.ConnectorServiceServer.
func (connector) CheckAccount(context.Context, *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error) {
	return &connectorv1.CheckAccountResponse{}, nil
}
