package adyen

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay/patchbay/sdk/connectortest/spectest"
	"github.com/patchbay/patchbay/sdk/connectortest/standin"
)

// What the tests' account is known by at the stand-in.
const (
	merchantAccount = "TestMerchantECOM"
	webhookKey      = "9064450A8892A093D9E97EFCC9639DE31B74F3A7803135555A3C96F5A57915D6"
	storedCard      = "M5N7TQ4TG5PFWR50" // of storedShopper
	storedShopper   = "shopper-1001"
	revokedKey      = "AQE_revoked"
)

type object = map[string]any

// adyenStandIn is Adyen with a memory. Each request and each answer is held against
// Adyen's own descriptions; what the memory refuses of a modification comes by
// webhook, as at Adyen.
type adyenStandIn struct {
	*standin.PSP
	checkout, disputes *spectest.Checker

	mu     sync.Mutex
	stored map[string]string // shopper by instrument
}

func newStandIn(t *testing.T) *adyenStandIn {
	t.Helper()
	s := &adyenStandIn{stored: map[string]string{storedCard: storedShopper}}
	// Answers to wrong credentials and unknown instruments are in Adyen's error codes,
	// not in the descriptions of each operation.
	checkout := spectest.Load(t, "adyen-checkout-v71.json")
	disputes := spectest.Load(t, "adyen-dispute-v30.json")
	s.PSP = standin.New(standin.Config{
		KeyHeader: "Idempotency-Key",
		Reused:    refusal(http.StatusUnprocessableEntity, "704", "request already processed or in progress"),
		Forgets:   func(status int) bool { return status == http.StatusUnauthorized },
		Admit: func(r *http.Request) (standin.Answer, bool) {
			return refusal(http.StatusUnauthorized, "000", "HTTP Status Response - Unauthorized"), r.Header.Get("X-API-Key") == revokedKey
		},
		Routes:   s.routes(),
		Webhooks: samples(),
		Check: func(routes http.Handler) http.Handler {
			s.checkout = checkout.Check(routes, spectest.Undescribed(http.StatusUnauthorized, http.StatusUnprocessableEntity))
			s.disputes = disputes.Check(routes)
			mux := http.NewServeMux()
			mux.Handle("/v71/", s.checkout)
			mux.Handle("/ca/", s.disputes)
			mux.Handle("/", routes) // pages of issuers, and the suite's own
			return mux
		},
	})
	return s
}

func (s *adyenStandIn) routes() map[string]standin.Route {
	const payments = "POST /v71/payments"
	return map[string]standin.Route{
		payments:                                        s.pay,
		payments + "/details":                           s.details,
		payments + "/{id}/captures":                     s.modify("CAPTURE", s.capture),
		payments + "/{id}/cancels":                      s.modify("CANCELLATION", s.cancel),
		payments + "/{id}/reversals":                    s.modify("CANCEL_OR_REFUND", s.reverse),
		payments + "/{id}/amountUpdates":                s.modify("AUTHORISATION_ADJUSTMENT", s.adjust),
		payments + "/{id}/refunds":                      s.modify("REFUND", s.refund),
		"POST /v71/cancels":                             s.cancelByReference,
		"POST /v71/storedPaymentMethods":                s.store,
		"GET /v71/storedPaymentMethods":                 s.list,
		"DELETE /v71/storedPaymentMethods/{id}":         s.forget,
		"POST /v71/paymentMethods":                      s.methods,
		"POST /v71/sessions":                            s.session,
		"POST /ca/services/DisputeService/v30/{action}": s.dispute,
		"GET /issuer":                                   s.issuer,
	}
}

func refusal(status int, code, message string) standin.Answer {
	return standin.Answer{Status: status, Body: object{
		"status": status, "errorCode": code, "message": message, "errorType": "validation", "pspReference": "8816118280275544",
	}}
}

func ok(body object) standin.Answer { return standin.Answer{Status: http.StatusOK, Body: body} }

func created(body object) standin.Answer {
	return standin.Answer{Status: http.StatusCreated, Body: body}
}

func newID() string { return strings.ToUpper(standin.NewID("")[:16]) }

// refusals are what the test platform answers to holders' names.
// Source: https://docs.adyen.com/development-resources/testing/result-codes.
func refusals() map[string][3]string {
	return map[string][3]string{
		"DECLINED":               {"2", "Refused", "05 : Do not honor"},
		"BLOCK_CARD":             {"5", "Blocked Card", ""},
		"CARD_EXPIRED":           {"6", "Expired Card", "54 : Expired card"},
		"NOT_ENOUGH_BALANCE":     {"12", "Not enough balance", "51 : Insufficient funds/over credit limit"},
		"CVC_DECLINED":           {"24", "CVC Declined", ""},
		"ISSUER_SUSPECTED_FRAUD": {"31", "Issuer Suspected Fraud", "59 : Suspected fraud"},
	}
}

