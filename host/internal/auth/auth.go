// Package auth says who calls and what that caller may do.
//
// A caller proves who it is by an API key, by a token that a trusted issuer has
// signed, or by a certificate. What it may then do is its policy, and what a
// policy does not allow is denied.
package auth

import (
	"context"

	"google.golang.org/grpc/metadata"
)

// Authenticator finds out who calls.
type Authenticator interface {
	// Authenticate reads a call's metadata and, from ctx, its connection. Its error
	// is an *Error.
	Authenticate(ctx context.Context, md metadata.MD) (Caller, error)
}

// Caller is who calls the gateway, once authenticated. Nobody, the zero Caller,
// may do nothing.
type Caller struct {
	Name   string
	policy *Policy
}

// Error is why nobody could be authenticated.
type Error struct {
	Reason string // for the operator; it may say how close the caller came

	// Missing is true if there were no credentials at all.
	Missing bool
	// Unverifiable is true if credentials can't be verified at the moment, through
	// no fault of the caller.
	Unverifiable bool
}

// Error is for the caller. It does not tell which part of its credentials is
// wrong.
func (d *Error) Error() string {
	switch {
	case d.Missing:
		return "no credentials: give an API key as x-api-key, an API key or a token as authorization: Bearer, or a client certificate"
	case d.Unverifiable:
		return "the credentials can't be verified at the moment"
	default:
		return "the credentials are not accepted"
	}
}

// Anybody lets everybody do everything; for developing on one machine.
type Anybody struct{}

// Authenticate implements Authenticator.
func (Anybody) Authenticate(context.Context, metadata.MD) (Caller, error) {
	return Caller{Name: "dev", policy: &Policy{anything: true}}, nil
}

// Host is the host itself as a caller, under a name that says what for. It may do
// everything.
type Host string

// Authenticate implements Authenticator.
func (h Host) Authenticate(context.Context, metadata.MD) (Caller, error) {
	return Caller{Name: string(h), policy: &Policy{anything: true}}, nil
}
