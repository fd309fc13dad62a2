package spectest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// Checker stands before a PSP's stand-in and checks each request and each answer. A
// request that the description has not never reaches the stand-in, and an answer that
// it has not never reaches the connector: both are answered with StatusFinding and
// the finding. It is safe for concurrent use.
//
// Several descriptions of one PSP are several checkers before one stand-in, under
// their paths in an http.ServeMux.
type Checker struct {
	spec        *Spec
	handler     http.Handler
	base        string
	undescribed []int

	mu       sync.Mutex
	findings []string
	distinct map[string]*http.Request
}

// StatusFinding answers what breaks the description.
const StatusFinding = http.StatusInternalServerError

// CheckOption changes how a Checker checks.
type CheckOption func(*Checker)

// Under says which path the description's paths are beneath, if not that of the
// description's first server.
func Under(base string) CheckOption {
	return func(c *Checker) { c.base = strings.TrimSuffix(base, "/") }
}

// Undescribed lets answers of these statuses pass that the vendor documents elsewhere.
// Their bodies can't be checked. The source stands beside the call.
func Undescribed(statuses ...int) CheckOption {
	return func(c *Checker) { c.undescribed = append(c.undescribed, statuses...) }
}

// Check puts a checker before a stand-in.
func (s *Spec) Check(standIn http.Handler, opts ...CheckOption) *Checker {
	c := &Checker{spec: s, handler: standIn, base: s.base, distinct: map[string]*http.Request{}}
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// ServeHTTP implements http.Handler.
func (c *Checker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op, problems := c.spec.request(r, c.base)
	if len(problems) > 0 {
		c.found(w, r, "request", problems)
		return
	}
	c.note(op, r)
	told := httptest.NewRecorder()
	c.handler.ServeHTTP(told, r)
	if problems := c.spec.answer(op, told.Code, told.Header(), told.Body.Bytes(), c.undescribed); len(problems) > 0 {
		c.found(w, r, fmt.Sprintf("answer of status %d", told.Code), problems)
		return
	}
	maps.Copy(w.Header(), told.Header())
	w.WriteHeader(told.Code)
	_, _ = w.Write(told.Body.Bytes()) // the connector may be gone
}

// found keeps a finding and answers with it.
func (c *Checker) found(w http.ResponseWriter, r *http.Request, what string, problems []string) {
	finding := fmt.Sprintf("%s %s: the %s is not the vendor's: %s", r.Method, r.URL.Path, what, strings.Join(problems, "; "))
	c.mu.Lock()
	c.findings = append(c.findings, finding)
	c.mu.Unlock()
	http.Error(w, "spectest: "+finding, StatusFinding)
}

// note keeps the request if it is unlike those before.
func (c *Checker) note(op *operation, r *http.Request) {
	kept, body := r.Clone(r.Context()), bodyOf(r)
	shape := op.name + "?" + outline(r.URL.RawQuery) + "\n" + canonical(r.Header.Get("Content-Type"), body)
	setBody(kept, body)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.distinct[shape]; !known {
		c.distinct[shape] = kept
	}
}

// bodyOf reads a request's body and puts it back.
func bodyOf(r *http.Request) []byte {
	body, _ := io.ReadAll(r.Body) // it was read before, from memory
	setBody(r, body)
	return body
}

func setBody(r *http.Request, body []byte) { r.Body = io.NopCloser(bytes.NewReader(body)) }

// canonical is a body without what makes no difference: two requests are alike that
// differ only in numbers and in words with digits, such as ids, or in order.
func canonical(contentType string, body []byte) string {
	if strings.Contains(contentType, "json") {
		var value any
		if json.Unmarshal(body, &value) == nil {
			sorted, _ := json.Marshal(value) // it has just been read
			body = sorted
		}
	} else if !strings.HasPrefix(contentType, "multipart/") {
		fields := strings.Split(string(body), "&")
		slices.Sort(fields)
		body = []byte(strings.Join(fields, "&"))
	}
	return outline(string(body))
}

// outline leaves out the words of a text that have digits.
func outline(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' })
	words = slices.DeleteFunc(words, func(word string) bool { return strings.ContainsAny(word, "0123456789") })
	return strings.Join(words, " ")
}

// Findings lists what was not the vendor's, in order.
func (c *Checker) Findings() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.findings)
}

// Requests lists the distinct requests that were taken, in the order of their
// operations. Requests are alike that differ only in numbers and in words with
// digits, such as ids.
func (c *Checker) Requests() []*http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	var requests []*http.Request
	for _, shape := range slices.Sorted(maps.Keys(c.distinct)) {
		r := c.distinct[shape]
		body, kept := bodyOf(r), r.Clone(r.Context())
		setBody(kept, body)
		requests = append(requests, kept)
	}
	return requests
}

// Operations lists the operations that were taken, as the description has them.
// Example: "POST /payments/{id}/captures".
func (c *Checker) Operations() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var operations []string
	for shape := range c.distinct {
		name, _, _ := strings.Cut(shape, "?")
		operations = append(operations, name)
	}
	slices.Sort(operations)
	return slices.Compact(operations)
}

// Prove fails the test if there is a finding, or if fewer than so many distinct
// requests were taken.
func (c *Checker) Prove(t testing.TB, least int) {
	t.Helper()
	for _, finding := range c.Findings() {
		t.Error(finding)
	}
	taken := len(c.Requests())
	t.Logf("%d distinct requests of %d operations, %d findings", taken, len(c.Operations()), len(c.Findings()))
	if taken < least {
		t.Errorf("%d distinct requests were taken, want at least %d", taken, least)
	}
}
