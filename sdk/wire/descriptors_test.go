package wire

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Callers read the contract through reflection: every element says what it is.
func TestFiles_everyElementHasAComment(t *testing.T) {
	counts := map[string]int{}
	require := func(kind string, d protoreflect.Descriptor) {
		counts[kind]++
		text := strings.TrimSpace(d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments)
		if text == "" || !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "}") {
			t.Errorf("%s %s has no comment in whole sentences: %q", kind, d.FullName(), text)
		}
	}
	ourFiles(func(fd protoreflect.FileDescriptor) {
		requireInFile(fd, require)
	})
	allMessages(func(m protoreflect.MessageDescriptor) {
		require("message", m)
		fields(m, func(f protoreflect.FieldDescriptor) { require("field", f) })
		for i := range m.Oneofs().Len() {
			if one := m.Oneofs().Get(i); !one.IsSynthetic() {
				require("oneof", one)
			}
		}
		requireInEnums(m.Enums(), require)
	})
	for _, kind := range []string{"service", "RPC", "message", "field", "oneof", "enum", "enum value", "extension"} {
		if counts[kind] == 0 {
			t.Errorf("no %s was looked at", kind)
		}
	}
	if counts["field"] < 100 || counts["RPC"] < 10 {
		t.Errorf("looked only at %v", counts)
	}
}

func requireInFile(fd protoreflect.FileDescriptor, require func(string, protoreflect.Descriptor)) {
	for i := range fd.Services().Len() {
		service := fd.Services().Get(i)
		require("service", service)
		for j := range service.Methods().Len() {
			require("RPC", service.Methods().Get(j))
		}
	}
	for i := range fd.Extensions().Len() {
		require("extension", fd.Extensions().Get(i))
	}
	requireInEnums(fd.Enums(), require)
}

func requireInEnums(enums protoreflect.EnumDescriptors, require func(string, protoreflect.Descriptor)) {
	for i := range enums.Len() {
		require("enum", enums.Get(i))
		for j := range enums.Get(i).Values().Len() {
			require("enum value", enums.Get(i).Values().Get(j))
		}
	}
}

// descriptors.binpb is made from the same .proto files as the generated Go.
func TestDescriptors_areThoseOfTheGeneratedCode(t *testing.T) {
	embedded := map[string]*descriptorpb.FileDescriptorProto{}
	for _, file := range Descriptors().GetFile() {
		file.SourceCodeInfo = nil
		file.ProtoReflect().SetUnknown(nil) // buf's own notes on the file
		embedded[file.GetName()] = file
	}
	compared := 0
	protoregistry.GlobalFiles.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(fd.Package()), "patchbay.") {
			compared++
			if !proto.Equal(embedded[fd.Path()], protodesc.ToFileDescriptorProto(fd)) {
				t.Errorf("%s differs: run scripts/generate", fd.Path())
			}
		}
		return true
	})
	ours := 0
	ourFiles(func(protoreflect.FileDescriptor) { ours++ })
	if compared != ours {
		t.Errorf("%d files are linked in, and %d embedded", compared, ours)
	}
}

func TestDescriptors_callerOwnsTheResult(t *testing.T) {
	Descriptors().File = nil
	if len(Descriptors().GetFile()) == 0 {
		t.Error("a caller changed it for all")
	}
}

// protoFile is a file that imports others and has one message, with a field of
// each import's message.
func protoFile(name string, imports ...string) *descriptorpb.FileDescriptorProto {
	message := &descriptorpb.DescriptorProto{Name: proto.String("M")}
	for i, path := range imports {
		message.Field = append(message.Field, &descriptorpb.FieldDescriptorProto{
			Name: proto.String(strings.TrimSuffix(path, ".proto")), Number: proto.Int32(int32(i + 1)),
			Type: descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
			TypeName: proto.String("." + strings.TrimSuffix(path, ".proto") + ".M"),
		})
	}
	return &descriptorpb.FileDescriptorProto{
		Name: proto.String(name), Package: proto.String(strings.TrimSuffix(name, ".proto")), Syntax: proto.String("proto3"),
		Dependency: imports, MessageType: []*descriptorpb.DescriptorProto{message},
	}
}

