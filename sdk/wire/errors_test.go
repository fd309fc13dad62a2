package wire

import (
	"maps"
	"reflect"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

func TestFailure_roundTrip(t *testing.T) {
	for name, f := range map[string]Failure{
		"bare":     {Code: codes.Internal, Reason: ReasonInternal, Sent: SentMaybe, Message: "broken"},
		"never":    {Code: codes.Unavailable, Reason: ReasonUnavailable, Sent: SentNever, Message: "down", RetryAfter: 1500 * time.Millisecond},
		"metadata": {Code: codes.NotFound, Reason: ReasonConnectorUnknown, Sent: SentNever, Metadata: map[string]string{AvailableKey: "sandbox, stripe", GenerationKey: "7"}},
		"fields": {Code: codes.InvalidArgument, Reason: ReasonInvalidRequest, Sent: SentNever, Fields: []*errdetails.BadRequest_FieldViolation{
			{Field: "amount", Description: "must be more than zero", Reason: "AMOUNT_POSITIVE"}, {Field: "reference"},
		}},
		"state": {Code: codes.FailedPrecondition, Reason: ReasonPrecondition, Sent: SentNever, Violations: []*errdetails.PreconditionFailure_Violation{
			{Type: "STATE_FORBIDS", Subject: "pay_1", Description: "is voided"},
		}},
		"all": {
			Code: codes.ResourceExhausted, Reason: ReasonRateLimited, Sent: SentNever, Message: "slow down", RetryAfter: time.Minute,
			Metadata:   map[string]string{ConnectorKey: "stripe@1.4.0", RequestIDKey: "req-1", IdempotencyKeyKey: "k"},
			Fields:     []*errdetails.BadRequest_FieldViolation{{Field: "amount"}},
			Violations: []*errdetails.PreconditionFailure_Violation{{Type: "T"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := f.Status()
			info, ok := st.Details()[0].(*errdetails.ErrorInfo)
			if !ok || info.GetDomain() != "patchbay" || info.GetReason() != f.Reason || info.GetMetadata()["sent"] != string(f.Sent) {
				t.Errorf("the first detail is %v", st.Details()[0])
			}
			got := ParseFailure(status.Convert(f.Err()))
			want := f
			want.Metadata = map[string]string{"sent": string(f.Sent)}
			maps.Copy(want.Metadata, f.Metadata)
			if !equalFailures(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func equalFailures(a, b Failure) bool {
	same := a.Code == b.Code && a.Reason == b.Reason && a.Sent == b.Sent && a.Message == b.Message && a.RetryAfter == b.RetryAfter &&
		reflect.DeepEqual(a.Metadata, b.Metadata) && len(a.Fields) == len(b.Fields) && len(a.Violations) == len(b.Violations)
	for i := 0; same && i < len(a.Fields); i++ {
		same = proto.Equal(a.Fields[i], b.Fields[i])
	}
	for i := 0; same && i < len(a.Violations); i++ {
		same = proto.Equal(a.Violations[i], b.Violations[i])
	}
	return same
}

func TestFailure_leavesOutWhatIsEmpty(t *testing.T) {
	st := Failure{Code: codes.Internal, Sent: SentMaybe, Metadata: map[string]string{ConnectorKey: "", RequestIDKey: "req-1"}, RetryAfter: -time.Second}.Status()
	if len(st.Details()) != 1 {
		t.Errorf("got the details %v", st.Details())
	}
	want := map[string]string{"sent": "MAYBE", "request_id": "req-1"}
	if got := ParseFailure(st).Metadata; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFailure_undescribable(t *testing.T) {
	for name, f := range map[string]Failure{
		"code OK":   {Code: codes.OK, Sent: SentNever},
		"not UTF-8": {Code: codes.Unavailable, Reason: "\xff", Sent: SentNever},
	} {
		if got := ParseFailure(f.Status()); got.Code != codes.Internal || got.Sent != SentMaybe || got.Message == "" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// An error that is not ours never counts as harmless.
func TestParseFailure_foreign(t *testing.T) {
	foreign := func(details ...protoadapt.MessageV1) *status.Status {
		st, err := status.New(codes.Unavailable, "no route").WithDetails(details...)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	info := func(domain, sent string) *errdetails.ErrorInfo {
		return &errdetails.ErrorInfo{Domain: domain, Reason: "R", Metadata: map[string]string{"sent": sent}}
	}
	for name, test := range map[string]struct {
		st     *status.Status
		sent   Sent
		reason string
	}{
		"no details":       {status.New(codes.Unavailable, "no route"), SentMaybe, ""},
		"other details":    {foreign(&errdetails.Help{}, &errdetails.DebugInfo{Detail: "sent NEVER"}), SentMaybe, ""},
		"another domain":   {foreign(info("googleapis.com", "NEVER")), SentMaybe, ""},
		"no domain":        {foreign(info("", "NEVER")), SentMaybe, ""},
		"other letters":    {foreign(info("patchbay", "never")), SentMaybe, "R"},
		"an unknown word":  {foreign(info("patchbay", "PERHAPS")), SentMaybe, "R"},
		"no word":          {foreign(&errdetails.ErrorInfo{Domain: "patchbay", Reason: "R"}), SentMaybe, "R"},
		"ours":             {foreign(info("patchbay", "NEVER")), SentNever, "R"},
		"ours, after that": {foreign(info("googleapis.com", "MAYBE"), info("patchbay", "NEVER")), SentNever, "R"},
	} {
		if f := ParseFailure(test.st); f.Sent != test.sent || f.Reason != test.reason || f.Code != codes.Unavailable || f.Message != "no route" {
			t.Errorf("%s: got %+v", name, f)
		}
	}
	if f := ParseFailure(status.New(codes.OK, "")); f.Code != codes.OK || f.Sent != SentMaybe {
		t.Errorf("no error: got %+v", f)
	}
}
