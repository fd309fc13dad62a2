// Package description turns what a connector says of itself into what the
// gateway needs to know of it, and refuses what a guest must not say.
package description

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// keyLength is the length of the idempotency keys that the gateway derives.
const keyLength = 43

// Method is one method that the gateway may carry.
type Method struct {
	Path          string // "/package.Service/Method"
	ClientStreams bool
	ServerStreams bool

	// Payments: it belongs to patchbay.payments.v1, and the host promises what
	// it promises for payments.
	Payments bool
	// Repeatable: the connector recognises a repeat by the key that the call
	// carries, or the method only reads.
	Repeatable bool
	// ReadOnly: the method changes nothing, so a lost answer is no harm.
	ReadOnly bool
	// Request and Response are set where the host's own binary knows the types.
	Request, Response protoreflect.MessageType

	operation *connectorv1.Operation
}

// Unary says whether the method takes one message and gives one.
func (m Method) Unary() bool { return !m.ClientStreams && !m.ServerStreams }

// Description is what a connector says of itself, checked. What it says does not
// change.
type Description struct {
	Wired    *connectorv1.Description // without the files that the host has itself
	Methods  map[string]Method        // by path
	Services []string                 // sorted full names
	Files    *protoregistry.Files
	schema   *jsonschema.Schema

	checked sync.Map // digests of configurations that are right
	checks  atomic.Int64
}

// Parse checks a description, which it takes over. name and version are the
// manifest's.
func Parse(name, version string, wired *connectorv1.Description) (*Description, error) {
	switch {
	case wired == nil:
		return nil, errors.New("the connector describes nothing")
	case wired.GetId() != name:
		return nil, fmt.Errorf("the connector says that it is %q, its manifest says %q", wired.GetId(), name)
	case wired.GetVersion() != "" && wired.GetVersion() != version:
		return nil, fmt.Errorf("the connector says that it is version %s, its manifest says %s", wired.GetVersion(), version)
	case len(wired.GetServices()) == 0:
		return nil, errors.New("the connector serves nothing")
	}
	d := &Description{Wired: wired, Methods: map[string]Method{}}
	wired.Descriptors = &descriptorpb.FileDescriptorSet{File: foreign(wired.GetDescriptors().GetFile())}
	var err error
	if d.Files, err = wire.NewFiles(wired.GetDescriptors().GetFile(), known{}); err != nil {
		return nil, fmt.Errorf("the connector's descriptors: %w", err)
	}
	if d.schema, err = compileSchema(wired.GetConfigSchema()); err != nil {
		return nil, fmt.Errorf("the connector's configuration schema: %w", err)
	}
	for _, service := range wired.GetServices() {
		if err := d.addService(service); err != nil {
			return nil, err
		}
	}
	slices.Sort(d.Services)
	return d, nil
}

// Forbidden says whether a service is none that a guest may offer to callers.
// An open door would carry plugin.GRPCController/Shutdown to the guest.
func Forbidden(service string) bool {
	for _, taken := range []string{"grpc.", "plugin.", "google."} {
		if strings.HasPrefix(service, taken) {
			return true
		}
	}
	return strings.HasPrefix(service, "patchbay.") && !strings.HasPrefix(service, wire.PaymentsPackage+".")
}

func (d *Description) addService(service *connectorv1.Service) error {
	name := service.GetName()
	if Forbidden(name) {
		return fmt.Errorf("the connector offers %s, which no connector may offer to callers", name)
	}
	if slices.Contains(d.Services, name) {
		return fmt.Errorf("the connector describes %s twice", name)
	}
	described, err := d.find(name)
	if err != nil {
		return err
	}
	d.Services = append(d.Services, name)
	if !strings.HasPrefix(name, wire.PaymentsPackage+".") {
		for i := range described.Methods().Len() {
			d.add(described.Methods().Get(i), Method{})
		}
		return nil
	}
	for _, op := range service.GetOperations() {
		method := described.Methods().ByName(protoreflect.Name(op.GetName()))
		if method == nil {
			return fmt.Errorf("the connector declares %s/%s, which its descriptors don't have", name, op.GetName())
		}
		repeatable, err := repeatable(op)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", name, op.GetName(), err)
		}
		d.add(method, Method{
			Payments:   true,
			operation:  op,
			Repeatable: repeatable,
			ReadOnly:   op.GetIdempotency().GetKind() == connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY,
			Request:    typeOf(method.Input()),
			Response:   typeOf(method.Output()),
		})
	}
	return nil
}

