package sdk

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/invopop/jsonschema"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func TestDescription_methodTypes(t *testing.T) {
	able := map[string][]*connectorv1.Capability{
		"Authorize": {{PaymentMethodTypes: []string{"card", "ideal"}}, {PaymentMethodTypes: []string{"card"}}, {}},
		"Capture":   {{PaymentMethodTypes: []string{"klarna"}}},
	}
	if got := (Description{Capabilities: able}).methodTypes(); !slices.Equal(got, []string{"card", "ideal"}) {
		t.Errorf("the types are %q", got)
	}
	if got := (Description{Capabilities: able, PaymentMethodTypes: []string{"sofort"}}).methodTypes(); !slices.Equal(got, []string{"sofort"}) {
		t.Errorf("the types are %q", got)
	}
}

func TestExample(t *testing.T) {
	got := Example("declined", "RefundService/CreateRefund", &paymentsv1.CreateRefundRequest{
		PaymentId: "p", Amount: &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1050},
	})
	want := map[string]any{"payment_id": "p", "amount": map[string]any{"currency_code": "USD", "minor_units": "1050"}}
	if got.GetSummary() != "declined" || got.GetMethod() != "patchbay.payments.v1.RefundService/CreateRefund" || !reflect.DeepEqual(got.GetRequest().AsMap(), want) {
		t.Errorf("got %v", got)
	}
}

