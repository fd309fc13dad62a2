package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/host/internal/description"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

const (
	maxKey       = 255      // characters of a caller's idempotency key
	maxRequestID = 128      // characters of a caller's request id
	maxTrace     = 512      // characters of a header of a trace (W3C Trace Context, section 3.3.1.5)
	maxConfig    = 12 << 10 // bytes of x-connector-config; larger headers fail in clients anyhow
)

// call is one call on its way, from the envelope that came to the one that goes.
type call struct {
	method    string // "/package.Service/Method"
	caller    auth.Caller
	pick      pick
	config    []byte // the account's configuration or the caller's, a JSON object
	requestID string
	callerKey string     // the caller's idempotency key, or one that was made for it
	trace     [2]string  // traceparent and tracestate, as they came
	span      trace.Span // nil: tracing is off

	envelope   *connectorv1.CallContext // the new one, once the call goes on
	generation uint64                   // of the instance that had it last
	version    string
	digest     string // of that instance's binary
	reason     string // of its failure
	detail     string // of its failure, for the operator alone
	answered   bool   // the failure is the connector's own answer
	started    time.Time

	peer              string // the other end of the connection
	stranger          bool   // nobody that the gateway knows makes it
	request, response *frame // as far as they have come
	recorded          bool   // the audit log has it

	// What was given to the connector beside the request; nothing secret of either
	// must come back in an error.
	description *description.Description
	requestType protoreflect.MessageType
}

// pick says which connector a call is for.
type pick struct {
	connector, version, account string
}

// String is the pick as callers write it.
func (p pick) String() string {
	if p.version == "" {
		return p.connector
	}
	return p.connector + "@" + p.version
}

// newCall reads the envelope. What is wrong with it is a refusal; the call is
// then as far as it could be read.
func (g *Gateway) newCall(ctx context.Context, method string, md metadata.MD) (*call, error) {
	return g.newCallBy(ctx, g.config.Auth, method, md)
}

// newCallBy is newCall for somebody whom the given authenticator knows.
func (g *Gateway) newCallBy(ctx context.Context, known auth.Authenticator, method string, md metadata.MD) (c *call, err error) {
	c = &call{method: method, started: time.Now(), peer: peerOf(ctx)}
	defer g.guard(c, &err)
	c.requestID = one(md, wire.RequestIDHeader)
	c.callerKey = one(md, wire.IdempotencyKeyHeader)
	c.trace = [2]string{one(md, wire.TraceParentHeader), one(md, wire.TraceStateHeader)}
	for i, header := range c.trace {
		if !printable(header, maxTrace) {
			c.trace[i] = ""
		}
	}
	c.beginSpan(g.config.Tracing)
	if !printable(c.requestID, maxRequestID) {
		c.requestID = ""
	}
	if c.requestID == "" {
		c.requestID = random()
	}
	if c.callerKey == "" {
		c.callerKey = random()
	}
	if !printable(c.callerKey, maxKey) {
		c.callerKey = ""
		return c, c.with(refusal(codes.InvalidArgument, wire.ReasonInvalidRequest, "%s must be at most %d printable ASCII characters", wire.IdempotencyKeyHeader, maxKey))
	}
	if c.caller, err = known.Authenticate(ctx, md); err != nil {
		return c, c.with(c.denied(err))
	}
	introduced(ctx)
	if description.Forbidden(service(method)) {
		return c, c.with(refusal(codes.Unimplemented, wire.ReasonOperationUnsupported, "no service %s", service(method)))
	}
	if err := c.caller.MayCall(method); err != nil {
		return c, c.with(notAllowed(err))
	}
	if f := g.pick(c, md); f.Code != codes.OK {
		return c, c.with(f)
	}
	return c, nil
}

