package wire

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

const (
	hidden = "hush-4000056655665556"
	plain  = "anybody-may-see-this"
)

// filler fills messages: what must not be shown with hidden, all else with plain.
type filler struct {
	t        *testing.T
	anything bool // filled with plain somewhere
	strict   bool // leave free-form structs out
}

// fill gives every string and bytes field a value, one member of each oneof after
// the other by choice, and goes into messages as deep as depth says.
func (f *filler) fill(m protoreflect.Message, choice, depth int) {
	fields(m.Descriptor(), func(fd protoreflect.FieldDescriptor) {
		if one := fd.ContainingOneof(); one != nil && one.Fields().Get(choice%one.Fields().Len()) != fd {
			return
		}
		secret := Sensitive(fd)
		switch {
		case fd.IsMap():
			if value, ok := f.value(fd.MapValue(), func() protoreflect.Value { return m.NewField(fd).Map().NewValue() }, secret, choice, depth); ok {
				m.Mutable(fd).Map().Set(protoreflect.ValueOfString("entry").MapKey(), value)
			}
		case fd.IsList():
			if value, ok := f.value(fd, func() protoreflect.Value { return m.NewField(fd).List().NewElement() }, secret, choice, depth); ok {
				m.Mutable(fd).List().Append(value)
			}
		default:
			if value, ok := f.value(fd, func() protoreflect.Value { return m.NewField(fd) }, secret, choice, depth); ok {
				m.Set(fd, value)
			}
		}
	})
}

func (f *filler) value(fd protoreflect.FieldDescriptor, fresh func() protoreflect.Value, secret bool, choice, depth int) (protoreflect.Value, bool) {
	text := plain
	if secret {
		text = hidden
	}
	switch {
	case fd.Kind() == protoreflect.StringKind:
		f.anything = f.anything || !secret
		return protoreflect.ValueOfString(text), true
	case fd.Kind() == protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(text)), true
	case fd.Message() == nil || depth == 0:
		return protoreflect.Value{}, false
	case f.strict && fd.Message().FullName() == "google.protobuf.Struct":
		return protoreflect.Value{}, false
	case fd.Message().FullName() == "google.protobuf.Struct":
		return protoreflect.ValueOfMessage(freeForm(f.t).ProtoReflect()), true
	}
	value := fresh()
	if strings.HasPrefix(string(fd.Message().FullName()), "patchbay.") {
		f.fill(value.Message(), choice, depth-1)
	}
	return value, true
}

