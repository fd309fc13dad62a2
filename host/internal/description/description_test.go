package description

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

func described(edit func(*connectorv1.Description)) *connectorv1.Description {
	d := &connectorv1.Description{Id: "acme", Services: []*connectorv1.Service{{
		Name: "patchbay.payments.v1.PaymentService",
		Operations: []*connectorv1.Operation{
			{Name: "Authorize", Idempotency: &connectorv1.Idempotency{Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY, MaxLength: 64}},
			{Name: "Capture", Idempotency: &connectorv1.Idempotency{Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_UNIQUE_REFERENCE}},
			{Name: "GetPayment", Idempotency: &connectorv1.Idempotency{Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY}},
		},
	}}}
	edit(d)
	return d
}

func TestParse(t *testing.T) {
	d, err := Parse("acme", "1.0.0", described(func(*connectorv1.Description) {}))
	if err != nil {
		t.Fatal(err)
	}
	for path, repeatable := range map[string]bool{"Authorize": true, "Capture": false, "GetPayment": true} {
		m, ok := d.Methods["/patchbay.payments.v1.PaymentService/"+path]
		if !ok || m.Repeatable != repeatable || !m.Payments || !m.Unary() || m.Request == nil {
			t.Errorf("%s: %+v", path, m)
		}
	}
	if len(d.Methods) != 3 {
		t.Errorf("undeclared methods are carried: %v", d.Methods)
	}
}

// Callers see every file that the services need, be they the host's own or such as
// the connector brings.
func TestFull(t *testing.T) {
	d, err := Parse("acme", "1.0.0", described(func(d *connectorv1.Description) {
		d.Services = append(d.Services, &connectorv1.Service{Name: "acme.v1.Loyalty"})
		d.Descriptors = &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
			Name: proto.String("acme/v1/loyalty.proto"), Package: proto.String("acme.v1"),
			Dependency: []string{"patchbay/payments/v1/money.proto"},
			Service:    []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Loyalty")}},
		}}}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if kept := d.Wired.GetDescriptors().GetFile(); len(kept) != 1 {
		t.Errorf("%d files are kept, want only the connector's own", len(kept))
	}
	files, err := protodesc.NewFiles(d.Full().GetDescriptors())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []protoreflect.FullName{"acme.v1.Loyalty", "patchbay.payments.v1.PaymentService", "patchbay.payments.v1.Money"} {
		found, err := files.FindDescriptorByName(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if found.ParentFile().Path() != "acme/v1/loyalty.proto" && found.ParentFile().SourceLocations().ByDescriptor(found).LeadingComments == "" {
			t.Errorf("%s has no comment", name)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	service := func(name string) func(*connectorv1.Description) {
		return func(d *connectorv1.Description) { d.Services = append(d.Services, &connectorv1.Service{Name: name}) }
	}
	file := func(f *descriptorpb.FileDescriptorProto) func(*connectorv1.Description) {
		return func(d *connectorv1.Description) {
			d.Descriptors = &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{f}}
		}
	}
	for name, test := range map[string]struct {
		edit   func(*connectorv1.Description)
		reason string
	}{
		"another name":        {func(d *connectorv1.Description) { d.Id = "evil" }, `says that it is "evil"`},
		"another version":     {func(d *connectorv1.Description) { d.Version = "2.0.0" }, "version 2.0.0, its manifest says 1.0.0"},
		"nothing":             {func(d *connectorv1.Description) { d.Services = nil }, "serves nothing"},
		"twice":               {service("patchbay.payments.v1.PaymentService"), "twice"},
		"go-plugin's":         {service("plugin.GRPCController"), "no connector may offer"},
		"gRPC's":              {service("grpc.health.v1.Health"), "no connector may offer"},
		"Google's":            {service("google.longrunning.Operations"), "no connector may offer"},
		"the gateway's":       {service("patchbay.gateway.v1.ConnectorService"), "no connector may offer"},
		"the operators'":      {service("patchbay.admin.v1.PluginService"), "no connector may offer"},
		"its own control":     {service("patchbay.connector.v1.ConnectorService"), "no connector may offer"},
		"a look-alike":        {service("patchbay.payments.v1evil.X"), "no connector may offer"},
		"without descriptors": {service("acme.v1.X"), "descriptors don't have it"},
		"unknown operation": {func(d *connectorv1.Description) {
			d.Services[0].Operations = append(d.Services[0].Operations, &connectorv1.Operation{Name: "Teleport"})
		}, "Teleport"},
		"short keys":    {func(d *connectorv1.Description) { d.Services[0].Operations[0].Idempotency.MaxLength = 20 }, "at most 20"},
		"a broken file": {file(&descriptorpb.FileDescriptorProto{Name: proto.String("x.proto"), Dependency: []string{"nowhere.proto"}}), "descriptors"},
		"a file twice": {func(d *connectorv1.Description) {
			d.Descriptors = &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{Name: proto.String("x")}, {Name: proto.String("x")}}}
		}, "twice"},
		"a schema that reads files": {func(d *connectorv1.Description) {
			d.ConfigSchema, _ = structpb.NewStruct(map[string]any{"$ref": "file:///etc/passwd"})
		}, "must be whole in itself"},
		"no schema": {func(d *connectorv1.Description) {
			d.ConfigSchema, _ = structpb.NewStruct(map[string]any{"type": 7})
		}, "configuration schema"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse("acme", "1.0.0", described(test.edit)); err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("got %v, want %q", err, test.reason)
			}
		})
	}
	if _, err := Parse("acme", "1.0.0", nil); err == nil {
		t.Error("nothing was accepted")
	}
}

func TestCheckConfig(t *testing.T) {
	d, err := Parse("acme", "1.0.0", described(func(d *connectorv1.Description) {
		d.ConfigSchema, _ = structpb.NewStruct(map[string]any{
			"type": "object", "additionalProperties": false, "required": []any{"api_key"},
			"properties": map[string]any{
				"api_key": map[string]any{"type": "string", "minLength": 8},
				"deep":    map[string]any{"type": "object", "required": []any{"x"}, "properties": map[string]any{"x": map[string]any{"type": "integer"}}},
			},
		})
	}))
	if err != nil {
		t.Fatal(err)
	}
	for config, want := range map[string]string{
		`{"api_key":"sk_long_enough"}`: "",
		``:                             "api_key is missing",
		`{`:                            " is not JSON",
		`{"api_key":"SECRET"}`:         "api_key breaks the rule minLength of the connector's schema",
		`{"api_key":7}`:                "api_key must be string",
		`{"api_key":"sk_long_enough","apikey":1}`:       "apikey is not a field of this connector's configuration",
		`{"api_key":"sk_long_enough","deep":{}}`:        "deep.x is missing",
		`{"api_key":"sk_long_enough","deep":{"x":"y"}}`: "deep.x must be integer",
	} {
		got := ""
		for _, v := range d.CheckConfig([]byte(config)) {
			got += v.GetField() + " " + v.GetDescription()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", config, got, want)
		}
		if strings.Contains(got, "SECRET") {
			t.Errorf("a value is in %q", got)
		}
	}
	none, err := Parse("acme", "1.0.0", described(func(*connectorv1.Description) {}))
	if err != nil {
		t.Fatal(err)
	}
	if none.CheckConfig(nil) != nil || len(none.CheckConfig([]byte(`{}`))) != 1 {
		t.Error("a connector without a schema takes configuration")
	}
}
