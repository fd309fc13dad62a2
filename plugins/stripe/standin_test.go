package stripe

import (
	"context"
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
	"github.com/patchbay/patchbay/sdk/connectortest/spectest"
)

// standIn is Stripe with a memory. Stripe's own description, made strict, checks
// every request and every answer; the answers are Stripe's own fixtures in the state
// that things are in. The memory between the two is ours: what it refuses, it
// refuses with the codes that Stripe documents
// (https://docs.stripe.com/error-codes).
type standIn struct {
	fixtures map[string]any
	checked  *spectest.Checker
	routes   map[string]route

	mu       sync.Mutex
	host     string // where it was asked
	payments map[string]*standInPayment
	order    []*standInPayment
	byKey    map[string]storedAnswer
	kept     map[string]object // refunds, setups, methods, customers, disputes, payouts, by id
	disputes []string          // their ids, the newest first
}

// standInPayment is a PaymentIntent with its one charge.
type standInPayment struct {
	id, status, currency, key           string
	manual, several                     bool
	amount, captured, refunded, charged int64 // charged: what was authorized; 0 if nothing was
	customer, method, usage, returnURL  string
	kind                                string // of what the payer has to confirm
	metadata, failure                   object
	attempts                            int
}

type storedAnswer struct {
	asked [sha256.Size]byte
	reply
}

// reply is an answer, and the payment that it made.
type reply struct {
	code int
	body object
	made *standInPayment
}

