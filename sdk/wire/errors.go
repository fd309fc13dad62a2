package wire

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Domain is the domain of every ErrorInfo that host and connectors send.
const Domain = "patchbay"

// Sent says whether a failed call may have had an effect at the PSP.
type Sent string

const (
	// SentNever: nothing was done. It is said only when that is proven: the
	// call was refused before it left, no byte left, or the PSP said so itself.
	SentNever Sent = "NEVER"
	// SentMaybe: the PSP may have acted. An error without the detail means it too.
	SentMaybe Sent = "MAYBE"
)

// Keys of ErrorInfo's metadata.
const (
	SentKey           = "sent"
	ConnectorKey      = "connector"
	GenerationKey     = "generation"
	RequestIDKey      = "request_id"
	IdempotencyKeyKey = "idempotency_key"
	AvailableKey      = "available"
)

// Reasons of ErrorInfo.
const (
	ReasonInvalidRequest       = "INVALID_REQUEST"
	ReasonConnectorRequired    = "CONNECTOR_REQUIRED"
	ReasonConnectorConflict    = "CONNECTOR_CONFLICT"
	ReasonConnectorUnknown     = "CONNECTOR_UNKNOWN"
	ReasonAccountUnknown       = "ACCOUNT_UNKNOWN"
	ReasonOperationUnsupported = "OPERATION_UNSUPPORTED"
	ReasonConfigInvalid        = "CONFIG_INVALID"
	ReasonConfigForbidden      = "CONFIG_FORBIDDEN"
	ReasonCredentialsRejected  = "CREDENTIALS_REJECTED"
	ReasonEgressDenied         = "EGRESS_DENIED"
	ReasonUnauthenticated      = "CALLER_UNKNOWN"
	ReasonPermissionDenied     = "CALLER_NOT_ALLOWED"
	ReasonPrecondition         = "STATE_FORBIDS"
	ReasonKeyReused            = "IDEMPOTENCY_KEY_REUSED"
	ReasonRateLimited          = "RATE_LIMITED"
	ReasonOverloaded           = "OVERLOADED"
	ReasonUnavailable          = "CONNECTOR_UNAVAILABLE"
	ReasonMessageTooLarge      = "MESSAGE_TOO_LARGE"
	ReasonStreamIdle           = "STREAM_IDLE"
	ReasonOutcomeUnknown       = "OUTCOME_UNKNOWN"
	ReasonIntegrityMismatch    = "INTEGRITY_MISMATCH"
	ReasonInternal             = "INTERNAL"
)

// Failure is the content of an error before it becomes a gRPC status.
type Failure struct {
	Code       codes.Code
	Reason     string
	Sent       Sent
	Message    string
	Metadata   map[string]string // further metadata of ErrorInfo
	Fields     []*errdetails.BadRequest_FieldViolation
	Violations []*errdetails.PreconditionFailure_Violation
	RetryAfter time.Duration // adds RetryInfo where positive
}

// Status builds the gRPC status, with ErrorInfo first among its details.
func (f Failure) Status() *status.Status {
	info := &errdetails.ErrorInfo{Reason: f.Reason, Domain: Domain, Metadata: map[string]string{SentKey: string(f.Sent)}}
	for key, value := range f.Metadata {
		if value != "" {
			info.Metadata[key] = value
		}
	}
	details := []protoadapt.MessageV1{info}
	if len(f.Fields) > 0 {
		details = append(details, &errdetails.BadRequest{FieldViolations: f.Fields})
	}
	if len(f.Violations) > 0 {
		details = append(details, &errdetails.PreconditionFailure{Violations: f.Violations})
	}
	if f.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(f.RetryAfter)})
	}
	bare := status.New(f.Code, f.Message)
	full, err := bare.WithDetails(details...)
	if err != nil { // only a code of OK or text that is not UTF-8 can cause it
		return status.New(codes.Internal, "the error could not be described")
	}
	return full
}

// Err is Status as an error.
func (f Failure) Err() error { return f.Status().Err() }

// ParseFailure reads what Status wrote. Where there is no ErrorInfo of ours the
// outcome is SentMaybe and the reason is empty.
func ParseFailure(st *status.Status) Failure {
	f := Failure{Code: st.Code(), Sent: SentMaybe, Message: st.Message()}
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() != Domain {
				continue
			}
			f.Reason, f.Metadata = d.GetReason(), d.GetMetadata()
			if d.GetMetadata()[SentKey] == string(SentNever) {
				f.Sent = SentNever
			}
		case *errdetails.BadRequest:
			f.Fields = d.GetFieldViolations()
		case *errdetails.PreconditionFailure:
			f.Violations = d.GetViolations()
		case *errdetails.RetryInfo:
			f.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	return f
}
