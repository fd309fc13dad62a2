package sdk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func nothing(context.Context) error { return nil }

// What a connector implements is what it serves and what it says of itself.
func TestServer_servesWhatIsImplemented(t *testing.T) {
	whole := newConnector(nothing)
	for _, test := range []struct {
		connector Connector
		methods   []string
	}{
		{minimal, nil},
		{struct {
			described
			authorizes
		}{minimal, whole.authorizes}, []string{"Authorize"}},
		{struct {
			described
			captures
		}{minimal, whole.captures}, []string{"Capture"}},
		{struct {
			described
			voids
		}{minimal, whole.voids}, []string{"Void"}},
		{struct {
			described
			getsPayments
		}{minimal, whole.getsPayments}, []string{"GetPayment"}},
		{struct {
			described
			createsRefunds
		}{minimal, whole.createsRefunds}, []string{"CreateRefund"}},
		{struct {
			described
			getsRefunds
		}{minimal, whole.getsRefunds}, []string{"GetRefund"}},
		{struct {
			described
			checksAccounts
		}{minimal, whole.checksAccounts}, []string{accountMethod}},
		{struct {
			described
			voids
			getsRefunds
		}{minimal, whole.voids, whole.getsRefunds}, []string{"Void", "GetRefund"}},
		{whole, []string{"Authorize", "Capture", "Void", "GetPayment", "CreateRefund", "GetRefund", accountMethod}},
	} {
		t.Run(strings.Join(test.methods, ","), func(t *testing.T) {
			conn := serve(t, test.connector)
			for _, call := range operationCalls() {
				_, err := call.invoke(t.Context(), conn)
				want := codes.Unimplemented
				if slices.Contains(test.methods, call.method) {
					want = codes.OK
				}
				if status.Code(err) != want {
					t.Errorf("%s answers %v, want %v", call.method, err, want)
				}
			}
			want := slices.DeleteFunc(slices.Clone(test.methods), func(m string) bool { return m == accountMethod })
			if got := describedMethods(t, conn); !slices.Equal(got, want) {
				t.Errorf("describes %q, want %q", got, want)
			}
		})
	}
}

