package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/registry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// repeatSoon is when a refused call may come again.
const repeatSoon = time.Second

// refusal is the answer to a call that went no further than here.
func refusal(code codes.Code, reason, format string, args ...any) wire.Failure {
	return wire.Failure{Code: code, Reason: reason, Sent: wire.SentNever, Message: fmt.Sprintf(format, args...)}
}

// unknownConnector is the answer to a name or version that nobody declares.
func (g *Gateway) unknownConnector(c *call) wire.Failure {
	p, names := c.pick, g.namesFor(c.caller)
	f := refusal(codes.NotFound, wire.ReasonConnectorUnknown, "no connector %q; there are: %s", p, strings.Join(names, ", "))
	if versions := g.config.Registry.Versions(p.connector); p.version != "" && len(versions) > 0 {
		f.Message = fmt.Sprintf("connector %q has no version %s; there are: %s", p.connector, p.version, strings.Join(versions, ", "))
		names = versions
	}
	f.Metadata = map[string]string{wire.AvailableKey: strings.Join(names, ",")}
	return f
}

// denied is the answer to somebody who could not be authenticated. It tells them
// nothing of how close they came; the log does.
func (c *call) denied(err error) wire.Failure {
	var denial *auth.Error
	if errors.As(err, &denial) {
		c.detail = denial.Reason
	}
	if denial != nil && denial.Unverifiable {
		f := refusal(codes.Unavailable, wire.ReasonUnavailable, "%v", err)
		f.RetryAfter = repeatSoon
		return f
	}
	c.stranger = true
	return refusal(codes.Unauthenticated, wire.ReasonUnauthenticated, "%v", err)
}

// notAllowed is the answer to a caller whose policy forbids something.
func notAllowed(err error) wire.Failure {
	return refusal(codes.PermissionDenied, wire.ReasonPermissionDenied, "%v", err)
}

// unrecorded is the answer while calls can't be recorded and must be.
func unrecorded() wire.Failure {
	f := refusal(codes.Unavailable, wire.ReasonUnavailable, "the gateway can't record calls at the moment; nothing was sent")
	f.RetryAfter = repeatSoon
	return f
}

// unavailable is the answer where nothing was handed over and nothing live came
// in time, or none will.
func unavailable(p pick, err error) wire.Failure {
	f := refusal(codes.Unavailable, wire.ReasonUnavailable, "connector %q is not serving at the moment; nothing was sent", p)
	if errors.Is(err, registry.ErrOut) {
		f.Message = fmt.Sprintf("connector %q is out of service; nothing was sent", p)
	}
	f.RetryAfter = repeatSoon
	return f
}

// outcomeUnknown is the answer where a call was handed over and lost.
func outcomeUnknown(why string) wire.Failure {
	return wire.Failure{
		Code: codes.Unknown, Reason: wire.ReasonOutcomeUnknown, Sent: wire.SentMaybe,
		Message: why + "; it may have been carried out: ask the PSP with GetPayment, or repeat it with the same idempotency key",
	}
}

// afterLoss is the answer where a call was handed over and lost. One that only
// reads can be repeated by whoever wants the answer.
func afterLoss(m description.Method, why string) wire.Failure {
	if !m.ReadOnly {
		return outcomeUnknown(why)
	}
	f := refusal(codes.Unavailable, wire.ReasonUnavailable, "%s; it only reads, so nothing was done", why)
	f.RetryAfter = repeatSoon
	return f
}

// lost says whether an error of a carried call means that its answer is missing,
// rather than being one. gRPC has the same codes for both, so only the detail
// that a connector's own errors carry tells.
func lost(st *status.Status) bool {
	if wire.ParseFailure(st).Reason != "" {
		return false
	}
	switch st.Code() {
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Canceled,
		codes.Internal, codes.Unknown, codes.Aborted, codes.DataLoss:
		return true
	default:
		return false
	}
}

// explainLoss says in words what became of a call that was handed over with a
// context.
func explainLoss(ctx context.Context, st *status.Status, inst *registry.Instance) string {
	switch cause := context.Cause(inst.Done()); {
	case errors.Is(context.Cause(ctx), errEnding):
		return "the gateway is stopping, and the call outlasted its limit"
	case st.Code() == codes.DeadlineExceeded:
		return "the connector did not answer in time"
	case errors.Is(cause, registry.ErrDrained):
		return "the connector was replaced, and the call outlasted its drain limit"
	case errors.Is(cause, registry.ErrGone), st.Code() == codes.Unavailable:
		return "the connector's process ended before it answered"
	case st.Code() == codes.ResourceExhausted:
		return "the connector's answer is larger than the gateway allows"
	default:
		return "the connector's answer can't be understood"
	}
}

// answered makes a connector's own error anew: its code, words and details are
// kept where the contract knows them, and what is only allowed with proof that
// nothing was done is not believed without.
// Nothing secret of the call is left in its words.
func answered(st *status.Status, secrets []string) wire.Failure {
	f := wire.ParseFailure(st)
	f.Message = wire.Hide(f.Message, secrets)
	for _, violation := range f.Fields {
		violation.Description = wire.Hide(violation.GetDescription(), secrets)
	}
	f.Metadata = nil
	if f.Reason == "" {
		f.Reason = wire.ReasonInternal
	}
	if f.Sent == wire.SentMaybe && (f.Code == codes.Unavailable || f.Code == codes.ResourceExhausted) {
		f.Code = codes.Unknown
	}
	return f
}

// answer is the connector's own error as the caller gets it.
func (c *call) answer(st *status.Status) error {
	c.answered = true
	return c.with(answered(st, c.secrets()))
}

// secrets lists what a connector was given and must not tell: the request's
// marked fields and the account's secrets.
func (c *call) secrets() []string {
	secrets := c.description.Secrets(c.config)
	if c.request == nil || c.requestType == nil {
		return secrets
	}
	message := c.requestType.New().Interface()
	if proto.Unmarshal(c.request.data.Materialize(), message) == nil {
		secrets = append(secrets, wire.Secrets(message)...)
	}
	return secrets
}

// with adds what the gateway knows of the call to a failure.
func (c *call) with(f wire.Failure) error {
	f.Metadata = maps.Clone(f.Metadata)
	if f.Metadata == nil {
		f.Metadata = map[string]string{}
	}
	f.Metadata[wire.RequestIDKey] = c.requestID
	f.Metadata[wire.ConnectorKey] = c.pick.connector
	f.Metadata[wire.IdempotencyKeyKey] = c.callerKey
	if c.generation > 0 {
		f.Metadata[wire.GenerationKey] = strconv.FormatUint(c.generation, 10)
	}
	c.reason = f.Reason
	return f.Err()
}
