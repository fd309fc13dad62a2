package api

import (
	"fmt"
	"time"
)

// Failure is Adyen's description of what went wrong.
// Source: https://docs.adyen.com/development-resources/error-codes.
type Failure struct {
	ErrorCode    string `json:"errorCode"`
	ErrorType    string `json:"errorType"` // validation, security, configuration, internal
	Message      string `json:"message"`
	PSPReference string `json:"pspReference"`
}

// Error is an answer with an HTTP status of failure. Its Failure is empty if the
// answer did not come in Adyen's form.
type Error struct {
	Status     int
	Transient  bool          // Adyen asks for a repeat with the same key
	RetryAfter time.Duration // 0 if Adyen does not say
	Failure
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("adyen answered %d %s %s (pspReference %s)", e.Status, e.ErrorType, e.ErrorCode, e.PSPReference)
}
