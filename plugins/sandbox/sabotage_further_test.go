package sandbox_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strings"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// furtherMutants are wrong in what goes beyond payments and refunds.
func furtherMutants() []mutant {
	told := func(patterns, field string, value any) sabotage {
		return succeeding(patterns, func(_, told object) { told[field] = value })
	}
	return []mutant{
		{id: "psp/revoke-not-sent", wrong: "says that a mandate is revoked without asking the PSP", by: "revoke-mandate/read-back", with: readInstead("POST /v1/mandates/{id}/revoke", object{"status": "revoked"})},
		{id: "psp/mandate-always-active", wrong: "reads every mandate as active", by: "revoke-mandate/read-back", with: told("GET /v1/mandates/{id}", "status", "active")},
		{id: "psp/mandate-id-of-reference", wrong: "takes the reference for a mandate's id", by: "setup-mandate/read-back", with: succeeding("POST /v1/mandates", func(asked, told object) { told["id"] = asked["reference"] })},
		{id: "psp/customer-not-updated", wrong: "does not send what is to be changed of a customer", by: "update-customer/succeeds", with: asking("POST /v1/customers/{id}", func(_ *http.Request, body object) { body["set"], body["clear"] = object{}, []any{} })},
		{id: "caller/update-mask-ignored", wrong: "changes all of a customer, whatever is to be changed", by: "update-customer/succeeds", with: requested(func(req *paymentsv1.UpdateCustomerRequest) { req.UpdateMask.Paths = []string{"details"} })},
		{id: "psp/payout-not-voided", wrong: "says that a payout is voided without asking the PSP", by: "void-payout/read-back", with: readInstead("POST /v1/payouts/{id}/void", object{"status": "voided"})},
		{id: "psp/staged-payout-sent", wrong: "sends a payout that is only to be staged", by: "stage-payout/succeeds", with: without(atPayout, "stage")},
		{id: "psp/payout-returned-as-succeeded", wrong: "takes every payout for paid", by: "get-payout/unknown-word", with: told("GET /v1/payouts/{id}", "status", "succeeded")},
		{id: "psp/dispute-not-accepted", wrong: "says that a dispute is accepted without asking the PSP", by: "accept-dispute/read-back", with: readInstead("POST /v1/disputes/{id}/accept", object{"status": "accepted"})},
		{id: "psp/evidence-not-submitted", wrong: "says that evidence is submitted without asking the PSP", by: "submit-evidence/key-at-psp", with: readInstead("POST /v1/disputes/{id}/evidence", object{})},
		{id: "psp/evidence-file-cut", wrong: "uploads half of a file", by: "upload-evidence/succeeds", with: cutFile()},
		{id: "psp/authentication-always-succeeds", wrong: "takes every authentication for a success", by: "pre-authenticate/unknown-word", with: told("POST /v1/authentications, POST /v1/authentications/{id}/authenticate, POST /v1/authentications/{id}/finish", "status", "succeeded")},
		{id: "psp/authentication-id-dropped", wrong: "answers with another authentication", by: "authenticate/succeeds", with: told("POST /v1/authentications/{id}/authenticate", "id", "auth_other")},
		{id: "psp/surcharge-dropped", wrong: "forgets the surcharge in the total", by: "calculate-surcharge/succeeds", with: succeeding("POST /v1/surcharges", func(asked, told object) { told["total"] = asked["amount"]; told["surcharge"] = 7 })},
		{id: "psp/nothing-eligible", wrong: "says that nothing can be paid with", by: "check-eligibility/succeeds", with: told("POST /v1/offers", "offers", []any{})},
		{id: "psp/find-others", wrong: "finds payments of other references, too", by: "find-payment/succeeds", with: succeeding(atFind, func(_, told object) {
			told["payments"] = append(told["payments"].([]any), invented(object{"reference": "other", "amount": 1, "currency": "USD"}, "captured"))
		})},
		{id: "psp/reverse-refund-dropped", wrong: "does not tell of the refund by which it reversed", by: "reverse/captured", with: succeeding("POST /v1/payments/{id}/reverse", func(_, told object) { delete(told, "refund") })},
	}
}

// readInstead reads what is to be changed, and lays what it should have become over
// the answer.
func readInstead(pattern string, become object) sabotage {
	return rewrite(pattern, func(r *http.Request, _ object) {
		r.Method, r.URL.Path = http.MethodGet, r.URL.Path[:strings.LastIndexByte(r.URL.Path, '/')]
	}, func(_ object, told *answer) {
		if told.status < 300 && told.body != nil {
			maps.Copy(told.body, become)
		}
	})
}

// cutFile sends half of each file.
func cutFile() sabotage {
	return at("POST /v1/disputes/{id}/files", func(w http.ResponseWriter, r *http.Request, psp http.Handler) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(raw[:len(raw)/2]))
		psp.ServeHTTP(w, r)
	})
}