// redirecting says whether a shopper is sent elsewhere for a method.
func redirecting(r *standin.Request) bool {
	switch r.Text("paymentMethod.type") {
	case "ideal", "eps", "onlineBanking_PL", "klarna", "klarna_account", "klarna_paynow", "paypal", "directEbanking", "trustly",
		"affirm", "afterpaytouch", "alipay", "twint", "mobilepay", "vipps", "bcmc_mobile", "swish":
		return true
	}
	return r.Text("paymentMethod.number") == "4212345678910006"
}

func (s *adyenStandIn) pay(r *standin.Request) standin.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	instrument, shopper := r.Text("paymentMethod.storedPaymentMethodId"), r.Text("shopperReference")
	if instrument != "" && s.stored[instrument] != shopper {
		return refusal(http.StatusUnprocessableEntity, "803", "PaymentDetail not found")
	}
	delay := r.Field("captureDelayHours")
	asked := standin.Payment{
		ID: newID(), Reference: r.Text("reference"), Currency: r.Text("amount.currency"), Amount: r.Int("amount.value"),
		Manual: delay == nil || r.Text("additionalData.manualCapture") == "true",
		Data:   object{"method": r.Text("paymentMethod.type")},
	}
	if refused, found := refusals()[r.Text("paymentMethod.holderName")]; found {
		p := r.Pay(asked, standin.Declined)
		s.tell(p, "AUTHORISATION", p.ID, "", p.Amount, false)
		answer := object{
			"pspReference": p.ID, "resultCode": "Refused", "refusalReasonCode": refused[0], "refusalReason": refused[1], "merchantReference": p.Reference,
		}
		if refused[2] != "" {
			answer["additionalData"] = object{"refusalReasonRaw": refused[2]}
		}
		return ok(answer)
	}
	if redirecting(r) {
		p := r.Pay(asked, standin.RequiresAction)
		page := url.URL{Scheme: "http", Host: r.Host, Path: "/issuer", RawQuery: url.Values{"id": {p.ID}, "back": {r.Text("returnUrl")}}.Encode()}
		return ok(object{"pspReference": p.ID, "resultCode": "RedirectShopper", "action": object{
			"type": "redirect", "method": "GET", "url": page.String(), "paymentMethodType": r.Text("paymentMethod.type"),
		}})
	}
	p := r.Pay(asked, standin.Authorized)
	s.tell(p, "AUTHORISATION", p.ID, "", p.Amount, true)
	answer := s.authorised(p)
	data := answer["additionalData"].(object)
	if keeps, _ := r.Field("storePaymentMethod").(bool); keeps {
		instrument = newID()
		s.stored[instrument] = shopper
		data["tokenization.storedPaymentMethodId"], data["tokenization.shopperReference"] = instrument, shopper
		data["tokenization.store.operationType"] = "created"
	}
	return ok(answer)
}

// authorised is what Adyen says of an approved payment, with the data that the
// account has asked for in the Customer Area.
func (s *adyenStandIn) authorised(p standin.Payment) object {
	method, _ := p.Data["method"].(string)
	return object{
		"pspReference": p.ID, "resultCode": "Authorised", "merchantReference": p.Reference,
		"amount":        object{"currency": p.Currency, "value": p.Amount},
		"paymentMethod": object{"type": method, "brand": "visa"},
		"additionalData": object{
			"authCode": "044925", "cvcResult": "1 Matches", "avsResult": "4 AVS not supported for this card type", "cardSummary": "1111",
			"cardBin": "411111", "expiryDate": "3/2030", "fundingSource": "CREDIT", "networkTxReference": "777718270854480",
			"refusalReasonRaw": "AUTHORISED", "acquirerReference": "8PQMP9VEP3H",
		},
	}
}

// issuer is the page that a shopper is sent to; they decide by the query.
func (s *adyenStandIn) issuer(r *standin.Request) standin.Answer {
	query := r.URL.Query()
	back, err := url.Parse(query.Get("back"))
	if err != nil {
		return standin.Answer{Status: http.StatusBadRequest}
	}
	came := back.Query()
	came.Set("redirectResult", "X6XtfGC3!"+query.Get("id")+"!"+query.Get("outcome"))
	back.RawQuery = came.Encode()
	return standin.Answer{Status: http.StatusFound, Header: http.Header{"Location": {back.String()}}}
}