func describe(t *testing.T, conn *grpc.ClientConn) *connectorv1.Description {
	t.Helper()
	resp, err := connectorv1.NewConnectorServiceClient(conn).Describe(t.Context(), &connectorv1.DescribeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetDescription()
}

func describedMethods(t *testing.T, conn *grpc.ClientConn) (methods []string) {
	t.Helper()
	for _, service := range describe(t, conn).GetServices() {
		for _, op := range service.GetOperations() {
			methods = append(methods, op.GetName())
		}
	}
	return methods
}

// A unary RPC that is new in the contract must not be forgotten.
func TestOperations_areThoseOfTheContract(t *testing.T) {
	var want []string
	wire.Files().RangeFilesByPackage(wire.PaymentsPackage, func(fd protoreflect.FileDescriptor) bool {
		for i := range fd.Services().Len() {
			service := fd.Services().Get(i)
			for j := range service.Methods().Len() {
				if m := service.Methods().Get(j); !m.IsStreamingClient() && !m.IsStreamingServer() {
					want = append(want, fmt.Sprintf("%s/%s(%s)", service.FullName(), m.Name(), m.Input().FullName()))
				}
			}
		}
		return true
	})
	var got []string
	for _, op := range operations() {
		got = append(got, fmt.Sprintf("%s/%s(%s)", op.service, op.method, op.request().ProtoReflect().Descriptor().FullName()))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestServer_probe(t *testing.T) {
	conn := serve(t, minimal)
	if _, err := connectorv1.NewConnectorServiceClient(conn).Probe(t.Context(), &connectorv1.ProbeRequest{}); err != nil {
		t.Error(err)
	}
	broken := metadata.AppendToOutgoingContext(t.Context(), wire.CallContextHeader, "\xff")
	_, err := connectorv1.NewConnectorServiceClient(conn).Probe(broken, &connectorv1.ProbeRequest{})
	if f := failureOf(err); f.Code != codes.InvalidArgument || f.Sent != wire.SentNever {
		t.Errorf("with a broken call context: got %v, want that the probe passes the dispatcher", err)
	}
}

// What a host with the same contract has checked is not checked again.
func TestServer_trustsAHostWithTheSameContract(t *testing.T) {
	for name, test := range map[string]struct {
		checked []byte
		want    bool // the connector is reached
	}{
		"the same":    {wire.Contract(), true},
		"another":     {[]byte("another contract"), false},
		"not checked": {nil, false},
	} {
		reached := false
		conn := serve(t, newConnector(func(context.Context) error {
			reached = true
			return nil
		}))
		ctx, err := wire.OutgoingContext(t.Context(), &connectorv1.CallContext{CheckedContract: test.checked})
		if err != nil {
			t.Fatal(err)
		}
		_, err = paymentsv1.NewPaymentServiceClient(conn).GetPayment(ctx, &paymentsv1.GetPaymentRequest{})
		if reached != test.want || !test.want && status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: an invalid request reached the connector: %t; %v", name, reached, err)
		}
	}
}

func TestServer_validatesRequests(t *testing.T) {
	reached := false
	conn := serve(t, newConnector(func(context.Context) error {
		reached = true
		return nil
	}))
	for _, call := range operationCalls() {
		if call.method == accountMethod { // has no fields
			continue
		}
		proto.Reset(call.request)
		_, err := call.invoke(t.Context(), conn)
		if f := failureOf(err); f.Code != codes.InvalidArgument || f.Reason != "INVALID_REQUEST" || f.Sent != wire.SentNever || len(f.Fields) == 0 {
			t.Errorf("%s: got %+v", call.method, f)
		}
	}
	req := authorizeRequest()
	req.GetPaymentMethod().GetCard().Number = "4242 4242 4242 4242"
	_, err := paymentsv1.NewPaymentServiceClient(conn).Authorize(t.Context(), req)
	f := failureOf(err)
	if len(f.Fields) != 1 || f.Fields[0].GetField() != "payment_method.card.number" || f.Fields[0].GetDescription() == "" {
		t.Errorf("got the fields %v", f.Fields)
	}
	if text := fmt.Sprint(status.Convert(err).Proto()); strings.Contains(text, "4242") || !strings.Contains(text, "payment_method.card.number") {
		t.Errorf("got %s", text)
	}
	if reached {
		t.Error("an invalid request reached the connector")
	}
}

func TestServer_panic(t *testing.T) {
	var log logBuffer
	calls := 0
	conn := serve(t, newConnector(func(context.Context) error {
		if calls++; calls == 1 {
			panic("card 4242 4242 4242 4242 is unexpected")
		}
		return nil
	}), WithLogger(log.logger()))
	client := paymentsv1.NewPaymentServiceClient(conn)
	_, err := client.Authorize(t.Context(), authorizeRequest())
	if f := failureOf(err); f.Code != codes.Internal || f.Reason != "INTERNAL" || f.Sent != wire.SentMaybe || f.Message != "the connector panicked" {
		t.Errorf("got %+v", f)
	}
	if text := log.String(); strings.Contains(text, "4242 4242") || !strings.Contains(text, "is unexpected") || !strings.Contains(text, "server_test.go") {
		t.Errorf("the log must say what happened and where, without the card number: %s", text)
	}
	if _, err := client.Authorize(t.Context(), authorizeRequest()); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

// Errors that are no *Error count as Internal and stay in the connector's log.
func TestServer_otherErrors(t *testing.T) {
	for _, test := range []struct {
		err    error
		code   codes.Code
		reason string
		sent   wire.Sent
	}{
		{errors.New("dial db.internal"), codes.Internal, "INTERNAL", wire.SentMaybe},
		{status.Error(codes.Unavailable, "dial db.internal"), codes.Internal, "INTERNAL", wire.SentMaybe},
		{fmt.Errorf("dial db.internal: %w", context.DeadlineExceeded), codes.Unknown, "OUTCOME_UNKNOWN", wire.SentMaybe},
		{fmt.Errorf("dial db.internal: %w", context.Canceled), codes.Unknown, "OUTCOME_UNKNOWN", wire.SentMaybe},
		{fmt.Errorf("dial db.internal: %w", &Error{Kind: Unsupported, Message: "no such thing"}), codes.Unimplemented, "OPERATION_UNSUPPORTED", wire.SentNever},
	} {
		var log logBuffer
		conn := serve(t, ending(test.err), WithLogger(log.logger()))
		for _, call := range operationCalls() {
			if call.writes && test.reason == "OUTCOME_UNKNOWN" {
				continue // answered, see TestServer_outcomeUnknown
			}
			_, err := call.invoke(t.Context(), conn)
			f := failureOf(err)
			if f.Code != test.code || f.Reason != test.reason || f.Sent != test.sent {
				t.Errorf("%s: %v: got %+v", call.method, test.err, f)
			}
			if strings.Contains(f.Message, "db.internal") {
				t.Errorf("%s: the caller sees %q", call.method, f.Message)
			}
		}
		if logged := strings.Contains(log.String(), "db.internal"); logged != (test.sent == wire.SentMaybe) {
			t.Errorf("%v: logged %v: %s", test.err, logged, log.String())
		}
	}
}

// A write of which nobody knows what became is answered; a read fails.
func TestServer_outcomeUnknown(t *testing.T) {
	want := map[string]proto.Message{
		"Authorize": &paymentsv1.AuthorizeResponse{Payment: &paymentsv1.Payment{
			Reference: "order-1", Amount: usd(1050), Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN,
		}},
		"Capture": &paymentsv1.CaptureResponse{Payment: &paymentsv1.Payment{Id: "pay_1", Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN}},
		"Void":    &paymentsv1.VoidResponse{Payment: &paymentsv1.Payment{Id: "pay_1", Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN}},
		"CreateRefund": &paymentsv1.CreateRefundResponse{Refund: &paymentsv1.Refund{
			PaymentId: "pay_1", Reference: "refund-1", Amount: usd(500), Status: paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN,
		}},
	}
	for _, end := range []error{
		Errorf(OutcomeUnknown, "", "the answer was lost"),
		fmt.Errorf("capture: %w", Errorf(OutcomeUnknown, "", "the answer was lost")),
		context.DeadlineExceeded,
	} {
		var log logBuffer
		conn := serve(t, ending(end), WithLogger(log.logger()))
		for _, call := range operationCalls() {
			resp, err := call.invoke(t.Context(), conn)
			if call.writes {
				if err != nil || !proto.Equal(resp, want[call.method]) {
					t.Errorf("%s: got %v %v, want %v", call.method, resp, err, want[call.method])
				}
				if !strings.Contains(log.String(), `"method":"`+call.method+`"`) {
					t.Errorf("%s is not in the log", call.method)
				}
			} else if f := failureOf(err); f.Code != codes.Unknown || f.Reason != "OUTCOME_UNKNOWN" || f.Sent != wire.SentMaybe {
				t.Errorf("%s: got %+v", call.method, f)
			}
		}
	}
}

// The connector sees the call as the host describes it.
func TestServer_callContext(t *testing.T) {
	var got Call
	conn := serve(t, newConnector(func(ctx context.Context) error {
		config, err := Config[struct {
			Key Secret `json:"key"`
		}](ctx)
		call := callOf(ctx)
		got = Call{RequestID(ctx), IdempotencyKey(ctx), Account(ctx), []byte(config.Key.Reveal()), call.TraceParent, call.TraceState}
		return err
	}))
	ctx, err := wire.OutgoingContext(t.Context(), &connectorv1.CallContext{
		RequestId: "req-1", IdempotencyKey: "key-1", Account: "acme-eu", Config: []byte(`{"key":"sk_1"}`),
		Traceparent: "00-1-2-01", Tracestate: "a=b",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Call{"req-1", "key-1", "acme-eu", []byte("sk_1"), "00-1-2-01", "a=b"}
	for _, call := range operationCalls() {
		got = Call{}
		if _, err := call.invoke(ctx, conn); err != nil {
			t.Errorf("%s: %v", call.method, err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: the connector sees %v, want %v", call.method, got, want)
		}
	}
	if _, err := operationCalls()[0].invoke(metadata.AppendToOutgoingContext(t.Context(), wire.CallContextHeader, "\xff"), conn); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a broken call context: got %v", err)
	}
}
