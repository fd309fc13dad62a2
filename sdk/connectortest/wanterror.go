package connectortest

import (
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// WantError ends the test if an error has not the code and the reason, and returns the
// fields that it names.
func WantError(t *testing.T, err error, code codes.Code, reason string) []string {
	t.Helper()
	st := status.Convert(err)
	if st.Code() != code {
		t.Fatalf("error is %v, want code %s", err, code)
	}
	var got string
	var fields []string
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			got = d.GetReason()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		}
	}
	if got != reason {
		t.Fatalf("reason is %q (%v), want %q", got, err, reason)
	}
	return fields
}
