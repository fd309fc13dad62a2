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
func told[Answer, Message any](ctx context.Context, answer Answer, err error, say func(context.Context, Answer) (*Message, error)) (*Message, error) {
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
	if field := fieldOf(e.Param); kind == sdk.InvalidRequest && field != "" {
		translated.Fields = []sdk.FieldViolation{{Field: field, Description: e.Message}}
	}
	return translated
}

// kindOf is the table of the PSP's codes for refusals, which it gives before it
// does anything. What is not in it leaves the outcome open.
func kindOf(code string) (kind sdk.Kind, known bool) {
	switch code {
	case "invalid_request", "incorrect_number", "invalid_token", "currency_mismatch", "redirect_forged",
		"payment_not_found", "refund_not_found", "order_not_found", "mandate_not_found", "authentication_not_found",
		"token_not_found", "customer_not_found", "session_not_found", "dispute_not_found", "file_not_found",
		"payout_not_found", "recipient_not_found", "payout_account_not_found":
		return sdk.InvalidRequest, true
	case "payment_not_capturable", "payment_not_voidable", "payment_not_refundable", "payment_not_reversible",
		"payment_not_adjustable", "payment_not_extendable", "amount_too_large", "amount_too_small", "no_password_wanted",
		"order_not_payable", "mandate_not_active", "authentication_not_ready", "authentication_not_complete",
		"customer_deleted", "dispute_not_open", "dispute_too_late", "evidence_missing",
		"payout_not_staged", "payout_not_voidable", "recipient_rejected", "idempotency_key_reused":
		return sdk.Precondition, true
	case "payment_method_not_supported":
		return sdk.Unsupported, true
	case "route_not_found":
		return sdk.Misconfigured, true
	}
	return 0, false
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

// fieldOf names the contract's field that one of the PSP's parameters comes
// from.
func fieldOf(param string) string {
	switch param {
	case "reference", "payment_id", "refund_id", "payment_method", "payment_method.card.number", "customer_id", "order_id",
		"session_id", "mandate_id", "authentication_id", "dispute_id", "payout_id", "recipient_id", "evidence", "destination":
		return param
	case "payment_method.token":
		return "payment_method.card_token.token"
	case "redirect_result":
		return "redirect.query"
	case "token_id":
		return "token"
	case "after":
		return "page_token"
	case "source_currency":
		return "source_currency_code"
	case "payout_account_id":
		return "destination.payout_account_id"
	case "amount":
		return "amount.minor_units"
	case "currency":
		return "amount.currency_code"
	case "capture":
		return "capture_method"
	}
	return ""
}

// declineOf translates the reason of a refused payment; nil if there is none.
func declineOf(ctx context.Context, d *api.Decline) *paymentsv1.Decline {
	if d == nil {
		return nil
	}
	return sdk.DeclineTable{Unified: declineCodes()}.Decline(ctx, sdk.Declined{
		Code: d.Code, Message: d.Message, NetworkCode: d.NetworkCode,
	})
}

// declineCodes are the unified codes of the PSP's, most of which have the same name.
func declineCodes() map[string]string {
	codes := map[string]string{
		"incorrect_cvc": "incorrect_cvv", "incorrect_number": "invalid_account", "processing_error": "processor_unavailable",
		"transaction_not_allowed": "transaction_not_permitted_card", "suspected_fraud": "suspected_fraud_issuer",
		"limit_exceeded": "exceeds_amount_limit", "frequency_exceeded": "exceeds_frequency_limit",
		"issuer_not_available": "issuer_unavailable", "issuer_error": "issuer_system_error",
		"blocked_by_risk": "risk_rejected_processor",
	}
	for _, same := range []string{
		"authentication_failed", "authentication_required", "avs_mismatch", "blocked_account", "buyer_canceled",
		"closed_account", "currency_not_supported", "do_not_honor", "duplicate_transaction",
		"expired_card", "generic_decline", "incorrect_pin", "insufficient_funds",
		"invalid_account", "invalid_amount", "invalid_merchant", "invalid_transaction",
		"lost_card", "no_such_issuer", "pick_up_card", "pin_required", "pin_tries_exceeded",
		"refer_to_issuer", "restricted_card", "stolen_card", "stop_this_payment",
	} {
		codes[same] = same
	}
	return codes
}
