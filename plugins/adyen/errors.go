package adyen

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	"github.com/patchbay/patchbay/sdk"
)

// refused is the reason of a refusal of what has no decline to say so.
const refused = "REFUSED"

// inProgress is Adyen's code for a request whose idempotency key another request
// bears that is still running.
// Source: https://docs.adyen.com/development-resources/api-idempotency, error handling.
const inProgress = "704"

// readFailure is failure for a request that only reads: nothing can have happened.
func readFailure(err error) *sdk.Error {
	failed := failure(err)
	if failed.Kind == sdk.OutcomeUnknown {
		failed.Kind = sdk.Unavailable
	}
	return failed
}

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
	case !errors.As(err, &e): // api.MalformedError: an answer that nobody can read
		return sdk.Errorf(sdk.OutcomeUnknown, "", "%w", err)
	}
	switch {
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden, e.ErrorCode == "901":
		return answered(e, sdk.Misconfigured, "")
	case e.Status == http.StatusTooManyRequests:
		limited := answered(e, sdk.RateLimited, "")
		limited.RetryAfter = e.RetryAfter
		return limited
	case e.Transient, e.ErrorCode == inProgress, e.ErrorType == "":
		return answered(e, sdk.OutcomeUnknown, "")
	case e.ErrorType == "configuration":
		// 905 and its kin: the account can't take this method, currency or country.
		return answered(e, sdk.Unsupported, "")
	case e.Status >= http.StatusInternalServerError, e.Status < http.StatusBadRequest:
		return answered(e, sdk.OutcomeUnknown, "")
	case e.Status == http.StatusBadRequest, e.Status == http.StatusUnprocessableEntity, e.Status == http.StatusNotFound:
		bad := answered(e, sdk.InvalidRequest, "")
		if field := fieldOf(e.ErrorCode); field != "" {
			bad.Fields = []sdk.FieldViolation{{Field: field, Description: e.Message}}
		}
		return bad
	default:
		return answered(e, sdk.OutcomeUnknown, "")
	}
}

// answered is an error that Adyen's answer speaks of, with what a caller needs to
// look into it with Adyen's help.
func answered(e *api.Error, kind sdk.Kind, code string) *sdk.Error {
	about := []string{fmt.Sprintf("status %d", e.Status)}
	for _, part := range []struct{ name, value string }{{"errorCode", e.ErrorCode}, {"pspReference", e.PSPReference}} {
		if part.value != "" {
			about = append(about, part.name+" "+part.value)
		}
	}
	message := e.Message
	if message == "" {
		message = "no reason is given"
	}
	return &sdk.Error{
		Kind:    kind,
		Code:    code,
		Message: fmt.Sprintf("Adyen: %s (%s)", message, strings.Join(about, ", ")),
		Cause:   e,
	}
}

// fieldOf names the field of our request that one of Adyen's error codes finds
// fault with, or nothing where there is none.
// Source: https://docs.adyen.com/development-resources/error-codes.
func fieldOf(code string) string {
	const billing = "billing_address"
	switch code {
	case "100", "137": // no amount; invalid amount
		return "amount"
	case "138": // unsupported currency
		return "amount.currency_code"
	case "101":
		return "payment_method.card.number"
	case "103":
		return "payment_method.card.security_code"
	case "128":
		return "payment_method.card.holder_name"
	case "129", "140":
		return "payment_method.card.expiry_month"
	case "141":
		return "payment_method.card.expiry_year"
	case "108", "110", "111", "126":
		return "payment_method.bank_debit.account"
	case "127":
		return "payment_method.bank_debit.account.holder_name"
	case "104", "117":
		return billing
	case "131":
		return billing + ".city"
	case "132":
		return billing + ".line1"
	case "133":
		return billing + ".house_number"
	case "134":
		return billing + ".country_code"
	case "135":
		return billing + ".region"
	case "130":
		return "reference"
	case "139": // recurring needs shopperEmail and shopperReference
		return "customer_id"
	case "167": // no payment with that pspReference
		return "payment_id"
	case "177", "178":
		return "metadata"
	case "800", "803": // no such stored instrument
		return "payment_method.card_token.token"
	case "14_030":
		return "return_url"
	default:
		return ""
	}
}
