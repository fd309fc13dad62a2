package adyen

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	"github.com/patchbay/patchbay/sdk"
)

// refused is the reason of a refusal of what has no decline to say so.
const refused = "REFUSED"

// Error codes about idempotency keys.
// Source: https://docs.adyen.com/development-resources/api-idempotency, error handling.
const (
	noKeyStore = "703" // keys can't be looked up; it has no side effects
	inProgress = "704" // another request with the key is still running
)

// readFailure is failure for a request that only reads.
func readFailure(err error) *sdk.Error { return failure(err).OfRead() }

// failure says what the absence of an answer means. It claims that nothing was done
// only where Adyen says so.
// Source: https://docs.adyen.com/development-resources/response-handling.
func failure(err error) *sdk.Error {
	var (
		known *sdk.Error
		e     *api.Error
	)
	switch {
	case errors.As(err, &known):
		return known
	case !errors.As(err, &e): // an answer that nobody can read
		return sdk.Errorf(sdk.OutcomeUnknown, "", "%w", err)
	}
	switch {
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden, e.ErrorCode == "901":
		return answered(e, sdk.Misconfigured)
	case e.Status == http.StatusTooManyRequests:
		limited := answered(e, sdk.RateLimited)
		limited.RetryAfter = e.RetryAfter
		return limited
	case e.ErrorCode == noKeyStore:
		return answered(e, sdk.Unavailable)
	case e.Transient, e.ErrorCode == inProgress, e.ErrorType == "":
		return answered(e, sdk.OutcomeUnknown)
	case e.ErrorType == "configuration":
		// 905 and its kin: the account can't take this method, currency or country.
		return answered(e, sdk.Unsupported)
	case e.Status >= http.StatusInternalServerError, e.Status < http.StatusBadRequest:
		return answered(e, sdk.OutcomeUnknown)
	case e.Status == http.StatusBadRequest, e.Status == http.StatusUnprocessableEntity, e.Status == http.StatusNotFound:
		bad := answered(e, sdk.InvalidRequest)
		if field := words.Texts("error.field")[e.ErrorCode]; field != "" {
			bad.Fields = []sdk.FieldViolation{{Field: field, Description: e.Message}}
		}
		return bad
	default:
		return answered(e, sdk.OutcomeUnknown)
	}
}

// answered is an error that Adyen's answer speaks of, with what a caller needs to
// look into it with Adyen's help.
func answered(e *api.Error, kind sdk.Kind) *sdk.Error {
	told := sdk.Answered(kind, "", "Adyen", e.Message,
		sdk.Part{Name: "status", Value: strconv.Itoa(e.Status)},
		sdk.Part{Name: "errorCode", Value: e.ErrorCode}, sdk.Part{Name: "pspReference", Value: e.PSPReference})
	told.Cause = e
	return told
}
