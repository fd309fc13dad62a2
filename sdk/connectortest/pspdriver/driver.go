// Package pspdriver puts a driver in front of a stand-in of a PSP: it records what
// is asked, and fails on request. docs/conformance.md describes its protocol, which
// any program may speak in its place.
package pspdriver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// Driver is the driver as an http.Handler. What is not its own it hands on to the
// PSP, GET /ledger among it: the books are the PSP's. It is safe for concurrent
// use.
type Driver struct {
	psp     http.Handler
	control *http.ServeMux
	records records
	closing chan struct{}
	close   func()

	mu     sync.Mutex
	next   int
	faults []*armed
}

// armed is a fault that waits for its requests.
type armed struct {
	Fault
	id  string
	hit int
}

// New returns a driver in front of a PSP.
func New(psp http.Handler) *Driver {
	closing := make(chan struct{})
	d := &Driver{
		psp:     psp,
		control: http.NewServeMux(),
		closing: closing,
		close:   sync.OnceFunc(func() { close(closing) }),
	}
	d.control.HandleFunc("POST /_driver/faults", d.addFault)
	d.control.HandleFunc("DELETE /_driver/faults", d.removeFaults)
	d.control.HandleFunc("DELETE /_driver/faults/{id}", d.removeFaults)
	d.control.HandleFunc("GET /_driver/requests", d.listRequests)
	d.control.HandleFunc("DELETE /_driver/requests", d.clearRequests)
	d.control.HandleFunc("GET /ledger", func(w http.ResponseWriter, r *http.Request) { d.psp.ServeHTTP(w, r) })
	return d
}

// Close lets go of all requests whose answers are withheld. It can be called more
// than once.
func (d *Driver) Close() { d.close() }

// ServeHTTP implements http.Handler.
func (d *Driver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := d.control.Handler(r); pattern != "" {
		d.control.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request's body can't be read", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	seen := Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		Headers: r.Header.Clone(), Body: string(body),
	}.searchable()
	fault := d.choose(seen)
	seen.Fault = fault.Kind
	e := exchange{driver: d, w: w, r: r, fault: fault, record: d.records.add(seen)}
	e.serve()
}

// choose takes the first fault that fits, or one without a kind.
func (d *Driver) choose(r Request) Fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, f := range d.faults {
		if !f.Match.fits(r) {
			continue
		}
		if f.hit++; f.hit == f.Times {
			d.faults = slices.Delete(d.faults, i, i+1)
		}
		return f.Fault
	}
	return Fault{}
}

func (d *Driver) addFault(w http.ResponseWriter, r *http.Request) {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	var f Fault
	err := decoder.Decode(&f)
	if err == nil {
		err = f.check()
	}
	if err != nil {
		http.Error(w, fmt.Sprintf("no fault: %v", err), http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	d.next++
	id := strconv.Itoa(d.next)
	d.faults = append(d.faults, &armed{Fault: f, id: id})
	d.mu.Unlock()
	respond(w, http.StatusCreated, map[string]string{"id": id})
}

// removeFaults removes the fault with the id in the path, or all.
func (d *Driver) removeFaults(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	d.mu.Lock()
	d.faults = slices.DeleteFunc(d.faults, func(f *armed) bool { return id == "" || f.id == id })
	d.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// listRequests tells the requests so far; each "contains" in the query is a text
// of which one must be in a request.
func (d *Driver) listRequests(w http.ResponseWriter, r *http.Request) {
	respond(w, http.StatusOK, map[string][]Request{"requests": d.records.list(r.URL.Query()["contains"])})
}

func (d *Driver) clearRequests(w http.ResponseWriter, _ *http.Request) {
	d.records.clear()
	w.WriteHeader(http.StatusNoContent)
}

func respond(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // who asked may be gone
}
