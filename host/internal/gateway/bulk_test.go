package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

type bulkStream = grpc.BidiStreamingClient[gatewayv1.ProcessRequest, gatewayv1.ProcessResponse]

func (h *harness) bulk() bulkStream {
	h.t.Helper()
	stream, err := gatewayv1.NewBulkServiceClient(h.conn).Process(h.ctx())
	if err != nil {
		h.t.Fatal(err)
	}
	return stream
}

func line(id string) *gatewayv1.ProcessRequest {
	return &gatewayv1.ProcessRequest{
		CorrelationId: id, Connector: "acme", IdempotencyKey: "key-" + id,
		Operation: &gatewayv1.ProcessRequest_Authorize{Authorize: valid()},
	}
}

// answers reads a stream to its end.
func answers(t *testing.T, stream bulkStream) map[string]*gatewayv1.ProcessResponse {
	t.Helper()
	byID := map[string]*gatewayv1.ProcessResponse{}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return byID
		}
		if err != nil {
			t.Fatal(err)
		}
		if byID[answer.GetCorrelationId()] != nil {
			t.Errorf("%s is answered twice", answer.GetCorrelationId())
		}
		byID[answer.GetCorrelationId()] = answer
	}
}

func TestBulkAnswersEach(t *testing.T) {
	h := newHarness(t)
	stream := h.bulk()
	bad, unknown, undeclared, twice, empty := line("bad"), line("unknown"), line("undeclared"), line("good"), line("empty")
	bad.GetAuthorize().Amount.MinorUnits = -1
	unknown.Connector = "nope"
	undeclared.Operation = &gatewayv1.ProcessRequest_Void{Void: &paymentsv1.VoidRequest{PaymentId: "p"}}
	empty.Operation = nil
	read := line("read")
	read.Operation = &gatewayv1.ProcessRequest_GetPayment{GetPayment: &paymentsv1.GetPaymentRequest{PaymentId: "p7"}}
	for _, request := range []*gatewayv1.ProcessRequest{line("good"), bad, unknown, undeclared, twice, empty, read} {
		if err := stream.Send(request); err != nil {
			t.Fatal(err)
		}
		if request == twice {
			request.CorrelationId = "good" // named twice: it has to be told apart by its error
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	got := map[string][]*gatewayv1.ProcessResponse{}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got[answer.GetCorrelationId()] = append(got[answer.GetCorrelationId()], answer)
	}
	if len(got["good"]) != 2 || (got["good"][0].GetError() == nil) == (got["good"][1].GetError() == nil) {
		t.Errorf("the id that was used twice: %v", got["good"])
	}
	for _, answer := range got["good"] {
		if answer.GetError() == nil && (answer.GetAuthorize().GetPayment().GetId() != "pay_1" || answer.GetConnector() != "acme@1.0.0" ||
			answer.GetIdempotencyKey() != "key-good" || answer.GetRequestId() == "") {
			t.Errorf("good: %v", answer)
		}
	}
	if got["read"][0].GetGetPayment().GetPayment().GetId() != "p7" {
		t.Errorf("read: %v", got["read"])
	}
	for id, want := range map[string]struct {
		code   codes.Code
		reason string
		field  string
	}{
		"bad":        {codes.InvalidArgument, wire.ReasonInvalidRequest, "amount.minor_units"},
		"unknown":    {codes.NotFound, wire.ReasonConnectorUnknown, ""},
		"undeclared": {codes.Unimplemented, wire.ReasonOperationUnsupported, ""},
		"empty":      {codes.InvalidArgument, wire.ReasonInvalidRequest, "operation"},
	} {
		e := got[id][0].GetError()
		if codes.Code(e.GetCode()) != want.code || e.GetReason() != want.reason || e.GetSent() != gatewayv1.Sent_SENT_NEVER {
			t.Errorf("%s: %v", id, e)
		}
		if want.field != "" && (len(e.GetFieldViolations()) != 1 || e.GetFieldViolations()[0].GetField() != want.field) {
			t.Errorf("%s: fields %v", id, e.GetFieldViolations())
		}
	}
	if n := h.plugin.calls.Load(); n != 2 {
		t.Errorf("%d calls reached the connector, want 2", n)
	}
}

// TestBulkFlowControl holds the pace of the PSP against the caller: while the
// connector is busy, no more is read than a stream may have under way.
func TestBulkFlowControl(t *testing.T) {
	h := newHarness(t)
	var most, now atomic.Int64
	release := make(chan struct{})
	h.plugin.authorize = func(context.Context, *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-release
		return &paymentsv1.AuthorizeResponse{}, nil
	}
	stream := h.bulk()
	const lines = 200
	sent := make(chan error, 1)
	go func() {
		for n := range lines {
			if err := stream.Send(line(fmt.Sprint(n))); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	eventually(t, "as many as may be are under way", func() bool { return now.Load() >= bulkInFlightPerConnector })
	close(release)
	got := answers(t, stream)
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if len(got) != lines {
		t.Errorf("%d answers, want %d", len(got), lines)
	}
	if most.Load() > bulkInFlightPerConnector {
		t.Errorf("%d were under way at once, want at most %d", most.Load(), bulkInFlightPerConnector)
	}
}

func TestBulkOutcomeUnknown(t *testing.T) {
	inBubble(func(t *testing.T) {
		h := newHarnessOn(inMemory, t)
		h.plugin.authorize = func(ctx context.Context, _ *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		stream := h.bulk()
		request := line("slow")
		request.Timeout = durationOf(500 * time.Millisecond)
		if err := errors.Join(stream.Send(request), stream.CloseSend()); err != nil {
			t.Fatal(err)
		}
		e := answers(t, stream)["slow"].GetError()
		if e.GetReason() != wire.ReasonOutcomeUnknown || e.GetSent() != gatewayv1.Sent_SENT_MAYBE {
			t.Errorf("got %v", e)
		}
	})(t)
}
