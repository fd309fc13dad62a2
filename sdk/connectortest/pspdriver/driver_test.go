package pspdriver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// stand is a PSP that counts what it did.
type stand struct{ done atomic.Int32 }

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ledger" {
		_, _ = io.WriteString(w, `{"charges":[]}`)
		return
	}
	s.done.Add(1)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"id":"pay_1","payment":{"status":"captured","amount":1050}}`)
}

// served is a driver before a stand-in.
type served struct {
	t   *testing.T
	psp *stand
	url string
}

func serve(t *testing.T) served {
	t.Helper()
	psp := &stand{}
	driver := New(psp)
	server := httptest.NewServer(driver)
	t.Cleanup(func() {
		driver.Close()
		server.Close()
	})
	return served{t, psp, server.URL}
}

func (s served) do(ctx context.Context, method, path, body string) (status int, answer string, err error) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Acme-Key", "key-1") // net/http repeats requests with an Idempotency-Key
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

// arm arms a fault and gives its id.
func (s served) arm(fault string) string {
	s.t.Helper()
	status, answer, err := s.do(s.t.Context(), http.MethodPost, "/_driver/faults", fault)
	if err != nil || status != http.StatusCreated {
		s.t.Fatalf("arm %s: %d %s %v", fault, status, answer, err)
	}
	var added struct{ ID string }
	if err := json.Unmarshal([]byte(answer), &added); err != nil || added.ID == "" {
		s.t.Fatalf("arm %s: %s %v", fault, answer, err)
	}
	return added.ID
}

func (s served) requests(query string) []Request {
	s.t.Helper()
	_, answer, err := s.do(s.t.Context(), http.MethodGet, "/_driver/requests"+query, "")
	if err != nil {
		s.t.Fatal(err)
	}
	var told struct{ Requests []Request }
	if err := json.Unmarshal([]byte(answer), &told); err != nil {
		s.t.Fatal(err)
	}
	return told.Requests
}

const untouched = `{"id":"pay_1","payment":{"status":"captured","amount":1050}}`

func TestWithoutFaults(t *testing.T) {
	s := serve(t)
	status, answer, err := s.do(t.Context(), http.MethodPost, "/v1/payments?x=1", `{"reference":"order-1"}`)
	if err != nil || status != http.StatusCreated || answer != untouched {
		t.Errorf("got %d %s %v", status, answer, err)
	}
	if _, answer, _ := s.do(t.Context(), http.MethodGet, "/ledger", ""); answer != `{"charges":[]}` {
		t.Errorf("the books: got %s", answer)
	}
	all := s.requests("")
	if len(all) != 1 {
		t.Fatalf("recorded %d requests, want 1: the books and the driver's own are none", len(all))
	}
	r := all[0]
	if r.Method != http.MethodPost || r.Path != "/v1/payments" || r.Query != "x=1" || r.Body != `{"reference":"order-1"}` ||
		r.Header("acme-key") != "key-1" || r.Fault != "" || r.Answered != http.StatusCreated {
		t.Errorf("recorded %+v", r)
	}
	for query, want := range map[string]int{"?contains=order-1": 1, "?contains=order-2": 0, "?contains=order-2&contains=key-1": 1, "?contains=x%3D1": 1} {
		if got := len(s.requests(query)); got != want {
			t.Errorf("%s: got %d requests, want %d", query, got, want)
		}
	}
	if _, _, err := s.do(t.Context(), http.MethodDelete, "/_driver/requests", ""); err != nil || len(s.requests("")) != 0 {
		t.Errorf("the requests are not forgotten: %v", err)
	}
}

func TestFaults(t *testing.T) {
	for name, tt := range map[string]struct {
		fault  string
		done   int32 // what the PSP did
		status int   // 0: no answer
		answer string
	}{
		"reset before": {fault: `{"kind":"reset_before"}`},
		"reset after":  {fault: `{"kind":"reset_after"}`, done: 1},
		"truncated":    {fault: `{"kind":"truncated"}`, done: 1},
		"status":       {fault: `{"kind":"status","status":429,"body":"{\"a\":1}"}`, status: 429, answer: `{"a":1}`},
		"answer":       {fault: `{"kind":"answer","body":"[]"}`, done: 1, status: 201, answer: `[]`},
		"other answer": {fault: `{"kind":"answer","body":"[]","status":202}`, done: 1, status: 202, answer: `[]`},
		"malformed":    {fault: `{"kind":"malformed"}`, done: 1, status: 201, answer: htmlPage},
		"slow":         {fault: `{"kind":"slow","delay_ms":1}`, done: 1, status: 201, answer: untouched},
		"unknown word": {fault: `{"kind":"unknown_word","path":"payment.status","value":"quux"}`, done: 1, status: 201,
			answer: `{"id":"pay_1","payment":{"amount":1050,"status":"quux"}}`},
		"huge": {fault: `{"kind":"huge"}`, done: 1, status: 201, answer: untouched + strings.Repeat(" ", HugeBody-len(untouched))},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.arm(tt.fault)
			status, answer, err := s.do(t.Context(), http.MethodPost, "/v1/payments", "{}")
			if tt.status == 0 && err == nil {
				t.Errorf("got %d %s, want no answer", status, answer)
			}
			if tt.status != 0 && (err != nil || status != tt.status || answer != tt.answer) {
				t.Errorf("got %d %.200s %v", status, answer, err)
			}
			if got := s.psp.done.Load(); got != tt.done {
				t.Errorf("the PSP did it %d times, want %d", got, tt.done)
			}
			if r := s.requests("")[0]; r.Fault == "" || r.FaultError != "" || (r.Answered != 0) != (tt.done > 0) {
				t.Errorf("recorded %+v", r)
			}
		})
	}
}

func TestStatusHasItsHeaders(t *testing.T) {
	s := serve(t)
	s.arm(`{"kind":"status","status":503,"header":{"Retry-After":"7"}}`)
	resp, err := http.Get(s.url + "/v1/payments/1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Retry-After") != "7" {
		t.Errorf("got the headers %v", resp.Header)
	}
}

func TestTimeouts(t *testing.T) {
	for kind, done := range map[string]int32{"timeout_before": 0, "timeout_after": 1} {
		s := serve(t)
		s.arm(`{"kind":"` + kind + `"}`)
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, _, err := s.do(ctx, http.MethodPost, "/v1/payments", "{}")
			ended <- err
		}()
		for len(s.requests("")) == 0 || s.psp.done.Load() < done {
		}
		time.AfterFunc(50*time.Millisecond, leave) // an answer would come at once
		if err := <-ended; !errors.Is(err, context.Canceled) || s.psp.done.Load() != done {
			t.Errorf("%s: %v, done %d times, want %d", kind, err, s.psp.done.Load(), done)
		}
	}
}

func TestCloseLetsGo(t *testing.T) {
	driver := New(&stand{})
	server := httptest.NewServer(driver)
	defer server.Close()
	s := served{t, nil, server.URL}
	s.arm(`{"kind":"timeout_before"}`)
	ended := make(chan error, 1)
	go func() {
		_, _, err := s.do(t.Context(), http.MethodPost, "/v1/payments", "{}")
		ended <- err
	}()
	for len(s.requests("")) == 0 {
	}
	driver.Close()
	driver.Close()
	if err := <-ended; err == nil {
		t.Error("a withheld answer came")
	}
}

func TestMatch(t *testing.T) {
	for match, hit := range map[string]bool{
		`{}`:                             true,
		`{"method":"POST"}`:              true,
		`{"method":"GET"}`:               false,
		`{"path_prefix":"/v1/payments"}`: true,
		`{"path_prefix":"/v1/refunds"}`:  false,
		`{"writes":true}`:                true,
		`{"contains":["order-1"]}`:       true,
		`{"contains":["order-2"]}`:       false,
		`{"contains":["x","key-1"]}`:     true,
	} {
		s := serve(t)
		s.arm(`{"kind":"status","status":500,"match":` + match + `}`)
		status, _, err := s.do(t.Context(), http.MethodPost, "/v1/payments", "order-1")
		if err != nil || (status == 500) != hit {
			t.Errorf("%s: got %d %v, want a hit: %v", match, status, err, hit)
		}
	}
	s := serve(t)
	s.arm(`{"kind":"status","status":500,"match":{"writes":true}}`)
	if status, _, _ := s.do(t.Context(), http.MethodGet, "/v1/payments", ""); status == 500 {
		t.Error("a GET is no write")
	}
}

func TestTimesAndRemoval(t *testing.T) {
	s := serve(t)
	post := func() int {
		status, _, err := s.do(t.Context(), http.MethodPost, "/v1/payments", "{}")
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	s.arm(`{"kind":"status","status":500,"times":2}`)
	if got := [3]int{post(), post(), post()}; got != [3]int{500, 500, 201} {
		t.Errorf("twice: got %v", got)
	}
	id := s.arm(`{"kind":"status","status":500}`)
	other := s.arm(`{"kind":"status","status":502}`)
	if got := post(); got != 500 {
		t.Errorf("of two faults: got %d, want the first", got)
	}
	if _, _, err := s.do(t.Context(), http.MethodDelete, "/_driver/faults/"+id, ""); err != nil || post() != 502 {
		t.Errorf("the first is not removed, or fault %s is: %v", other, err)
	}
	if _, _, err := s.do(t.Context(), http.MethodDelete, "/_driver/faults", ""); err != nil || post() != 201 {
		t.Errorf("not all are removed: %v", err)
	}
}

func TestBadFaults(t *testing.T) {
	s := serve(t)
	for _, fault := range []string{
		``, `[]`, `{"kind":"explode"}`, `{"kind":"status"}`, `{"kind":"status","status":99}`, `{"kind":"slow"}`,
		`{"kind":"unknown_word","path":"a"}`, `{"kind":"reset_after","times":-1}`, `{"kind":"reset_after","tiems":1}`,
	} {
		if status, answer, _ := s.do(t.Context(), http.MethodPost, "/_driver/faults", fault); status != http.StatusBadRequest || answer == "" {
			t.Errorf("%s: got %d %s", fault, status, answer)
		}
	}
}

// A word that is not there is told, since a fault that changes nothing would prove
// nothing.
func TestMissingWord(t *testing.T) {
	s := serve(t)
	s.arm(`{"kind":"unknown_word","path":"payment.state","value":1}`)
	if _, answer, err := s.do(t.Context(), http.MethodPost, "/v1/payments", "{}"); err != nil || answer != untouched {
		t.Errorf("got %s %v", answer, err)
	}
	if r := s.requests("")[0]; !strings.Contains(r.FaultError, `no field "state"`) {
		t.Errorf("recorded %+v", r)
	}
}

func TestOldRequestsAreForgotten(t *testing.T) {
	var r records
	for range maxRecorded + 1 {
		r.add(Request{})
	}
	if n := len(r.list(nil)); n > maxRecorded || n < maxRecorded/2 {
		t.Errorf("keeps %d requests", n)
	}
}

// TestRun drives a PSP behind a proxy, as "patchbay connector driver" does.
func TestRun(t *testing.T) {
	psp := &stand{}
	behind := httptest.NewServer(psp)
	defer behind.Close()
	address, err := url.Parse(behind.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, address, "127.0.0.1:0", write) }()
	line := make([]byte, 64)
	n, err := read.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	s := served{t, psp, string(bytes.TrimSpace(line[:n]))}
	if status, answer, err := s.do(t.Context(), http.MethodPost, "/v1/payments", "{}"); err != nil || status != 201 || answer != untouched {
		t.Errorf("got %d %s %v", status, answer, err)
	}
	s.arm(`{"kind":"reset_after"}`)
	if _, _, err := s.do(t.Context(), http.MethodPost, "/v1/payments", "{}"); err == nil || psp.done.Load() != 2 {
		t.Errorf("got %v, done %d times", err, psp.done.Load())
	}
	behind.Close()
	if _, _, err := s.do(t.Context(), http.MethodGet, "/v1/payments", ""); err == nil {
		t.Error("a PSP that is gone answers")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if err := Run(t.Context(), address, "127.0.0.1:-1", io.Discard); err == nil {
		t.Error("a bad address is no error")
	}
}
