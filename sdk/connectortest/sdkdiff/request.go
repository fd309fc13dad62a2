package sdkdiff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Request is a request without what differs between HTTP clients. Of its body one of
// Form, JSON and Body is set.
type Request struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	// Headers, with names in small letters. Those of the transport are left out.
	Headers Values `json:"headers"`
	Query   Values `json:"query"`
	Form    Values `json:"form,omitempty"`
	JSON    any    `json:"json,omitempty"`
	Body    string `json:"body,omitempty"`
}

// Values are fields with their values in order. In JSON one value stands without its
// list.
type Values map[string][]string

// UnmarshalJSON implements json.Unmarshaler.
func (v *Values) UnmarshalJSON(raw []byte) error {
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	*v = Values{}
	for name, value := range all {
		list, several := value.([]any)
		if !several {
			list = []any{value}
		}
		for _, each := range list {
			text, ok := each.(string)
			if !ok {
				return fmt.Errorf("%q: %v is no text", name, each)
			}
			(*v)[name] = append((*v)[name], text)
		}
	}
	return nil
}

// transport are the headers of HTTP clients, which say nothing of an API.
func transport() []string {
	return []string{
		"accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-length", "host", "sec-fetch-mode",
		"traceparent", "tracestate", "transfer-encoding", "user-agent",
	}
}

// Of reads a request. Its body can be read again.
func Of(r *http.Request) (Request, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return Request{}, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	seen := Request{Method: r.Method, Path: r.URL.EscapedPath(), Headers: Values{}, Query: Values(r.URL.Query())}
	for name, values := range r.Header {
		if name := strings.ToLower(name); !slices.Contains(transport(), name) {
			seen.Headers[name] = values
		}
	}
	switch kind := r.Header.Get("Content-Type"); {
	case len(body) == 0:
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return Request{}, err
		}
		seen.Form = Values(form)
	case strings.Contains(kind, "json"):
		if err := json.Unmarshal(body, &seen.JSON); err != nil {
			return Request{}, err
		}
	default:
		seen.Body = string(body)
	}
	return seen, nil
}

// fields gives each field's value as JSON.
func (r Request) fields() map[string]string {
	fields := map[string]string{"method": quote(r.Method), "path": quote(r.Path)}
	for group, values := range map[string]Values{"headers.": r.Headers, "query.": r.Query, "form.": r.Form} {
		for name, list := range values {
			if len(list) == 1 {
				fields[group+name] = quote(list[0])
			} else {
				fields[group+name] = quote(list)
			}
		}
	}
	if r.JSON != nil {
		leaves(fields, "json", r.JSON)
	}
	if r.Body != "" {
		fields["body"] = quote(r.Body)
	}
	return fields
}

// leaves adds what a JSON value holds. An object or list without content is a leaf,
// since leaving it out is not the same.
func leaves(fields map[string]string, place string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			leaves(fields, place+"."+name, value[name])
		}
		if len(value) == 0 {
			fields[place] = "{}"
		}
	case []any:
		for i, inner := range value {
			leaves(fields, fmt.Sprintf("%s[%d]", place, i), inner)
		}
		if len(value) == 0 {
			fields[place] = "[]"
		}
	default:
		fields[place] = quote(value)
	}
}

func quote(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%#v", value)
	}
	return string(raw)
}

// Recorder is a server on the loopback interface that hands requests on to a PSP's
// stand-in and keeps them. It is safe for concurrent use.
type Recorder struct {
	URL string

	mu       sync.Mutex
	requests []Request
	broken   error
}

// Record starts a recorder before a stand-in, until the test ends.
func Record(t testing.TB, standIn http.Handler) *Recorder {
	t.Helper()
	r := &Recorder{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.keep(req)
		standIn.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

func (r *Recorder) keep(req *http.Request) {
	seen, err := Of(req)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.broken = err
	}
	r.requests = append(r.requests, seen)
}

// Requests lists the requests so far.
func (r *Recorder) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// Only gives the one request so far. More or fewer end the test, and so does one that
// could not be read.
func (r *Recorder) Only(t testing.TB) Request {
	t.Helper()
	requests := r.Requests()
	r.mu.Lock()
	broken := r.broken
	r.mu.Unlock()
	if len(requests) != 1 || broken != nil {
		t.Fatalf("the connector made %d requests, want 1 (%v)", len(requests), broken)
	}
	return requests[0]
}
