package connectortest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func describeScenarios() []Scenario {
	scenario := func(name, summary string, run func(*Case)) Scenario {
		return Scenario{ID: "describe/" + name, Summary: summary, Proves: []Cell{{Aspect: Described}}, run: run}
	}
	return []Scenario{
		scenario("id", "The description's id is that of the plan and of a manifest", describeID),
		scenario("stable", "Two descriptions are the same", describeStable),
		scenario("same-everywhere", "Another instance gives the same description", describeElsewhere),
		scenario("services", "Every service and operation exists in the contract, and is listed once", describeServices),
		scenario("descriptors", "The descriptors link, and have every service that is listed", describeDescriptors),
		scenario("contract-unchanged", "The descriptors of the contract's own files are those of the contract", describeContract),
		scenario("comments", "Services of the author's own have comments for callers", describeComments),
		scenario("undeclared", "What is not declared answers UNIMPLEMENTED", describeUndeclared),
		scenario("idempotency", "What reads is READ_ONLY, and what writes says what a repeat does", describeIdempotency),
		scenario("key-length", "A key that the PSP knows may have 43 characters", describeKeyLength),
		scenario("evidence", "Every operation says what proves it", describeEvidence),
		scenario("payment-methods", "The payment method types are words of the contract", describeMethods),
		scenario("egress", "The PSP's hosts are host:port, and none is on this machine", describeEgress),
		scenario("schema", "The configuration's schema is a JSON Schema that takes the plan's account", describeSchema),
		scenario("schema-strict", "The configuration's schema refuses fields that are not in it", describeSchemaStrict),
		scenario("schema-secrets", "Configuration fields with names of secrets, or their items, are writeOnly", describeSchemaSecrets),
		scenario("test-data", "Every piece of test data is a valid request of a declared operation", describeTestData),
		scenario("probe", "A probe is answered", func(c *Case) { c.alive() }),
	}
}

func (c *Case) describe(i *instance) *connectorv1.Description {
	resp := &connectorv1.DescribeResponse{}
	c.ok("Describe", c.invokeMethod(wire.DescribeMethod, &connectorv1.DescribeRequest{}, resp, on(i)))
	return resp.GetDescription()
}

func describeID(c *Case) {
	equal(c, "description.id", c.plan.Connector, c.description.GetId())
	if id := c.description.GetId(); strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(id) > 63 {
		c.Fatalf("description.id: expected lower-case letters, digits and dashes, got %q", id)
	}
}

func describeStable(c *Case) {
	if !proto.Equal(c.describe(c.main), c.describe(c.main)) {
		c.Fatalf("Describe twice: expected the same, got another description")
	}
}

func describeElsewhere(c *Case) {
	if !proto.Equal(c.description, c.describe(c.elsewhere())) {
		c.Fatalf("Describe on another instance: expected the same, got another description")
	}
}

func describeServices(c *Case) {
	var names []string
	for _, s := range c.description.GetServices() {
		if slices.Contains(names, s.GetName()) {
			c.Fatalf("services: %s is listed twice", s.GetName())
		}
		names = append(names, s.GetName())
		if !strings.HasPrefix(s.GetName(), wire.PaymentsPackage+".") {
			continue
		}
		if len(s.GetOperations()) == 0 {
			c.Fatalf("services: expected operations of %s, got none", s.GetName())
		}
		var operations []string
		for _, o := range s.GetOperations() {
			op, ok := operationNamed(o.GetName())
			if !ok || op.service() != s.GetName() {
				c.Fatalf("services: expected an operation of %s, got %q", s.GetName(), o.GetName())
			}
			if slices.Contains(operations, o.GetName()) {
				c.Fatalf("services: %s/%s is listed twice", s.GetName(), o.GetName())
			}
			operations = append(operations, o.GetName())
		}
	}
	if len(names) == 0 {
		c.Fatalf("services: expected at least one, got none: a host refuses a connector that serves nothing")
	}
}

func (c *Case) linked() *protoregistry.Files {
	files, err := protodesc.NewFiles(c.description.GetDescriptors())
	if err != nil {
		c.Fatalf("descriptors: expected that they link, got: %v", err)
	}
	return files
}