// freeForm is a struct with something to hide at every depth.
func freeForm(t *testing.T) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(map[string]any{
		"direct": hidden, "list": []any{hidden, []any{hidden}}, "nested": map[string]any{"deep": map[string]any{"er": hidden}}, "number": 4000056655665556,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// leaks says whether text has the hidden value in any form.
func leaks(text string) bool {
	encoded := base64.StdEncoding.EncodeToString([]byte(hidden))
	return strings.Contains(text, hidden) || strings.Contains(text, encoded) || strings.Contains(text, "4000056655665556")
}

func TestRedact_everyMessage(t *testing.T) {
	choices, withSecrets := largestOneof(), 0
	allMessages(func(d protoreflect.MessageDescriptor) {
		hid := false
		for choice := range choices {
			f := filler{t: t}
			m := newMessage(t, d.FullName()).Interface()
			f.fill(m.ProtoReflect(), choice, 4)
			checkRedacted(t, m, f.anything)
			hid = hid || leaks(prototext.Format(m))
		}
		if hid != hasSecrets(d, nil) {
			t.Errorf("%s has something to hide: %v; the test put it there: %v", d.FullName(), !hid, hid)
		}
		if hid {
			withSecrets++
		}
	})
	if withSecrets < 10 {
		t.Errorf("only %d messages had anything to hide", withSecrets)
	}
}

func checkRedacted(t *testing.T, m proto.Message, hasPlain bool) {
	t.Helper()
	name, before := m.ProtoReflect().Descriptor().FullName(), proto.Clone(m)
	out := Redact(m)
	if leaks(out) {
		t.Errorf("%s: %s", name, out)
	}
	if !json.Valid([]byte(out)) {
		t.Errorf("%s is no JSON: %s", name, out)
	}
	if hasPlain && !strings.Contains(out, plain) {
		t.Errorf("%s: what may be shown is hidden: %s", name, out)
	}
	if !proto.Equal(before, m) {
		t.Errorf("%s: the message itself was changed", name)
	}
}

// largestOneof returns how many members the largest oneof of all messages has.
func largestOneof() int {
	largest := 1
	allMessages(func(d protoreflect.MessageDescriptor) {
		for i := range d.Oneofs().Len() {
			largest = max(largest, d.Oneofs().Get(i).Fields().Len())
		}
	})
	return largest
}

// hasSecrets says whether any field in a message or below it is hidden, whichever
// member a oneof has.
func hasSecrets(d protoreflect.MessageDescriptor, above []protoreflect.FullName) bool {
	found := false
	if slices.Contains(above, d.FullName()) {
		return false
	}
	fields(d, func(fd protoreflect.FieldDescriptor) {
		found = found || Sensitive(fd) || fd.Message() != nil &&
			(fd.Message().FullName() == "google.protobuf.Struct" || hasSecrets(fd.Message(), append(above, d.FullName())))
	})
	return found
}

func TestRedact_output(t *testing.T) {
	compact := func(m proto.Message) string {
		var any any
		if err := json.Unmarshal([]byte(Redact(m)), &any); err != nil {
			t.Fatal(err)
		}
		raw, _ := json.Marshal(any)
		return string(raw)
	}
	for _, test := range []struct {
		m    proto.Message
		want string
	}{
		{&paymentsv1.Card{Number: "4242424242424242", ExpiryYear: 2030, HolderName: "Jo", Network: "visa"},
			`{"expiryYear":2030,"holderName":"[redacted]","network":"visa","number":"[redacted]"}`},
		{&paymentsv1.Card{ExpiryYear: 2030}, `{"expiryYear":2030}`},
		{&connectorv1.CallContext{RequestId: "req-1", Config: []byte(hidden)},
			`{"config":"` + base64.StdEncoding.EncodeToString([]byte(Mask)) + `","requestId":"req-1"}`},
		{&paymentsv1.AuthorizeRequest{Metadata: map[string]string{"cart": "7"}}, `{"metadata":{"cart":"7"}}`},
		{&paymentsv1.Payment{ConnectorData: freeForm(t)},
			`{"connectorData":{"direct":"[redacted]","list":"[redacted]","nested":"[redacted]","number":"[redacted]"}}`},
		{freeForm(t), `{"direct":"[redacted]","list":"[redacted]","nested":"[redacted]","number":"[redacted]"}`},
		{(*paymentsv1.Card)(nil), `null`},
		{nil, `null`},
	} {
		if got := compact(test.m); got != test.want {
			t.Errorf("%T: got %s, want %s", test.m, got, test.want)
		}
	}
}

// What is in nobody's contract is hidden as a whole.
func TestRedact_unknownContent(t *testing.T) {
	newer := &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{Network: "visa"}}}
	newer.GetCard().ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 99, protowire.BytesType), hidden))
	packed, err := anypb.New(&paymentsv1.Card{Number: hidden})
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]proto.Message{
		"unknown field":      newer,
		"Any":                packed,
		"Any in a list":      &status.Status{Details: []*anypb.Any{packed}},
		"Value":              structpb.NewStringValue(hidden),
		"ListValue":          &structpb.ListValue{Values: []*structpb.Value{structpb.NewStringValue(hidden)}},
		"not UTF-8":          &paymentsv1.Payment{Reference: hidden + "\xff"},
		"Any of a bad type":  &anypb.Any{TypeUrl: "x/none", Value: []byte(hidden)},
		"Struct, null value": &structpb.Struct{Fields: map[string]*structpb.Value{"a": nil, "b": structpb.NewStringValue(hidden)}},
	} {
		if out := Redact(m); leaks(out) || out == "" {
			t.Errorf("%s: %s", name, out)
		}
		if name == "unknown field" && !strings.Contains(Redact(m), "visa") {
			t.Errorf("known fields are gone: %s", Redact(m))
		}
	}
}

