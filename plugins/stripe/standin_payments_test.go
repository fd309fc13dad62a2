package stripe

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	"github.com/patchbay/patchbay/sdk/connectortest/standin"
)

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

func (s *standIn) create(r *standin.Request) standin.Answer {
	form := r.PostForm
	p := standin.Payment{
		ID: s.nextID(), Reference: form.Get("metadata[patchbay_reference]"), Amount: number(form, "amount"),
		Currency: strings.ToUpper(form.Get("currency")), Manual: form.Get("capture_method") == "manual", Data: object{"metadata": metadata(form)},
	}
	for _, name := range []string{"customer", "payment_method", "setup_future_usage", "return_url"} {
		p.Data[name] = form.Get(name)
	}
	p.Data["several"] = form.Get("payment_method_options[card][request_multicapture]") == "if_available"
	kind, token := form.Get("payment_method_types[0]"), form.Get("payment_method")
	stored := s.kept[token]
	becomes := standin.Authorized
	switch {
	case form.Get("confirm") != "true":
		becomes, p.Data["unconfirmed"] = standin.RequiresAction, true
	case stored != nil && stored["customer"] != form.Get("customer"):
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "payment_method_unexpected_state", "The payment method is not the customer's")
	case declineOf(token) != "":
		becomes, p.Data["failure"] = standin.Declined, failedBy("card_declined", declineOf(token))
	case strings.HasSuffix(kind, "_debit"), kind == "us_bank_account":
		becomes = standin.Pending
	case token == "pm_card_threeDSecure2Required", kind != "card" && stored == nil:
		becomes, p.Data["kind"] = standin.RequiresAction, kind
	}
	p = r.Pay(p, becomes)
	s.tell(p)
	if becomes == standin.Declined {
		failure := maps.Clone(p.Data["failure"].(object))
		failure["payment_intent"] = s.show(p, true)
		return standin.Answer{Status: http.StatusPaymentRequired, Body: object{"error": failure}}
	}
	if token == "pm_card_createDispute" {
		s.dispute(p)
	}
	return found(s.show(p, true))
}

// nextID is the id that a test wants, or one that nobody has.
func (s *standIn) nextID() string {
	id := s.next
	if s.next = ""; id == "" {
		id = standin.NewID("pi_")
	}
	return id
}

func failedBy(code, declineCode string) object {
	failure := object{"type": "card_error", "code": code, "message": "Your card was declined."}
	if declineCode != "" {
		failure["decline_code"] = declineCode
	}
	return failure
}

// challenge is the page of a payment that its payer must confirm.
func (s *standIn) challenge(w http.ResponseWriter, r *http.Request, id string) {
	becomes := standin.Authorized
	if r.URL.Query().Get("outcome") != "approve" {
		becomes = standin.Declined
		_, _ = s.Note(id, object{"failure": failedBy("payment_intent_authentication_failure", "")})
	}
	p, err := s.Decide(id, becomes)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, p.Data["return_url"].(string)+"&payment_intent="+id, http.StatusFound)
}

func (s *standIn) capture(r *standin.Request) standin.Answer {
	before, err := s.Payment(r.PathValue("id"))
	if err != nil {
		return missing("payment_intent")
	}
	more := r.PostForm.Get("final_capture") == "false"
	if more && before.Data["several"] != true {
		return refusedAt("final_capture", "Multicapture is not available for this payment")
	}
	amount := int64(0)
	if r.PostForm.Has("amount_to_capture") {
		amount = number(r.PostForm, "amount_to_capture")
	}
	p, err := s.Capture(before.ID, amount, !more)
	return s.changed(p, err)
}

// cancel releases what is left, of a payment captured in part too.
func (s *standIn) cancel(r *standin.Request) standin.Answer {
	p, err := s.Void(r.PathValue("id"))
	if errors.Is(err, standin.ErrBadState) {
		if p, err = s.Release(r.PathValue("id")); err == nil {
			p, err = s.Note(p.ID, object{"status": "canceled"})
		}
	}
	return s.changed(p, err)
}