func TestNewFiles_anyOrder(t *testing.T) {
	files := []*descriptorpb.FileDescriptorProto{
		protoFile("a.proto", "b.proto", "c.proto"), protoFile("b.proto", "d.proto"), protoFile("c.proto", "d.proto"), protoFile("d.proto"),
	}
	permute(files, func(order []*descriptorpb.FileDescriptorProto) {
		linked, err := NewFiles(order, &protoregistry.Files{})
		if err != nil {
			t.Fatalf("%v: %v", order, err)
		}
		if linked.NumFiles() != len(files) {
			t.Errorf("%d files are linked", linked.NumFiles())
		}
		m, err := linked.FindDescriptorByName("a.M")
		if err != nil {
			t.Fatal(err)
		}
		deep := m.(protoreflect.MessageDescriptor).Fields().ByName("b").Message().Fields().ByName("d").Message()
		if deep.FullName() != "d.M" || deep.IsPlaceholder() {
			t.Errorf("a.M.b.d is of type %s, placeholder %v", deep.FullName(), deep.IsPlaceholder())
		}
	})
}

// permute calls visit with every order of the files.
func permute(files []*descriptorpb.FileDescriptorProto, visit func([]*descriptorpb.FileDescriptorProto)) {
	var place func(n int)
	place = func(n int) {
		if n == len(files) {
			visit(files)
			return
		}
		for i := n; i < len(files); i++ {
			files[n], files[i] = files[i], files[n]
			place(n + 1)
			files[n], files[i] = files[i], files[n]
		}
	}
	place(0)
}

func TestNewFiles_fallback(t *testing.T) {
	fallback, err := NewFiles([]*descriptorpb.FileDescriptorProto{protoFile("b.proto")}, &protoregistry.Files{})
	if err != nil {
		t.Fatal(err)
	}
	linked, err := NewFiles([]*descriptorpb.FileDescriptorProto{protoFile("a.proto", "b.proto")}, fallback)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := linked.FindFileByPath("b.proto"); err == nil {
		t.Error("a file of the fallback is among the linked ones")
	}
	own := protoFile("b.proto")
	own.MessageType = append(own.MessageType, &descriptorpb.DescriptorProto{Name: proto.String("Newer")})
	linked, err = NewFiles([]*descriptorpb.FileDescriptorProto{protoFile("a.proto", "b.proto"), own}, fallback)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := linked.FindDescriptorByName("b.Newer"); err != nil {
		t.Errorf("the fallback's file wins over the given one: %v", err)
	}
}

func TestNewFiles_errors(t *testing.T) {
	type files = []*descriptorpb.FileDescriptorProto
	clash := protoFile("b.proto")
	clash.Package = proto.String("a")
	dangling := protoFile("a.proto", "b.proto")
	dangling.MessageType[0].Field[0].TypeName = proto.String(".b.Missing")
	for name, test := range map[string]struct {
		files files
		want  string
	}{
		"twice":            {files{protoFile("a.proto"), protoFile("b.proto"), protoFile("a.proto")}, `file "a.proto" is given twice`},
		"itself":           {files{protoFile("a.proto", "a.proto")}, `file "a.proto" imports itself`},
		"cycle":            {files{protoFile("a.proto", "b.proto"), protoFile("b.proto", "c.proto"), protoFile("c.proto", "a.proto")}, "imports itself"},
		"missing import":   {files{protoFile("a.proto", "b.proto")}, `file "a.proto"`},
		"missing message":  {files{dangling, protoFile("b.proto")}, `file "a.proto"`},
		"one name for two": {files{protoFile("a.proto"), clash}, "a.M"},
		"no name":          {files{{}}, `file ""`},
	} {
		if linked, err := NewFiles(test.files, &protoregistry.Files{}); err == nil || linked != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
	if linked, err := NewFiles(nil, &protoregistry.Files{}); err != nil || linked.NumFiles() != 0 {
		t.Errorf("no files: got %v %v", linked, err)
	}
}
