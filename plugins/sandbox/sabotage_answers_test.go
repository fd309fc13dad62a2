package sandbox_test

import (
	"net/http"
	"sync"
)

// answerMutants misread the PSP's answers.
func answerMutants() []mutant {
	payment := func(patterns string, change func(p object)) sabotage {
		return succeeding(patterns, func(_, told object) {
			if p := inner(told, "payment"); p != nil {
				told = p
			}
			change(told)
		})
	}
	status := func(patterns, from, to string) sabotage {
		return payment(patterns, func(p object) {
			if p["status"] == from {
				p["status"] = to
			}
		})
	}
	decline := func(change func(p, decline object)) sabotage {
		return payment(atPay, func(p object) {
			if d := inner(p, "decline"); d != nil {
				change(p, d)
			}
		})
	}
	return []mutant{
		{id: "psp/authorized-as-captured", wrong: "takes a reserved amount for a captured one", by: "authorize/manual", with: status(atPay, "authorized", "captured")},
		{id: "psp/captured-as-authorized", wrong: "takes a captured amount for a reserved one", by: "authorize/succeeds", with: status(atPay, "captured", "authorized")},
		{id: "psp/declined-as-captured", wrong: "takes a decline for a success", by: "declines/generic_decline", with: status(atPay, "declined", "captured")},
		{id: "psp/requires-action-as-pending", wrong: "does not say that the payer must do something", by: "authorize/challenge", with: status(atPay, "requires_action", "pending")},
		{id: "psp/partial-as-captured", wrong: "takes a part of a capture for all of it", by: "capture/more-to-come", with: status(atCapture, "partially_captured", "captured")},
		{id: "psp/captured-as-partial", wrong: "takes the last capture for one of several", by: "capture/succeeds", with: status(atCapture, "captured", "partially_captured")},
		{id: "psp/voided-as-authorized", wrong: "says that a voided payment is still reserved", by: "void/succeeds", with: status(atVoid, "voided", "authorized")},
		{id: "psp/captured-as-requested", wrong: "takes the payment's amount for what was captured", by: "capture/succeeds", with: payment(atCapture, func(p object) { p["captured"] = p["amount"] })},
		{id: "psp/capturable-as-amount", wrong: "takes the payment's amount for what can be captured", by: "capture/succeeds", with: payment(atCapture, func(p object) { p["capturable"] = p["amount"] })},
		{id: "psp/capturable-dropped", wrong: "does not say what can be captured", by: "authorize/manual", with: payment(atPay, func(p object) { p["capturable"] = 0 })},
		{id: "psp/refunded-dropped", wrong: "does not say what was refunded", by: "create-refund/read-back", with: payment(atRead, func(p object) { p["refunded"] = 0 })},
		{id: "psp/authorized-amount-dropped", wrong: "does not say what was authorized", by: "authorize/manual", with: payment(atPay, func(p object) { p["authorized"] = 0 })},
		{id: "psp/decline-code-lost", wrong: "says nothing of why a payment is declined but that it is", by: "declines/lost_card", with: decline(func(_, d object) { d["code"] = "generic_decline" })},
		{id: "psp/decline-code-constant", wrong: "takes every decline for a lack of money", by: "declines/generic_decline", with: decline(func(_, d object) { d["code"] = "insufficient_funds" })},
		{id: "psp/network-code-lost", wrong: "does not pass the network's code of a decline on", by: "declines/insufficient_funds", with: decline(func(_, d object) { delete(d, "network_code") })},
		{id: "psp/decline-dropped", wrong: "does not say why a payment is declined", by: "declines/generic_decline", with: decline(func(p, _ object) { delete(p, "decline") })},
		{id: "psp/redirect-dropped", wrong: "does not say where the payer must go", by: "authorize/challenge", with: payment(atPay, func(p object) { delete(p, "challenge_url") })},
		{id: "psp/network-transaction-id-dropped", wrong: "does not pass the network's id of the transaction on", by: "get-payment/succeeds", with: payment(atPay, func(p object) { delete(p, "network_transaction_id") })},
		{id: "psp/refund-id-of-payment", wrong: "takes the payment's id for the refund's", by: "create-refund/read-back-each", with: succeeding(atRefund, func(_, told object) { told["id"] = told["payment_id"] })},
		{id: "psp/unknown-word-as-captured", wrong: "takes a status that it does not know for success", by: "authorize/unknown-word", with: unknownAs("captured")},
		{id: "psp/unknown-word-as-declined", wrong: "takes a status that it does not know for a decline", by: "authorize/unknown-word", with: unknownAs("declined")},
		{id: "psp/read-cached", wrong: "reads a payment once and remembers what it read", by: "create-refund/several", with: remembered(atRead, false)},
		{id: "psp/capture-cached", wrong: "answers a second capture with the first", by: "capture/several", with: remembered(atCapture, true)},
		{id: "psp/refund-cached", wrong: "answers a second refund with the first", by: "create-refund/several", with: remembered(atRefund, true)},
	}
}

// words are the states of a payment that the PSP documents.
var words = map[any]bool{
	"requires_action": true, "pending": true, "authorized": true, "partially_captured": true, "captured": true, "voided": true, "declined": true,
}

// unknownAs takes a status that the PSP does not document for another.
func unknownAs(word string) sabotage {
	return succeeding(atPay+", "+atVoid+", "+atRead, func(_, told object) {
		if !words[told["status"]] {
			told["status"] = word
		}
	})
}

// remembered answers the second request of a path as the first, asking or not.
func remembered(pattern string, ask bool) sabotage {
	var known sync.Map
	return at(pattern, func(w http.ResponseWriter, r *http.Request, psp http.Handler) {
		before, again := known.Load(r.URL.Path)
		held := &heldAnswer{ResponseWriter: w}
		if !again || ask {
			psp.ServeHTTP(held, r)
		}
		held.release(nil, func(_ object, told *answer) {
			if again {
				told.status, told.body = http.StatusOK, before.(object)
			} else if told.status < 300 && told.body != nil {
				known.Store(r.URL.Path, told.body)
			}
		})
	})
}