func (s *adyenStandIn) details(r *standin.Request) standin.Answer {
	parts := strings.Split(r.Text("details.redirectResult"), "!")
	if len(parts) != 3 {
		return refusal(http.StatusUnprocessableEntity, "14_018", "Invalid payload provided")
	}
	becomes := standin.Authorized
	if parts[2] != "approve" {
		becomes = standin.Declined
	}
	p, err := s.Decide(parts[1], becomes)
	if err != nil {
		return refusal(http.StatusUnprocessableEntity, "14_018", "Invalid payload provided")
	}
	s.tell(p, "AUTHORISATION", p.ID, "", p.Amount, becomes == standin.Authorized)
	if becomes == standin.Declined {
		return ok(object{
			"pspReference": p.ID, "resultCode": "Cancelled", "merchantReference": p.Reference, "refusalReason": "Shopper Cancelled", "refusalReasonCode": "16",
		})
	}
	return ok(s.authorised(p))
}

// modify takes a modification, carries it out, and tells in an event what came of it.
func (s *adyenStandIn) modify(eventCode string, carryOut func(*standin.Request, standin.Payment) error) standin.Route {
	return func(r *standin.Request) standin.Answer {
		p, err := s.Payment(r.PathValue("id"))
		if err != nil {
			return refusal(http.StatusUnprocessableEntity, "167", "Original pspReference required for this operation")
		}
		request := newID()
		if currency := r.Text("amount.currency"); currency == "" || currency == p.Currency {
			err = carryOut(r, p)
		} else {
			err = errors.New("another currency than the payment's")
		}
		value := r.Int("amount.value")
		if value == 0 {
			value = p.Amount
		}
		s.tell(p, eventCode, request, p.ID, value, err == nil)
		answer := object{"merchantAccount": merchantAccount, "paymentPspReference": p.ID, "pspReference": request, "status": "received"}
		for _, name := range []string{"amount", "reference", "industryUsage", "merchantRefundReason"} {
			if given := r.Field(name); given != nil {
				answer[name] = given
			}
		}
		return created(answer)
	}
}

func (s *adyenStandIn) capture(r *standin.Request, p standin.Payment) error {
	_, err := s.Capture(p.ID, r.Int("amount.value"), true)
	return err
}

func (s *adyenStandIn) cancel(_ *standin.Request, p standin.Payment) error {
	_, err := s.Void(p.ID)
	return err
}

func (s *adyenStandIn) reverse(_ *standin.Request, p standin.Payment) error {
	if p.Captured > 0 {
		_, err := s.GiveBack(p.ID, 0, standin.Refund{})
		return err
	}
	_, err := s.Void(p.ID)
	return err
}

func (s *adyenStandIn) adjust(r *standin.Request, p standin.Payment) error {
	_, err := s.Adjust(p.ID, r.Int("amount.value"))
	return err
}

func (s *adyenStandIn) refund(r *standin.Request, p standin.Payment) error {
	_, err := s.GiveBack(p.ID, r.Int("amount.value"), standin.Refund{Reference: r.Text("reference")})
	return err
}

func (s *adyenStandIn) cancelByReference(r *standin.Request) standin.Answer {
	request, reference := newID(), r.Text("paymentReference")
	for _, p := range s.Find(reference) {
		_, err := s.Void(p.ID)
		s.tell(p, "TECHNICAL_CANCEL", request, p.ID, p.Amount, err == nil)
	}
	return created(object{"merchantAccount": merchantAccount, "paymentReference": reference, "pspReference": request, "status": "received"})
}

func (s *adyenStandIn) store(r *standin.Request) standin.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := newID()
	s.stored[id] = r.Text("shopperReference")
	number := r.Text("paymentMethod.number")
	return created(object{
		"id": id, "type": "scheme", "brand": "visa", "lastFour": number[len(number)-4:], "shopperReference": r.Text("shopperReference"),
		"expiryMonth": r.Text("paymentMethod.expiryMonth"), "expiryYear": r.Text("paymentMethod.expiryYear"),
	})
}

func (s *adyenStandIn) list(r *standin.Request) standin.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	shopper, methods := r.URL.Query().Get("shopperReference"), []object{}
	for id, of := range s.stored {
		if of == shopper {
			methods = append(methods, object{
				"id": id, "type": "scheme", "brand": "visa", "lastFour": "1111", "expiryMonth": "3", "expiryYear": "2030", "networkTxReference": "777718270854480",
			})
		}
	}
	return ok(object{"merchantAccount": merchantAccount, "shopperReference": shopper, "storedPaymentMethods": methods})
}

