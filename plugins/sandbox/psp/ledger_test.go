package psp

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestLedger_isExactlyTheCharges(t *testing.T) {
	h := start(t)
	post := func(reference, token, capture string) string {
		r := h.post("/v1/payments", fmt.Sprintf(
			`{"reference":%q,"amount":1000,"currency":"USD","capture":%q,"payment_method":{"token":%q}}`, reference, capture, token),
			KeyHeader, "key-"+reference)
		return r.body["id"].(string)
	}
	a := post("a", "tok_approve", "manual")
	post("b", "tok_decline_lost_card", "automatic")
	c := post("c", "tok_challenge", "automatic")
	d := post("d", "tok_approve", "automatic")
	h.get("/challenge/" + c + "?outcome=approve")
	h.post("/v1/payments/"+a+"/void", `{}`)
	h.post("/v1/payments/"+d+"/refunds", `{"reference":"r","amount":250,"currency":"USD"}`)

	res, err := http.Get(h.url + "/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	line := `{"id":"%s","reference":"%s","idempotency_key":"key-%[2]s","amount":1000,"currency":"USD","captured":%d,"refunded":%d,"voided":%t,"attempts":1}`
	want := `{"charges":[` + strings.Join([]string{
		fmt.Sprintf(line, a, "a", 0, 0, true),
		fmt.Sprintf(line, d, "d", 1000, 250, false),
		fmt.Sprintf(line, c, "c", 1000, 0, false), // charged when its challenge was approved
	}, ",") + "]}\n"
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLedger_startsEmpty(t *testing.T) {
	h := start(t)
	if got := h.get("/ledger").body["charges"]; got == nil || len(got.([]any)) != 0 {
		t.Errorf("got %v, want an empty list", got)
	}
}

func TestLedger_isFastWithManyCharges(t *testing.T) {
	h := start(t)
	const n = 100_000
	for i := range n {
		h.psp.ledger.create(payment{
			ID: fmt.Sprint("pay_", i), Reference: fmt.Sprint("order-", i), key: fmt.Sprint("key-", i),
			Amount: 1000, Currency: "USD", Capture: captureAutomatic,
		}, verdict{flow: FlowCard})
	}
	began := time.Now()
	res, err := http.Get(h.url + "/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	var told struct{ Charges []charge }
	if err := json.Unmarshal(raw, &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Charges) != n || told.Charges[n-1].ID != fmt.Sprint("pay_", n-1) {
		t.Errorf("%d charges, want %d, oldest first", len(told.Charges), n)
	}
	if took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	t.Logf("%d bytes in %v", len(raw), took)
}