func describeDescriptors(c *Case) {
	files := c.linked()
	for _, s := range c.description.GetServices() {
		d, err := files.FindDescriptorByName(protoreflect.FullName(s.GetName()))
		if err != nil {
			c.Fatalf("descriptors: expected the service %s among them, got: %v", s.GetName(), err)
		}
		service, ok := d.(protoreflect.ServiceDescriptor)
		if !ok {
			c.Fatalf("descriptors: expected a service, got %T for %s", d, s.GetName())
		}
		for _, o := range s.GetOperations() {
			if service.Methods().ByName(protoreflect.Name(o.GetName())) == nil {
				c.Fatalf("descriptors: expected the method %s/%s, got none", s.GetName(), o.GetName())
			}
		}
	}
}

func describeContract(c *Case) {
	files := c.linked()
	files.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		ours, err := protoregistry.GlobalFiles.FindFileByPath(fd.Path())
		if err != nil || !strings.HasPrefix(string(fd.Package()), "patchbay.") {
			return true
		}
		a, b := protodesc.ToFileDescriptorProto(fd), protodesc.ToFileDescriptorProto(ours)
		a.SourceCodeInfo, b.SourceCodeInfo = nil, nil
		if !proto.Equal(a, b) {
			c.Skipf("the connector was built with another version of %s", fd.Path())
		}
		return true
	})
}

func describeComments(c *Case) {
	files := c.linked()
	for _, s := range c.description.GetServices() {
		if strings.HasPrefix(s.GetName(), "patchbay.") {
			continue
		}
		d, err := files.FindDescriptorByName(protoreflect.FullName(s.GetName()))
		if err != nil {
			c.Fatalf("descriptors: %v", err)
		}
		if d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments == "" {
			c.Fatalf("descriptors: expected a comment on %s, got none (in Go: sdk.WithDescriptors)", s.GetName())
		}
	}
}

func describeUndeclared(c *Case) {
	for _, op := range operations() {
		if c.has(op.name()) || op.streams() {
			continue
		}
		err := c.invoke(op.name(), op.request(), op.response())
		c.failed(op.name()+", which is not declared", err, codes.Unimplemented)
	}
}

func describeIdempotency(c *Case) {
	for name, op := range c.declared {
		kind := op.GetIdempotency().GetKind()
		readOnly := kind == connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY
		if kind == connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_UNSPECIFIED {
			c.Fatalf("idempotency of %s: expected a kind, got none", name)
		}
		if strings.HasPrefix(name, "Get") && !readOnly {
			c.Fatalf("idempotency of %s: expected READ_ONLY, got %s", name, kind)
		}
		if _, written := writtenOperation(name); written && readOnly {
			c.Fatalf("idempotency of %s: expected what a repeat does, got READ_ONLY for an operation that moves money", name)
		}
	}
}

// writtenOperation finds an operation that surely changes something. Complete may
// only ask what became of the payment; then its scenarios hold it to that.
func writtenOperation(name string) (operation, bool) {
	op, ok := operationNamed(name)
	return op, ok && !reads(name) && name != "Complete"
}

func describeKeyLength(c *Case) {
	for name, op := range c.declared {
		if n := op.GetIdempotency().GetMaxLength(); c.byKey(name) && n != 0 && n < 43 {
			c.Fatalf("idempotency.max_length of %s: expected at least 43, which a host's keys have; got %d", name, n)
		}
	}
}

func describeEvidence(c *Case) {
	for name, op := range c.declared {
		if op.GetEvidence() == connectorv1.Evidence_EVIDENCE_UNSPECIFIED {
			c.Fatalf("evidence of %s: expected what proves it, got nothing", name)
		}
	}
}

func describeMethods(c *Case) {
	for _, kind := range c.description.GetPaymentMethodTypes() {
		if !methodType(kind) {
			c.Fatalf("payment_method_types: expected words such as card and ideal, or vendor/word, got %q", kind)
		}
	}
	if c.has("Authorize") && len(c.description.GetPaymentMethodTypes()) == 0 {
		c.Fatalf("payment_method_types: expected those that Authorize takes, got none")
	}
}

