package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/go-hclog"
	"github.com/invopop/jsonschema"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Call is what the host adds to a request. Serve puts it into the context of
// each call; tests that call a connector's methods directly use WithCall.
type Call struct {
	RequestID      string
	IdempotencyKey string
	Account        string
	Config         []byte // the account's configuration, a JSON object
	TraceParent    string
	TraceState     string
}

type callKey struct{}

type callValue struct {
	Call
	log      hclog.Logger
	unmapped *unmappedWords // of the server
	spans    *spans         // nil: not wanted
	checked  bool           // the host has found the request right, by this contract's rules
}

// WithCall returns a context whose call is the given one.
func WithCall(ctx context.Context, call Call) context.Context {
	return withCall(ctx, callValue{Call: call, log: hclog.NewNullLogger()})
}

func withCall(ctx context.Context, call callValue) context.Context {
	return context.WithValue(ctx, callKey{}, &call)
}

func callOf(ctx context.Context) *callValue {
	if v, ok := ctx.Value(callKey{}).(*callValue); ok {
		return v
	}
	return &callValue{log: hclog.NewNullLogger()}
}

func callFrom(wired *connectorv1.CallContext) Call {
	return Call{
		RequestID:      wired.GetRequestId(),
		IdempotencyKey: wired.GetIdempotencyKey(),
		Account:        wired.GetAccount(),
		Config:         wired.GetConfig(),
		TraceParent:    wired.GetTraceparent(),
		TraceState:     wired.GetTracestate(),
	}
}

// IdempotencyKey returns the key to give to the PSP: 43 characters of A-Z, a-z,
// 0-9, "-" and "_", the same on a repeat of the same call.
func IdempotencyKey(ctx context.Context) string { return callOf(ctx).IdempotencyKey }

// RequestID returns the id under which host and caller log this call.
func RequestID(ctx context.Context) string { return callOf(ctx).RequestID }

// Account returns the name of the account, or nothing where the caller gave the
// configuration itself.
func Account(ctx context.Context) string { return callOf(ctx).Account }

// Logger returns a logger that names the call in each line. Its output reaches
// the operator through the host.
func Logger(ctx context.Context) hclog.Logger {
	call := callOf(ctx)
	return call.log.With("request_id", call.RequestID)
}

// Config decodes the account's configuration into the author's own struct; the
// same type, as Description.Config, gives the schema. Fields that the struct does
// not have are an error.
func Config[T any](ctx context.Context) (T, error) {
	var config T
	raw := callOf(ctx).Config
	if len(raw) == 0 {
		return config, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&config)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return config, nil
		}
		err = errors.New("text after the JSON object")
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) { // its own text may quote the value
		err = fmt.Errorf("field %q must be a %s", wrong.Field, wrong.Type.Kind())
		if wrong.Field == "" {
			err = errors.New("it must be a JSON object")
		}
	}
	return config, Errorf(Misconfigured, wire.ReasonConfigInvalid, "the account's configuration: %w", err)
}

// Secret is a configuration value that must not be shown. Every formatter and
// encoder prints a mask in its place; Reveal gives the value. Two readers ask no
// type how it prints itself: package fmt for unexported fields, and hclog's text
// format, which no connector uses under a host, for slices.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (s Secret) String() string { return wire.Mask }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return wire.Mask }

// Format implements fmt.Formatter, since fmt ignores String for a verb that is
// none of strings, such as %d.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, wire.Mask) }

// MarshalText implements encoding.TextMarshaler, for JSON, YAML, XML and logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(wire.Mask), nil }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(wire.Mask) }

// JSONSchema marks the field in the configuration's schema.
func (Secret) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", WriteOnly: true}
}