// find prefers the host's own idea of a service over a guest's.
func (d *Description) find(service string) (protoreflect.ServiceDescriptor, error) {
	found, err := wire.Files().FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		found, err = d.Files.FindDescriptorByName(protoreflect.FullName(service))
	}
	described, ok := found.(protoreflect.ServiceDescriptor)
	if err != nil || !ok {
		return nil, fmt.Errorf("the connector offers %s, but its descriptors don't have it", service)
	}
	return described, nil
}

func (d *Description) add(md protoreflect.MethodDescriptor, m Method) {
	m.Path = "/" + string(md.Parent().FullName()) + "/" + string(md.Name())
	m.ClientStreams, m.ServerStreams = md.IsStreamingClient(), md.IsStreamingServer()
	d.Methods[m.Path] = m
}

func repeatable(op *connectorv1.Operation) (bool, error) {
	switch i := op.GetIdempotency(); i.GetKind() {
	case connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY:
		return true, nil
	case connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY:
		if limit := i.GetMaxLength(); limit > 0 && limit < keyLength {
			return false, fmt.Errorf("the PSP's keys have at most %d characters, the gateway's have %d; the connector must shorten them itself and declare no limit", limit, keyLength)
		}
		return true, nil
	default:
		return false, nil
	}
}

// foreign leaves out the files that the host has itself. Its own idea of them
// counts, and linking them again for each connector would take most of a start.
func foreign(files []*descriptorpb.FileDescriptorProto) []*descriptorpb.FileDescriptorProto {
	return slices.DeleteFunc(slices.Clone(files), func(file *descriptorpb.FileDescriptorProto) bool {
		_, err := wire.Files().FindFileByPath(file.GetName())
		return err == nil
	})
}

// known resolves what the host has itself.
type known struct{}

// FindFileByPath implements protodesc.Resolver.
func (known) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if fd, err := wire.Files().FindFileByPath(path); err == nil {
		return fd, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

// FindDescriptorByName implements protodesc.Resolver.
func (known) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if d, err := wire.Files().FindDescriptorByName(name); err == nil {
		return d, nil
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}

// typeOf returns the type that is compiled into the host, or nil.
func typeOf(md protoreflect.MessageDescriptor) protoreflect.MessageType {
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		return nil
	}
	return mt
}

// Brief is the description without what is long: descriptors, schema, test data.
func (d *Description) Brief() *connectorv1.Description {
	w := d.Wired
	return &connectorv1.Description{
		Id:                 w.GetId(),
		DisplayName:        w.GetDisplayName(),
		Version:            w.GetVersion(),
		Publisher:          w.GetPublisher(),
		DocumentationUrl:   w.GetDocumentationUrl(),
		Services:           w.GetServices(),
		PaymentMethodTypes: w.GetPaymentMethodTypes(),
		EgressHosts:        w.GetEgressHosts(),
	}
}

// contract is the host's own files, read once.
var contract = sync.OnceValue(func() []*descriptorpb.FileDescriptorProto { return wire.Descriptors().GetFile() })

// Full is the whole description, with every file that its services need, which must
// not be changed.
func (d *Description) Full() *connectorv1.Description {
	full := proto.CloneOf(d.Wired)
	var services []protoreflect.ServiceDescriptor
	for _, name := range d.Services {
		if found, err := d.find(name); err == nil { // it was found before
			services = append(services, found)
		}
	}
	full.Descriptors.File = wire.Closure(services, slices.Concat(contract(), full.GetDescriptors().GetFile()))
	return full
}
