package sdk

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Each kind as it reaches the host.
func TestError_kinds(t *testing.T) {
	for name, test := range map[string]struct {
		kind   Kind
		code   codes.Code
		reason string
		sent   wire.Sent
		retry  time.Duration
	}{
		"Internal":       {Internal, codes.Internal, "INTERNAL", wire.SentMaybe, 0},
		"InvalidRequest": {InvalidRequest, codes.InvalidArgument, "INVALID_REQUEST", wire.SentNever, 0},
		"Unsupported":    {Unsupported, codes.Unimplemented, "OPERATION_UNSUPPORTED", wire.SentNever, 0},
		"Misconfigured":  {Misconfigured, codes.FailedPrecondition, "CREDENTIALS_REJECTED", wire.SentNever, 0},
		"Precondition":   {Precondition, codes.FailedPrecondition, "STATE_FORBIDS", wire.SentNever, 0},
		"RateLimited":    {RateLimited, codes.ResourceExhausted, "RATE_LIMITED", wire.SentNever, time.Second},
		"Unavailable":    {Unavailable, codes.Unavailable, "CONNECTOR_UNAVAILABLE", wire.SentNever, time.Second},
		"OutcomeUnknown": {OutcomeUnknown, codes.Unknown, "OUTCOME_UNKNOWN", wire.SentMaybe, 0},
		"no kind at all": {Kind(99), codes.Internal, "INTERNAL", wire.SentMaybe, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := readFailing(t, &Error{Kind: test.kind, Message: "said so", Cause: errors.New("secret detail")})
			if f.Code != test.code || f.Reason != test.reason || f.Sent != test.sent || f.RetryAfter != test.retry || f.Message != "said so" {
				t.Errorf("got %+v", f)
			}
			wantState := test.kind == Precondition
			if gotState := len(f.Violations) == 1 && f.Violations[0].GetType() == "STATE_FORBIDS" && f.Violations[0].GetDescription() == "said so"; gotState != wantState {
				t.Errorf("got the violations %v", f.Violations)
			}
			if len(f.Fields) != 0 {
				t.Errorf("got the fields %v", f.Fields)
			}
			if f := readFailing(t, &Error{Kind: test.kind, Code: "OWN_REASON"}); f.Reason != "OWN_REASON" || f.Code != test.code || f.Sent != test.sent {
				t.Errorf("with a reason of its own: got %+v", f)
			}
			if f := readFailing(t, &Error{Kind: test.kind, RetryAfter: 5 * time.Second}); f.RetryAfter != 5*time.Second {
				t.Errorf("with RetryAfter: got %+v", f)
			}
		})
	}
	if len(kinds) != int(OutcomeUnknown)+1 {
		t.Errorf("%d kinds travel, want %d", len(kinds), OutcomeUnknown+1)
	}
}

// readFailing returns what a caller gets from a read that ends with err.
func readFailing(t *testing.T, err error) wire.Failure {
	t.Helper()
	conn := serve(t, struct {
		described
		getsPayments
	}{minimal, ending(err).getsPayments})
	_, err = paymentsv1.NewPaymentServiceClient(conn).GetPayment(t.Context(), &paymentsv1.GetPaymentRequest{PaymentId: "pay_1"})
	return failureOf(err)
}

func TestError_text(t *testing.T) {
	f := readFailing(t, &Error{
		Kind:    InvalidRequest,
		Message: "caf\xe9 refuses 4242-4242-4242-4242",
		Fields:  []FieldViolation{{"payment_method.card.number", "4242 4242 4242 4242 is no \xffcard"}},
	})
	if f.Code != codes.InvalidArgument || f.Message != "caf\uFFFD refuses "+wire.Mask {
		t.Errorf("got %+v", f)
	}
	if len(f.Fields) != 1 || f.Fields[0].GetField() != "payment_method.card.number" || f.Fields[0].GetDescription() != wire.Mask+" is no \uFFFDcard" {
		t.Errorf("got the fields %v", f.Fields)
	}
	f = readFailing(t, &Error{Kind: Precondition, Message: "4242424242424242 \xff"})
	if len(f.Violations) != 1 || f.Violations[0].GetDescription() != wire.Mask+" \uFFFD" {
		t.Errorf("got %+v", f)
	}
}

func TestErrorf(t *testing.T) {
	e := Errorf(RateLimited, "SLOW_DOWN", "request %d: %w", 7, io.EOF)
	if e.Kind != RateLimited || e.Code != "SLOW_DOWN" || e.Error() != "request 7: EOF" || !errors.Is(e, io.EOF) {
		t.Errorf("got %+v", e)
	}
	if e := Errorf(Internal, "", "no cause"); e.Unwrap() != nil {
		t.Errorf("got the cause %v", e.Unwrap())
	}
	if got := asError(fmt.Errorf("around: %w", e)); got != e {
		t.Errorf("got %v, want the *Error in the chain", got)
	}
}

// What only reads can't have done anything, whatever became of its answer.
func TestError_OfRead(t *testing.T) {
	for _, test := range []struct{ of, want Kind }{
		{OutcomeUnknown, Unavailable}, {Unavailable, Unavailable}, {RateLimited, RateLimited}, {Internal, Internal},
	} {
		failed := &Error{Kind: test.of, Code: "CODE", Message: "words"}
		if got := failed.OfRead(); got.Kind != test.want || got.Code != "CODE" || got.Message != "words" || failed.Kind != test.of {
			t.Errorf("of %d: got %+v, want kind %d", test.of, got, test.want)
		}
	}
}
