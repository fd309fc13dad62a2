package standin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/sdk/connectortest"
	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
	"github.com/patchbay/patchbay/sdk/connectortest/spectest"
	"github.com/patchbay/patchbay/sdk/connectortest/standin"
)

// acmeAPI describes an invented PSP.
const acmeAPI = `
openapi: 3.0.3
info: {title: Acme, version: "1"}
paths:
  /v1/payments:
    post: {requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Ask"}}}}, responses: &answers
      {"201": {description: done, content: {application/json: {schema: {$ref: "#/components/schemas/Payment"}}}},
       default: {description: refused, content: {application/json: {schema: {$ref: "#/components/schemas/Refusal"}}}}}}
  /v1/payments/{id}:
    parameters: &id [{name: id, in: path, required: true, schema: {type: string}}]
    get: {responses: *answers}
  /v1/payments/{id}/capture:
    parameters: *id
    post: {requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Change"}}}}, responses: *answers}
components:
  schemas:
    Ask: {type: object, required: [amount, currency, reference], properties: {amount: {type: integer}, currency: {type: string}, reference: {type: string}, token: {type: string}, manual: {type: boolean}}}
    Change: {type: object, properties: {amount: {type: integer}, more: {type: boolean}}}
    Payment: {type: object, required: [id, state], properties: {id: {type: string}, state: {type: string}, captured: {type: integer}, colour: {type: string}}}
    Refusal: {type: object, required: [error], properties: {error: {type: string}}}
`

func show(p standin.Payment, err error) standin.Answer {
	switch {
	case errors.Is(err, standin.ErrNotFound):
		return standin.Answer{Status: http.StatusNotFound, Body: map[string]any{"error": err.Error()}}
	case err != nil:
		return standin.Answer{Status: http.StatusConflict, Body: map[string]any{"error": err.Error()}}
	}
	return standin.Answer{Status: http.StatusCreated, Body: map[string]any{"id": p.ID, "state": p.Status, "captured": p.Captured}}
}

// served is Acme's stand-in behind the driver.
type served struct {
	t       *testing.T
	psp     *standin.PSP
	checked *spectest.Checker
	url     string
}

func serve(t *testing.T) *served {
	t.Helper()
	spec, err := spectest.Parse([]byte(acmeAPI))
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t}
	s.psp = standin.New(standin.Config{
		KeyHeader: "Acme-Key", ReplayedHeader: "Acme-Replayed",
		Reused:  standin.Answer{Status: http.StatusConflict, Body: map[string]any{"error": "another request had this key"}},
		Forgets: func(status int) bool { return status >= 500 },
		Admit: func(r *http.Request) (standin.Answer, bool) {
			return standin.Answer{Status: http.StatusUnauthorized, Body: map[string]any{"error": "who are you?"}}, r.Header.Get("Authorization") == "wrong"
		},
		Check: func(routes http.Handler) http.Handler { s.checked = spec.Check(routes); return s.checked },
		Routes: map[string]standin.Route{
			"POST /v1/payments":     s.pay,
			"GET /v1/payments/{id}": func(r *standin.Request) standin.Answer { return show(s.psp.Payment(r.PathValue("id"))) },
			"POST /v1/payments/{id}/capture": func(r *standin.Request) standin.Answer {
				more, _ := r.Field("more").(bool)
				return show(s.psp.Capture(r.PathValue("id"), r.Int("amount"), !more))
			},
		},
	})
	driver := pspdriver.New(s.psp)
	server := httptest.NewServer(driver)
	t.Cleanup(func() { driver.Close(); server.Close() })
	s.url = server.URL
	return s
}

func (s *served) pay(r *standin.Request) standin.Answer {
	becomes := standin.Authorized
	switch r.Text("token") {
	case "declined":
		becomes = standin.Declined
	case "broken":
		return standin.Answer{Status: http.StatusInternalServerError, Body: map[string]any{"error": "later"}}
	case "invented":
		return standin.Answer{Status: http.StatusCreated, Body: map[string]any{"identifier": "pay_1"}}
	}
	isManual, _ := r.Field("manual").(bool)
	p := r.Pay(standin.Payment{Reference: r.Text("reference"), Amount: r.Int("amount"), Currency: r.Text("currency"), Manual: isManual}, becomes)
	s.psp.Send(standin.Webhook{Header: http.Header{"acme-signature": {"s"}}, Body: []byte(`{"id":"` + p.ID + `"}`)})
	return show(p, nil)
}

