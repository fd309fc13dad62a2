package sdk

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// contractCase says in JSON what a connector and its PSP say to each other in one
// operation, and what callers get.
type contractCase struct {
	service, method string
	reads           bool
	request         string
	free            bool // an empty request is valid too
	answer          string
	unknown         string            // what is answered to an unknown outcome; nothing for an error
	fits            []string          // further answers that do not contradict the request
	differs         map[string]string // by answer, what contradicts the request
}

func (c contractCase) operation(t *testing.T) operation {
	t.Helper()
	for _, op := range operations() {
		if op.service == wire.PaymentsPackage+"."+c.service && op.method == c.method {
			return op
		}
	}
	t.Fatalf("%s/%s is no operation", c.service, c.method)
	return operation{}
}

// messages makes messages of the operation's types.
func (c contractCase) messages(t *testing.T) (request, response func(text string) proto.Message) {
	t.Helper()
	op := c.operation(t)
	from := func(m proto.Message, text string) proto.Message {
		if err := protojson.Unmarshal([]byte(text), m); err != nil {
			t.Fatalf("%s: %s: %v", c.method, text, err)
		}
		return m
	}
	return func(text string) proto.Message { return from(op.request(), text) },
		func(text string) proto.Message { return from(newResponse(t, op), text) }
}

func (c contractCase) invoke(ctx context.Context, conn *grpc.ClientConn, req, resp proto.Message) error {
	return conn.Invoke(ctx, "/"+wire.PaymentsPackage+"."+c.service+"/"+c.method, req, resp)
}

// TestContract drives every unary operation over a real connection.
func TestContract(t *testing.T) {
	var answer proto.Message
	var failed error
	conn := serve(t, everything{psp: func(string) (proto.Message, error) { return answer, failed }})
	none := serve(t, minimal)
	for _, c := range contractCases() {
		t.Run(c.method, func(t *testing.T) {
			request, response := c.messages(t)
			call := func(psp proto.Message, err error) (proto.Message, error) {
				answer, failed = psp, err
				got := response("{}")
				return got, c.invoke(t.Context(), conn, request(c.request), got)
			}
			for _, text := range append(c.fits, c.answer) {
				if got, err := call(response(text), nil); err != nil || !proto.Equal(got, response(text)) {
					t.Errorf("the PSP says %s: got %v %v", text, got, err)
				}
			}
			for text, want := range c.differs {
				_, err := call(response(text), nil)
				checkMismatch(t, err, want)
				if t.Failed() {
					t.Fatalf("when the PSP says %s", text)
				}
			}
			got, err := call(nil, Errorf(OutcomeUnknown, "", "the answer was lost"))
			switch f := failureOf(err); {
			case c.unknown == "" && (f.Code != codes.Unknown || f.Reason != "OUTCOME_UNKNOWN" || f.Sent != wire.SentMaybe):
				t.Errorf("an unknown outcome: got %v %v", got, err)
			case c.unknown != "" && (err != nil || !proto.Equal(got, response(c.unknown))):
				t.Errorf("an unknown outcome: got %v %v, want %s", got, err, c.unknown)
			}
			if c.unknown != "" { // what is answered then must pass the checks itself
				if _, err := call(response(c.unknown), nil); err != nil {
					t.Errorf("the connector itself says %s: got %v", c.unknown, err)
				}
			}
			answer, failed = response(c.answer), nil
			if err := c.invoke(t.Context(), conn, request("{}"), response("{}")); (failureOf(err).Reason == "INVALID_REQUEST") == c.free {
				t.Errorf("an empty request: got %v", err)
			}
			if err := c.invoke(t.Context(), none, request(c.request), response("{}")); status.Code(err) != codes.Unimplemented {
				t.Errorf("a connector without it: got %v", err)
			}
		})
	}
}

func TestContract_isComplete(t *testing.T) {
	var tested, offered []string
	for _, c := range contractCases() {
		tested = append(tested, wire.PaymentsPackage+"."+c.service+"/"+c.method)
	}
	tested = append(tested, disputeService+"/"+uploadEvidence) // see TestUploadEvidence
	for _, service := range describe(t, serve(t, everything{})).GetServices() {
		for _, op := range service.GetOperations() {
			offered = append(offered, service.GetName()+"/"+op.GetName())
		}
	}
	slices.Sort(tested)
	slices.Sort(offered)
	if !slices.Equal(tested, offered) {
		t.Errorf("tested    %q\ndescribed %q", tested, offered)
	}
}

// Only what reads may be repeated without a key.
func TestContract_idempotency(t *testing.T) {
	reads := map[string]bool{}
	for _, c := range contractCases() {
		reads[c.method] = c.reads
	}
	for _, service := range describe(t, serve(t, everything{})).GetServices() {
		for _, op := range service.GetOperations() {
			got := op.GetIdempotency().GetKind() == connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY
			if got != reads[op.GetName()] {
				t.Errorf("%s is read-only: %v", op.GetName(), got)
			}
		}
	}
}

// newResponse makes an empty answer of an operation.
func newResponse(t *testing.T, op operation) proto.Message {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(op.service + "." + op.method))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := protoregistry.GlobalTypes.FindMessageByName(d.(protoreflect.MethodDescriptor).Output().FullName())
	if err != nil {
		t.Fatal(err)
	}
	return answer.New().Interface()
}
