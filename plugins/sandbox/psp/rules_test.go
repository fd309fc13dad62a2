package psp

import (
	"net/http"
	"strings"
	"testing"
)

// step is a request on one payment and what follows from it.
type step struct {
	action string // capture, void or refunds
	body   string // without braces
	status int
	code   string // of a refusal
}

func TestRules(t *testing.T) {
	ok := http.StatusOK
	for name, c := range map[string]struct {
		capture string
		steps   []step
		want    payment // status and amounts at the end
	}{
		"automatic": {"automatic", nil, payment{Status: "captured", Captured: 1000}},
		"manual":    {"manual", nil, payment{Status: "authorized", Capturable: 1000}},
		"capture all": {"manual", []step{{"capture", ``, ok, ""}},
			payment{Status: "captured", Captured: 1000}},
		"capture a part releases the rest": {"manual", []step{
			{"capture", `"amount":400,"currency":"USD"`, ok, ""},
			{"capture", ``, 409, "payment_not_capturable"},
		}, payment{Status: "captured", Captured: 400}},
		"several captures": {"manual", []step{
			{"capture", `"amount":400,"currency":"USD","more_to_come":true`, ok, ""},
			{"capture", `"amount":100,"currency":"USD","more_to_come":true`, ok, ""},
			{"capture", `"amount":200,"currency":"USD"`, ok, ""},
		}, payment{Status: "captured", Captured: 700}},
		"more to come keeps the rest": {"manual", []step{
			{"capture", `"amount":400,"currency":"USD","more_to_come":true`, ok, ""},
			{"void", ``, 409, "payment_not_voidable"},
		}, payment{Status: "partially_captured", Captured: 400, Capturable: 600}},
		"more to come, but nothing left": {"manual", []step{{"capture", `"more_to_come":true`, ok, ""}},
			payment{Status: "captured", Captured: 1000}},
		"over-capture": {"manual", []step{
			{"capture", `"amount":1001,"currency":"USD"`, 409, "amount_too_large"},
			{"capture", `"amount":900,"currency":"USD","more_to_come":true`, ok, ""},
			{"capture", `"amount":101,"currency":"USD"`, 409, "amount_too_large"},
		}, payment{Status: "partially_captured", Captured: 900, Capturable: 100}},
		"wrong captures": {"manual", []step{
			{"capture", `"amount":100,"currency":"EUR"`, 400, "currency_mismatch"},
			{"capture", `"amount":100`, 400, "invalid_request"},
			{"capture", `"amount":0,"currency":"USD"`, 400, "invalid_request"},
			{"capture", `"amount":-1,"currency":"USD"`, 400, "invalid_request"},
			{"capture", `"sum":1`, 400, "invalid_request"},
			{"void", `"why":"x"`, 400, "invalid_request"},
		}, payment{Status: "authorized", Capturable: 1000}},
		"captured twice": {"automatic", []step{{"capture", ``, 409, "payment_not_capturable"}},
			payment{Status: "captured", Captured: 1000}},
		"void": {"manual", []step{
			{"void", `"reason":"abandoned"`, ok, ""},
			{"void", ``, 409, "payment_not_voidable"},
			{"capture", ``, 409, "payment_not_capturable"},
			{"refunds", ``, 409, "payment_not_refundable"},
		}, payment{Status: "voided"}},
		"void of what is captured": {"automatic", []step{{"void", ``, 409, "payment_not_voidable"}},
			payment{Status: "captured", Captured: 1000}},
		"refunds": {"automatic", []step{
			{"refunds", `"amount":300,"currency":"USD"`, 201, ""},
			{"refunds", `"amount":701,"currency":"USD"`, 409, "amount_too_large"},
			{"refunds", `"amount":1,"currency":"EUR"`, 400, "currency_mismatch"},
			{"refunds", `"sum":1`, 400, "invalid_request"},
			{"refunds", ``, 201, ""},
			{"refunds", ``, 409, "payment_not_refundable"},
		}, payment{Status: "captured", Captured: 1000, Refunded: 1000}},
		"refund of a part of a part": {"manual", []step{
			{"refunds", ``, 409, "payment_not_refundable"},
			{"capture", `"amount":400,"currency":"USD","more_to_come":true`, ok, ""},
			{"refunds", `"amount":401,"currency":"USD"`, 409, "amount_too_large"},
			{"refunds", `"amount":400,"currency":"USD"`, 201, ""},
		}, payment{Status: "partially_captured", Captured: 400, Capturable: 600, Refunded: 400}},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t)
			path := h.pay(c.capture)
			for i, s := range c.steps {
				r := h.post(path+"/"+s.action, refundBody(s.action, s.body))
				if r.status != s.status || (s.code != "" && r.code() != s.code) {
					t.Fatalf("step %d: got %d %v, want %d %s", i+1, r.status, r.body, s.status, s.code)
				}
			}
			got := h.get(path).body
			for field, want := range map[string]int64{
				"amount": 1000, "authorized": 1000, "capturable": c.want.Capturable,
				"captured": c.want.Captured, "refunded": c.want.Refunded,
			} {
				if got[field] != float64(want) {
					t.Errorf("%s is %v, want %d", field, got[field], want)
				}
			}
			if got["status"] != c.want.Status {
				t.Errorf("status is %v, want %s", got["status"], c.want.Status)
			}
		})
	}
}

func TestRefund_canBeRead(t *testing.T) {
	h := start(t)
	path := h.pay("automatic")
	made := h.post(path+"/refunds", `{"reference":"refund-1","amount":300,"currency":"USD","reason":"broken"}`)
	read := h.get("/v1/refunds/" + made.body["id"].(string))
	for _, r := range []reply{made, read} {
		if r.body["amount"] != 300.0 || r.body["reference"] != "refund-1" || r.body["status"] != "succeeded" ||
			"/v1/payments/"+r.body["payment_id"].(string) != path {
			t.Errorf("got %v", r.body)
		}
	}
	if r := h.post(path+"/refunds", `{}`); r.status != http.StatusBadRequest || r.code() != "invalid_request" {
		t.Errorf("without a reference: got %d %v", r.status, r.body)
	}
}

func TestCapture_tellsWhatItTook(t *testing.T) {
	h := start(t)
	path := h.pay("manual")
	r := h.post(path+"/capture", `{"amount":400,"currency":"USD","more_to_come":true}`)
	if r.body["amount"] != 400.0 || r.body["currency"] != "USD" || !strings.HasPrefix(r.body["id"].(string), "cap_") {
		t.Errorf("got %v", r.body)
	}
	r = h.post(path+"/capture", `{}`)
	if r.body["amount"] != 600.0 {
		t.Errorf("the rest: got %v", r.body)
	}
}
