package wire

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	// Their messages are looked up by name.
	_ "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
	_ "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	_ "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	_ "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// ourFiles calls visit with each file of this project.
func ourFiles(visit func(protoreflect.FileDescriptor)) {
	Files().RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(fd.Package()), "patchbay.") {
			visit(fd)
		}
		return true
	})
}

// allMessages calls visit with each message of this project, those inside others
// included, maps' entries left out.
func allMessages(visit func(protoreflect.MessageDescriptor)) {
	var walk func(protoreflect.MessageDescriptors)
	walk = func(messages protoreflect.MessageDescriptors) {
		for i := range messages.Len() {
			if m := messages.Get(i); !m.IsMapEntry() {
				visit(m)
				walk(m.Messages())
			}
		}
	}
	ourFiles(func(fd protoreflect.FileDescriptor) { walk(fd.Messages()) })
}

// newMessage makes an empty message of a type that is linked in.
func newMessage(t *testing.T, name protoreflect.FullName) protoreflect.Message {
	t.Helper()
	mt, err := protoregistry.GlobalTypes.FindMessageByName(name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return mt.New()
}

// fields calls visit with each field of a message.
func fields(m protoreflect.MessageDescriptor, visit func(protoreflect.FieldDescriptor)) {
	for i := range m.Fields().Len() {
		visit(m.Fields().Get(i))
	}
}
