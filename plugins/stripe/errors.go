package stripe

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// refusal returns Stripe's error if it is the answer of somebody with the
// authority to say no: the parameters were valid, and the payment was refused.
// Source: https://docs.stripe.com/api/errors.
func refusal(err error) (*api.Error, bool) {
	var e *api.Error
	if !errors.As(err, &e) || e.Type == "" || e.Status >= http.StatusInternalServerError || words.Texts("error.reason")[e.Code] != "" {
		return nil, false
	}
	return e, e.Type == api.TypeCardError || e.Status == http.StatusPaymentRequired
}

// readFailure is failure for a request that only reads.
func (c *call) readFailure(err error) *sdk.Error { return c.failure(err).OfRead() }

// failure says what the absence of an answer means, without the call's secret:
// Stripe quotes ids that it does not know.
func (c *call) failure(err error) *sdk.Error { return failure(err).Without(c.secret) }

// failure claims that nothing was done only where Stripe says so.
// Source: https://docs.stripe.com/error-low-level.
func failure(err error) *sdk.Error {
	var (
		known *sdk.Error
		e     *api.Error
	)
	switch {
	case errors.As(err, &known):
		return known
	case !errors.As(err, &e): // a 200 that nobody can read
		return sdk.Errorf(sdk.OutcomeUnknown, "", "%w", err)
	}
	switch reason := words.Texts("error.reason")[e.Code]; {
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden:
		return answered(e, sdk.Misconfigured, "")
	case e.Status == http.StatusTooManyRequests:
		// Limits come before the idempotency layer, and lock_timeout means that the
		// object was busy: nothing was done.
		limited := answered(e, sdk.RateLimited, "")
		limited.RetryAfter = e.RetryAfter
		return limited
	case e.Status >= http.StatusInternalServerError, e.Status < http.StatusBadRequest, e.Type == "",
		e.Status == http.StatusFailedDependency, e.Status == http.StatusRequestTimeout,
		// Another request with this key is still running: its outcome is ours.
		e.Status == http.StatusConflict, e.Code == "idempotency_key_in_use":
		return answered(e, sdk.OutcomeUnknown, "")
	case e.Type == api.TypeIdempotencyError:
		return answered(e, sdk.Precondition, "IDEMPOTENCY_KEY_REUSED")
	case reason != "":
		return answered(e, sdk.Precondition, reason)
	case e.Status == http.StatusPaymentRequired:
		return answered(e, sdk.Precondition, "REFUSED") // of what has no decline to say so
	}
	bad := answered(e, sdk.InvalidRequest, "")
	if field := fieldOf(e); field != "" {
		bad.Fields = []sdk.FieldViolation{{Field: field, Description: e.Message}}
	}
	return bad
}

// answered is an error that Stripe's answer speaks of, with what a caller needs
// to look into it with Stripe's help.
func answered(e *api.Error, kind sdk.Kind, code string) *sdk.Error {
	told := sdk.Answered(kind, code, "Stripe", e.Message,
		sdk.Part{Name: "status", Value: strconv.Itoa(e.Status)}, sdk.Part{Name: "code", Value: e.Code},
		sdk.Part{Name: "param", Value: e.Param}, sdk.Part{Name: "request", Value: e.RequestID})
	told.Cause = e
	return told
}

// fieldOf names the field of our request that Stripe finds fault with, if there is one.
func fieldOf(e *api.Error) string {
	if label, ok := strings.CutPrefix(e.Param, "metadata["); ok {
		return "metadata." + strings.TrimSuffix(label, "]")
	}
	field := cmp.Or(words.Texts("error.field")[e.Code], idField(e))
	for param := e.Param; param != "" && field == ""; param = param[:max(0, strings.LastIndexByte(param, '['))] {
		field = words.Texts("param.within")[param]
	}
	return cmp.Or(field, words.Texts("param")[e.Param])
}

// idField is the field of the id in a request's path. Stripe calls it by names of its
// own, and "intent" is the name for payments and setups.
func idField(e *api.Error) string {
	switch e.Param {
	case "payment_intent":
		return "payment_id"
	case "id", "intent", "refund", "payment_method", "customer", "dispute", "payout":
		if collection, id, _ := strings.Cut(strings.TrimPrefix(e.Path, "/v1/"), "/"); id != "" {
			return words.Texts("path.id")[collection]
		}
	}
	return ""
}

// adviceNoRetry is Stripe's advice, and the decline code that it replaced, that
// the issuer wants no further attempt.
// Source: https://docs.stripe.com/declines/card#retrying-issuer-declines.
const adviceNoRetry = "do_not_try_again"

// declineTable is how Stripe declines.
var declineTable = sdk.DeclineTable{
	Unified: words.Texts("decline.code"),
	Overrides: map[string]sdk.DeclineRow{adviceNoRetry: {
		Code:     "do_not_honor",
		Hardness: paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD,
		Retry:    paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT,
	}},
}

// decline says why a payment was refused.
func decline(ctx context.Context, f *api.Failure) *paymentsv1.Decline {
	d := declineTable.Decline(ctx, sdk.Declined{
		Code: cmp.Or(f.DeclineCode, f.Code), Message: f.Message,
		Network: f.PaymentMethod.Card.Brand, NetworkCode: f.NetworkDeclineCode, AdviceCode: f.NetworkAdviceCode,
	})
	if f.AdviceCode == adviceNoRetry && d.GetHardness() != paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD {
		d.Hardness = paymentsv1.DeclineHardness_DECLINE_HARDNESS_HARD
		d.Retry = paymentsv1.DeclineRetry_DECLINE_RETRY_NOT_WITH_THIS_INSTRUMENT
		d.RetryAfter = nil
	}
	return d
}
