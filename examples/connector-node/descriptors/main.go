// Command descriptors completes a descriptor set, such as this project's own with
// its comments, by what it imports and by the services and details that a plugin
// serves beside it, and writes it to stdout. In a project with .proto files of its
// own, "buf build -o" or "protoc --include_imports" does as much.
package main

import (
	"fmt"
	"os"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	_ "github.com/patchbay/patchbay/sdk" // brings the files that are looked up here
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "descriptors:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want the file of a descriptor set, got %q", args)
	}
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var given descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(raw, &given); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	set, err := complete(&given)
	if err != nil {
		return err
	}
	if raw, err = proto.Marshal(set); err != nil {
		return err
	}
	_, err = os.Stdout.Write(raw)
	return err
}

// complete adds to a set what is missing of it, and puts imports first.
func complete(given *descriptorpb.FileDescriptorSet) (*descriptorpb.FileDescriptorSet, error) {
	wanted := []string{
		"google/rpc/error_details.proto",
		"google/rpc/status.proto",
		"grpc/health/v1/health.proto",
		"internal/plugin/grpc_controller.proto", // go-plugin's
	}
	byName := map[string]*descriptorpb.FileDescriptorProto{}
	for _, file := range given.GetFile() {
		byName[file.GetName()] = file
		wanted = append(wanted, file.GetName())
	}
	set, seen := &descriptorpb.FileDescriptorSet{}, map[string]bool{}
	var add func(names []string) error
	add = func(names []string) error {
		for _, name := range names {
			if seen[name] {
				continue
			}
			seen[name] = true
			file := byName[name]
			if file == nil {
				fd, err := protoregistry.GlobalFiles.FindFileByPath(name)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				file = protodesc.ToFileDescriptorProto(fd)
			}
			if err := add(file.GetDependency()); err != nil {
				return err
			}
			set.File = append(set.File, file)
		}
		return nil
	}
	return set, add(wanted)
}
