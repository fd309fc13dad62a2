package wire

import (
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// dynamicMessages returns the messages of a file that is given as text.
func dynamicMessages(t *testing.T, text string) protoreflect.MessageDescriptors {
	t.Helper()
	var file descriptorpb.FileDescriptorProto
	if err := prototext.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	files, err := NewFiles([]*descriptorpb.FileDescriptorProto{&file}, Files())
	if err != nil {
		t.Fatal(err)
	}
	fd, err := files.FindFileByPath(file.GetName())
	if err != nil {
		t.Fatal(err)
	}
	return fd.Messages()
}

// dynamicMessage makes a message from its text.
func dynamicMessage(t *testing.T, d protoreflect.MessageDescriptor, text string) proto.Message {
	t.Helper()
	m := dynamicpb.NewMessage(d)
	if err := prototext.Unmarshal([]byte(text), m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}

// newerShapes makes messages with enums in a list and in a map, which our own
// messages do not have.
func newerShapes(t *testing.T) func(text string) proto.Message {
	t.Helper()
	d := dynamicMessages(t, `
name: "enums.proto" package: "enums.v1" syntax: "proto3"
dependency: "patchbay/payments/v1/sensitivity.proto"
message_type {
  name: "Enums"
  field { name: "list" number: 1 type: TYPE_ENUM type_name: ".patchbay.payments.v1.Sensitivity" label: LABEL_REPEATED }
  field { name: "map" number: 2 type: TYPE_MESSAGE type_name: ".enums.v1.Enums.MapEntry" label: LABEL_REPEATED }
  nested_type {
    name: "MapEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_ENUM type_name: ".patchbay.payments.v1.Sensitivity" label: LABEL_OPTIONAL }
  }
}`).Get(0)
	return func(text string) proto.Message { return dynamicMessage(t, d, text) }
}
