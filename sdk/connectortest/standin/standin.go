// Package standin is the skeleton of a PSP's stand-in: a book with the rules of
// payments, replay by idempotency key, webhooks, and the ledger that the conformance
// suite reads. A connector's test writes its vendor's routes and JSON on top:
//
//	psp := standin.New(standin.Config{
//		KeyHeader: "Idempotency-Key",
//		Routes: map[string]standin.Route{
//			"POST /v1/payments": func(r *standin.Request) standin.Answer {
//				p := r.Pay(standin.Payment{Reference: r.Text("reference"), Amount: r.Int("amount"), Currency: r.Text("currency")}, standin.Authorized)
//				return standin.Answer{Status: 201, Body: map[string]any{"id": p.ID, "status": p.Status}}
//			},
//		},
//		Check: func(routes http.Handler) http.Handler { return spec.Check(routes) },
//	})
//	connectortest.Check(t, connectortest.Suite{Plan: plan, Target: …, PSP: psp})
//
// The suite puts its driver before it, so that it fails on request.
package standin

import (
	"bytes"
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

	"github.com/patchbay/patchbay/sdk/connectortest"
)

// Config is what is particular to one PSP.
type Config struct {
	// Routes are the PSP's operations, by patterns of http.ServeMux with a method. They
	// are called one at a time.
	Routes map[string]Route
	// Check puts a check of requests and answers before the routes, such as spectest's.
	Check func(routes http.Handler) http.Handler
	// Admit refuses a request before its route is called, for wrong credentials. Its
	// second result says so.
	Admit func(*http.Request) (Answer, bool)
	// KeyHeader has the idempotency key; without one nothing is replayed.
	KeyHeader string
	// ReplayedHeader is "true" on an answer that was given before, where the PSP says so.
	ReplayedHeader string
	// Reused answers a key that came with another request.
	Reused Answer
	// Webhooks are shown at GET /webhooks/{kind}, signed now: "unknown", of a type that
	// nobody knows, and "several", with several events.
	Webhooks map[string]func() Webhook
	// Payer is what the payer decides elsewhere, POST /payer. Without it the payment is
	// decided in the book, and nothing is sent.
	Payer func(id string, becomes Status) error
	// Forgets says which answers leave their key free, by status: none if it is nil.
	Forgets func(status int) bool
}

// Route carries out one request.
type Route func(*Request) Answer

// Answer is what the PSP answers. Body is encoded as JSON, but for a []byte.
type Answer struct {
	Status int
	Header http.Header
	Body   any
}

// PSP is the stand-in as an http.Handler. It serves the routes and, for the suite,
// GET /ledger, POST /webhook_endpoints, GET /webhooks/{kind} and POST /payer. It is safe
// for concurrent use.
type PSP struct {
	*Book
	config  Config
	mux     *http.ServeMux
	vendor  http.Handler
	postman postman

	mu    sync.Mutex
	byKey map[string]stored
}

// stored is the answer to a key.
type stored struct {
	asked  [sha256.Size]byte
	answer Answer
	made   []string // the payments that the request made
}

// New makes a stand-in without payments.
func New(config Config) *PSP {
	p := &PSP{Book: newBook(), config: config, mux: http.NewServeMux(), byKey: map[string]stored{}}
	routes := http.NewServeMux()
	for pattern, route := range config.Routes {
		routes.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, pattern, route) })
	}
	p.vendor = routes
	if config.Check != nil {
		p.vendor = config.Check(routes)
	}
	p.mux.HandleFunc("GET /ledger", p.ledger)
	p.mux.HandleFunc("POST /webhook_endpoints", p.postman.add)
	p.mux.HandleFunc("GET /webhooks/{kind}", p.show)
	p.mux.HandleFunc("POST /payer", p.payer)
	p.mux.Handle("/", p.vendor)
	return p
}

