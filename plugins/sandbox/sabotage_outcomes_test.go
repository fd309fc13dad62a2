package sandbox_test

import (
	"crypto/rand"
	"net/http"
	"slices"
)

// outcomeMutants make something of answers that say nothing, and of answers that
// say that nothing was done.
func outcomeMutants() []mutant {
	as := func(is func(told answer) bool, status string) sabotage {
		return answering(atPay, func(asked object, told *answer) {
			if is(*told) {
				told.status, told.body = http.StatusOK, invented(asked, status)
			}
		})
	}
	code := func(codes ...int) func(answer) bool {
		return func(told answer) bool { return slices.Contains(codes, told.status) }
	}
	instead := func(patterns string, from, to int, body object) sabotage {
		return answering(patterns, func(_ object, told *answer) {
			if told.status == from {
				told.status, told.body = to, body
			}
		})
	}
	failure := func(code string) object {
		return object{"error": object{"code": code, "message": "No."}}
	}
	server := code(500, 502, 503, 504)
	malformed := func(told answer) bool { return told.status < 300 && told.body == nil }
	empty := func(told answer) bool { return told.status < 300 && told.body != nil && len(told.body) == 0 }
	return []mutant{
		{id: "psp/500-as-declined", wrong: "takes a PSP that fails for a decline", by: "authorize/status-502", with: as(server, "declined")},
		{id: "psp/500-as-captured", wrong: "takes a PSP that fails for success", by: "authorize/status-500", with: as(server, "captured")},
		{id: "psp/503-as-nothing-done", wrong: "believes that a PSP that is overloaded has done nothing", by: "authorize/status-503", with: instead(atMoves, 503, 503, object{"error": object{"code": "unavailable", "nothing_done": true}})},
		{id: "psp/504-as-rate-limit", wrong: "takes a gateway's timeout for a rate limit", by: "authorize/status-504", with: instead(atMoves, 504, 429, failure("rate_limited"))},
		{id: "psp/429-as-declined", wrong: "takes a rate limit for a decline", by: "authorize/rate-limited", with: as(code(429), "declined")},
		{id: "psp/429-as-500", wrong: "does not know a rate limit", by: "authorize/rate-limited", with: instead(atAll, 429, 500, object{})},
		{id: "psp/401-as-declined", wrong: "takes refused credentials for a decline", by: "authorize/credentials", with: as(code(401), "declined")},
		{id: "psp/401-as-invalid", wrong: "takes refused credentials for a mistake in the request", by: "authorize/credentials", with: instead(atAll, 401, 400, failure("invalid_request"))},
		{id: "psp/malformed-as-captured", wrong: "takes an answer that can't be read for success", by: "authorize/malformed", with: as(malformed, "captured")},
		{id: "psp/malformed-as-declined", wrong: "takes an answer that can't be read for a decline", by: "authorize/malformed", with: as(malformed, "declined")},
		{id: "psp/empty-as-captured", wrong: "takes an answer without content for success", by: "authorize/answer-empty-object", with: as(empty, "captured")},
		{id: "psp/500-repeated", wrong: "repeats what a PSP that failed may have done", by: "authorize/status-500", with: repeated(false)},
		{id: "psp/500-repeated-with-new-key", wrong: "repeats what a PSP that failed may have done, with another key", by: "authorize/status-500", with: repeated(true)},
		{id: "psp/read-500-as-missing", wrong: "takes a PSP that fails for a payment that does not exist", by: "get-payment/status-500", with: instead(atRead, 500, 404, failure("payment_not_found"))},
		{id: "psp/find-500-as-none", wrong: "takes a PSP that fails for one that has no such payment", by: "find-payment/status-500", with: instead(atFind, 500, 200, object{"payments": []any{}})},
	}
}

// repeated asks once more where the PSP fails.
func repeated(newKey bool) sabotage {
	return at(atMoves, func(w http.ResponseWriter, r *http.Request, psp http.Handler) {
		asked, _ := readBody(r)
		again := r.Clone(r.Context())
		setBody(again, asked)
		held := &heldAnswer{ResponseWriter: w}
		psp.ServeHTTP(held, r)
		if held.status >= 500 {
			if newKey {
				again.Header.Set("Idempotency-Key", rand.Text())
			}
			held = &heldAnswer{ResponseWriter: w}
			psp.ServeHTTP(held, again)
		}
		held.release(nil, nil)
	})
}

// invented is a payment that the PSP never told of.
func invented(asked object, status string) object {
	p := object{
		"id": "pay_invented", "reference": asked["reference"], "status": status, "currency": asked["currency"],
		"amount": asked["amount"], "authorized": 0, "capturable": 0, "captured": 0, "refunded": 0,
	}
	if status == "captured" {
		p["authorized"], p["captured"] = asked["amount"], asked["amount"]
	}
	if status == "declined" {
		p["decline"] = object{"code": "generic_decline", "message": "Declined."}
	}
	return p
}
