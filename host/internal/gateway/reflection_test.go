package gateway

import (
	"slices"
	"strings"
	"testing"

	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/registry"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// list asks reflection for the services.
func (h *harness) list(headers ...string) []string {
	h.t.Helper()
	stream, err := reflectionv1.NewServerReflectionClient(h.conn).ServerReflectionInfo(h.ctx(headers...))
	if err != nil {
		h.t.Fatal(err)
	}
	ask := &reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(ask); err != nil {
		h.t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		h.t.Fatal(err)
	}
	var names []string
	for _, s := range answer.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	return names
}

// file asks for the file that defines a symbol, without its imports.
func (h *harness) file(symbol string, headers ...string) *descriptorpb.FileDescriptorProto {
	h.t.Helper()
	stream, err := reflectionv1.NewServerReflectionClient(h.conn).ServerReflectionInfo(h.ctx(headers...))
	if err != nil {
		h.t.Fatal(err)
	}
	ask := &reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}}
	if err := stream.Send(ask); err != nil {
		h.t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		h.t.Fatal(err)
	}
	file := &descriptorpb.FileDescriptorProto{}
	if files := answer.GetFileDescriptorResponse().GetFileDescriptorProto(); len(files) > 0 {
		if err := proto.Unmarshal(files[0], file); err != nil {
			h.t.Fatal(err)
		}
	}
	return file
}

func TestReflectionShowsTheGatewayAndItsConnectors(t *testing.T) {
	h := newHarness(t)
	want := []string{
		"acme.v1.EchoService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
		"patchbay.gateway.v1.BulkService", "patchbay.gateway.v1.ConnectorService", "patchbay.payments.v1.PaymentService",
	}
	if got := h.list(); !slices.Equal(got, want) {
		t.Errorf("all: %v", got)
	}
	if got := h.list("x-connector", "acme@1.0.0"); !slices.Equal(got, []string{"acme.v1.EchoService", "patchbay.payments.v1.PaymentService"}) {
		t.Errorf("one: %v", got)
	}
	if got := h.list("x-connector", "nope"); !slices.Equal(got, want) {
		t.Errorf("unknown: %v", got)
	}
	if got := h.file("acme.v1.EchoService"); got.GetName() != "acme/v1/echo.proto" {
		t.Errorf("a guest's file: %v", got)
	}
	payment := h.file("patchbay.payments.v1.PaymentService")
	if !strings.Contains(payment.String(), "PaymentService takes payments") {
		t.Error("the comments are missing")
	}
	h.registry.Swap(nil, h.registry.Live()["acme"])
	if got := h.list(); slices.Contains(got, "acme.v1.EchoService") {
		t.Errorf("a removed connector's service stays: %v", got)
	}
}

func TestReflectionAlpha(t *testing.T) {
	h := newHarness(t)
	stream, err := reflectionv1alpha.NewServerReflectionClient(h.conn).ServerReflectionInfo(h.ctx("x-connector", "acme"))
	if err != nil {
		t.Fatal(err)
	}
	ask := &reflectionv1alpha.ServerReflectionRequest{MessageRequest: &reflectionv1alpha.ServerReflectionRequest_ListServices{}} //nolint:staticcheck // for old clients
	if err := stream.Send(ask); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil || len(answer.GetListServicesResponse().GetService()) != 2 { //nolint:staticcheck // for old clients
		t.Errorf("got %v, %v", answer, err)
	}
}

// TestReflectionConflict has two guests claim the same service.
func TestReflectionConflict(t *testing.T) {
	h := newHarness(t)
	liar := echoFile()
	liar.Name = proto.String("liar/echo.proto")
	liar.Service[0].Method = liar.GetService()[0].GetMethod()[:1]
	d, err := description.Parse("liar", "1.0.0", &connectorv1.Description{
		Id: "liar", Services: []*connectorv1.Service{{Name: "acme.v1.EchoService"}},
		Descriptors: &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{liar}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.registry.Declare("liar", "1.0.0")
	h.registry.Swap(registry.NewInstance("liar", "1.0.0", 1, d, h.plugin.conn), nil)
	if got := h.file("acme.v1.EchoService"); got.GetName() != "acme/v1/echo.proto" {
		t.Errorf("the first is gone: %s", got.GetName())
	}
	if got := h.file("acme.v1.EchoService", "x-connector", "liar"); got.GetName() != "liar/echo.proto" {
		t.Errorf("with x-connector: %s", got.GetName())
	}
	if !strings.Contains(h.log.String(), "liar/echo.proto") {
		t.Error("the conflict is not told")
	}
}

// TestReflectionServesTheWholeContract asks live reflection for every file of the
// contract: what callers get is the descriptor set whose every element has a
// comment, which sdk/wire tests.
func TestReflectionServesTheWholeContract(t *testing.T) {
	h := newHarness(t)
	for _, want := range wire.Descriptors().GetFile() {
		var symbol string
		switch {
		case len(want.GetService()) > 0:
			symbol = want.GetService()[0].GetName()
		case len(want.GetMessageType()) > 0:
			symbol = want.GetMessageType()[0].GetName()
		case len(want.GetEnumType()) > 0:
			symbol = want.GetEnumType()[0].GetName()
		default:
			symbol = want.GetExtension()[0].GetName()
		}
		got := h.file(want.GetPackage() + "." + symbol)
		if got.GetName() != want.GetName() || len(got.GetSourceCodeInfo().GetLocation()) == 0 {
			t.Errorf("%s: reflection answers %s with %d comments", want.GetName(), got.GetName(), len(got.GetSourceCodeInfo().GetLocation()))
		}
		if comments(got) != comments(want) {
			t.Errorf("%s: %d comments reach callers, want %d", want.GetName(), comments(got), comments(want))
		}
	}
}

func comments(file *descriptorpb.FileDescriptorProto) int {
	n := 0
	for _, location := range file.GetSourceCodeInfo().GetLocation() {
		if location.GetLeadingComments() != "" {
			n++
		}
	}
	return n
}
