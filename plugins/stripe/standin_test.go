package stripe

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
)

// standIn is Stripe with a memory. stripe-mock checks every request against
// Stripe's own description, closed to parameters that it does not have, and refuses
// it or lets it pass; the answers are Stripe's own fixtures in the state that the
// payment is in. The memory between the two is ours: what it refuses, it refuses
// with the codes that Stripe documents (https://docs.stripe.com/error-codes).
type standIn struct {
	mock    string // address of stripe-mock
	intent  object // Stripe's fixtures
	charge  object
	refund  object
	account object

	mu       sync.Mutex
	payments map[string]*standInPayment
	order    []*standInPayment
	refunds  map[string]object
	byKey    map[string]storedAnswer
}

// standInPayment is a PaymentIntent with its one charge.
type standInPayment struct {
	id, status, currency, key           string
	manual, several                     bool
	amount, captured, refunded, charged int64 // charged: what was authorized; 0 if nothing was
	metadata                            object
	failure                             object
	attempts                            int
}

type storedAnswer struct {
	asked [sha256.Size]byte
	code  int
	body  []byte
	made  *standInPayment
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	state := stripemock.Options{Intent: stripemock.Intent{Status: "succeeded", Amount: 1050, Currency: "usd"}}
	return &standIn{
		mock:   startMock(t, state).URL,
		intent: resource(t, "payment_intent", state), charge: resource(t, "charge", state),
		refund: resource(t, "refund", state), account: resource(t, "account", state),
		payments: map[string]*standInPayment{}, refunds: map[string]object{}, byKey: map[string]storedAnswer{},
	}
}

// ServeHTTP implements http.Handler.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ledger" {
		s.ledger(w)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if r.Header.Get("Authorization") == "Bearer sk_test_revoked" {
		write(w, http.StatusUnauthorized, refusedBy("invalid_request_error", "", "Invalid API Key provided"))
		return
	}
	if !s.described(w, r, body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	form, _ := url.ParseQuery(string(body))
	if r.Method == http.MethodGet {
		code, answer, _ := s.carryOut(r, form)
		write(w, code, answer)
		return
	}
	s.once(w, r, body, form)
}

