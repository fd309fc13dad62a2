package wire

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// descriptors is written by scripts/generate. Unlike the descriptors inside the
// generated Go it has the comments, which reach callers through reflection.
//
//go:embed descriptors.binpb
var descriptors []byte

// Descriptors returns this project's .proto files with their comments. The
// caller owns the result.
func Descriptors() *descriptorpb.FileDescriptorSet {
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(descriptors, set); err != nil {
		panic(fmt.Sprintf("the embedded descriptor set is broken: %v", err)) // a build error, not a state
	}
	return set
}

// Contract is the SHA-256 of this project's .proto files, comments and all: what
// differs in nothing else is the same contract. The result must not be changed.
var Contract = sync.OnceValue(func() []byte {
	sum := sha256.Sum256(descriptors)
	return sum[:]
})

// Closure returns the files that declare the services and all that they import,
// imports first; those that are among files as they are there, with comments.
func Closure(services []protoreflect.ServiceDescriptor, files []*descriptorpb.FileDescriptorProto) []*descriptorpb.FileDescriptorProto {
	commented := make(map[string]*descriptorpb.FileDescriptorProto, len(files))
	for _, file := range files {
		commented[file.GetName()] = file
	}
	var closure []*descriptorpb.FileDescriptorProto
	seen := map[string]bool{}
	var add func(fd protoreflect.FileDescriptor)
	add = func(fd protoreflect.FileDescriptor) {
		if seen[fd.Path()] {
			return
		}
		seen[fd.Path()] = true
		for i := range fd.Imports().Len() {
			add(fd.Imports().Get(i).FileDescriptor)
		}
		file := commented[fd.Path()]
		if file == nil {
			file = protodesc.ToFileDescriptorProto(fd)
		}
		closure = append(closure, file)
	}
	for _, service := range services {
		add(service.ParentFile())
	}
	return closure
}

// Files returns Descriptors as a resolver, which must not be changed.
var Files = sync.OnceValue(func() *protoregistry.Files {
	files, err := NewFiles(Descriptors().GetFile(), protoregistry.GlobalFiles)
	if err != nil {
		panic(fmt.Sprintf("the embedded descriptor set is broken: %v", err))
	}
	return files
})

// NewFiles links files in whatever order they come; imports that are not among
// them are looked up in fallback.
func NewFiles(files []*descriptorpb.FileDescriptorProto, fallback protodesc.Resolver) (*protoregistry.Files, error) {
	byPath := make(map[string]*descriptorpb.FileDescriptorProto, len(files))
	for _, file := range files {
		if _, twice := byPath[file.GetName()]; twice {
			return nil, fmt.Errorf("file %q is given twice", file.GetName())
		}
		byPath[file.GetName()] = file
	}
	l := linker{byPath: byPath, linked: &protoregistry.Files{}, open: map[string]bool{}, fallback: fallback}
	for _, file := range files {
		if err := l.link(file); err != nil {
			return nil, err
		}
	}
	return l.linked, nil
}

// linker registers files after their imports.
type linker struct {
	byPath   map[string]*descriptorpb.FileDescriptorProto
	linked   *protoregistry.Files
	open     map[string]bool // files whose imports are being linked
	fallback protodesc.Resolver
}

func (l *linker) link(file *descriptorpb.FileDescriptorProto) error {
	path := file.GetName()
	if _, err := l.linked.FindFileByPath(path); err == nil {
		return nil
	}
	if l.open[path] {
		return fmt.Errorf("file %q imports itself", path)
	}
	l.open[path] = true
	for _, dep := range file.GetDependency() {
		if next, ok := l.byPath[dep]; ok {
			if err := l.link(next); err != nil {
				return err
			}
		}
	}
	fd, err := protodesc.NewFile(file, l)
	if err != nil {
		return fmt.Errorf("file %q: %w", path, err)
	}
	return l.linked.RegisterFile(fd)
}

// FindFileByPath implements protodesc.Resolver.
func (l *linker) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if fd, err := l.linked.FindFileByPath(path); err == nil {
		return fd, nil
	}
	return l.fallback.FindFileByPath(path)
}

// FindDescriptorByName implements protodesc.Resolver.
func (l *linker) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if d, err := l.linked.FindDescriptorByName(name); err == nil {
		return d, nil
	}
	return l.fallback.FindDescriptorByName(name)
}
