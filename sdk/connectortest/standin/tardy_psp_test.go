package standin_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/patchbay/patchbay/sdk/connectortest/standin"
)

// tardyPSP is a PSP that accepts changes and carries them out later, has nothing to
// read, and signs within its webhooks.
type tardyPSP struct {
	*standin.PSP
	later sync.WaitGroup
}

// tardyEvent is one event of a webhook; all its fields but the note are signed.
type tardyEvent struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Payment   string `json:"payment"`
	Reference string `json:"reference"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Success   string `json:"success"`
	Note      string `json:"note,omitempty"`
	Signature string `json:"signature,omitempty"`
}

type tardyWebhook struct {
	Events []tardyEvent `json:"events"`
}

const (
	tardySecret = "secret of the tardy"
	tardyKey    = "Tardy-Key"
)

// signature is what the PSP signs an event with.
func (e tardyEvent) signature(secret string) string {
	e.Note, e.Signature = "", ""
	signed, _ := json.Marshal(e)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(signed)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func tardyHook(events ...tardyEvent) standin.Webhook {
	for i := range events {
		events[i].Signature = events[i].signature(tardySecret)
	}
	body, _ := json.Marshal(tardyWebhook{events})
	return standin.Webhook{Body: body}
}

func newTardyPSP() *tardyPSP {
	s := &tardyPSP{}
	unheard := tardyEvent{ID: "evt_9", Type: "report_available", Reference: "r"}
	s.PSP = standin.New(standin.Config{
		KeyHeader: tardyKey,
		Reused:    tardyRefusal(http.StatusUnprocessableEntity, "key_reused"),
		Admit: func(r *http.Request) (standin.Answer, bool) {
			return tardyRefusal(http.StatusUnauthorized, "who"), r.Header.Get("Authorization") == "revoked"
		},
		Webhooks: map[string]func() standin.Webhook{
			"unknown": func() standin.Webhook { return tardyHook(unheard) },
			"several": func() standin.Webhook {
				return tardyHook(unheard, tardyEvent{ID: "evt_10", Type: "authorised", Payment: "pay_1", Amount: 1, Currency: "USD", Success: "true"})
			},
		},
		Payer: func(id string, becomes standin.Status) error {
			p, err := s.Decide(id, becomes)
			s.tell("authorised", p, p.ID, p.Reference, p.Amount, err == nil && p.Status != standin.Declined)
			return err
		},
		Routes: map[string]standin.Route{
			"POST /payments":               s.pay,
			"POST /payments/{id}/complete": func(r *standin.Request) standin.Answer { return s.shown(s.Payment(r.PathValue("id"))) },
			"POST /payments/{id}/captures": s.modify("capture", func(r *standin.Request, id, _ string) (standin.Payment, int64, error) {
				before, _ := s.Payment(id)
				p, err := s.Capture(id, r.Int("amount"), r.Field("more") != true)
				return p, p.Captured - before.Captured, err
			}),
			"POST /payments/{id}/cancels": s.modify("cancellation", func(_ *standin.Request, id, _ string) (standin.Payment, int64, error) {
				p, err := s.Void(id)
				return p, p.Amount, err
			}),
			"POST /payments/{id}/refunds": s.modify("refund", func(r *standin.Request, id, change string) (standin.Payment, int64, error) {
				made, err := s.GiveBack(id, r.Int("amount"), standin.Refund{ID: change, Reference: r.Text("reference")})
				p, _ := s.Payment(id)
				return p, max(made.Amount, r.Int("amount")), err
			}),
			"GET /page/{id}": s.page,
		},
	})
	return s
}

func tardyRefusal(status int, code string) standin.Answer {
	return standin.Answer{Status: status, Body: map[string]any{"code": code}}
}

func (s *tardyPSP) pay(r *standin.Request) standin.Answer {
	becomes := standin.Authorized
	switch r.Text("method") {
	case "declined":
		becomes = standin.Declined
	case "bank", "challenge", "voucher":
		becomes = standin.RequiresAction
	}
	later, _ := r.Field("manual").(bool)
	p := r.Pay(standin.Payment{
		Reference: r.Text("reference"), Amount: r.Int("amount"), Currency: r.Text("currency"), Manual: later,
		Data: map[string]any{"return_url": r.Text("return_url"), "page": "http://" + r.Host + "/page/", "method": r.Text("method")},
	}, becomes)
	if becomes != standin.RequiresAction {
		s.tell("authorised", p, p.ID, p.Reference, p.Amount, becomes == standin.Authorized)
	}
	return s.shown(p, nil)
}

func (s *tardyPSP) shown(p standin.Payment, err error) standin.Answer {
	if err != nil {
		return tardyRefusal(http.StatusNotFound, "unknown")
	}
	body := map[string]any{"id": p.ID, "state": p.Status, "amount": p.Amount, "currency": p.Currency, "reference": p.Reference}
	if p.Status == standin.RequiresAction && p.Data["method"] != "voucher" {
		body["page"] = p.Data["page"].(string) + p.ID
	}
	return standin.Answer{Status: http.StatusOK, Body: body}
}

// modify accepts a change and carries it out later.
func (s *tardyPSP) modify(name string, change func(r *standin.Request, id, change string) (standin.Payment, int64, error)) standin.Route {
	return func(r *standin.Request) standin.Answer {
		p, err := s.Payment(r.PathValue("id"))
		switch {
		case errors.Is(err, standin.ErrNotFound):
			return tardyRefusal(http.StatusUnprocessableEntity, "unknown_payment")
		case r.Text("currency") != "" && r.Text("currency") != p.Currency:
			return tardyRefusal(http.StatusUnprocessableEntity, "currency")
		}
		id := standin.NewID("mod_")
		s.later.Go(func() {
			after, amount, err := change(r, p.ID, id)
			s.tell(name, after, id, r.Text("reference"), amount, err == nil)
		})
		return standin.Answer{Status: http.StatusCreated, Body: map[string]any{"id": id, "payment": p.ID, "state": "received"}}
	}
}

func (s *tardyPSP) tell(kind string, p standin.Payment, id, reference string, amount int64, success bool) {
	if kind == "authorised" && !p.Manual {
		kind = "paid"
	}
	word := "false"
	if success {
		word = "true"
	}
	s.Send(tardyHook(tardyEvent{
		ID: id, Type: kind, Payment: p.ID, Reference: reference, Amount: amount, Currency: p.Currency, Success: word, Note: "unsigned",
	}))
}

// page is where the payer's browser goes.
func (s *tardyPSP) page(r *standin.Request) standin.Answer {
	becomes := standin.Declined
	if r.URL.Query().Get("decision") == "approve" {
		becomes = standin.Authorized
	}
	p, err := s.Decide(r.PathValue("id"), becomes)
	if err != nil {
		return tardyRefusal(http.StatusConflict, "decided")
	}
	back, _ := p.Data["return_url"].(string)
	if !strings.Contains(back, "?") {
		back += "?"
	}
	return standin.Answer{Status: http.StatusSeeOther, Header: http.Header{"Location": {back + "&result=1"}}}
}
