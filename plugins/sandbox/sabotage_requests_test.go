package sandbox_test

import (
	"crypto/rand"
	"math"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// What the connector asks of the PSP, as patterns of http.ServeMux.
const (
	atAll      = "/v1/"
	atPay      = "POST /v1/payments"
	atCapture  = "POST /v1/payments/{id}/capture"
	atVoid     = "POST /v1/payments/{id}/void"
	atRefund   = "POST /v1/payments/{id}/refunds"
	atRead     = "GET /v1/payments/{id}"
	atFind     = "GET /v1/payments"
	atComplete = "POST /v1/payments/{id}/complete"
	atAdjust   = "POST /v1/payments/{id}/adjust"
	atPayout   = "POST /v1/payouts"
	atMoves    = atPay + ", " + atCapture + ", " + atVoid + ", " + atRefund
)

// requestMutants ask the PSP for something else than they are asked for.
func requestMutants() []mutant {
	odd := regexp.MustCompile(`[^A-Za-z0-9-]`)
	return []mutant{
		{id: "psp/always-automatic", wrong: "captures at once what should be reserved", by: "authorize/manual", with: set(atPay, "capture", "automatic")},
		{id: "psp/always-manual", wrong: "never captures at once", by: "authorize/succeeds", with: set(atPay, "capture", "manual")},
		{id: "psp/reference-dropped", wrong: "does not send the reference", by: "authorize/succeeds", with: without(atPay, "reference")},
		{id: "psp/refund-reference-dropped", wrong: "does not send a refund's reference", by: "create-refund/succeeds", with: without(atRefund, "reference")},
		{id: "psp/reference-cut-hidden", wrong: "cuts references to 64 characters, and hides it", by: "authorize/long-reference",
			with: otherReference(func(reference string) string { return reference[:min(64, len(reference))] })},
		{id: "psp/reference-cleaned-hidden", wrong: "sends only letters and digits of a reference, and hides it", by: "authorize/reference-characters",
			with: otherReference(func(reference string) string { return odd.ReplaceAllString(reference, "") })},
		{id: "psp/capture-amount-dropped", wrong: "captures everything", by: "capture/succeeds", with: without(atCapture, "amount", "currency")},
		{id: "psp/capture-amount-dropped-hidden", wrong: "captures everything, and hides it", by: "capture/succeeds", with: amountDropped(atCapture)},
		{id: "psp/capture-currency-dropped", wrong: "captures without saying in which currency", by: "capture/succeeds", with: without(atCapture, "currency")},
		{id: "psp/more-to-come-lost", wrong: "releases the rest at the first capture", by: "capture/more-to-come", with: without(atCapture, "more_to_come")},
		{id: "psp/more-to-come-always", wrong: "never releases the rest", by: "capture/rest-is-released", with: set(atCapture, "more_to_come", true)},
		{id: "psp/refund-amount-dropped-hidden", wrong: "refunds everything, and hides it", by: "create-refund/succeeds", with: amountDropped(atRefund)},
		{id: "psp/payment-id-wrong", wrong: "captures another payment than the one that is meant", by: "capture/succeeds",
			with: asking(atCapture, func(r *http.Request, _ object) { r.URL.Path = strings.Replace(r.URL.Path, "/capture", "0/capture", 1) })},
		{id: "psp/void-as-reverse", wrong: "refunds what it can't void", by: "void/captured", with: elsewhere(atVoid, "reverse", "payment")},
		{id: "psp/refund-as-void", wrong: "voids instead of refunding", by: "create-refund/succeeds", with: elsewhere(atRefund, "void", "refund")},
		{id: "psp/reverse-as-void", wrong: "does not refund what it can't void", by: "reverse/captured", with: elsewhere("POST /v1/payments/{id}/reverse", "void", "payment")},
		{id: "psp/void-not-sent", wrong: "says that a payment is voided without asking the PSP", by: "void/succeeds", with: readInstead(atVoid, object{"status": "voided", "capturable": 0})},
		{id: "psp/complete-not-sent", wrong: "believes that a payer who comes back has paid", by: "complete/unvisited", with: readInstead(atComplete, object{"status": "captured", "captured": 1050})},
		{id: "psp/adjust-by-difference", wrong: "takes the new authorized amount for an addition", by: "adjust-authorization/succeeds",
			with: counting(atAdjust, func(_ object, n float64) float64 { return n + 1050 }, nil)},
		{id: "psp/security-code-dropped", wrong: "does not send the card's security code", by: "secrets/cards-travel", with: withCard(func(_ *http.Request, card object) { delete(card, "cvc") })},
		{id: "psp/card-in-address", wrong: "sends the card number in the address, too", by: "secrets/cards-travel",
			with: withCard(func(r *http.Request, card object) { r.URL.RawQuery = "card=" + card["number"].(string) })},
		{id: "psp/trace-dropped", wrong: "does not pass the trace context on", by: "context/trace", with: header(atAll, "Traceparent", func(string, object) string { return "" })},
		{id: "psp/redirect-result-dropped", wrong: "asks the PSP what became of a challenge without what came back from it", beside: "^complete/",
			lives: "the PSP is asked, and knows whether the payer has paid", with: without(atComplete, "redirect_result")},
		{id: "psp/metadata-dropped", wrong: "does not send the caller's labels", beside: "^authorize/metadata$",
			lives: "the PSP's books do not have them: not every PSP keeps them", with: without(atPay, "metadata")},
	}
}

// keyMutants give the PSP other keys and credentials than they are given.
func keyMutants() []mutant {
	always := func(value string) func(string, object) string { return func(string, object) string { return value } }
	random := func(string, object) string { return rand.Text() }
	const key, credentials, other = "Idempotency-Key", "Authorization", "Bearer sk_sandbox_other"
	var first sync.Map
	return []mutant{
		{id: "psp/key-dropped", wrong: "does not send the idempotency key", by: "authorize/replay", with: header(atAll, key, always(""))},
		{id: "psp/void-key-dropped", wrong: "declares that the PSP knows a void by its key, and sends none", by: "void/replay", with: header(atVoid, key, always(""))},
		{id: "psp/key-constant", wrong: "sends the same key with everything", by: "authorize/key-at-psp", with: header(atAll, key, always("patchbay"))},
		{id: "psp/key-new", wrong: "makes a new key for each request", by: "authorize/same-key-at-once", with: header(atAll, key, random)},
		{id: "psp/refund-key-new", wrong: "makes a new key for each refund", by: "create-refund/replay", with: header(atRefund, key, random)},
		{id: "psp/key-cut", wrong: "sends 20 characters of the key", by: "authorize/key-at-psp", with: header(atAll, key, func(key string, _ object) string { return key[:min(20, len(key))] })},
		{id: "psp/key-of-reference", wrong: "uses the reference as the key", by: "authorize/same-reference", with: header(atPay, key, func(_ string, body object) string { return body["reference"].(string) })},
		{id: "psp/api-key-dropped", wrong: "does not send the API key", by: "account/accepted", with: header(atAll, credentials, always(""))},
		{id: "psp/api-key-constant", wrong: "sends the same API key for all accounts", by: "account/refused", with: header(atAll, credentials, always(other))},
		{id: "psp/api-key-constant-for-reads", wrong: "reads with the same API key for all accounts", by: "get-payment/credentials", with: header(atRead, credentials, always(other))},
		{id: "psp/api-key-of-first", wrong: "keeps the API key of its first call", by: "concurrency/accounts", with: header(atAll, credentials, func(given string, _ object) string {
			kept, _ := first.LoadOrStore(credentials, given)
			return kept.(string)
		})},
		{id: "psp/api-key-in-address", wrong: "sends the API key in the address, too", by: "secrets/credentials-travel",
			with: asking(atAll, func(r *http.Request, _ object) {
				r.URL.RawQuery += "&key=" + strings.TrimPrefix(r.Header.Get(credentials), "Bearer ")
			})},
	}
}

// amountMutants count in other units than the PSP.
func amountMutants() []mutant {
	type change = func(object, float64) float64
	plus := func(n float64) change { return func(_ object, units float64) float64 { return units + n } }
	times := func(n float64) change { return func(_ object, units float64) float64 { return units * n } }
	in := func(currencies string, n float64) change {
		return func(of object, units float64) float64 {
			if currency, _ := of["currency"].(string); strings.Contains(currencies, currency) {
				return math.Trunc(units * n)
			}
			return units
		}
	}
	float32s := func(_ object, units float64) float64 { return float64(float32(units)) }
	currency := func(_ *http.Request, body object) { walk(body, swapCurrency) }
	return []mutant{
		{id: "psp/amount-times-ten", wrong: "sends amounts times ten", by: "authorize/succeeds", with: counting(atPay, times(10), nil)},
		{id: "psp/amount-times-ten-hidden", wrong: "sends amounts times ten, and hides it", by: "authorize/succeeds", with: counting(atAll, times(10), times(0.1))},
		{id: "psp/amount-minus-one-hidden", wrong: "sends amounts less one, and hides it", by: "authorize/manual", with: counting(atPay, plus(-1), func(_ object, n float64) float64 { return n + math.Min(n, 1) })},
		{id: "psp/amount-as-float32", wrong: "loses digits of large amounts", by: "authorize/large-amount", with: counting(atPay, float32s, nil)},
		{id: "psp/no-decimals-as-two-hidden", wrong: "takes yen for a currency with two decimal places, and hides it", by: "currencies/exponent-0", with: counting(atAll, in("JPY KRW CLP", 100), in("JPY KRW CLP", 0.01))},
		{id: "psp/three-decimals-as-two-hidden", wrong: "takes dinars for a currency with two decimal places, and hides it", by: "currencies/exponent-3", with: counting(atAll, in("BHD KWD TND", 10), in("BHD KWD TND", 0.1))},
		{id: "psp/four-decimals-as-two", wrong: "takes the unidad de fomento for a currency with two decimal places", by: "currencies/exponent-4", with: counting(atAll, in("CLF UYW", 0.01), in("CLF UYW", 100))},
		{id: "psp/currency-dropped", wrong: "does not send the currency", by: "authorize/succeeds", with: without(atPay, "currency")},
		{id: "psp/currency-swapped", wrong: "sends euro for dollars", by: "authorize/succeeds", with: asking(atPay, currency)},
		{id: "psp/currency-swapped-hidden", wrong: "sends euro for dollars, and hides it", by: "authorize/succeeds",
			with: rewrite(atAll, currency, func(_ object, told *answer) { walk(told.body, swapCurrency) })},
		{id: "psp/refund-amount-minus-one-hidden", wrong: "refunds one unit less, and hides it", by: "create-refund/succeeds", with: counting(atRefund, plus(-1), plus(1))},
		{id: "psp/payout-amount-times-ten-hidden", wrong: "pays ten times as much out, and answers with what was asked for", by: "get-payout/succeeds", with: counting(atPayout, times(10), times(0.1))},
		{id: "psp/order-amount-times-ten-hidden", wrong: "orders ten times as much, and hides it", beside: "^create-order/",
			lives: "no operation reads an order, and the PSP's books have only what is paid", with: counting("POST /v1/orders", times(10), times(0.1))},
		{id: "psp/session-amount-times-ten", wrong: "opens a session for ten times the amount", beside: "^create-(client|server)-session/",
			lives: "a session is told without its amount, and the PSP's books do not have it", with: counting("POST /v1/client_sessions, POST /v1/server_sessions", times(10), nil)},
	}
}

// otherReference sends another reference and gives back the one that was meant.
func otherReference(other func(string) string) sabotage {
	var meant sync.Map
	return rewrite(atPay+", "+atRead, func(_ *http.Request, body object) {
		if reference, ok := body["reference"].(string); ok {
			meant.Store(other(reference), reference)
			body["reference"] = other(reference)
		}
	}, func(_ object, told *answer) {
		if reference, ok := meant.Load(told.body["reference"]); ok {
			told.body["reference"] = reference
		}
	})
}

// amountDropped takes all, and says that it took what was asked for.
func amountDropped(pattern string) sabotage {
	return rewrite(pattern, func(_ *http.Request, body object) { delete(body, "amount") }, func(asked object, told *answer) {
		if units, ok := asked["amount"]; ok {
			told.body["amount"] = units
			if p := inner(told.body, "payment"); p != nil {
				p["captured"] = units
			}
		}
	})
}

// withCard changes requests to pay with a card.
func withCard(change func(r *http.Request, card object)) sabotage {
	return asking(atPay, func(r *http.Request, body object) {
		if card := inner(inner(body, "payment_method"), "card"); card != nil {
			change(r, card)
		}
	})
}

// elsewhere asks at another path, and takes an object in the answer for all of it.
func elsewhere(pattern, last, as string) sabotage {
	return rewrite(pattern, func(r *http.Request, body object) {
		clear(body)
		body["reference"] = rand.Text()
		r.URL.Path = r.URL.Path[:strings.LastIndexByte(r.URL.Path, '/')+1] + last
	}, func(_ object, told *answer) {
		if o := inner(told.body, as); o != nil {
			told.body = o
		}
	})
}

// counting changes all amounts on the way to the PSP and on the way back; nil
// changes none.
func counting(patterns string, ask, tell func(of object, units float64) float64) sabotage {
	count := func(of object, change func(object, float64) float64) {
		walk(of, func(of object) {
			for _, name := range []string{"amount", "authorized", "capturable", "captured", "refunded"} {
				if units, ok := of[name].(float64); ok && change != nil {
					of[name] = math.Round(change(of, units))
				}
			}
		})
	}
	return rewrite(patterns, func(_ *http.Request, body object) { count(body, ask) }, func(_ object, told *answer) { count(told.body, tell) })
}

// swapCurrency says euro for dollars, and the other way round.
func swapCurrency(of object) {
	if other := map[any]string{"USD": "EUR", "EUR": "USD"}[of["currency"]]; other != "" {
		of["currency"] = other
	}
}