func (s *standIn) increment(r *standin.Request) standin.Answer {
	amount := number(r.PostForm, "amount")
	before, err := s.Payment(r.PathValue("id"))
	if err == nil && amount <= before.Amount {
		return refusedAt("amount", "The amount must be greater than the currently authorized amount")
	}
	p, err := s.Adjust(r.PathValue("id"), amount)
	return s.changed(p, err)
}

// changed answers a change of a payment, and tells it to the endpoints.
func (s *standIn) changed(p standin.Payment, err error) standin.Answer {
	if err == nil {
		s.tell(p)
	}
	return s.answered(p, err, true)
}

// answered is a payment, or why there is none, in Stripe's words.
func (s *standIn) answered(p standin.Payment, err error, expanded bool) standin.Answer {
	switch {
	case errors.Is(err, standin.ErrNotFound):
		return missing("payment_intent")
	case errors.Is(err, standin.ErrTooMuch):
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "amount_too_large", "The amount is larger than what can be captured")
	case err != nil:
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "payment_intent_unexpected_state",
			"This PaymentIntent could not be changed because it has a status of "+word(p))
	}
	return found(s.show(p, expanded))
}

func (s *standIn) giveBack(r *standin.Request) standin.Answer {
	amount := int64(0)
	if r.PostForm.Has("amount") {
		amount = number(r.PostForm, "amount")
	}
	p, err := s.Payment(r.PostForm.Get("payment_intent"))
	if err != nil {
		return missing("payment_intent")
	}
	given, err := s.GiveBack(p.ID, amount, standin.Refund{})
	switch {
	case p.Captured == 0:
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "charge_not_refundable", "This payment has no charge to refund")
	case errors.Is(err, standin.ErrTooMuch):
		return refusedAt("amount", "Refund amount is greater than unrefunded amount on charge")
	case err != nil:
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "charge_already_refunded", "The charge has already been refunded")
	}
	refund := s.fixture("refund")
	maps.Copy(refund, object{
		"id": given.ID, "amount": given.Amount, "currency": strings.ToLower(given.Currency), "payment_intent": p.ID,
		"charge": "ch_" + p.ID, "status": "succeeded", "metadata": metadata(r.PostForm),
	})
	s.Send(s.signed("refund.created", refund))
	return s.keep(refund)
}

// list is a page with payments, the newest first; all that were made if it is nil.
func (s *standIn) list(r *standin.Request, kind string, payments []standin.Payment) standin.Answer {
	if payments == nil && kind == "list" {
		payments = s.all()
	}
	data := []object{}
	for _, p := range slices.Backward(payments) {
		data = append(data, s.show(p, expanded(r)))
	}
	return found(object{"object": kind, "data": data, "has_more": false, "url": r.URL.Path})
}

// all are the payments of the samples' reference.
func (s *standIn) all() []standin.Payment { return s.Find("order-1001") }

// word is Stripe's for where a payment stands.
func word(p standin.Payment) string {
	if status, ok := p.Data["status"].(string); ok {
		return status
	}
	switch p.Status {
	case standin.RequiresAction:
		if p.Data["unconfirmed"] == true {
			return "requires_payment_method"
		}
		return "requires_action"
	case standin.Pending:
		return "processing"
	case standin.Authorized:
		return "requires_capture"
	case standin.Captured:
		return "succeeded"
	case standin.Voided:
		return "canceled"
	default:
		return "requires_payment_method"
	}
}

// show is the payment as Stripe's fixture would have it.
func (s *standIn) show(p standin.Payment, expanded bool) object {
	shown := s.fixture("payment_intent")
	maps.Copy(shown, object{
		"id": p.ID, "amount": p.Amount, "currency": strings.ToLower(p.Currency), "status": word(p), "metadata": object{},
		"amount_capturable": p.Capturable(), "amount_received": p.Captured, "latest_charge": nil, "next_action": nil, "last_payment_error": nil,
		"customer": nil, "payment_method": nil, "setup_future_usage": nil, "cancellation_reason": nil,
	})
	for _, name := range []string{"customer", "payment_method", "setup_future_usage"} {
		if value, _ := p.Data[name].(string); value != "" {
			shown[name] = value
		}
	}
	if labels, ok := p.Data["metadata"]; ok {
		shown["metadata"] = labels
	}
	if failure, ok := p.Data["failure"]; ok {
		shown["last_payment_error"] = failure
	}
	if word(p) == "requires_action" {
		shown["next_action"] = s.action(p)
	}
	switch {
	case p.Reserved > 0 && expanded:
		shown["latest_charge"] = s.charge(p)
	case p.Reserved > 0:
		shown["latest_charge"] = "ch_" + p.ID
	}
	return shown
}

