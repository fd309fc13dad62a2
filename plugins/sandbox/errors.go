package sandbox

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// told says in the contract's words what the PSP has answered, or why there is no
// answer.
func told[Answer, Message any](
	ctx context.Context, answer Answer, err error, say func(context.Context, Answer) (*Message, error),
) (*Message, error) {
	if err != nil {
		return nil, translate(err)
	}
	return say(ctx, answer)
}

// translate gives a failed request its meaning. Errors of the HTTP client pass
// as they are: the SDK has said whether the PSP may have been reached.
func translate(err error) error {
	var refused *api.Error
	if errors.As(err, &refused) {
		return refusal(refused)
	}
	var malformed *api.MalformedError
	if errors.As(err, &malformed) {
		return unanswered(malformed.Method, malformed)
	}
	return err
}

// translateRead is translate for what changes nothing at the PSP though it may be
// a POST: whatever became of it, a repeat is harmless.
func translateRead(err error) error {
	err = translate(err)
	var e *sdk.Error
	if errors.As(err, &e) && e.Kind == sdk.OutcomeUnknown {
		return sdk.Errorf(sdk.Unavailable, "", "%w", err)
	}
	return err
}

// refusal translates an answer that is no success, by its status where that says
// enough and by the PSP's code where it does not.
func refusal(e *api.Error) error {
	switch e.Status {
	case http.StatusUnauthorized:
		return sdk.Errorf(sdk.Misconfigured, "CREDENTIALS_REJECTED", "%w", e)
	case http.StatusTooManyRequests:
		limited := sdk.Errorf(sdk.RateLimited, "", "%w", e)
		limited.RetryAfter = e.RetryAfter
		return limited
	}
	kind, known := kindOf(e.Code)
	switch {
	case e.NothingDone:
		return sdk.Errorf(sdk.Unavailable, "", "%w", e)
	case !known:
		return unanswered(e.Method, e)
	}
	translated := sdk.Errorf(kind, reason(e.Code), "%w", e)
	if field := words.Texts("error.field")[e.Param]; kind == sdk.InvalidRequest && field != "" {
		translated.Fields = []sdk.FieldViolation{{Field: field, Description: e.Message}}
	}
	return translated
}

// kindOf says what kind of error one of the PSP's codes for refusals is; a code that is
// not known leaves the outcome open.
func kindOf(code string) (kind sdk.Kind, known bool) {
	kind, known = map[string]sdk.Kind{
		"InvalidRequest": sdk.InvalidRequest, "Precondition": sdk.Precondition,
		"Unsupported": sdk.Unsupported, "Misconfigured": sdk.Misconfigured,
	}[words.Texts("error.kind")[code]]
	return kind, known
}

// reason is what callers' programs see of the PSP's code.
func reason(code string) string {
	switch code {
	case "invalid_request":
		return "" // the kind's own
	case "route_not_found":
		return "CONFIG_INVALID" // base_url is not that of a sandbox PSP
	}
	return strings.ToUpper(code)
}

// unanswered is the error where the PSP's answer does not tell what happened.
func unanswered(method string, cause error) error {
	if method == http.MethodGet {
		return sdk.Errorf(sdk.Unavailable, "", "%w", cause)
	}
	return sdk.Errorf(sdk.OutcomeUnknown, "", "%w", cause)
}

// declineOf translates the reason of a refused payment; nil if there is none.
func declineOf(ctx context.Context, d *api.Decline) *paymentsv1.Decline {
	if d == nil {
		return nil
	}
	return sdk.DeclineTable{Unified: words.Texts("decline.code")}.Decline(ctx, sdk.Declined{
		Code: d.Code, Message: d.Message, NetworkCode: d.NetworkCode,
	})
}