// described says whether the request is one that Stripe describes, and answers with
// stripe-mock's refusal if it is not.
func (s *standIn) described(w http.ResponseWriter, r *http.Request, body []byte) bool {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, s.mock+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	req.Header = r.Header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer resp.Body.Close()
	told, _ := io.ReadAll(resp.Body)
	if resp.StatusCode == http.StatusOK {
		return true
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(told)
	return false
}

// once carries a request out the first time, and repeats the answer to its key.
// Source: https://docs.stripe.com/api/idempotent_requests.
func (s *standIn) once(w http.ResponseWriter, r *http.Request, body []byte, form url.Values) {
	key, asked := r.Header.Get("Idempotency-Key"), sha256.Sum256([]byte(r.URL.Path+"\n"+string(body)))
	stored, known := s.byKey[key]
	switch {
	case known && stored.asked != asked:
		write(w, http.StatusBadRequest, refusedBy("idempotency_error", "", "Keys for idempotent requests can only be used with the same parameters"))
		return
	case known:
		w.Header().Set("Idempotent-Replayed", "true")
	default:
		code, answer, made := s.carryOut(r, form)
		raw, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		stored = storedAnswer{asked, code, raw, made}
		if made != nil {
			made.key = key
		}
		s.byKey[key] = stored
	}
	if stored.made != nil {
		stored.made.attempts++
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(stored.code)
	_, _ = w.Write(stored.body)
}

// carryOut does one request of those that the connector makes.
func (s *standIn) carryOut(r *http.Request, form url.Values) (code int, answer object, made *standInPayment) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	switch {
	case parts[0] == "account":
		return http.StatusOK, s.account, nil
	case r.URL.Path == "/v1/payment_intents":
		return s.create(form)
	case r.URL.Path == "/v1/refunds":
		code, answer = s.giveBack(form)
		return code, answer, nil
	case parts[0] == "refunds":
		if refund, ok := s.refunds[parts[1]]; ok {
			return http.StatusOK, refund, nil
		}
		return http.StatusNotFound, refusedBy("invalid_request_error", "resource_missing", "No such refund"), nil
	}
	p, ok := s.payments[parts[1]]
	switch {
	case !ok:
		return http.StatusNotFound, refusedBy("invalid_request_error", "resource_missing", "No such payment_intent"), nil
	case len(parts) == 2:
		return http.StatusOK, s.show(p), nil
	case p.status != "requires_capture":
		return http.StatusBadRequest, refusedBy("invalid_request_error", "payment_intent_unexpected_state",
			"This PaymentIntent could not be changed because it has a status of "+p.status), nil
	case parts[2] == "cancel":
		p.status = "canceled"
		return http.StatusOK, s.show(p), nil
	default:
		code, answer = s.capture(p, form)
		return code, answer, nil
	}
}

// outcomes of Stripe's test tokens.
// Source: https://docs.stripe.com/testing#declined-payments.
func declineOf(token string) string {
	return map[string]string{
		"pm_card_visa_chargeDeclined":                  "generic_decline",
		"pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
		"pm_card_visa_chargeDeclinedLostCard":          "lost_card",
		"pm_card_visa_chargeDeclinedStolenCard":        "stolen_card",
	}[token]
}

func (s *standIn) create(form url.Values) (int, object, *standInPayment) {
	p := &standInPayment{
		id: "pi_" + rand.Text(), amount: number(form, "amount"), currency: form.Get("currency"),
		manual: form.Get("capture_method") == "manual", several: form.Get("payment_method_options[card][request_multicapture]") == "if_available", metadata: metadata(form), status: "succeeded",
	}
	s.payments[p.id] = p
	if code := declineOf(form.Get("payment_method")); code != "" {
		p.status = "requires_payment_method"
		p.failure = object{"type": "card_error", "code": "card_declined", "decline_code": code, "message": "Your card was declined."}
		failure := maps.Clone(p.failure)
		failure["payment_intent"] = s.show(p)
		return http.StatusPaymentRequired, object{"error": failure}, nil
	}
	switch {
	case form.Get("payment_method") == "pm_card_threeDSecure2Required":
		p.status = "requires_action"
		return http.StatusOK, s.show(p), nil
	case p.manual:
		p.status = "requires_capture"
	default:
		p.captured = p.amount
	}
	p.charged = p.amount
	s.order = append(s.order, p)
	return http.StatusOK, s.show(p), p
}

func (s *standIn) capture(p *standInPayment, form url.Values) (int, object) {
	left := p.amount - p.captured
	amount := left
	if form.Has("amount_to_capture") {
		amount = number(form, "amount_to_capture")
	}
	if amount > left {
		return http.StatusBadRequest, refusedBy("invalid_request_error", "amount_too_large", "The amount is larger than what can be captured")
	}
	more := form.Get("final_capture") == "false"
	if more && !p.several {
		return http.StatusBadRequest, refusedAt("final_capture", "Multicapture is not available for this payment")
	}
	if p.captured += amount; !more || amount == left {
		p.status = "succeeded"
	}
	return http.StatusOK, s.show(p)
}

func (s *standIn) giveBack(form url.Values) (int, object) {
	p, ok := s.payments[form.Get("payment_intent")]
	if !ok {
		return http.StatusNotFound, refusedBy("invalid_request_error", "resource_missing", "No such payment_intent")
	}
	left := p.captured - p.refunded
	amount := left
	if form.Has("amount") {
		amount = number(form, "amount")
	}
	switch {
	case p.captured == 0:
		return http.StatusBadRequest, refusedBy("invalid_request_error", "charge_not_refundable", "This payment has no charge to refund")
	case left == 0:
		return http.StatusBadRequest, refusedBy("invalid_request_error", "charge_already_refunded", "The charge has already been refunded")
	case amount > left:
		return http.StatusBadRequest, refusedAt("amount", "Refund amount is greater than unrefunded amount on charge")
	}
	p.refunded += amount
	refund := maps.Clone(s.refund)
	maps.Copy(refund, object{
		"id": "re_" + rand.Text(), "amount": amount, "currency": p.currency, "payment_intent": p.id,
		"charge": "ch_" + p.id, "status": "succeeded", "metadata": metadata(form),
	})
	s.refunds[refund["id"].(string)] = refund
	return http.StatusOK, refund
}

// show is the payment as Stripe's fixture would have it. What a partial capture
// gives up counts as refunded at Stripe.
func (s *standIn) show(p *standInPayment) object {
	capturable := int64(0)
	if p.status == "requires_capture" {
		capturable = p.amount - p.captured
	}
	released := int64(0)
	if p.charged > 0 && p.status == "succeeded" {
		released = p.amount - p.captured
	}
	shown, charge := maps.Clone(s.intent), maps.Clone(s.charge)
	maps.Copy(charge, object{
		"id": "ch_" + p.id, "amount": p.amount, "currency": p.currency, "paid": p.charged > 0, "payment_intent": p.id,
		"amount_captured": p.captured, "amount_refunded": p.refunded + released, "captured": p.captured > 0,
	})
	maps.Copy(shown, object{
		"id": p.id, "amount": p.amount, "currency": p.currency, "status": p.status, "metadata": p.metadata,
		"amount_capturable": capturable, "amount_received": p.captured, "latest_charge": nil, "next_action": nil, "last_payment_error": nil,
	})
	if p.charged > 0 {
		shown["latest_charge"] = charge
		multicapture := "unavailable"
		if p.several {
			multicapture = "available"
		}
		details := maps.Clone(charge["payment_method_details"].(object))
		card := maps.Clone(details["card"].(object))
		card["multicapture"], details["card"] = object{"status": multicapture}, card
		charge["payment_method_details"] = details
	}
	if p.failure != nil {
		shown["last_payment_error"] = p.failure
	}
	if p.status == "requires_action" {
		shown["next_action"] = object{"type": "redirect_to_url", "redirect_to_url": object{"url": "https://hooks.stripe.com/3d_secure_2/" + p.id}}
	}
	return shown
}

// ledger is the books, as the conformance suite reads them.
func (s *standIn) ledger(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	charges := []object{}
	for _, p := range s.order {
		charges = append(charges, object{
			"id": p.id, "reference": p.metadata[referenceKey], "idempotency_key": p.key, "amount": p.amount,
			"currency": strings.ToUpper(p.currency), "captured": p.captured, "refunded": p.refunded,
			"voided": p.status == "canceled", "attempts": p.attempts,
		})
	}
	write(w, http.StatusOK, object{"charges": charges})
}

func number(form url.Values, name string) int64 {
	n, err := strconv.ParseInt(form.Get(name), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err)) // stripe-mock has let it pass
	}
	return n
}

func metadata(form url.Values) object {
	labels := object{}
	for name := range form {
		if label, ok := strings.CutPrefix(name, "metadata["); ok {
			labels[strings.TrimSuffix(label, "]")] = form.Get(name)
		}
	}
	return labels
}

func refusedBy(kind, code, message string) object {
	e := object{"type": kind, "message": message}
	if code != "" {
		e["code"] = code
	}
	return object{"error": e}
}

func refusedAt(param, message string) object {
	return object{"error": object{"type": "invalid_request_error", "param": param, "message": message}}
}

func write(w http.ResponseWriter, code int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(document) // the connector may be gone
}