// charge is the one charge of a payment. What a partial capture gives up counts as
// refunded at Stripe.
func (s *standIn) charge(p standin.Payment) object {
	released := int64(0)
	if p.Status == standin.Captured {
		released = p.Reserved - p.Captured
	}
	charge := s.fixture("charge")
	maps.Copy(charge, object{
		"id": "ch_" + p.ID, "amount": p.Amount, "currency": strings.ToLower(p.Currency), "paid": true, "payment_intent": p.ID, "status": "succeeded",
		"amount_captured": p.Captured, "amount_refunded": p.Refunded + released, "captured": p.Captured > 0,
	})
	multicapture := "unavailable"
	if p.Data["several"] == true {
		multicapture = "available"
	}
	card := charge["payment_method_details"].(object)["card"].(object)
	card["multicapture"] = object{"status": multicapture}
	card["network_transaction_id"] = "MCC000000355"
	return charge
}

// tell sends the event of a payment's state to the endpoints.
func (s *standIn) tell(p standin.Payment) {
	kind, ok := map[string]string{
		"succeeded": "succeeded", "requires_capture": "amount_capturable_updated", "canceled": "canceled", "processing": "processing", "requires_action": "requires_action",
	}[word(p)]
	if !ok {
		kind = "payment_failed"
	}
	s.Send(s.signed("payment_intent."+kind, s.show(p, false)))
}

// event is one as Stripe sends it, of an object.
func (s *standIn) event(kind string, about object) []byte {
	e := s.fixture("event")
	e["id"], e["type"], e["api_version"], e["data"] = standin.NewID("evt_"), kind, api.Version, object{"object": about}
	raw, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return raw
}

// signed is an event as Stripe sends it now.
func (s *standIn) signed(kind string, about object) standin.Webhook {
	body := s.event(kind, about)
	return standin.Webhook{
		Header: http.Header{"Content-Type": {"application/json"}, scheme.Header: {signature("whsec_conformance", time.Now(), body)}}, Body: body,
	}
}

// action is what the payer has to do, as Stripe says it for each type.
func (s *standIn) action(p standin.Payment) object {
	kind, _ := p.Data["kind"].(string)
	code := object{
		"data": "code of " + p.ID, "image_url_png": "https://qr.stripe.com/1.png", "image_url_svg": "https://qr.stripe.com/1.svg",
		"hosted_instructions_url": "https://payments.stripe.com/qr/" + p.ID,
	}
	named := func(of string, details object) object { return object{"type": of, of: details} }
	switch kind {
	case "blik":
		return named("blik_authorize", object{})
	case "boleto", "oxxo":
		return named(kind+"_display_details", object{"number": "93000262281234567", "hosted_voucher_url": "https://payments.stripe.com/voucher/" + p.ID})
	case "konbini":
		return named("konbini_display_details", object{"expires_at": 1900000000, "hosted_voucher_url": "https://payments.stripe.com/voucher/" + p.ID, "stores": object{}})
	case "multibanco":
		return named("multibanco_display_details", object{"entity": "11249", "reference": "123456789"})
	case "paynow", "pix", "promptpay":
		return named(kind+"_display_qr_code", code)
	case "wechat_pay":
		code["image_data_url"] = "data:image/png;base64,AA=="
		return named("wechat_pay_display_qr_code", code)
	default:
		return named("redirect_to_url", object{"url": "http://" + s.host + "/3d_secure_2/" + p.ID, "return_url": p.Data["return_url"]})
	}
}