// ask sends a request and gives the answer, with its status and id in front.
func (s *served) ask(method, path, key, body string) (status int, replayed bool, answer map[string]any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Acme-Key", key)
	if key == "wrong" {
		r.Header.Set("Authorization", "wrong")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, false, nil
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = json.Unmarshal(raw, &answer) // the driver's own answers are none of JSON
	return resp.StatusCode, resp.Header.Get("Acme-Replayed") == "true", answer
}

func (s *served) books() []connectortest.Charge {
	s.t.Helper()
	resp, err := http.Get(s.url + "/ledger")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var told struct{ Charges []connectortest.Charge }
	if err := json.NewDecoder(resp.Body).Decode(&told); err != nil {
		s.t.Fatal(err)
	}
	return told.Charges
}

const order = `{"amount":1050,"currency":"EUR","reference":"order-1","manual":true}`

func TestReplay(t *testing.T) {
	s := serve(t)
	status, replayed, first := s.ask("POST", "/v1/payments", "k1", order)
	if status != 201 || replayed || first["state"] != "authorized" {
		t.Fatalf("got %d %v", status, first)
	}
	status, replayed, second := s.ask("POST", "/v1/payments", "k1", order)
	if status != 201 || !replayed || second["id"] != first["id"] {
		t.Errorf("again: got %d %v %v", status, replayed, second)
	}
	if status, _, _ := s.ask("POST", "/v1/payments", "k1", strings.Replace(order, "1050", "1051", 1)); status != http.StatusConflict {
		t.Errorf("another request with the key: got %d", status)
	}
	if status, _, other := s.ask("POST", "/v1/payments", "k2", order); status != 201 || other["id"] == first["id"] {
		t.Errorf("another key: got %d %v", status, other)
	}
	// What is not final leaves its key free.
	broken := strings.Replace(order, `"manual"`, `"token":"broken","manual"`, 1)
	if status, _, _ := s.ask("POST", "/v1/payments", "k3", broken); status != 500 {
		t.Errorf("got %d", status)
	}
	if status, _, _ := s.ask("POST", "/v1/payments", "k3", order); status != 201 {
		t.Errorf("after what was not final: got %d", status)
	}
	if status, _, _ := s.ask("POST", "/v1/payments", "wrong", order); status != http.StatusUnauthorized {
		t.Errorf("wrong credentials: got %d", status)
	}
	books := s.books()
	if len(books) != 3 || books[0].Attempts != 2 || books[0].IdempotencyKey != "k1" || books[0].Amount != 1050 || books[0].Captured != 0 {
		t.Errorf("the books: %+v", books)
	}
}

// A request that the PSP carried out and whose answer was lost is carried out once.
func TestFaults(t *testing.T) {
	s := serve(t)
	resp, err := http.Post(s.url+"/_driver/faults", "application/json", strings.NewReader(`{"kind":"reset_after","times":1}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if status, _, _ := s.ask("POST", "/v1/payments", "k1", order); status != 0 {
		t.Fatalf("got %d", status)
	}
	if status, replayed, _ := s.ask("POST", "/v1/payments", "k1", order); status != 201 || !replayed {
		t.Errorf("again: got %d %v", status, replayed)
	}
	if books := s.books(); len(books) != 1 || books[0].Attempts != 2 {
		t.Errorf("the books: %+v", books)
	}
}

func TestCheck(t *testing.T) {
	s := serve(t)
	_, _, made := s.ask("POST", "/v1/payments", "k1", order)
	id := made["id"].(string)
	if status, _, got := s.ask("POST", "/v1/payments/"+id+"/capture", "k2", `{"amount":50,"more":true}`); status != 201 || got["captured"] != 50.0 {
		t.Errorf("capture: %d %v", status, got)
	}
	if status, _, got := s.ask("POST", "/v1/payments/"+id+"/capture", "k3", `{"amount":1001}`); status != http.StatusConflict || got["error"] != standin.ErrTooMuch.Error() {
		t.Errorf("capture of too much: %d %v", status, got)
	}
	if status, _, got := s.ask("GET", "/v1/payments/"+id, "", ""); status != 201 || got["captured"] != 50.0 {
		t.Errorf("read: %d %v", status, got)
	}
	if status, _, _ := s.ask("GET", "/v1/payments/none", "", ""); status != http.StatusNotFound {
		t.Errorf("read of none: %d", status)
	}
	s.checked.Prove(t, 4)
	s.checked.MustReject(t)
	if status, _, _ := s.ask("POST", "/v1/payments", "k4", `{"amount":"x"}`); status != spectest.StatusFinding {
		t.Errorf("a request that is not described: %d", status)
	}
	if status, _, _ := s.ask("POST", "/v1/payments", "k5", strings.Replace(order, `"manual"`, `"token":"invented","manual"`, 1)); status != spectest.StatusFinding {
		t.Errorf("an answer that is not described: %d", status)
	}
	if n := len(s.checked.Findings()); n != 2 {
		t.Errorf("%d findings, want 2", n)
	}
}

func TestWebhooks(t *testing.T) {
	s := serve(t)
	arrived := make(chan string, 1)
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- r.Header.Get("Acme-Signature") + string(body)
	}))
	t.Cleanup(shop.Close)
	for endpoint, want := range map[string]int{`{"url":"` + shop.URL + `"}`: 201, `{"url":"http://127.0.0.1:0"}`: 201, `{}`: 400, `x`: 400} {
		resp, err := http.Post(s.url+"/webhook_endpoints", "application/json", strings.NewReader(endpoint))
		if err != nil || resp.StatusCode != want {
			t.Errorf("%s: got %v %v, want %d", endpoint, resp, err, want)
		}
		_ = resp.Body.Close()
	}
	_, _, made := s.ask("POST", "/v1/payments", "k1", order)
	s.psp.Wait()
	if got, want := <-arrived, fmt.Sprintf(`s{"id":"%s"}`, made["id"]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The rules of the book, as steps on a payment of 1000.
func TestBook(t *testing.T) {
	const amount = 1000
	capture := func(n int64, final bool) func(*standin.PSP, string) error {
		return func(b *standin.PSP, id string) error { _, err := b.Capture(id, n, final); return err }
	}
	refund := func(n int64) func(*standin.PSP, string) error {
		return func(b *standin.PSP, id string) error { _, err := b.GiveBack(id, n, standin.Refund{}); return err }
	}
	decide := func(s standin.Status) func(*standin.PSP, string) error {
		return func(b *standin.PSP, id string) error { _, err := b.Decide(id, s); return err }
	}
	void := func(b *standin.PSP, id string) error { _, err := b.Void(id); return err }
	release := func(b *standin.PSP, id string) error { _, err := b.Release(id); return err }
	adjust := func(b *standin.PSP, id string) error { _, err := b.Adjust(id, 2*amount); return err }
	for name, c := range map[string]struct {
		manual  bool
		becomes standin.Status
		steps   []func(*standin.PSP, string) error
		refused error  // the last step's
		want    string // status, captured, refunded, capturable
	}{
		"automatic":          {false, standin.Authorized, nil, nil, "captured 1000 0 0"},
		"manual":             {true, standin.Authorized, nil, nil, "authorized 0 0 1000"},
		"declined":           {false, standin.Declined, nil, nil, "declined 0 0 0"},
		"captured all":       {true, standin.Authorized, list(capture(0, true)), nil, "captured 1000 0 0"},
		"captured in part":   {true, standin.Authorized, list(capture(300, false)), nil, "authorized 300 0 700"},
		"captured finally":   {true, standin.Authorized, list(capture(300, true)), nil, "captured 300 0 0"},
		"the rest":           {true, standin.Authorized, list(capture(300, false), capture(0, false)), nil, "captured 1000 0 0"},
		"too much":           {true, standin.Authorized, list(capture(300, false), capture(701, false)), standin.ErrTooMuch, "authorized 300 0 700"},
		"capture twice":      {false, standin.Authorized, list(capture(1, true)), standin.ErrBadState, "captured 1000 0 0"},
		"released":           {true, standin.Authorized, list(capture(300, false), release), nil, "captured 300 0 0"},
		"nothing to release": {true, standin.Authorized, list(release), standin.ErrBadState, "authorized 0 0 1000"},
		"voided":             {true, standin.Authorized, list(void), nil, "voided 0 0 0"},
		"void of a capture":  {true, standin.Authorized, list(capture(1, false), void), standin.ErrBadState, "authorized 1 0 999"},
		"void twice":         {true, standin.Authorized, list(void, void), standin.ErrBadState, "voided 0 0 0"},
		"capture of void":    {true, standin.Authorized, list(void, capture(1, true)), standin.ErrBadState, "voided 0 0 0"},
		"refunded in part":   {false, standin.Authorized, list(refund(400)), nil, "captured 1000 400 0"},
		"refunded all":       {false, standin.Authorized, list(refund(400), refund(0)), nil, "captured 1000 1000 0"},
		"refund too much":    {false, standin.Authorized, list(refund(400), refund(601)), standin.ErrTooMuch, "captured 1000 400 0"},
		"refund of nothing":  {true, standin.Authorized, list(refund(1)), standin.ErrBadState, "authorized 0 0 1000"},
		"challenge approved": {false, standin.RequiresAction, list(decide(standin.Authorized)), nil, "captured 1000 0 0"},
		"challenge declined": {false, standin.RequiresAction, list(decide(standin.Declined)), nil, "declined 0 0 0"},
		"decided twice":      {false, standin.Pending, list(decide(standin.Declined), decide(standin.Authorized)), standin.ErrBadState, "declined 0 0 0"},
		"adjusted":           {true, standin.Authorized, list(adjust), nil, "authorized 0 0 2000"},
		"adjusted too late":  {true, standin.Authorized, list(capture(1, false), adjust), standin.ErrBadState, "authorized 1 0 999"},
	} {
		t.Run(name, func(t *testing.T) {
			psp := standin.New(standin.Config{Routes: map[string]standin.Route{"POST /pay": func(r *standin.Request) standin.Answer {
				return show(r.Pay(standin.Payment{Reference: "r", Amount: amount, Currency: "EUR", Manual: c.manual}, c.becomes), nil)
			}}})
			w := httptest.NewRecorder()
			psp.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), "POST", "/pay", bytes.NewReader(nil)))
			id := psp.Find("r")[0].ID
			var err error
			for i, step := range c.steps {
				if err = step(psp, id); err != nil && i < len(c.steps)-1 {
					t.Fatal(err)
				}
			}
			p, _ := psp.Payment(id)
			got := fmt.Sprintf("%s %d %d %d", p.Status, p.Captured, p.Refunded, p.Capturable())
			if !errors.Is(err, c.refused) || got != c.want {
				t.Errorf("got %s (%v), want %s (%v)", got, err, c.want, c.refused)
			}
			if moved := p.Reserved > 0; moved != strings.Contains(ledgerOf(psp), id) {
				t.Errorf("the ledger: %s", ledgerOf(psp))
			}
		})
	}
}

func list(steps ...func(*standin.PSP, string) error) []func(*standin.PSP, string) error { return steps }

func ledgerOf(psp *standin.PSP) string {
	w := httptest.NewRecorder()
	psp.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), "GET", "/ledger", nil))
	return w.Body.String()
}

func TestRequestFields(t *testing.T) {
	psp := standin.New(standin.Config{Routes: map[string]standin.Route{
		"POST /json": func(r *standin.Request) standin.Answer {
			return standin.Answer{Status: 200, Body: []byte(fmt.Sprint(r.Text("a.b"), r.Int("list.1.n"), r.Field("none.x"), r.Int("a.b"), r.Field("list.9")))}
		},
		"POST /form": func(r *standin.Request) standin.Answer {
			return standin.Answer{Status: 200, Body: []byte(r.Form().Get("a[b]"))}
		},
	}})
	for path, c := range map[string][2]string{
		"/json": {`{"a":{"b":"text"},"list":[{},{"n":9007199254740993}]}`, "text9007199254740993 <nil> 0 <nil>"},
		"/form": {"a%5Bb%5D=1", "1"},
	} {
		w := httptest.NewRecorder()
		psp.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), "POST", path, strings.NewReader(c[0])))
		if w.Body.String() != c[1] {
			t.Errorf("%s: got %q, want %q", path, w.Body.String(), c[1])
		}
	}
}
