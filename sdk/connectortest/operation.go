package connectortest

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// operation is one RPC of the contract.
type operation struct{ method protoreflect.MethodDescriptor }

func (o operation) name() string { return string(o.method.Name()) }

func (o operation) service() string { return string(o.method.Parent().FullName()) }

func (o operation) fullMethod() string { return "/" + o.service() + "/" + o.name() }

// streams says whether requests or answers come as a stream.
func (o operation) streams() bool {
	return o.method.IsStreamingClient() || o.method.IsStreamingServer()
}

func (o operation) request() proto.Message { return message(o.method.Input()) }

func (o operation) response() proto.Message { return message(o.method.Output()) }

func message(d protoreflect.MessageDescriptor) proto.Message {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic(err) // the contract is linked in
	}
	return t.New().Interface()
}

// operations lists the RPCs of the contract, service by service.
func operations() []operation {
	var all []operation
	protoregistry.GlobalFiles.RangeFilesByPackage(wire.PaymentsPackage, func(fd protoreflect.FileDescriptor) bool {
		for i := range fd.Services().Len() {
			methods := fd.Services().Get(i).Methods()
			for j := range methods.Len() {
				all = append(all, operation{methods.Get(j)})
			}
		}
		return true
	})
	return all
}

// operationNamed finds an RPC; names are unique in the contract.
func operationNamed(name string) (operation, bool) {
	for _, op := range operations() {
		if op.name() == name {
			return op, true
		}
	}
	return operation{}, false
}

// reads says whether an operation of this name only reads.
func reads(name string) bool {
	for _, prefix := range []string{"Get", "List", "Find", "Check", "Calculate", "Parse", "Handle"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

var _ = paymentsv1.File_patchbay_payments_v1_payment_service_proto // links the contract in