// describedStripe is Stripe's description with what Stripe documents elsewhere,
// made strict. It is read once: it is large.
var describedStripe = sync.OnceValues(func() (*spectest.Spec, error) {
	raw, err := stripemock.Description(context.Background())
	if err != nil {
		return nil, err
	}
	return spectest.Parse(raw, spectest.Amend(stripemock.Undescribed))
})

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	spec, err := describedStripe()
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := stripemock.Fixtures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Stripe's fixtures are older than its description here and there.
	delete(fixtures["payment_intent"].(object), "source")
	delete(fixtures["charge"].(object), "source")
	payments := fixtures["account"].(object)["settings"].(object)["payments"].(object)
	delete(payments, "statement_descriptor_prefix_kana")
	delete(payments, "statement_descriptor_prefix_kanji")
	s := &standIn{
		fixtures: fixtures, payments: map[string]*standInPayment{}, byKey: map[string]storedAnswer{}, kept: map[string]object{},
	}
	s.routes = s.paymentRoutes()
	maps.Copy(s.routes, s.keepingRoutes())
	s.checked = spec.Check(http.HandlerFunc(s.answer))
	t.Cleanup(func() {
		for _, finding := range s.checked.Findings() {
			t.Error(finding)
		}
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch id, isPage := strings.CutPrefix(r.URL.Path, "/3d_secure_2/"); {
	case isPage:
		s.challenge(w, r, id)
	case r.URL.Path == "/payer":
		s.payer(w, r)
	case r.URL.Path == "/ledger":
		s.ledger(w)
	default:
		s.checked.ServeHTTP(w, r)
	}
}

// answer does what was asked, once for each key.
// Source: https://docs.stripe.com/api/idempotent_requests.
func (s *standIn) answer(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "Bearer sk_test_revoked" {
		write(w, refusedBy(http.StatusUnauthorized, "invalid_request_error", "", "Invalid API Key provided"))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = r.Host
	key := r.Header.Get("Idempotency-Key")
	if r.Method != http.MethodPost || key == "" {
		write(w, s.carryOut(r))
		return
	}
	asked := sha256.Sum256([]byte(r.URL.Path + "\n" + string(body)))
	stored, known := s.byKey[key]
	switch {
	case known && stored.asked != asked:
		write(w, refusedBy(http.StatusBadRequest, "idempotency_error", "", "Keys for idempotent requests can only be used with the same parameters"))
		return
	case known:
		w.Header().Set("Idempotent-Replayed", "true")
	default:
		stored = storedAnswer{asked, s.carryOut(r)}
		if stored.made != nil {
			stored.made.key = key
		}
		s.byKey[key] = stored
	}
	if stored.made != nil {
		stored.made.attempts++
	}
	write(w, stored.reply)
}

// route carries one kind of request out. The id is that in the path.
type route func(r *http.Request, id string) reply

// carryOut does one request of those that the connector makes.
func (s *standIn) carryOut(r *http.Request) reply {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	id := ""
	if len(parts) > 1 && parts[1] != "search" {
		id, parts[1] = parts[1], "{id}"
	}
	if parts[0] != "files" {
		_ = r.ParseForm() // it was read before, from memory
	}
	does, ok := s.routes[r.Method+" "+strings.Join(parts, "/")]
	if !ok {
		return refusedBy(http.StatusNotFound, "invalid_request_error", "", "Unrecognized request URL")
	}
	return does(r, id)
}

// paymentRoutes are those of payments and refunds.
func (s *standIn) paymentRoutes() map[string]route {
	return map[string]route{
		"GET account":          func(*http.Request, string) reply { return found(s.fixture("account")) },
		"POST payment_intents": func(r *http.Request, _ string) reply { return s.create(r.PostForm) },
		"GET payment_intents": func(r *http.Request, _ string) reply {
			return s.list(r, "list", func(*standInPayment) bool { return true })
		},
		"GET payment_intents/search": func(r *http.Request, _ string) reply {
			_, quoted, _ := strings.Cut(r.Form.Get("query"), "]:'")
			wanted := strings.NewReplacer(`\\`, `\`, `\'`, "'").Replace(strings.TrimSuffix(quoted, "'"))
			return s.list(r, "search_result", func(p *standInPayment) bool { return p.metadata[referenceKey] == wanted })
		},
		"GET payment_intents/{id}":                          s.onPayment(func(r *http.Request, p *standInPayment) reply { return found(s.show(p, expanded(r))) }),
		"POST payment_intents/{id}/capture":                 s.onPayment(s.capture),
		"POST payment_intents/{id}/cancel":                  s.onPayment(s.cancel),
		"POST payment_intents/{id}/increment_authorization": s.onPayment(s.increment),
		"POST refunds":     func(r *http.Request, _ string) reply { return s.giveBack(r.PostForm) },
		"GET refunds/{id}": s.read,
	}
}

func (s *standIn) onPayment(do func(*http.Request, *standInPayment) reply) route {
	return func(r *http.Request, id string) reply {
		p, ok := s.payments[id]
		if !ok {
			return missing("payment_intent")
		}
		return do(r, p)
	}
}

// read answers with what is kept.
func (s *standIn) read(_ *http.Request, id string) reply {
	kept, ok := s.kept[id]
	if !ok {
		return missing("object")
	}
	return found(kept)
}

// keep keeps an object.
func (s *standIn) keep(o object) reply {
	s.kept[o["id"].(string)] = o
	return found(o)
}

// fixture is one of Stripe's, to be changed.
func (s *standIn) fixture(name string) object {
	raw, err := json.Marshal(s.fixtures[name])
	if err != nil {
		panic(err)
	}
	var copied object
	if err := json.Unmarshal(raw, &copied); err != nil {
		panic(err)
	}
	return copied
}

func expanded(r *http.Request) bool {
	return r.Form.Get("expand[0]") == latestCharge || r.Form.Get("expand[0]") == "data."+latestCharge
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

func (s *standIn) create(form url.Values) reply {
	p := &standInPayment{
		id: "pi_" + rand.Text(), amount: number(form, "amount"), currency: form.Get("currency"), status: "succeeded",
		manual: form.Get("capture_method") == "manual", several: form.Get("payment_method_options[card][request_multicapture]") == "if_available",
		customer: form.Get("customer"), method: form.Get("payment_method"), usage: form.Get("setup_future_usage"),
		returnURL: form.Get("return_url"), metadata: metadata(form),
	}
	s.payments[p.id] = p
	s.order = append(s.order, p)
	kind := form.Get("payment_method_types[0]")
	stored := s.kept[p.method]
	switch {
	case form.Get("confirm") != "true":
		p.status = "requires_payment_method"
	case stored != nil && stored["customer"] != p.customer:
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "payment_method_unexpected_state", "The payment method is not the customer's")
	case declineOf(p.method) != "":
		p.fail("card_declined", declineOf(p.method))
		failure := maps.Clone(p.failure)
		failure["payment_intent"] = s.show(p, true)
		return reply{code: http.StatusPaymentRequired, body: object{"error": failure}}
	case strings.HasSuffix(kind, "_debit"), kind == "us_bank_account":
		p.status = "processing"
	case p.method == "pm_card_threeDSecure2Required", kind != "card" && stored == nil:
		p.status, p.kind = "requires_action", kind
	default:
		s.pay(p)
		if p.method == "pm_card_createDispute" {
			s.dispute(p)
		}
		return reply{http.StatusOK, s.show(p, true), p}
	}
	return found(s.show(p, true))
}

// pay reserves the amount, and captures it unless that is to come.
func (s *standIn) pay(p *standInPayment) {
	p.charged = p.amount
	if p.status = "requires_capture"; !p.manual {
		p.status, p.captured = "succeeded", p.amount
	}
}

func (p *standInPayment) fail(code, declineCode string) {
	p.status = "requires_payment_method"
	p.failure = object{"type": "card_error", "code": code, "message": "Your card was declined."}
	if declineCode != "" {
		p.failure["decline_code"] = declineCode
	}
}

// action is what the payer has to do, as Stripe says it for each type.
func (s *standIn) action(p *standInPayment) object {
	code := object{
		"data": "code of " + p.id, "image_url_png": "https://qr.stripe.com/1.png", "image_url_svg": "https://qr.stripe.com/1.svg",
		"hosted_instructions_url": "https://payments.stripe.com/qr/" + p.id,
	}
	named := func(kind string, details object) object { return object{"type": kind, kind: details} }
	switch p.kind {
	case "blik":
		return named("blik_authorize", object{})
	case "boleto", "oxxo":
		return named(p.kind+"_display_details", object{"number": "93000262281234567", "hosted_voucher_url": "https://payments.stripe.com/voucher/" + p.id})
	case "konbini":
		return named("konbini_display_details", object{"expires_at": 1900000000, "hosted_voucher_url": "https://payments.stripe.com/voucher/" + p.id, "stores": object{}})
	case "multibanco":
		return named("multibanco_display_details", object{"entity": "11249", "reference": "123456789"})
	case "paynow", "pix", "promptpay":
		return named(p.kind+"_display_qr_code", code)
	case "wechat_pay":
		code["image_data_url"] = "data:image/png;base64,AA=="
		return named("wechat_pay_display_qr_code", code)
	default:
		return named("redirect_to_url", object{"url": "http://" + s.host + "/3d_secure_2/" + p.id, "return_url": p.returnURL})
	}
}

// payer does what the payer does elsewhere: pays a slip, scans a code, has money.
func (s *standIn) payer(w http.ResponseWriter, r *http.Request) {
	var decision struct {
		ID       string
		Approves bool
	}
	if err := json.NewDecoder(r.Body).Decode(&decision); err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[decision.ID]
	switch {
	case p == nil:
		http.NotFound(w, r)
	case decision.Approves:
		s.pay(p)
	default:
		p.fail("payment_method_customer_decline", "")
	}
}

// challenge is the page of a payment that its payer must confirm.
func (s *standIn) challenge(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[id]
	if p == nil || p.status != "requires_action" {
		http.NotFound(w, r)
		return
	}
	if r.URL.Query().Get("outcome") == "approve" {
		s.pay(p)
	} else {
		p.fail("payment_intent_authentication_failure", "")
	}
	http.Redirect(w, r, p.returnURL+"&payment_intent="+id+"&redirect_status="+p.status, http.StatusFound)
}

func (s *standIn) capture(r *http.Request, p *standInPayment) reply {
	if p.status != "requires_capture" {
		return unexpectedState(p)
	}
	left := p.amount - p.captured
	amount := left
	if r.PostForm.Has("amount_to_capture") {
		amount = number(r.PostForm, "amount_to_capture")
	}
	if amount > left {
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "amount_too_large", "The amount is larger than what can be captured")
	}
	more := r.PostForm.Get("final_capture") == "false"
	if more && !p.several {
		return refusedAt("final_capture", "Multicapture is not available for this payment")
	}
	if p.captured += amount; !more || amount == left {
		p.status = "succeeded"
	}
	return found(s.show(p, true))
}

func (s *standIn) cancel(_ *http.Request, p *standInPayment) reply {
	if p.status == "succeeded" || p.status == "canceled" {
		return unexpectedState(p)
	}
	p.status = "canceled"
	return found(s.show(p, true))
}

func (s *standIn) increment(r *http.Request, p *standInPayment) reply {
	amount := number(r.PostForm, "amount")
	switch {
	case p.status != "requires_capture" || p.captured > 0:
		return unexpectedState(p)
	case amount <= p.amount:
		return refusedAt("amount", "The amount must be greater than the currently authorized amount")
	}
	p.amount, p.charged = amount, amount
	return found(s.show(p, true))
}

func (s *standIn) giveBack(form url.Values) reply {
	p, ok := s.payments[form.Get("payment_intent")]
	if !ok {
		return missing("payment_intent")
	}
	left := p.captured - p.refunded
	amount := left
	if form.Has("amount") {
		amount = number(form, "amount")
	}
	switch {
	case p.captured == 0:
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "charge_not_refundable", "This payment has no charge to refund")
	case left == 0:
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "charge_already_refunded", "The charge has already been refunded")
	case amount > left:
		return refusedAt("amount", "Refund amount is greater than unrefunded amount on charge")
	}
	p.refunded += amount
	refund := s.fixture("refund")
	maps.Copy(refund, object{
		"id": "re_" + rand.Text(), "amount": amount, "currency": p.currency, "payment_intent": p.id,
		"charge": "ch_" + p.id, "status": "succeeded", "metadata": metadata(form),
	})
	return s.keep(refund)
}

