package psp

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed challenge.html
var challengePage string

// action is what a payer must do where it is not a visit of a page.
type action struct {
	Type Flow `json:"type"`
	// Data is what a code says, what is typed at the counter or on the transfer,
	// or where a password was sent.
	Data    string    `json:"data,omitempty"`
	IBAN    string    `json:"iban,omitempty"` // where a transfer goes
	Expires time.Time `json:"expires"`
}

// actionLifetime is how long a payer has.
const actionLifetime = 24 * time.Hour

// prompt is what a payer is asked to do in a flow: to visit a page, or something
// else.
func prompt(r *http.Request, flow Flow, id string) (page string, a *action) {
	a = &action{Type: flow, Expires: time.Now().UTC().Add(actionLifetime)}
	switch flow {
	case FlowRedirect:
		return challengeURL(r, id), nil
	case FlowWait:
	case FlowQR, FlowVoucher:
		a.Data = "sandbox:" + id
	case FlowTransfer:
		a.Data, a.IBAN = id, "DE89370400440532013000"
	case FlowOTP:
		a.Data = "+•• ••• ••00"
	default:
		return "", nil
	}
	return "", a
}

func challengeURL(r *http.Request, id string) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: "/challenge/" + id}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u.String()
}

// visit is what the page shows and where it sends the browser.
type visit struct {
	ID, Reference, Status string
	Open                  bool // the payer has not answered

	param     string // the query parameter of the id
	returnURL string
	result    string
}

// challenge is the page that the payer's browser is sent to. With ?outcome=
// approve or decline it ends what is waiting and sends the browser back to the
// merchant, with the id and the result in the query.
func (s *Server) challenge(w http.ResponseWriter, r *http.Request) {
	v, err := s.visited(r.PathValue("id"), r.URL.Query().Get("outcome"))
	if err != nil {
		failure(err).send(w, false)
		return
	}
	if back, err := url.Parse(v.returnURL); err == nil && !v.Open && v.returnURL != "" {
		q := back.Query()
		q.Set(v.param, v.ID)
		if v.result != "" {
			q.Set("redirect_result", v.result)
		}
		back.RawQuery = q.Encode()
		http.Redirect(w, r, back.String(), http.StatusSeeOther)
		return
	}
	page, err := template.New("challenge").Parse(challengePage)
	if err != nil {
		failure(err).send(w, false)
		return
	}
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		failure(err).send(w, false)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the browser may be gone
}

// visited finds what a page is about by the id's prefix, and ends it if the payer
// has answered.
func (s *Server) visited(id, outcome string) (visit, error) {
	if outcome != "" && outcome != "approve" && outcome != "decline" {
		return visit{}, invalid("outcome", "the outcome must be approve or decline")
	}
	answered, approved := outcome != "", outcome == "approve"
	kind, _, _ := strings.Cut(id, "_")
	switch kind {
	case "md":
		return s.visitMandate(id, answered, approved)
	case "auth":
		return s.visitAuthentication(id, answered, approved)
	case "po":
		return s.visitPayout(id, answered, approved)
	}
	return s.visitPayment(id, answered, approved)
}

func (s *Server) visitPayment(id string, answered, approved bool) (visit, error) {
	p, err := s.ledger.payment(id)
	if err == nil && answered && p.ChallengeURL != "" {
		p, err = s.ledger.change(id, func(p *payment) error { p.result = newID("rr_"); return nil })
		if err != nil {
			return visit{}, err
		}
		var refused *decline
		switch {
		case approved:
		case p.source.carded():
			refused = newDecline("authentication_failed")
		default:
			refused = newDecline("buyer_canceled")
		}
		if p, err = s.ledger.settle(id, refused); err == nil {
			p = s.follow(p)
		}
	}
	return visit{
		ID: p.ID, Reference: p.Reference, Status: p.Status, Open: p.ChallengeURL != "",
		param: "payment_id", returnURL: p.returnURL, result: p.result,
	}, err
}