func TestDescribe_saysWhatTheAuthorSays(t *testing.T) {
	data := []*connectorv1.TestData{{Summary: "works", Method: "patchbay.payments.v1.PaymentService/Authorize"}}
	got := describe(t, serve(t, described{
		ID: "acme", DisplayName: "Acme", Publisher: "Acme Inc.", Version: "1.2.3", DocumentationURL: "https://acme.example",
		PaymentMethodTypes: []string{"card"}, EgressHosts: []string{"api.acme.example:443"}, TestData: data,
	}))
	want := &connectorv1.Description{
		Id: "acme", DisplayName: "Acme", Publisher: "Acme Inc.", Version: "1.2.3", DocumentationUrl: "https://acme.example",
		PaymentMethodTypes: []string{"card"}, EgressHosts: []string{"api.acme.example:443"}, TestData: data,
		Descriptors: &descriptorpb.FileDescriptorSet{},
	}
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDescribe_operations(t *testing.T) {
	c := newConnector(nothing)
	c.described = described{
		ID: "acme", Evidence: connectorv1.Evidence_EVIDENCE_CONTRACT_TESTED,
		Idempotency: map[string]Idempotency{
			"Authorize": {Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY, TTL: 24 * time.Hour, MaxLength: 255},
			"GetRefund": {Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_QUERY_BY_REFERENCE},
			"Capture":   {MaxLength: 40},
		},
	}
	const none, readOnly = connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NONE, connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY
	want := map[string]*connectorv1.Idempotency{
		"Void": {Kind: none}, "CreateRefund": {Kind: none}, "GetPayment": {Kind: readOnly},
		"Capture":   {Kind: none, MaxLength: 40},
		"GetRefund": {Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_QUERY_BY_REFERENCE},
	}
	services := describe(t, serve(t, c)).GetServices()
	for _, service := range services {
		for _, op := range service.GetOperations() {
			if op.GetEvidence() != connectorv1.Evidence_EVIDENCE_CONTRACT_TESTED {
				t.Errorf("%s: got %v", op.GetName(), op.GetEvidence())
			}
			got := op.GetIdempotency()
			if op.GetName() == "Authorize" {
				if got.GetKind() != connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY || got.GetTtl().AsDuration() != 24*time.Hour || got.GetMaxLength() != 255 {
					t.Errorf("Authorize: got %v", got)
				}
			} else if !proto.Equal(got, want[op.GetName()]) {
				t.Errorf("%s: got %v, want %v", op.GetName(), got, want[op.GetName()])
			}
		}
	}
	if len(services) != 2 || services[0].GetName() != "patchbay.payments.v1.PaymentService" || services[1].GetName() != "patchbay.payments.v1.RefundService" {
		t.Errorf("got %v", services)
	}
}

func TestDescribe_configSchema(t *testing.T) {
	type config struct {
		APIKey  Secret `json:"api_key" jsonschema:"minLength=1"`
		BaseURL string `json:"base_url,omitempty" jsonschema:"description=Where it is"`
	}
	schema := describe(t, serve(t, described{ID: "acme", Config: &config{}})).GetConfigSchema().AsMap()
	properties, _ := schema["properties"].(map[string]any)
	key, _ := properties["api_key"].(map[string]any)
	base, _ := properties["base_url"].(map[string]any)
	if key["type"] != "string" || key["writeOnly"] != true || key["minLength"] != 1.0 {
		t.Errorf("api_key: got %v", key)
	}
	if base["type"] != "string" || base["writeOnly"] != nil || base["description"] != "Where it is" {
		t.Errorf("base_url: got %v", base)
	}
	if required, _ := schema["required"].([]any); !slices.Equal(required, []any{"api_key"}) || schema["additionalProperties"] != false {
		t.Errorf("got %v", schema)
	}
	if got := describe(t, serve(t, minimal)).GetConfigSchema(); got != nil {
		t.Errorf("a connector that takes none has %v", got)
	}
}

func TestNewServer_refusesWhatIsWrong(t *testing.T) {
	for want, c := range map[string]Connector{
		"Description.ID is empty": described{},
		`Description.Idempotency names "Autorize", which this connector does not implement`: described{
			ID: "acme", Idempotency: map[string]Idempotency{"Autorize": {}},
		},
		`Description.Capabilities names "Autorize", which this connector does not implement`: described{
			ID: "acme", Capabilities: map[string][]*connectorv1.Capability{"Autorize": nil},
		},
		"Description.Webhooks has to say": webhookHandler{minimal},
		"Description.Config: ":            described{ID: "acme", Config: &badConfig{}},
	} {
		if _, err := NewServer(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// webhookHandler does not say how it believes webhooks.
type webhookHandler struct{ described }

func (webhookHandler) HandleWebhook(context.Context, *paymentsv1.HandleWebhookRequest) (*paymentsv1.HandleWebhookResponse, error) {
	return &paymentsv1.HandleWebhookResponse{}, nil
}

// badConfig has a default that is no JSON.
type badConfig struct {
	Rate badDefault `json:"rate"`
}

type badDefault struct{}

func (badDefault) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Default: make(chan int)}
}

// The descriptors of a description stand on their own: imports come first, and
// all elements have their comments.
func TestDescribe_descriptors(t *testing.T) {
	c := struct {
		described
		getsRefunds
	}{minimal, newConnector(nothing).getsRefunds}
	set := describe(t, serve(t, c)).GetDescriptors()
	files := &protoregistry.Files{}
	for _, file := range set.GetFile() {
		fd, err := protodesc.NewFile(file, files)
		if err != nil {
			t.Fatalf("an import of %s is missing or comes later: %v", file.GetName(), err)
		}
		if err := files.RegisterFile(fd); err != nil {
			t.Fatal(err)
		}
	}
	d, err := files.FindDescriptorByName("patchbay.payments.v1.RefundService.GetRefund")
	if err != nil {
		t.Fatal(err)
	}
	if got := comment(d); !strings.Contains(got, "Reads a refund's state") {
		t.Errorf("the comment is %q", got)
	}
	if _, err := files.FindDescriptorByName("patchbay.payments.v1.PaymentService"); err == nil {
		t.Error("a service is described that the connector does not serve")
	}
	if _, err := wire.NewFiles(set.GetFile(), &protoregistry.Files{}); err != nil {
		t.Errorf("the host can't link it: %v", err)
	}
}

// A host with the same contract is not sent the contract's files.
func TestDescribe_toAHostWithTheSameContract(t *testing.T) {
	c := struct {
		described
		getsRefunds
	}{minimal, newConnector(nothing).getsRefunds}
	client := connectorv1.NewConnectorServiceClient(serve(t, c))
	brief, err := client.Describe(t.Context(), &connectorv1.DescribeRequest{Contract: wire.Contract()})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := client.Describe(t.Context(), &connectorv1.DescribeRequest{Contract: []byte("another contract")})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(brief.GetDescription().GetDescriptors().GetFile()); n != 0 {
		t.Errorf("%d files are sent", n)
	}
	if len(whole.GetDescription().GetDescriptors().GetFile()) == 0 {
		t.Error("a host with another contract is sent no files")
	}
	whole.Description.Descriptors, brief.Description.Descriptors = nil, nil
	if !proto.Equal(whole, brief) {
		t.Errorf("the descriptions differ in more than their files:\n%v\n%v", whole, brief)
	}
}

func comment(d protoreflect.Descriptor) string {
	return d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments
}