// shapes has sensitive fields of every shape, which our own messages do not all
// have.
const shapes = `
name: "acme.proto" package: "acme.v1" syntax: "proto3"
dependency: "patchbay/payments/v1/sensitivity.proto" dependency: "CARD"
message_type {
  name: "Shapes"
  field { name: "open" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "text" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL options { [patchbay.payments.v1.sensitivity]: SENSITIVITY_SECRET } }
  field { name: "raw" number: 3 type: TYPE_BYTES label: LABEL_OPTIONAL options { [patchbay.payments.v1.sensitivity]: SENSITIVITY_PERSONAL } }
  field { name: "texts" number: 4 type: TYPE_STRING label: LABEL_REPEATED options { [patchbay.payments.v1.sensitivity]: SENSITIVITY_SECRET } }
  field { name: "number" number: 5 type: TYPE_INT64 label: LABEL_OPTIONAL options { [patchbay.payments.v1.sensitivity]: SENSITIVITY_SECRET } }
  field { name: "card" number: 6 type: TYPE_MESSAGE type_name: ".patchbay.payments.v1.Card" label: LABEL_OPTIONAL options { [patchbay.payments.v1.sensitivity]: SENSITIVITY_SECRET } }
  field { name: "by_name" number: 7 type: TYPE_MESSAGE type_name: ".acme.v1.Shapes.ByNameEntry" label: LABEL_REPEATED options { [patchbay.payments.v1.sensitivity]: SENSITIVITY_SECRET } }
  field { name: "cards" number: 8 type: TYPE_MESSAGE type_name: ".patchbay.payments.v1.Card" label: LABEL_REPEATED }
  field { name: "cards_by_name" number: 9 type: TYPE_MESSAGE type_name: ".acme.v1.Shapes.CardsByNameEntry" label: LABEL_REPEATED }
  nested_type {
    name: "ByNameEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
  }
  nested_type {
    name: "CardsByNameEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".patchbay.payments.v1.Card" label: LABEL_OPTIONAL }
  }
}`

func TestRedact_everyShape(t *testing.T) {
	card := (&paymentsv1.Card{}).ProtoReflect().Descriptor().ParentFile().Path()
	d := dynamicMessages(t, strings.Replace(shapes, "CARD", card, 1)).Get(0)
	for text, want := range map[string]string{
		`text: "` + hidden + `"`:                             `"text":"[redacted]"`,
		`raw: "` + hidden + `"`:                              `"raw":"`,
		`texts: "` + hidden + `"`:                            `{"open":"anybody-may-see-this"}`,
		`number: 4000056655665556`:                           `{"open":"anybody-may-see-this"}`,
		`card { network: "` + hidden + `" }`:                 `{"open":"anybody-may-see-this"}`,
		`by_name { key: "k" value: "` + hidden + `" }`:       `{"open":"anybody-may-see-this"}`,
		`cards { network: "visa" number: "` + hidden + `" }`: `{"number":"[redacted]","network":"visa"}`,
		`cards_by_name { key: "k" value { network: "visa" number: "` + hidden + `" } }`: `{"k":{"number":"[redacted]","network":"visa"}}`,
	} {
		out := strings.ReplaceAll(Redact(dynamicMessage(t, d, text+` open: "`+plain+`"`)), " ", "")
		if leaks(out) || !strings.Contains(out, want) || !strings.Contains(out, plain) {
			t.Errorf("%s: got %s, want %s", text, out, want)
		}
	}
}
