package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/invopop/jsonschema"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Example is a request for people and tests to try, which moves no money: what comes
// of it, and the RPC that takes it, such as "PaymentService/Authorize".
func Example(summary, method string, request proto.Message) *connectorv1.TestData {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(request)
	example := &structpb.Struct{}
	if err == nil {
		err = example.UnmarshalJSON(raw)
	}
	if err != nil {
		panic(fmt.Sprintf("the example %q can't be written as JSON: %v", summary, err)) // not in UTF-8
	}
	return &connectorv1.TestData{Summary: summary, Method: "patchbay.payments.v1." + method, Request: example}
}

// Description is what a connector says of itself. Which operations it offers is
// not said here: it follows from what the connector implements.
type Description struct {
	ID               string // required: the manifest's name
	DisplayName      string
	Publisher        string
	Version          string // empty: the manifest's counts
	DocumentationURL string

	// Config is a pointer to a zero value of the struct that holds an account's
	// configuration; its schema comes from its json and jsonschema tags. Nil if
	// the connector takes none.
	Config any

	PaymentMethodTypes []string // empty: those of Authorize's capabilities
	EgressHosts        []string // "host:port" each

	// Idempotency says, by RPC name, what a repeat with the same key does. An
	// operation that is not named is IDEMPOTENCY_KIND_NONE, and one that only
	// reads is READ_ONLY.
	Idempotency map[string]Idempotency

	// Capabilities says, by RPC name, with what an operation works, where and
	// within what limits; the host refuses what fits none of them. An operation
	// that is not named is judged by the PSP alone.
	Capabilities map[string][]*connectorv1.Capability

	ThreeDSModes []connectorv1.ThreeDsMode
	Webhooks     connectorv1.WebhookVerificationMode // required for a WebhookHandler

	// Evidence is what proves the operations.
	Evidence connectorv1.Evidence

	TestData []*connectorv1.TestData
}

// methodTypes lists the types of payment methods, each once.
func (d Description) methodTypes() []string {
	types := slices.Clone(d.PaymentMethodTypes)
	if len(types) > 0 {
		return types
	}
	for _, capability := range d.Capabilities["Authorize"] {
		for _, name := range capability.GetPaymentMethodTypes() {
			if !slices.Contains(types, name) {
				types = append(types, name)
			}
		}
	}
	return types
}

// Idempotency is how a PSP recognises a repeat.
type Idempotency struct {
	Kind      connectorv1.IdempotencyKind
	TTL       time.Duration // how long the PSP remembers a key; 0 if it does not say
	MaxLength int           // how long a key may be; 0 if the PSP does not say
}

// describe builds the description of what the server serves, for a host with the
// same contract.
func (s *Server) describe(d Description) (*connectorv1.Description, error) {
	if d.ID == "" {
		return nil, fmt.Errorf("Description.ID is empty: give the manifest's name")
	}
	wired := &connectorv1.Description{
		Id:                 d.ID,
		DisplayName:        d.DisplayName,
		Publisher:          d.Publisher,
		Version:            d.Version,
		DocumentationUrl:   d.DocumentationURL,
		PaymentMethodTypes: d.methodTypes(),
		EgressHosts:        d.EgressHosts,
		TestData:           d.TestData,

		ThreeDsModes:            d.ThreeDSModes,
		WebhookVerificationMode: d.Webhooks,
	}
	var err error
	if wired.ConfigSchema, err = configSchema(d.Config); err != nil {
		return nil, fmt.Errorf("Description.Config: %w", err)
	}
	if wired.Services, err = s.describeServices(d); err != nil {
		return nil, err
	}
	wired.Descriptors, err = s.descriptorSet(true)
	return wired, err
}

func (s *Server) describeServices(d Description) ([]*connectorv1.Service, error) {
	var services []*connectorv1.Service
	known := map[string]bool{}
	for _, b := range s.bound {
		known[b.method] = true
		i := slices.IndexFunc(services, func(s *connectorv1.Service) bool { return s.GetName() == b.service })
		if i < 0 {
			services = append(services, &connectorv1.Service{Name: b.service})
			i = len(services) - 1
		}
		services[i].Operations = append(services[i].Operations, &connectorv1.Operation{
			Name: b.method, Idempotency: idempotency(b.operation, d.Idempotency[b.method]), Evidence: d.Evidence,
			Capabilities: d.Capabilities[b.method],
		})
	}
	for name := range d.Idempotency {
		if !known[name] {
			return nil, fmt.Errorf("Description.Idempotency names %q, which this connector does not implement", name)
		}
	}
	for name := range d.Capabilities {
		if !known[name] {
			return nil, fmt.Errorf("Description.Capabilities names %q, which this connector does not implement", name)
		}
	}
	if known["HandleWebhook"] && d.Webhooks == connectorv1.WebhookVerificationMode_WEBHOOK_VERIFICATION_MODE_UNSPECIFIED {
		return nil, errors.New("Description.Webhooks has to say how this connector believes webhooks")
	}
	for _, extra := range s.extra {
		services = append(services, &connectorv1.Service{Name: extra.desc.ServiceName})
	}
	return services, nil
}

func idempotency(op operation, declared Idempotency) *connectorv1.Idempotency {
	wired := &connectorv1.Idempotency{Kind: declared.Kind, MaxLength: int32(declared.MaxLength)}
	if declared.TTL > 0 {
		wired.Ttl = durationpb.New(declared.TTL)
	}
	if wired.GetKind() == connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_UNSPECIFIED {
		wired.Kind = connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NONE
		if op.readOnly {
			wired.Kind = connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY
		}
	}
	return wired
}

// configSchema derives the JSON Schema of a configuration struct.
func configSchema(config any) (*structpb.Struct, error) {
	if config == nil {
		return nil, nil
	}
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, DoNotReference: true}
	raw, err := json.Marshal(reflector.Reflect(config))
	if err != nil {
		return nil, err
	}
	schema := &structpb.Struct{}
	return schema, schema.UnmarshalJSON(raw)
}

// descriptorSet collects the files of services and what they import, with comments
// where they are known. Of a contract that the host has too, the files of further
// services are all that it needs. Nothing is linked here: that takes longer than
// everything else that a start does.
func (s *Server) descriptorSet(shared bool) (*descriptorpb.FileDescriptorSet, error) {
	files := s.descriptors
	var names []string
	for _, extra := range s.extra {
		names = append(names, extra.desc.ServiceName)
	}
	if !shared {
		files = slices.Concat(wire.Descriptors().GetFile(), files)
		for _, b := range s.bound {
			names = append(names, b.service)
		}
	}
	var services []protoreflect.ServiceDescriptor
	for _, name := range names {
		d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		service, ok := d.(protoreflect.ServiceDescriptor)
		if err != nil || !ok {
			return nil, fmt.Errorf("service %s: its generated code is not linked in: %w", name, err)
		}
		services = append(services, service)
	}
	return &descriptorpb.FileDescriptorSet{File: wire.Closure(services, files)}, nil
}