// pick finds connector and configuration.
func (g *Gateway) pick(c *call, md metadata.MD) (f wire.Failure) {
	name, account, inline := one(md, wire.ConnectorHeader), one(md, wire.AccountHeader), one(md, wire.ConfigHeader)
	c.pick.connector, c.pick.version, _ = strings.Cut(name, "@")
	c.pick.account = account
	if name == "" && account == "" {
		names := g.namesFor(c.caller)
		f := refusal(codes.InvalidArgument, wire.ReasonConnectorRequired, "say which connector the call is for: give the header %s (one of: %s) or %s",
			wire.ConnectorHeader, strings.Join(names, ", "), wire.AccountHeader)
		f.Metadata = map[string]string{wire.AvailableKey: strings.Join(names, ",")}
		return f
	}
	// What it may not use it does not learn to exist either.
	if err := c.allowed(); err != nil {
		return notAllowed(err)
	}
	if inline != "" {
		if account != "" {
			return refusal(codes.InvalidArgument, wire.ReasonConnectorConflict, "%s and %s exclude each other", wire.AccountHeader, wire.ConfigHeader)
		}
		c.config = []byte(inline)
		return g.checkInline(c)
	}
	held, ok := g.config.Accounts.Find(account, c.pick.connector)
	switch {
	case ok && name != "" && held.Connector != c.pick.connector:
		return refusal(codes.InvalidArgument, wire.ReasonConnectorConflict, "account %q is one of connector %q, and %s says %q", account, held.Connector, wire.ConnectorHeader, name)
	case ok:
		c.pick.connector, c.pick.account = held.Connector, held.Name
		if err := c.allowed(); err != nil {
			return notAllowed(err)
		}
		c.config = held.Config
	case account != "":
		return refusal(codes.NotFound, wire.ReasonAccountUnknown, "no account %q", account)
	}
	return wire.Failure{}
}

// checkInline holds configuration that a caller brings against the host's policy.
func (g *Gateway) checkInline(c *call) wire.Failure {
	var fields map[string]json.RawMessage
	switch {
	case !g.config.InlineConfig || !c.caller.MayConfigure():
		return refusal(codes.PermissionDenied, wire.ReasonConfigForbidden, "this gateway takes no configuration from you (%s); use %s", wire.ConfigHeader, wire.AccountHeader)
	case len(c.config) > maxConfig:
		return refusal(codes.InvalidArgument, wire.ReasonConfigInvalid, "%s is larger than %d bytes", wire.ConfigHeader, maxConfig)
	case json.Unmarshal(c.config, &fields) != nil:
		return refusal(codes.InvalidArgument, wire.ReasonConfigInvalid, "%s is not a JSON object", wire.ConfigHeader)
	}
	if _, moves := fields["base_url"]; moves && !g.config.InlineBaseURL {
		return refusal(codes.PermissionDenied, wire.ReasonConfigForbidden, "this gateway does not let callers move a connector's base_url")
	}
	return wire.Failure{}
}

// context is the letter's new envelope: all that the connector gets to see.
func (c *call) context(secret []byte) *connectorv1.CallContext {
	context := &connectorv1.CallContext{
		RequestId:      c.requestID,
		IdempotencyKey: c.derivedKey(secret),
		Account:        c.pick.account,
		Config:         c.config,
		Traceparent:    c.trace[0],
		Tracestate:     c.trace[1],
	}
	if c.request != nil && c.request.checked {
		context.CheckedContract = wire.Contract()
	}
	return context
}

// derivedKey is the key for the PSP. It is the same on every replica and says
// nothing about the caller's own, and equal keys of two callers, accounts or
// operations never meet.
func (c *call) derivedKey(secret []byte) string {
	mac := hmac.New(sha256.New, secret)
	for _, part := range []string{c.caller.Name, c.pick.account, c.pick.connector, c.method, c.callerKey} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// header is what every answer begins with.
func (c *call) header() metadata.MD {
	return metadata.Pairs(wire.RequestIDHeader, c.requestID, wire.IdempotencyKeyHeader, c.callerKey)
}

// one is the value of a header that has exactly one.
func one(md metadata.MD, key string) string {
	if values := md.Get(key); len(values) == 1 {
		return values[0]
	}
	return ""
}

func printable(s string, limit int) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= limit
}

// random makes a key or id that nobody else has.
func random() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// deadline is when the connector has to have answered, so that the caller can
// still be told what became of the call.
func (g *Gateway) deadline(ctx context.Context, now time.Time) (own, plugin time.Time) {
	left := g.config.DefaultDeadline
	if asked, ok := ctx.Deadline(); ok {
		left = min(asked.Sub(now), g.config.MaxDeadline)
	}
	margin := min(max(50*time.Millisecond, left/10), left/2)
	return now.Add(left), now.Add(left - margin)
}