func (s *adyenStandIn) forget(r *standin.Request) standin.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.PathValue("id")
	if s.stored[id] != r.URL.Query().Get("shopperReference") {
		return refusal(http.StatusUnprocessableEntity, "800", "Contract not found")
	}
	delete(s.stored, id)
	return standin.Answer{Status: http.StatusNoContent}
}

func (s *adyenStandIn) methods(r *standin.Request) standin.Answer {
	return ok(object{"paymentMethods": []object{
		{"type": "scheme", "name": "Cards", "brands": []string{"visa", "mc"}}, {"type": "ideal", "name": "iDEAL"}, {"type": "giropay", "name": "giropay"},
	}})
}

func (s *adyenStandIn) session(r *standin.Request) standin.Answer {
	return created(object{
		"id": "CS" + newID(), "sessionData": "Ab02b4c0!" + newID(), "expiresAt": "2030-01-31T12:00:00Z", "merchantAccount": merchantAccount,
		"amount": r.Field("amount"), "reference": r.Text("reference"), "returnUrl": r.Text("returnUrl"),
	})
}

// dispute takes whatever is asked of a dispute, but for one.
func (s *adyenStandIn) dispute(r *standin.Request) standin.Answer {
	if r.Text("disputePspReference") == "CLOSED" {
		return ok(object{"disputeServiceResult": object{"success": false, "errorMessage": "Dispute is not defendable"}})
	}
	answer := object{"disputeServiceResult": object{"success": true}}
	if r.PathValue("action") == "retrieveApplicableDefenseReasons" {
		answer["defenseReasons"] = []object{{"defenseReasonCode": "SupplyDefenseMaterial", "satisfied": false}}
	}
	return ok(answer)
}

// tell sends the webhook about an event.
func (s *adyenStandIn) tell(p standin.Payment, eventCode, id, original string, value int64, success bool) {
	s.Send(standin.Webhook{
		Header: http.Header{"Content-Type": {"application/json"}},
		Body: notification(item{
			psp: id, original: original, reference: p.Reference, value: value, currency: p.Currency, event: eventCode, success: success,
		}),
	})
}

// samples are webhooks that no request leads to.
func samples() map[string]func() standin.Webhook {
	unknown := item{psp: "QFQTPCQ8HXSKGK82", reference: "order-1001", value: 1000, currency: "EUR", event: "SOMETHING_NEW", success: true}
	first := item{psp: "9913140798220028", reference: "order-1001", value: 1000, currency: "EUR", event: "AUTHORISATION", success: true}
	second := item{psp: "QFQTPCQ8HXSKGK82", original: first.psp, reference: "order-1001", value: 1000, currency: "EUR", event: "CAPTURE", success: true}
	return map[string]func() standin.Webhook{
		"unknown": func() standin.Webhook { return standin.Webhook{Body: notification(unknown)} },
		"several": func() standin.Webhook { return standin.Webhook{Body: notification(first, second)} },
	}
}

// item is one event as the tests name it.
type item struct {
	psp, original, reference, currency, event, account string
	value                                              int64
	success                                            bool
}

func (i item) merchantAccount() string {
	if i.account != "" {
		return i.account
	}
	return merchantAccount
}

// signed is the text that Adyen signs.
func (i item) signed() string {
	return strings.Join([]string{
		i.psp, i.original, i.merchantAccount(), i.reference, strconv.FormatInt(i.value, 10), i.currency, i.event, strconv.FormatBool(i.success),
	}, ":")
}

// notification is a standard webhook, each item signed with the tests' key.
func notification(items ...item) []byte {
	var wrapped []object
	for _, i := range items {
		about := object{
			"pspReference": i.psp, "merchantAccountCode": i.merchantAccount(), "merchantReference": i.reference, "eventCode": i.event,
			"success": strconv.FormatBool(i.success), "amount": object{"currency": i.currency, "value": i.value},
			"eventDate": time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC).Format(time.RFC3339), "reason": "a reason that nobody signs", "paymentMethod": "visa",
			"additionalData": object{"hmacSignature": sign(webhookKey, i.signed())},
		}
		if i.original != "" {
			about["originalReference"] = i.original
		}
		wrapped = append(wrapped, object{"NotificationRequestItem": about})
	}
	raw, err := json.Marshal(object{"live": "false", "notificationItems": wrapped})
	if err != nil {
		panic(fmt.Sprintf("a webhook of the tests is no JSON: %v", err))
	}
	return raw
}

func sign(key, message string) string {
	raw, err := hex.DecodeString(key)
	if err != nil {
		panic(fmt.Sprintf("the tests' key is no hexadecimal number: %v", err))
	}
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
