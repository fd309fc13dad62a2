package psp

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestCards_haveTheirOutcome(t *testing.T) {
	h := start(t)
	for _, c := range TestCards() {
		t.Run(c.Summary, func(t *testing.T) {
			method := fmt.Sprintf(`{"token":%q}`, c.Token)
			if c.Number != "" {
				method = fmt.Sprintf(`{"card":{"number":%q,"exp_month":12,"exp_year":2030}}`, c.Number)
			}
			r := h.post("/v1/payments", `{"reference":"r","amount":5,"currency":"JPY","payment_method":`+method+`}`)
			want := statusCaptured
			switch {
			case c.Decline != "":
				want = statusDeclined
			case c.Challenge, c.OTP:
				want = statusRequiresAction
			}
			if r.status != http.StatusCreated || r.body["status"] != want {
				t.Fatalf("got %d %v, want 201 and %s", r.status, r.body, want)
			}
			d, _ := r.body["decline"].(map[string]any)
			if c.Decline != "" && d["code"] != c.Decline {
				t.Errorf("declined with %v, want %s", d["code"], c.Decline)
			}
			if got, _ := d["network_code"].(string); got != NetworkCode(c.Decline) {
				t.Errorf("network code %q, want %q", got, NetworkCode(c.Decline))
			}
		})
	}
}

func TestCards_networks(t *testing.T) {
	h := start(t)
	for number, network := range map[string]string{
		"4111111111111111": "visa", "5555555555554444": "mastercard", "2223003122003222": "mastercard",
		"378282246310005": "amex", "6011111111111117": "discover", "3566002020360505": "jcb",
		"30569309025904": "unknown",
	} {
		r := h.post("/v1/payments", fmt.Sprintf(`{"reference":"r","amount":5,"currency":"EUR","payment_method":{"card":{"number":%q}}}`, number))
		if r.body["card_network"] != network || r.body["card_last4"] != number[len(number)-4:] {
			t.Errorf("%s: got %v", number, r.body)
		}
	}
	r := h.post("/v1/payments", `{"reference":"r","amount":5,"currency":"EUR","payment_method":{"card":{"number":"4111111111111111","network":"cartes_bancaires"}}}`)
	if r.body["card_network"] != "cartes_bancaires" {
		t.Errorf("the chosen network: got %v", r.body)
	}
}

func TestCreatePayment_refusesWhatIsWrong(t *testing.T) {
	h := start(t)
	const good = `"reference":"r","amount":5,"currency":"EUR"`
	for name, c := range map[string]struct{ body, code, param string }{
		"no JSON":          {`{`, "invalid_request", ""},
		"two values":       {`{` + good + `} {}`, "invalid_request", ""},
		"unknown field":    {`{` + good + `,"tip":1}`, "invalid_request", ""},
		"wrong type":       {`{"amount":"5"}`, "invalid_request", "amount"},
		"fraction":         {`{"amount":5.5}`, "invalid_request", "amount"},
		"no body":          {``, "invalid_request", "reference"},
		"no reference":     {`{"amount":5,"currency":"EUR"}`, "invalid_request", "reference"},
		"zero":             {`{"reference":"r","amount":0,"currency":"EUR"}`, "invalid_request", "amount"},
		"negative":         {`{"reference":"r","amount":-5,"currency":"EUR"}`, "invalid_request", "amount"},
		"currency":         {`{"reference":"r","amount":5,"currency":"eur"}`, "invalid_request", "currency"},
		"capture":          {`{` + good + `,"capture":"later"}`, "invalid_request", "capture"},
		"no method":        {`{` + good + `}`, "invalid_request", "payment_method"},
		"two methods":      {`{` + good + `,"payment_method":{"token":"tok_approve","card":{"number":"4242424242424242"}}}`, "invalid_request", "payment_method"},
		"check digit":      {`{` + good + `,"payment_method":{"card":{"number":"4242424242424241"}}}`, "incorrect_number", "payment_method.card.number"},
		"incorrect number": {`{` + good + `,"payment_method":{"card":{"number":"` + IncorrectNumber + `"}}}`, "incorrect_number", "payment_method.card.number"},
		"letters":          {`{` + good + `,"payment_method":{"card":{"number":"4242x24242424242"}}}`, "incorrect_number", "payment_method.card.number"},
		"short number":     {`{` + good + `,"payment_method":{"card":{"number":"42"}}}`, "incorrect_number", "payment_method.card.number"},
		"unknown token":    {`{` + good + `,"payment_method":{"token":"tok_other"}}`, "invalid_token", "payment_method.token"},
		"decline, no code": {`{` + good + `,"payment_method":{"token":"tok_decline_"}}`, "invalid_token", "payment_method.token"},
		"too large":        {`{"reference":"` + strings.Repeat("r", maxBody) + `"}`, "invalid_request", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.post("/v1/payments", c.body)
			e, _ := r.body["error"].(map[string]any)
			param, _ := e["param"].(string)
			if r.status != http.StatusBadRequest || e["code"] != c.code || param != c.param {
				t.Errorf("got %d %v, want 400 %s at %q", r.status, r.body, c.code, c.param)
			}
		})
	}
	if n := len(h.charges()); n != 0 {
		t.Errorf("%d charges, want none", n)
	}
}

func TestServer_wantsAnAPIKey(t *testing.T) {
	h := start(t)
	for _, authorization := range []string{"", "Bearer ", "Basic abc", "Bearer " + WrongKey} {
		for _, r := range []reply{
			h.get("/v1/account", "Authorization", authorization),
			h.post("/v1/payments", payment1000("tok_approve", "automatic"), "Authorization", authorization),
		} {
			if r.status != http.StatusUnauthorized || r.code() != "invalid_api_key" {
				t.Errorf("%q: got %d %v", authorization, r.status, r.body)
			}
		}
	}
	if r := h.get("/v1/account"); r.status != http.StatusOK || r.body["id"] != "acct_sandbox" {
		t.Errorf("a good key: got %d %v", r.status, r.body)
	}
	if r := h.get("/healthz", "Authorization", ""); r.status != http.StatusOK || r.body["status"] != "ok" {
		t.Errorf("healthz: got %d %v", r.status, r.body)
	}
}

func TestServer_unknownThings(t *testing.T) {
	h := start(t)
	for code, r := range map[string]reply{
		"route_not_found":   h.get("/v2/payments"),
		"refund_not_found":  h.get("/v1/refunds/re_x"),
		"payment_not_found": h.get("/v1/payments/pay_x"),
	} {
		if r.status != http.StatusNotFound || r.code() != code {
			t.Errorf("got %d %v, want 404 %s", r.status, r.body, code)
		}
	}
	for _, action := range []string{"capture", "void", "refunds"} {
		r := h.post("/v1/payments/pay_x/"+action, refundBody(action, ``))
		if r.status != http.StatusNotFound || r.code() != "payment_not_found" {
			t.Errorf("%s: got %d %v", action, r.status, r.body)
		}
	}
	if r := h.get("/challenge/pay_x?outcome=approve"); r.status != http.StatusNotFound {
		t.Errorf("challenge: got %d", r.status)
	}
}

// refundBody adds the reference that a refund needs to a body without braces.
func refundBody(action, body string) string {
	if action != "refunds" {
		return "{" + body + "}"
	}
	return strings.TrimSuffix(`{"reference":"refund-1",`+body, ",") + "}"
}