// list is a page with all payments that fit, the newest first.
func (s *standIn) list(r *http.Request, kind string, fits func(*standInPayment) bool) reply {
	data := []object{}
	for i := len(s.order) - 1; i >= 0; i-- {
		if fits(s.order[i]) {
			data = append(data, s.show(s.order[i], expanded(r)))
		}
	}
	return found(object{"object": kind, "data": data, "has_more": false, "url": r.URL.Path})
}

// show is the payment as Stripe's fixture would have it. What a partial capture
// gives up counts as refunded at Stripe.
func (s *standIn) show(p *standInPayment, expanded bool) object {
	capturable := int64(0)
	if p.status == "requires_capture" {
		capturable = p.amount - p.captured
	}
	shown := s.fixture("payment_intent")
	maps.Copy(shown, object{
		"id": p.id, "amount": p.amount, "currency": p.currency, "status": p.status, "metadata": p.metadata,
		"amount_capturable": capturable, "amount_received": p.captured, "latest_charge": nil, "next_action": nil, "last_payment_error": nil,
		"customer": nil, "payment_method": nil, "setup_future_usage": nil, "cancellation_reason": nil,
	})
	for name, value := range map[string]string{"customer": p.customer, "payment_method": p.method, "setup_future_usage": p.usage} {
		if value != "" {
			shown[name] = value
		}
	}
	if p.failure != nil {
		shown["last_payment_error"] = p.failure
	}
	if p.status == "requires_action" {
		shown["next_action"] = s.action(p)
	}
	switch {
	case p.charged > 0 && expanded:
		shown["latest_charge"] = s.charge(p)
	case p.charged > 0:
		shown["latest_charge"] = "ch_" + p.id
	}
	return shown
}

