package gateway

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	grpcreflection "google.golang.org/grpc/reflection"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// reflection describes what callers can call: without x-connector the gateway's
// own services and those of all connectors, with it those of one connector. What
// it says is made from the registry when somebody asks, and kept until the
// registry changes.
type reflection struct {
	registry *registry.Registry
	log      hclog.Logger
	own      map[string]grpc.ServiceInfo // the gateway's own services

	mu      sync.Mutex
	changed <-chan struct{} // closed when views are out of date
	views   map[string]view // by connector; "" for all
}

// view is one immutable set of descriptors and services.
type view struct {
	files    protodesc.Resolver
	services map[string]grpc.ServiceInfo
}

// GetServiceInfo implements reflection.ServiceInfoProvider.
func (v view) GetServiceInfo() map[string]grpc.ServiceInfo { return v.services }

func newReflection(r *registry.Registry, log hclog.Logger) *reflection {
	return &reflection{registry: r, log: log}
}

// ServerReflectionInfo implements reflectionv1.ServerReflectionServer.
func (r *reflection) ServerReflectionInfo(stream reflectionv1.ServerReflection_ServerReflectionInfoServer) error {
	return grpcreflection.NewServerV1(r.options(stream)).ServerReflectionInfo(stream)
}

// reflectionAlpha is the same for clients that only know the version before.
type reflectionAlpha struct{ *reflection }

// ServerReflectionInfo implements reflectionv1alpha.ServerReflectionServer.
func (r reflectionAlpha) ServerReflectionInfo(stream reflectionv1alpha.ServerReflection_ServerReflectionInfoServer) error {
	return grpcreflection.NewServer(r.options(stream)).ServerReflectionInfo(stream)
}

func (r *reflection) options(stream grpc.ServerStream) grpcreflection.ServerOptions {
	md, _ := metadata.FromIncomingContext(stream.Context())
	name, _, _ := strings.Cut(one(md, wire.ConnectorHeader), "@")
	v := r.view(name)
	return grpcreflection.ServerOptions{Services: v, DescriptorResolver: v.files}
}

// view returns the view for a connector. For one that has described nothing it is that of
// all, so that tools can make the call and show why it fails.
func (r *reflection) view(name string) view {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.changed: // nil at first, which never is ready
		r.views = nil
	default:
	}
	if r.views == nil {
		r.changed = r.registry.Changed()
		r.views = r.build(r.registry.Descriptions())
	}
	if v, ok := r.views[name]; ok {
		return v
	}
	return r.views[""]
}

// build makes the views. In the common one the gateway's own files come first,
// then connectors in order of name; a file that conflicts with what is there is
// left out, and its services with it.
func (r *reflection) build(connectors map[string]*description.Description) map[string]view {
	common := view{files: newLayered(wire.Files()), services: maps.Clone(r.own)}
	views := map[string]view{}
	for _, name := range slices.Sorted(maps.Keys(connectors)) {
		d := connectors[name]
		one := view{files: newLayered(wire.Files(), d.Files), services: map[string]grpc.ServiceInfo{}}
		layers := common.files.(*layered)
		conflict := layers.add(d.Files)
		if conflict != "" {
			r.log.Warn("a connector's services are left out of reflection without x-connector", "connector", name, "conflict", conflict)
		}
		for _, service := range d.Services {
			one.services[service] = grpc.ServiceInfo{}
			if _, err := layers.FindDescriptorByName(protoreflect.FullName(service)); err == nil {
				common.services[service] = grpc.ServiceInfo{}
			}
		}
		views[name] = one
	}
	views[""] = common
	return views
}

// layered looks things up in several sets of files, the first that has it wins.
type layered struct{ sets []*protoregistry.Files }

func newLayered(sets ...*protoregistry.Files) *layered { return &layered{sets} }

// add puts a set behind the others, unless one of its files says of a path or a
// service something else than what is there; then it names the file.
func (l *layered) add(set *protoregistry.Files) (conflict string) {
	set.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		there, err := l.FindFileByPath(fd.Path())
		switch {
		case err == nil && !sameFile(there, fd):
			conflict = fd.Path()
		case err != nil:
			for i := range fd.Services().Len() {
				if _, err := l.FindDescriptorByName(fd.Services().Get(i).FullName()); err == nil {
					conflict = fd.Path()
				}
			}
		}
		return conflict == ""
	})
	if conflict == "" {
		l.sets = append(l.sets, set)
	}
	return conflict
}

// sameFile compares what two files define, comments aside.
func sameFile(a, b protoreflect.FileDescriptor) bool {
	return a.Package() == b.Package() && a.Messages().Len() == b.Messages().Len() &&
		a.Services().Len() == b.Services().Len() && a.Enums().Len() == b.Enums().Len()
}

// FindFileByPath implements protodesc.Resolver.
func (l *layered) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	for _, set := range l.sets {
		if fd, err := set.FindFileByPath(path); err == nil {
			return fd, nil
		}
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

// FindDescriptorByName implements protodesc.Resolver.
func (l *layered) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	for _, set := range l.sets {
		if d, err := set.FindDescriptorByName(name); err == nil {
			return d, nil
		}
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}

// service is the service of a method's path.
func service(method string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	return name
}