// ServeHTTP implements http.Handler.
func (p *PSP) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// serve answers a request of the vendor's API.
func (p *PSP) serve(w http.ResponseWriter, r *http.Request, pattern string, route Route) {
	if p.config.Admit != nil {
		if refusal, refused := p.config.Admit(r); refused {
			refusal.write(w)
			return
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	request := &Request{Request: r, Body: body, Key: r.Header.Get(p.config.KeyHeader), psp: p}
	p.carryOut(request, pattern, route).write(w)
}

// carryOut calls the route, one request at a time.
func (p *PSP) carryOut(r *Request, pattern string, route Route) Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.config.KeyHeader == "" || r.Key == "" || r.Method == http.MethodGet {
		return route(r).fixed()
	}
	asked := sha256.Sum256([]byte(pattern + "\n" + r.URL.RequestURI() + "\n" + string(r.Body)))
	return p.once(r, asked, route)
}

// once calls the route for the first request with a key and gives its answer to the
// others.
func (p *PSP) once(r *Request, asked [sha256.Size]byte, route Route) Answer {
	known, ok := p.byKey[r.Key]
	switch {
	case ok && known.asked != asked:
		return p.config.Reused
	case ok:
		for _, id := range known.made {
			p.attempted(id)
		}
		answer := known.answer
		if p.config.ReplayedHeader != "" {
			answer.Header = answer.Header.Clone()
			if answer.Header == nil {
				answer.Header = http.Header{}
			}
			answer.Header.Set(p.config.ReplayedHeader, "true")
		}
		return answer
	}
	answer := route(r).fixed()
	if p.config.Forgets == nil || !p.config.Forgets(answer.Status) {
		p.byKey[r.Key] = stored{asked, answer, r.made}
	}
	return answer
}

// fixed is the answer with its body encoded, so that nothing changes it later.
func (a Answer) fixed() Answer {
	if _, raw := a.Body.([]byte); raw || a.Body == nil {
		return a
	}
	encoded, err := json.Marshal(a.Body)
	if err != nil {
		panic(fmt.Sprintf("an answer of the stand-in is no JSON: %v", err))
	}
	a.Body = encoded
	return a
}

func (a Answer) write(w http.ResponseWriter) {
	a = a.fixed()
	maps.Copy(w.Header(), a.Header)
	if a.Body != nil && w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.Status)
	if body, ok := a.Body.([]byte); ok {
		_, _ = w.Write(body) // the connector may be gone
	}
}

// ledger is the books: each payment that reserved or moved money.
func (p *PSP) ledger(w http.ResponseWriter, _ *http.Request) {
	p.Book.mu.RLock()
	charges := []connectortest.Charge{}
	for _, each := range p.order {
		if each.Reserved == 0 {
			continue
		}
		charges = append(charges, connectortest.Charge{
			ID: each.ID, Reference: each.Reference, IdempotencyKey: each.Key, Amount: each.Reserved,
			Currency: each.Currency, Captured: each.Captured, Refunded: each.Refunded,
			Voided: each.Status == Voided, Attempts: each.attempts,
		})
	}
	p.Book.mu.RUnlock()
	Answer{Status: http.StatusOK, Body: map[string]any{"charges": charges}}.write(w)
}

// Request is a request to a route.
type Request struct {
	*http.Request
	Body []byte
	Key  string // the idempotency key

	psp  *PSP
	made []string
	json any
	form url.Values
}

// Pay adds a payment to the book with the request's key, and lets it become what the
// PSP decides of it: Authorized, which is captured at once unless it is Manual,
// RequiresAction, Pending or Declined.
func (r *Request) Pay(p Payment, becomes Status) Payment {
	p.Key = r.Key
	p = r.psp.pay(p, becomes)
	r.made = append(r.made, p.ID)
	return p
}

// Field gives a field of a JSON body by the names on the way to it, parted by dots,
// with numbers as json.Number; nil if it is not there.
func (r *Request) Field(path string) any {
	if r.json == nil {
		decoder := json.NewDecoder(bytes.NewReader(r.Body))
		decoder.UseNumber()
		if decoder.Decode(&r.json) != nil {
			return nil
		}
	}
	value := r.json
	for name := range strings.SplitSeq(path, ".") {
		switch inner := value.(type) {
		case map[string]any:
			value = inner[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(inner) {
				return nil
			}
			value = inner[i]
		default:
			return nil
		}
	}
	return value
}

// Text gives a field of a JSON body as text, or "".
func (r *Request) Text(path string) string {
	switch value := r.Field(path).(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	}
	return ""
}

// Int gives a field of a JSON body as a whole number, or 0.
func (r *Request) Int(path string) int64 {
	n, _ := strconv.ParseInt(r.Text(path), 10, 64)
	return n
}

// Form gives the fields of a body in the form encoding.
func (r *Request) Form() url.Values {
	if r.form == nil {
		r.form, _ = url.ParseQuery(string(r.Body))
	}
	return r.form
}