func (s *standIn) charge(p *standInPayment) object {
	released := int64(0)
	if p.status == "succeeded" {
		released = p.amount - p.captured
	}
	charge := s.fixture("charge")
	maps.Copy(charge, object{
		"id": "ch_" + p.id, "amount": p.amount, "currency": p.currency, "paid": true, "payment_intent": p.id,
		"amount_captured": p.captured, "amount_refunded": p.refunded + released, "captured": p.captured > 0,
	})
	multicapture := "unavailable"
	if p.several {
		multicapture = "available"
	}
	card := charge["payment_method_details"].(object)["card"].(object)
	card["multicapture"] = object{"status": multicapture}
	card["network_transaction_id"] = "MCC000000355"
	return charge
}

// ledger is the books, as the conformance suite reads them.
func (s *standIn) ledger(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	charges := []object{}
	for _, p := range s.order {
		if p.charged == 0 {
			continue
		}
		charges = append(charges, object{
			"id": p.id, "reference": p.metadata[referenceKey], "idempotency_key": p.key, "amount": p.amount,
			"currency": strings.ToUpper(p.currency), "captured": p.captured, "refunded": p.refunded,
			"voided": p.status == "canceled", "attempts": p.attempts,
		})
	}
	write(w, found(object{"charges": charges}))
}

func number(form url.Values, name string) int64 {
	n, err := strconv.ParseInt(form.Get(name), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err)) // the description has let it pass
	}
	return n
}

// beneath are the fields of a form that a name has in brackets.
func beneath(form url.Values, name string) object {
	fields := object{}
	for full := range form {
		if inner, ok := strings.CutPrefix(full, name+"["); ok {
			fields[strings.TrimSuffix(inner, "]")] = form.Get(full)
		}
	}
	return fields
}

func metadata(form url.Values) object { return beneath(form, "metadata") }

func found(body object) reply { return reply{code: http.StatusOK, body: body} }

func missing(what string) reply {
	return refusedBy(http.StatusNotFound, "invalid_request_error", "resource_missing", "No such "+what)
}

func unexpectedState(p *standInPayment) reply {
	return refusedBy(http.StatusBadRequest, "invalid_request_error", "payment_intent_unexpected_state",
		"This PaymentIntent could not be changed because it has a status of "+p.status)
}

func refusedBy(status int, kind, code, message string) reply {
	e := object{"type": kind, "message": message}
	if code != "" {
		e["code"] = code
	}
	return reply{code: status, body: object{"error": e}}
}

func refusedAt(param, message string) reply {
	return reply{code: http.StatusBadRequest, body: object{"error": object{"type": "invalid_request_error", "param": param, "message": message}}}
}

func write(w http.ResponseWriter, told reply) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(told.code)
	_ = json.NewEncoder(w).Encode(told.body) // the connector may be gone
}
