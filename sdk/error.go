package sdk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/sdk/wire"
)

// Kind says what an error means to the caller.
type Kind int

const (
	// Internal: the connector is at fault. Whether the PSP acted is not known.
	Internal Kind = iota
	// InvalidRequest: the request can't be carried out as it is; nothing was done.
	InvalidRequest
	// Unsupported: the connector does not offer this, or this combination;
	// nothing was done.
	Unsupported
	// Misconfigured: the account's configuration is wrong or the PSP refuses it;
	// nothing was done.
	Misconfigured
	// Precondition: the state of the payment forbids it; nothing was done.
	Precondition
	// RateLimited: the PSP says that there are too many requests and that it has
	// done nothing with this one.
	RateLimited
	// Unavailable: surely nothing was done. No byte was sent, or the PSP said so,
	// or the request only reads.
	Unavailable
	// OutcomeUnknown: the PSP may have acted, and its answer did not come or
	// can't be understood.
	OutcomeUnknown
)

// FieldViolation says what is wrong with one field of a request.
type FieldViolation struct {
	Field       string // path in the request, such as "payment_method.card.number"
	Description string
}

// Error is the one error of a connector. What is not an *Error counts as
// Internal.
type Error struct {
	Kind       Kind
	Code       string // reason in UPPER_SNAKE for callers' programs; the kind's own if empty
	Message    string // for callers' people; never with data of the payer
	Fields     []FieldViolation
	RetryAfter time.Duration // when a repeat makes sense; a second if zero, for RateLimited and Unavailable
	Cause      error         // for the log, not for callers
}

// Errorf makes an error. A %w among the arguments becomes its cause.
func Errorf(kind Kind, code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Code: code, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// OfRead is the error of a request that only reads: nothing can have happened.
func (e *Error) OfRead() *Error {
	read := *e
	if read.Kind == OutcomeUnknown {
		read.Kind = Unavailable
	}
	return &read
}

// Without is the error with a token or code masked that the PSP may have quoted; an
// empty one is none.
func (e *Error) Without(secret string) *Error {
	if secret == "" {
		return e
	}
	masked := *e
	masked.Message = strings.ReplaceAll(e.Message, secret, wire.Mask)
	masked.Fields = slices.Clone(e.Fields)
	for i := range masked.Fields {
		masked.Fields[i].Description = strings.ReplaceAll(masked.Fields[i].Description, secret, wire.Mask)
	}
	return &masked
}

// asError finds the *Error in err, or says what an error that is none means.
func asError(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &Error{Kind: OutcomeUnknown, Message: "the connector ran out of time", Cause: err}
	default:
		return &Error{Kind: Internal, Message: "the connector failed", Cause: err}
	}
}

// kinds says how each kind travels.
var kinds = map[Kind]struct {
	code   codes.Code
	reason string
	sent   wire.Sent
}{
	Internal:       {codes.Internal, wire.ReasonInternal, wire.SentMaybe},
	InvalidRequest: {codes.InvalidArgument, wire.ReasonInvalidRequest, wire.SentNever},
	Unsupported:    {codes.Unimplemented, wire.ReasonOperationUnsupported, wire.SentNever},
	Misconfigured:  {codes.FailedPrecondition, wire.ReasonCredentialsRejected, wire.SentNever},
	Precondition:   {codes.FailedPrecondition, wire.ReasonPrecondition, wire.SentNever},
	RateLimited:    {codes.ResourceExhausted, wire.ReasonRateLimited, wire.SentNever},
	Unavailable:    {codes.Unavailable, wire.ReasonUnavailable, wire.SentNever},
	OutcomeUnknown: {codes.Unknown, wire.ReasonOutcomeUnknown, wire.SentMaybe},
}

// fit makes text that may be a PSP's fit to travel: gRPC drops all details of an
// error with text that is not UTF-8.
func fit(text string) string {
	return wire.RedactText(strings.ToValidUTF8(text, "\uFFFD"))
}

// failure is the error as it travels to the host.
func (e *Error) failure() wire.Failure {
	kind, ok := kinds[e.Kind]
	if !ok {
		kind = kinds[Internal]
	}
	f := wire.Failure{Code: kind.code, Reason: kind.reason, Sent: kind.sent, Message: fit(e.Message), RetryAfter: e.RetryAfter}
	if e.Code != "" {
		f.Reason = e.Code
	}
	for _, v := range e.Fields {
		f.Fields = append(f.Fields, &errdetails.BadRequest_FieldViolation{Field: v.Field, Description: fit(v.Description)})
	}
	switch e.Kind {
	case Precondition:
		f.Violations = []*errdetails.PreconditionFailure_Violation{{Type: f.Reason, Description: f.Message}}
	case RateLimited, Unavailable:
		f.RetryAfter = max(f.RetryAfter, time.Second)
	}
	return f
}
