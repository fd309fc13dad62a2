package psp

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed challenge.html
var challengePage string

func challengeURL(r *http.Request, id string) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: "/challenge/" + id}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u.String()
}

// challenge is the page that the payer's browser is sent to. With ?outcome=
// approve or decline it completes the payment and sends the browser back to the
// merchant, with the payment's id in the query.
func (s *Server) challenge(w http.ResponseWriter, r *http.Request) {
	p, err := s.outcome(r)
	if err != nil {
		failure(err).send(w, false)
		return
	}
	if p.Status != statusRequiresAction && p.returnURL != "" {
		back, err := url.Parse(p.returnURL)
		if err == nil {
			q := back.Query()
			q.Set("payment_id", p.ID)
			back.RawQuery = q.Encode()
			http.Redirect(w, r, back.String(), http.StatusSeeOther)
			return
		}
	}
	page, err := template.New("challenge").Parse(challengePage)
	if err != nil {
		failure(err).send(w, false)
		return
	}
	var b bytes.Buffer
	if err := page.Execute(&b, p); err != nil {
		failure(err).send(w, false)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the browser may be gone
}

func (s *Server) outcome(r *http.Request) (payment, error) {
	id := r.PathValue("id")
	switch o := r.URL.Query().Get("outcome"); o {
	case "":
		return s.ledger.payment(id)
	case "approve", "decline":
		return s.ledger.complete(id, o == "approve")
	default:
		return payment{}, refuse(http.StatusBadRequest, "invalid_request", "outcome", "the outcome must be approve or decline")
	}
}