func methodType(kind string) bool {
	vendor, word, ok := strings.Cut(kind, "/")
	if !ok {
		vendor, word = "x", kind
	}
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789_"
	return vendor != "" && word != "" && strings.Trim(vendor, letters) == "" && strings.Trim(word, letters) == ""
}

func describeEgress(c *Case) {
	for _, host := range c.description.GetEgressHosts() {
		name, port, ok := strings.Cut(host, ":")
		if !ok || name == "" || port == "" || strings.Trim(port, "0123456789") != "" {
			c.Fatalf("egress_hosts: expected host:port, got %q", host)
		}
		if name == "localhost" || strings.HasPrefix(name, "127.") {
			c.Fatalf("egress_hosts: expected the PSP's hosts, got %q, which is for tests", host)
		}
	}
}

// schema compiles the configuration's schema; without one there is nothing to say.
func (c *Case) schema() *jsonschema.Schema {
	if c.description.GetConfigSchema() == nil {
		c.Skipf("the connector takes no configuration")
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("config.json", c.description.GetConfigSchema().AsMap()); err != nil {
		c.Fatalf("config_schema: %v", err)
	}
	schema, err := compiler.Compile("config.json")
	if err != nil {
		c.Fatalf("config_schema: expected a JSON Schema, got: %v", err)
	}
	return schema
}

// configuration is the plan's account as a schema sees it.
func (c *Case) configuration() map[string]any {
	object := map[string]any{}
	if len(c.account) > 0 {
		if err := json.Unmarshal(c.account, &object); err != nil {
			c.Fatalf("account in test.yaml: %v", err)
		}
	}
	return object
}

func describeSchema(c *Case) {
	if err := c.schema().Validate(c.configuration()); err != nil {
		c.Fatalf("config_schema: expected that it takes the plan's account, got: %v", err)
	}
}

func describeSchemaStrict(c *Case) {
	schema, config := c.schema(), c.configuration()
	config["quux_of_next_year"] = "x"
	if schema.Validate(config) == nil {
		c.Fatalf("config_schema: expected that it refuses a field that it does not have (additionalProperties: false), got no error")
	}
}

func describeSchemaSecrets(c *Case) {
	for name, field := range c.configFields() {
		if secretName(name) && !marksSecret(field) {
			c.Fatalf("config_schema: expected that %s is writeOnly, since its name is that of a secret (in Go: sdk.Secret)", name)
		}
	}
}

// secretName says whether a configuration field's name is that of a secret.
func secretName(name string) bool {
	for _, word := range []string{"secret", "password", "passphrase", "api_key", "private_key", "token", "hmac"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func describeTestData(c *Case) {
	var validator wire.Validator
	for _, d := range c.description.GetTestData() {
		_, name, _ := strings.Cut(d.GetMethod(), "/")
		op, ok := operationNamed(name)
		if !ok {
			continue // of a service of the author's own
		}
		if !c.has(name) {
			c.Fatalf("test_data %q: expected a declared operation, got %s", d.GetSummary(), d.GetMethod())
		}
		raw, err := d.GetRequest().MarshalJSON()
		if err != nil {
			c.Fatalf("test_data %q: %v", d.GetSummary(), err)
		}
		req := op.request()
		if err := protojson.Unmarshal(raw, req); err != nil {
			c.Fatalf("test_data %q: expected a request of %s, got: %v", d.GetSummary(), name, err)
		}
		if found, err := validator.Check(req); err != nil || len(found) > 0 {
			c.Fatalf("test_data %q: expected a valid request, got %v %v", d.GetSummary(), found, err)
		}
	}
}

// describeOnce asks an instance for its description.
func describeOnce(ctx context.Context, i *instance) (*connectorv1.Description, error) {
	resp, err := connectorv1.NewConnectorServiceClient(i.conn).Describe(ctx, &connectorv1.DescribeRequest{})
	return resp.GetDescription(), err
}
