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
}

// Contains says whether one of the texts is in the request.
func (r Request) Contains(texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		if strings.Contains(r.Path, text) || strings.Contains(r.Query, text) || strings.Contains(r.Body, text) {
			return true
		}
		for _, values := range r.Headers {
			if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, text) }) {
				return true
			}
		}
		return false
	})
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
