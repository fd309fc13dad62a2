package pspdriver

import (
	"net/http"
	"slices"
	"strings"
	"sync"
)

const (
	maxRecorded = 20_000   // requests; older ones are forgotten
	maxBody     = 16 << 20 // of a request
)

// Request is one request that reached the driver.
type Request struct {
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Query   string              `json:"query,omitempty"`
	Headers map[string][]string `json:"headers"`
	Body    string              `json:"body,omitempty"`

	// Fault is the kind of fault that the request met, if it met one.
	Fault Kind `json:"fault,omitempty"`
	// FaultError says why the fault could not be made, if it could not.
	FaultError string `json:"fault_error,omitempty"`
	// Answered is the status of the PSP's answer; 0 if it was not asked, or has
	// not answered yet.
	Answered int `json:"answered,omitempty"`

	text string // all of it that Contains looks at, if it is made
}

// searchable makes Contains fast.
func (r Request) searchable() Request {
	var text strings.Builder
	for _, part := range []string{r.Path, r.Query, r.Body} {
		text.WriteString(part)
		text.WriteByte(0) // in none of the texts
	}
	for _, values := range r.Headers {
		for _, value := range values {
			text.WriteString(value)
			text.WriteByte(0)
		}
	}
	r.text = text.String()
	return r
}

// Contains says whether one of the texts is in the request.
func (r Request) Contains(texts ...string) bool {
	if r.text == "" {
		r = r.searchable()
	}
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(r.text, text) })
}

// Header is the first value of a header, whatever its spelling.
func (r Request) Header(name string) string {
	return http.Header(r.Headers).Get(name)
}

// records keeps what reached the driver.
type records struct {
	mu  sync.Mutex
	all []*Request
}

func (r *records) add(req Request) *Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= maxRecorded {
		r.all = slices.Delete(r.all, 0, maxRecorded/10)
	}
	kept := &req
	r.all = append(r.all, kept)
	return kept
}

func (r *records) change(req *Request, change func(*Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(req)
}

// list copies the requests that contain one of the texts, or all without a text.
func (r *records) list(texts []string) []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := []Request{}
	for _, req := range r.all {
		if len(texts) == 0 || req.Contains(texts...) {
			found = append(found, *req)
		}
	}
	return found
}

func (r *records) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = nil
}
