package api

import (
	"fmt"
	"time"
)

// Error is an answer that is no success. What follows the status is empty where
// the body is not the PSP's.
type Error struct {
	Method     string        `json:"-"`
	Status     int           `json:"-"`
	RetryAfter time.Duration `json:"-"` // zero if the PSP did not say

	Code    string `json:"code"`    // example: "payment_not_found"
	Message string `json:"message"` // for people
	Param   string `json:"param"`   // the field at fault, or empty
	// NothingDone is true where a server error surely had no effect.
	NothingDone bool `json:"nothing_done"`
}

// Error implements error.
func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("the PSP answered %d", e.Status)
	}
	return fmt.Sprintf("the PSP answered %d %s: %s", e.Status, e.Code, e.Message)
}

// MalformedError is the answer to a success that can't be understood.
type MalformedError struct {
	Method string
	Cause  error // nil where only a field is missing
}

// Error implements error. It does not quote the answer, which may hold secrets.
func (e *MalformedError) Error() string { return "the PSP's answer is malformed" }

// Unwrap gives the decoder's error.
func (e *MalformedError) Unwrap() error { return e.Cause }
