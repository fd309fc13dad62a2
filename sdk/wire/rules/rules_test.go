package rules

import (
	"strings"
	"sync"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// A rule of a kind that is not known is an error, wherever it is stated: nothing
// passes because nobody looked.
func TestChecker_unknownRules(t *testing.T) {
	str := func(r *validate.StringRules) *validate.FieldRules {
		return &validate.FieldRules{Type: &validate.FieldRules_String_{String_: r}}
	}
	cel := []*validate.Rule{{Id: proto.String("acme.own"), Expression: proto.String("true")}}
	for name, test := range map[string]struct {
		message *validate.MessageRules
		field   *validate.FieldRules
		want    string
	}{
		"kind of a string":      {nil, str(&validate.StringRules{Prefix: proto.String("x")}), "StringRules.prefix"},
		"well-known string":     {nil, str(&validate.StringRules{WellKnown: &validate.StringRules_Hostname{Hostname: true}}), "StringRules.hostname"},
		"type of field":         {nil, &validate.FieldRules{Type: &validate.FieldRules_Bool{Bool: &validate.BoolRules{Const: proto.Bool(true)}}}, "FieldRules.bool"},
		"expression of a field": {nil, &validate.FieldRules{Cel: cel}, "acme.own"},
		"pattern":               {nil, str(&validate.StringRules{Pattern: proto.String("(")}), "missing closing )"},
		"ignored":               {nil, &validate.FieldRules{Ignore: validate.Ignore_IGNORE_ALWAYS.Enum()}, "IGNORE_ALWAYS"},
		"expression":            {&validate.MessageRules{Cel: cel}, nil, "acme.own"},
		"oneof in words":        {&validate.MessageRules{Oneof: []*validate.MessageOneofRule{{Fields: []string{"text"}}}}, nil, "MessageRules.oneof"},
	} {
		t.Run(name, func(t *testing.T) {
			var checker Checker
			found, err := checker.Check(acme(t, test.message, test.field))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "acme.Thing") {
				t.Errorf("found %v, %v, want an error about %s", found, err, test.want)
			}
		})
	}
	var checker Checker
	if found, err := checker.Check(acme(t, nil, nil)); found != nil || err != nil {
		t.Errorf("a message without rules: found %v, %v", found, err)
	}
}

// acme is an empty message acme.Thing that holds another of its type, and a text.
func acme(t *testing.T, of *validate.MessageRules, text *validate.FieldRules) proto.Message {
	t.Helper()
	optional := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()
	ofMessage, ofText := &descriptorpb.MessageOptions{}, &descriptorpb.FieldOptions{}
	if of != nil {
		proto.SetExtension(ofMessage, validate.E_Message, of)
	}
	if text != nil {
		proto.SetExtension(ofText, validate.E_Field, text)
	}
	thing := &descriptorpb.DescriptorProto{
		Name: proto.String("Thing"), Options: ofMessage,
		Field: []*descriptorpb.FieldDescriptorProto{
			{Name: proto.String("text"), Number: proto.Int32(1), Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(), Label: optional, Options: ofText},
			{Name: proto.String("thing"), Number: proto.Int32(2), Type: descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), TypeName: proto.String(".acme.Thing"), Label: optional},
		},
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("acme.proto"), Package: proto.String("acme"), Syntax: proto.String("proto3"), MessageType: []*descriptorpb.DescriptorProto{thing},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return dynamicpb.NewMessage(file.Messages().Get(0))
}

// Many may see a message for the first time at once.
func TestChecker_concurrent(t *testing.T) {
	var checker Checker
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for _, m := range []proto.Message{&paymentsv1.AuthorizeRequest{}, &paymentsv1.VoidRequest{}} {
				if found, err := checker.Check(m); len(found) == 0 || err != nil {
					t.Errorf("%T: found %v, %v", m, found, err)
				}
			}
		})
	}
	group.Wait()
}

func ordinary() *paymentsv1.AuthorizeRequest {
	return &paymentsv1.AuthorizeRequest{
		Reference: "order-1", Amount: &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1050}, Email: "jo@example.com",
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
			Number: "4242424242424242", ExpiryMonth: 12, ExpiryYear: 2030, SecurityCode: "123",
		}}},
		Metadata:       map[string]string{"cart": "17", "channel": "web"},
		BillingAddress: &paymentsv1.Address{CountryCode: "DE", City: "Berlin", PostalCode: "10115"},
	}
}

// BenchmarkCheck is what an ordinary Authorize costs, here and at the referee's.
func BenchmarkCheck(b *testing.B) {
	request := ordinary()
	b.Run("here", func(b *testing.B) {
		var checker Checker
		for b.Loop() {
			if found, err := checker.Check(request); found != nil || err != nil {
				b.Fatal(found, err)
			}
		}
	})
	b.Run("referee", func(b *testing.B) {
		referee, err := protovalidate.New()
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := referee.Validate(request); err != nil {
				b.Fatal(err)
			}
		}
	})
	// What a process that is new pays for its first message.
	b.Run("first here", func(b *testing.B) {
		for b.Loop() {
			if found, err := new(Checker).Check(request); found != nil || err != nil {
				b.Fatal(found, err)
			}
		}
	})
	b.Run("first referee", func(b *testing.B) {
		for b.Loop() {
			referee, err := protovalidate.New()
			if err != nil {
				b.Fatal(err)
			}
			if err := referee.Validate(request); err != nil {
				b.Fatal(err)
			}
		}
	})
}
